// Before anything is painted: suggest the browser's own zone, once, by putting it into the URL.
(() => {
  const url = new URL(location.href);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !url.searchParams.has("tz")) {
    url.searchParams.set("tz", zone);
    location.replace(url);
    return;
  }
  // A person looks at the page; mail scanners run no scripts.
  const [, book, token] = url.pathname.split("/");
  navigator.sendBeacon(`/${book}/${token}/opened`);
  document.addEventListener("change", (event) => {
    event.target.closest("form[data-submit-on-change]")?.requestSubmit();
  });
})();
