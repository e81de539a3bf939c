// The live sale room refreshes itself (htmx); this says when it cannot, and pauses while the page is hidden.

const stale = document.querySelector("#stale");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  // Logged out meanwhile: the log-in page belongs in the window, not in the figures.
  const { xhr, requestConfig } = event.detail;
  if (new URL(xhr.responseURL).pathname !== requestConfig.path) {
    event.preventDefault();
    location.reload();
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  stale.hidden = event.detail.successful;
});
