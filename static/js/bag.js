// The bag lives in one cookie, so two requests at once would lose what one of them did. Every
// request about the bag waits for the one before it, in this tab and in all others.

const LONGEST = 20_000;

function finished(element) {
  return new Promise((resolve) => {
    const done = (event) => {
      if (event.detail.requestConfig && event.detail.requestConfig.elt !== element) return;
      document.removeEventListener("htmx:afterRequest", done);
      resolve();
    };
    document.addEventListener("htmx:afterRequest", done);
    setTimeout(resolve, LONGEST);
  });
}

document.addEventListener("htmx:confirm", (event) => {
  if (!navigator.locks) return;
  const { elt, issueRequest } = event.detail;
  event.preventDefault();
  if (elt.matches("form") && !elt.reportValidity()) return;
  navigator.locks.request("bag", () => {
    if (!elt.isConnected) return undefined;
    const end = finished(elt);
    issueRequest(true);
    return end;
  });
});

// Focus stays where the shopper was, though the bag around it was replaced.
let focused = "";
document.addEventListener("htmx:beforeSwap", () => {
  focused = document.activeElement?.id ?? "";
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "bag") return;
  // Who has gone on meanwhile is not called back.
  if (document.activeElement !== document.body) return;
  const again = focused && document.getElementById(focused);
  (again || document.querySelector("#bag h1")).focus();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".notice").remove();
});

// Back from another page: what stands here of the bag may be old.
const [visit] = performance.getEntriesByType("navigation");
addEventListener("pageshow", (event) => {
  if (!event.persisted && visit?.type !== "back_forward") return;
  const address = document.querySelector("#bag-link")?.href;
  for (const part of document.querySelectorAll("#bag, #bag-link, #bag-bar")) {
    htmx.ajax("GET", address, { source: part, target: part, swap: "outerHTML" });
  }
});
