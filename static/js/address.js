// Keeps the typed address while the shopper looks at the bag or mends it, and while the fields follow
// another country: in this tab alone, until the order is paid (order.js forgets it). It leaves the
// browser with the form alone.

const KEY = "address";
const NAMES = ["email", "name", "country", "line1", "line2", "postal_code", "city", "state"];
const form = document.querySelector("#checkout");
const { elements } = form;
const typed = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");

// What this country does not have is not on the page.
const fields = () => NAMES.map((name) => elements[name]).filter(Boolean);

function fill(field) {
  const value = typed[field.name] ?? "";
  const isChoice = field.matches("select");
  if (!isChoice || [...field.options].some((each) => each.value === value)) field.value = value;
}

function keep() {
  for (const field of fields()) typed[field.name] = field.value;
  sessionStorage.setItem(KEY, JSON.stringify(typed));
}

const shown = elements.country.value;
if ("isNew" in form.dataset && typed.country) fill(elements.country);
for (const field of fields()) if (!field.value) fill(field);
keep();
form.addEventListener("input", keep);
form.addEventListener("change", keep);

// What was typed while the shop answered is newer than what it answers.
form.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "region") return;
  for (const field of fields()) if (field.closest("#region")) fill(field);
});
addEventListener("load", () => {
  if (elements.country.value !== shown) htmx.trigger(elements.country, "change");
});

// The answer to "Did you mean …?".
form.addEventListener("click", (event) => {
  const answer = event.target.closest("[data-take-mail], [data-keep-mail]");
  if (!answer) return;
  if (answer.dataset.takeMail) elements.email.value = answer.dataset.takeMail;
  for (const line of document.querySelectorAll("#email-remark p")) line.remove();
  elements.email.focus();
  keep();
});
