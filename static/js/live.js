// The live sale room refreshes itself (htmx); this says when it cannot, and rests while nobody looks.

const stale = document.querySelector("#stale");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  // Logged out meanwhile: the log-in page belongs in the window, not into the room.
  const { xhr, requestConfig } = event.detail;
  if (new URL(xhr.responseURL).pathname !== requestConfig.path) {
    event.preventDefault();
    location.reload();
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  stale.hidden = event.detail.successful;
});
