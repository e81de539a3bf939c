// Counts down to the end of a window (or to its opening) by the server's clock.
//
// The page says when it was written (data-now on <html>); from its arrival on the monotonic clock
// counts, which no user can set. It may stand still while a machine sleeps, and Back may show a
// page that was written long ago: whenever that may have happened, the server is asked what time
// it is, and every answer of it to htmx tells (Shop-Now).

const LAST_MINUTES = 120_000;
const page = document.documentElement;
const clocks = document.querySelector("[data-clocks]");
const [visit] = performance.getEntriesByType("navigation");

let known = Date.parse(page.dataset.now);
let since = visit?.responseStart ?? 0;
// In a preview it is always the same time, and a shop whose clock QA has stopped has pages on which
// it stands still.
const isPreview = document.querySelector("[data-preview]") !== null;
const stands = isPreview || document.querySelector("[data-qa-runs=false]") !== null;
const now = () => (stands ? known : known + performance.now() - since);

// What the server said just now. Never back: what the page said was true, and its answer took time.
function learn(reported) {
  if (isPreview) return;
  if (reported > now()) [known, since] = [reported, performance.now()];
  tick();
}

let soon;
function ask() {
  if (isPreview) return;
  // One question for the several events of one awakening.
  clearTimeout(soon);
  soon = setTimeout(async () => {
    try {
      const response = await fetch("/healthz", { cache: "no-store" });
      learn(Date.parse((await response.json()).now));
    } catch {
      // Offline: the estimate stands.
    }
  });
}

// A sleep stops the monotonic clock and not the one on the wall. That one may be set to anything:
// when the two part the server is asked, and nothing else follows from it.
const apart = () => Date.now() - performance.now();
let lastApart = apart();
function noticeSleep() {
  if (Math.abs(apart() - lastApart) > 1000) ask();
  lastApart = apart();
}

function left(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  if (seconds >= 48 * 3600) return `${Math.floor(seconds / 86400)} days`;
  const clock = `${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds >= 3600 ? `${two(seconds / 3600)}:${clock}` : clock;
}

const find = (name) => clocks?.querySelector(`[data-${name}]`);
const instant = (name) => Date.parse(find(name)?.dateTime);
const runs = find("runs");
const figure = find("countdown");
const opens = instant("window-opens");
const target = opens || instant("window-ends");
const heldUntil = instant("held-until");
let phase = "";

function say(next, { word, text }) {
  if (next === phase) return;
  phase = next;
  runs.dataset.phase = next;
  if (word) find("word").textContent = word;
  if (text) find("announce").textContent = text;
}

function reached() {
  if (opens) {
    say("over", { text: "The sale is open." });
    runs.querySelector(".label").textContent = "The sale is open";
    find("when-open").hidden = false;
  } else {
    const until = find("held-until").textContent;
    say("over", { text: `The sale is over. These prices are held until ${until}.` });
    runs.querySelector(".label").textContent = "The sale is over";
  }
  figure.textContent = "00:00";
}

function tick() {
  noticeSleep();
  const remaining = target - now();
  if (remaining <= 0) {
    if (phase !== "over") reached();
  } else {
    figure.textContent = left(remaining);
    if (remaining > LAST_MINUTES || opens) say("runs", { word: "in" });
    else say("last", { word: "in", text: "The sale closes in less than two minutes. These prices stay held." });
  }
  if (heldUntil <= now()) {
    const held = find("held");
    held.dataset.phase = "over";
    held.querySelector(".label").textContent = "These prices were held until";
    find("pledge").textContent = "The time of these prices is up.";
    find("reload").hidden = false;
  }
  // Again when the second turns.
  const rest = (((target - now()) % 1000) + 1000) % 1000;
  clearTimeout(timer);
  timer = setTimeout(tick, rest + 5);
}

let timer;
if (clocks && known && target) {
  figure.hidden = false;
  runs.classList.add("ticks");
  tick();
  if (visit?.type === "back_forward") ask();
  addEventListener("pageshow", (event) => event.persisted && ask());
  addEventListener("focus", ask);
  addEventListener("online", ask);
  document.addEventListener("resume", ask);
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    learn(Date.parse(detail.xhr.getResponseHeader("Shop-Now")));
  });
}
