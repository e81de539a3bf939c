// Tells a window in the reader's own time zone; where it is told in that already, says so.
// For reading alone: nothing is ever decided by it.

import { clocks } from "./times.js";

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
const day = new Intl.DateTimeFormat("en-GB", {
  weekday: "long", day: "numeric", month: "long", year: "numeric",
});
const here = clocks(timeZone, "2-digit");

for (const row of document.querySelectorAll("[data-reader-zone]")) {
  const told = row.parentElement.querySelector(`[data-zone="${timeZone}"] th`);
  if (told) {
    told.textContent += ", and your browser’s";
    continue;
  }
  row.querySelector("th").textContent = `${timeZone.replaceAll("_", " ")}: your browser’s`;
  for (const time of row.querySelectorAll("time")) {
    const at = Date.parse(time.dateTime);
    time.textContent = `${day.format(at)}, ${here(at)}`;
  }
  row.hidden = false;
}
