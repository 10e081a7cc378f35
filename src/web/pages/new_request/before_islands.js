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
