// Tells the reader's own time beside the sale's where they live in another zone.
// For reading alone: nothing is ever decided by it.

const here = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

function add(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const local = here.format(new Date(time.dateTime));
    if (!time.textContent.includes(local)) time.title = `${local}, your time`;
  }
  for (const small of root.querySelectorAll("[data-local]")) {
    const time = small.parentElement.querySelector(`[data-${small.dataset.local}]`);
    small.textContent = time?.title ?? "";
  }
}

add(document);
document.addEventListener("htmx:load", (event) => add(event.target));
