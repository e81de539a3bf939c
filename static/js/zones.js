// Tells a window in the reader's own time zone, where that is not among those told already.
// For reading alone: nothing is ever decided by it.

import { clocks } from "./times.js";

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
const day = new Intl.DateTimeFormat("en-GB", {
  weekday: "long", day: "numeric", month: "long", year: "numeric",
});
const here = clocks(timeZone, "2-digit");

for (const row of document.querySelectorAll("[data-reader-zone]")) {
  row.querySelector("th").textContent = `${timeZone.replaceAll("_", " ")}: your browser’s`;
  for (const time of row.querySelectorAll("time")) {
    const at = Date.parse(time.dateTime);
    time.textContent = `${day.format(at)}, ${here(at)}`;
  }
  row.hidden = false;
}
