// A form is not sent again while its answer is under way: two clicks on "Save" add one thing.

const underWay = new Set();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (underWay.has(form)) event.preventDefault();
  else underWay.add(form);
  // An answer that is a file, or that never comes, leaves the page: the form can be sent anew.
  setTimeout(() => underWay.delete(form), 10_000);
});

// The Back button may show the page as it was left.
addEventListener("pageshow", () => underWay.clear());
