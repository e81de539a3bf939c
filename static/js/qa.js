// Lets the clock of the bar and the panel tick, as the shop's does.

import { clocks } from "./times.js";

const bar = document.querySelector("[data-qa-clock]");
const runs = bar.dataset.qaRuns === "true";
const arrived = performance.getEntriesByType("navigation")[0]?.responseStart ?? 0;
const times = [...document.querySelectorAll("time[data-shop-time], time[data-real-time]")];

function tickFrom(time) {
  const figure = time.querySelector(".qa-figure");
  const start = Date.parse(time.dateTime);
  const timeZone = time.dataset.zone;
  const show = clocks(timeZone, "2-digit");
  const day = new Intl.DateTimeFormat("en-GB", { timeZone });
  return () => {
    const at = start + Math.floor((performance.now() - arrived) / 1000) * 1000;
    // Past midnight the day is another one too: the next page says which.
    if (day.format(at) === day.format(start)) figure.textContent = show(at);
  };
}

const ticks = times
  .filter((time) => runs || time.hasAttribute("data-real-time"))
  .map(tickFrom);
setInterval(() => ticks.forEach((tick) => tick()), 1000);
