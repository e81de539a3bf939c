// Fills a typed time from the picker beside it. The text is what counts: the picker follows it where
// it can, and is sent by browsers without scripts alone.

const EXACT = /^\s*(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)\s*$/;

for (const picker of document.querySelectorAll(".time-picker")) {
  const text = picker.closest(".time-input").querySelector("input[type=text]");
  picker.removeAttribute("name");
  const follow = () => {
    const [, day, hour] = EXACT.exec(text.value) ?? [];
    picker.value = day ? `${day}T${hour}` : "";
  };
  picker.addEventListener("input", () => {
    if (!picker.value) return;
    text.value = picker.value.replace("T", " ");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
  text.addEventListener("input", () => document.activeElement === picker || follow());
  follow();
}
