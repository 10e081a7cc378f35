// What must hold before the island wakes: Enter among the people ends an address and does not send the form, a second press on
// the button does not send it twice, and the island learns that something was typed already.
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || event.isComposing || !field.matches?.("input[data-people]")) return;
  event.preventDefault();
  if (field.value.trim() && !/[,;]\s*$/.test(field.value)) field.value += ", ";
});
document.addEventListener("input", ({ target }) => target.form?.id === "new-request" && (target.form.dataset.typed = ""));
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "new-request" || event.submitter?.formMethod === "get") return;
  if (form.dataset.sent !== undefined) event.preventDefault();
  form.dataset.sent = "";
});
addEventListener("pageshow", () => delete document.getElementById("new-request")?.dataset.sent);
document.addEventListener("DOMContentLoaded", () => {
  const zones = document.querySelector("[data-guess-zone] select");
  if (!zones) return;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // The browser may know the zone by an older name: it is the one the browser calls the same.
  const called = (zone) => {
    try {
      return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
    } catch {
      return undefined; // Newer than the browser.
    }
  };
  const names = [...zones.options].map((option) => option.value).filter(Boolean);
  const known = names.includes(own) ? own : names.find((name) => called(name) === own);
  if (known) zones.value = known;
});
