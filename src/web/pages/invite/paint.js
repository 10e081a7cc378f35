// Painting over half hours with the pointer, and moving among them with arrow keys. The grid works without.
document.addEventListener("DOMContentLoaded", () => {
  for (const grid of document.querySelectorAll("[data-time-grid]")) {
    const rows = [...grid.tBodies[0].rows].map((row) => [...row.querySelectorAll("input")]);
    let painting = null;
    const boxAt = (event) => event.target.closest?.(".tg-cell")?.querySelector("input:not(:disabled)");
    grid.addEventListener("pointerdown", (event) => {
      const box = event.pointerType === "mouse" && boxAt(event);
      if (!box) return;
      painting = !box.checked;
      box.checked = painting;
      event.preventDefault();
      box.focus();
    });
    grid.addEventListener("click", (event) => {
      // The pointer has ticked it already.
      if (event.pointerType === "mouse" && event.target.closest(".tg-cell")) event.preventDefault();
    });
    grid.addEventListener("pointerover", (event) => {
      const box = painting !== null && boxAt(event);
      if (box) box.checked = painting;
    });
    document.addEventListener("pointerup", () => (painting = null));
    grid.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step || event.target.type !== "checkbox") return;
      let row = rows.findIndex((boxes) => boxes.includes(event.target));
      let column = rows[row].indexOf(event.target);
      do {
        row += step[0];
        column += step[1];
      } while (rows[row]?.[column]?.disabled);
      const next = rows[row]?.[column];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  }
});
