// The browser's own zone for every control that asks: as it is in a hidden field, under the name it is listed by in a select.
document.addEventListener("DOMContentLoaded", () => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!own) return;
  // The browser may know the zone by an older name: it is the one the browser calls the same.
  const called = (zone) => {
    try {
      return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
    } catch {
      return undefined; // Newer than the browser.
    }
  };
  for (const field of document.querySelectorAll("input[data-guess-zone]")) field.value = own;
  for (const select of document.querySelectorAll("[data-guess-zone] select")) {
    const names = [...select.options].map((option) => option.value).filter(Boolean);
    const known = names.includes(own) ? own : names.find((name) => called(name) === own);
    if (known) select.value = known;
  }
});
