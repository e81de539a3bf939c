// Tells the reader's own time beside the sale's where they live in another zone.
// For reading alone: nothing is ever decided by it.

const DAY = 86_400_000;

// Minutes ahead of UTC, from "GMT+10:30".
function minutes(name) {
  const [, sign = "+", hours = 0, rest = 0] = /([+\-−])(\d+):?(\d*)/.exec(name) ?? [];
  return (sign === "+" ? 1 : -1) * (Number(hours) * 60 + Number(rest));
}

// What clocks show at an instant, in a zone or the reader's own: "02:30", and "02:30 (UTC+2)" where
// they are put back and show it twice; as shop.core.formatting does.
export function clocks(timeZone, second) {
  const two = "2-digit";
  const digits = new Intl.DateTimeFormat("en-GB", { timeZone, hour: two, minute: two, second });
  const offsets = new Intl.DateTimeFormat("en-GB", { timeZone, timeZoneName: "shortOffset" });
  const offset = (at) => offsets.formatToParts(at).find(({ type }) => type === "timeZoneName").value;

  return (at) => {
    const here = offset(at);
    const comesTwice = [at - DAY, at + DAY].map(offset).some((other) => {
      const twin = at + (minutes(here) - minutes(other)) * 60_000;
      return other !== here && offset(twin) === other;
    });
    const name = here === "GMT" ? "UTC+0" : here.replace("GMT", "UTC").replace("-", "−");
    return digits.format(at) + (comesTwice ? ` (${name})` : "");
  };
}

const here = clocks();

function add(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const local = here(Date.parse(time.dateTime));
    if (!time.textContent.includes(local)) time.title = `${local}, your time`;
  }
  for (const small of root.querySelectorAll("[data-local]")) {
    const time = small.parentElement.querySelector(`[data-${small.dataset.local}]`);
    small.textContent = time?.title ?? "";
  }
}

add(document);
document.addEventListener("htmx:load", (event) => add(event.target));
