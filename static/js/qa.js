// Lets the clock of the bar and the panel tick, as the shop's does.

const bar = document.querySelector("[data-qa-clock]");
const runs = bar.dataset.qaRuns === "true";
const arrived = performance.getEntriesByType("navigation")[0]?.responseStart ?? 0;
const times = [...document.querySelectorAll("time[data-shop-time], time[data-real-time]")];

function tickFrom(time) {
  const figure = time.querySelector(".qa-figure");
  const [hours, minutes, seconds] = figure.textContent.split(":").map(Number);
  const start = (hours * 60 + minutes) * 60 + seconds;
  return () => {
    const passed = Math.floor((performance.now() - arrived) / 1000);
    // Past midnight the day is another one too: the next page says which.
    const all = Math.min(start + passed, 86_399);
    const two = (number) => String(Math.floor(number)).padStart(2, "0");
    figure.textContent = `${two(all / 3600)}:${two((all / 60) % 60)}:${two(all % 60)}`;
  };
}

const ticks = times
  .filter((time) => runs || time.hasAttribute("data-real-time"))
  .map(tickFrom);
setInterval(() => ticks.forEach((tick) => tick()), 1000);
