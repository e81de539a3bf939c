// What a page asked the shop for did not come: say so where answers are said, and change nothing.
// An answer of the shop to such a request is a part of a page, never a whole one: that is another
// program's, a proxy's or a network's that wants a log-in.

const said = document.createElement("p");
said.className = "notice problem";
said.setAttribute("role", "alert");

function say(target) {
  const own = document.querySelector("[data-no-answer]");
  if (own) {
    own.hidden = false;
    return;
  }
  const place = document.querySelector("#notice, .notes");
  const what = navigator.onLine ? "The shop did not answer." : "You are offline.";
  const held = place ? "; the prices on this page stay held" : "";
  said.textContent = `${what} Nothing was changed${held}. Try again in a moment.`;
  if (place) place.replaceChildren(said);
  else target.before(said);
}

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, ({ detail }) => say(detail.target ?? detail.elt));
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig, target } = event.detail;
  if (!/^\s*<(!doctype|html)\b/i.test(xhr.responseText)) return;
  event.preventDefault();
  const isElsewhere = new URL(xhr.responseURL).pathname !== requestConfig.path;
  // Logged out meanwhile: the log-in page belongs in the window.
  if (isElsewhere && xhr.status < 400) location.reload();
  else say(target);
});

document.addEventListener("htmx:afterSwap", () => {
  said.remove();
  document.querySelector("[data-no-answer]")?.setAttribute("hidden", "");
});
