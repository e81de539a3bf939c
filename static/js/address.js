// Keeps the typed address while the shopper looks at the bag or mends it: in this tab alone, until
// the order is paid (order.js forgets it). It never leaves the browser but with the form.

const KEY = "address";
const NAMES = ["email", "name", "line1", "line2", "postal_code", "city", "country"];
const { elements } = document.querySelector("#checkout");

const typed = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
for (const name of NAMES) elements[name].value ||= typed[name] ?? "";

function keep() {
  const address = Object.fromEntries(NAMES.map((name) => [name, elements[name].value]));
  sessionStorage.setItem(KEY, JSON.stringify(address));
}

keep();
for (const name of NAMES) elements[name].addEventListener("input", keep);
