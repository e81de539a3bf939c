// Tells a window in the reader's own time zone, where that is not among those told already.
// For reading alone: nothing is ever decided by it.

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
const here = new Intl.DateTimeFormat("en-GB", {
  weekday: "long", day: "numeric", month: "long", year: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "shortOffset",
});

for (const row of document.querySelectorAll("[data-reader-zone]")) {
  row.querySelector("th").textContent = `${timeZone.replaceAll("_", " ")}: your browser’s`;
  for (const time of row.querySelectorAll("time")) {
    time.textContent = here.format(new Date(time.dateTime));
  }
  row.hidden = false;
}
