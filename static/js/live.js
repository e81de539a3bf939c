// The live sale room refreshes itself (htmx); it pauses while the page is hidden.

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});
