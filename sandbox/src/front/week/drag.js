// Moves events of the week by pointer and by keyboard. Without this the form in each event does the same.
(() => {
  document.documentElement.classList.add("js");
  const week = document.querySelector(".week");
  const says = document.querySelector("#says");
  const wide = matchMedia("(min-width: 60rem)");
  const STEP = 15;
  const [from, until] = [Number(week.dataset.from) * 60, Number(week.dataset.until) * 60];
  const days = [...week.querySelectorAll(".day")];
  const columns = days.map((day) => day.querySelector(".times"));
  const two = (number) => String(number).padStart(2, "0");
  const clock = (minute) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;

  const kept = sessionStorage.getItem("week-scroll");
  if (kept) scrollTo(0, Number(kept));
  sessionStorage.removeItem("week-scroll");

  for (const event of week.querySelectorAll(".event[data-minute]")) {
    const form = event.querySelector("form.move");
    const time = event.querySelector("time");
    const was = { day: days.indexOf(event.closest(".day")), minute: Number(event.dataset.minute), html: time.innerHTML };
    const length = Number(event.dataset.length);
    let at = null;

    /** Shows the event at another place, without keeping it. */
    function show(day, minute) {
      at = { day: Math.max(0, Math.min(6, day)), minute: Math.max(from, Math.min(until - STEP, minute)) };
      const [here, there] = [columns[was.day].getBoundingClientRect(), columns[at.day].getBoundingClientRect()];
      const hour = here.height / ((until - from) / 60);
      event.style.translate = `${there.left - here.left}px ${((at.minute - was.minute) / 60) * hour}px`;
      event.classList.add("moving");
      time.textContent = `${clock(at.minute)}–${clock((at.minute + length) % 1440)}`;
    }

    function putBack() {
      at = null;
      event.style.translate = "";
      event.classList.remove("moving");
      time.innerHTML = was.html;
    }

    function keep() {
      if (!at || (at.day === was.day && at.minute === was.minute)) return putBack();
      form.elements.start.value = `${days[at.day].dataset.day}T${clock(at.minute)}`;
      sessionStorage.setItem("week-scroll", String(scrollY));
      form.requestSubmit();
    }

    event.addEventListener("pointerdown", (down) => {
      if (!wide.matches || down.button !== 0 || down.pointerType === "touch" || down.target.closest("details")) return;
      const hour = columns[was.day].getBoundingClientRect().height / ((until - from) / 60);
      let dragging = false;
      const move = (now) => {
        const [x, y] = [now.clientX - down.clientX, now.clientY - down.clientY];
        if (!dragging && Math.hypot(x, y) < 5) return;
        if (!dragging) event.setPointerCapture(down.pointerId);
        dragging = true;
        const under = columns.findIndex((column) => {
          const { left, right } = column.getBoundingClientRect();
          return now.clientX >= left && now.clientX < right;
        });
        show(under < 0 ? (at?.day ?? was.day) : under, was.minute + Math.round(((y / hour) * 60) / STEP) * STEP);
      };
      const end = (kept) => () => {
        event.removeEventListener("pointermove", move);
        if (dragging) kept ? keep() : putBack();
      };
      event.addEventListener("pointermove", move);
      event.addEventListener("pointerup", end(true), { once: true });
      event.addEventListener("pointercancel", end(false), { once: true });
    });

    event.addEventListener("keydown", (key) => {
      if (key.target !== event) return;
      const steps = { ArrowUp: [0, -STEP], ArrowDown: [0, STEP], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[key.key];
      if (steps && wide.matches) {
        const now = at ?? was;
        show(now.day + steps[0], now.minute + steps[1]);
        says.textContent = `${days[at.day].getAttribute("aria-label")}, ${time.textContent}. Enter moves it there, Escape puts it back.`;
      } else if (key.key === "Enter" && at) {
        keep();
      } else if (key.key === "Escape" && at) {
        putBack();
        says.textContent = "It is where it was.";
      } else {
        return;
      }
      key.preventDefault();
    });
    event.addEventListener("blur", () => at && !event.matches(":active") && putBack());
  }

  // What cannot be moved can still be deleted.
  for (const event of week.querySelectorAll(".event:has(form.delete)")) {
    event.addEventListener("keydown", (key) => {
      if (key.target !== event || (key.key !== "Delete" && key.key !== "Backspace")) return;
      event.querySelector("details.change").open = true;
      event.querySelector("form.delete button").focus();
      says.textContent = "Press Enter to delete it.";
      key.preventDefault();
    });
  }
  // A panel closes as a dialog would, and leads back to its event.
  week.addEventListener("keydown", (key) => {
    const panel = key.target.closest("details[open]");
    if (key.key !== "Escape" || !panel) return;
    panel.open = false;
    panel.querySelector("summary").focus();
  });
})();
