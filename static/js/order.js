// An order that is still open: hand over to the bank, and watch until it is settled.

const FIRST_WAIT = 3000;
const LAST_WAIT = 30_000;
const WATCH_FOR = 15 * 60_000;

const here = location.pathname;
const order = () => document.querySelector("#order");
const isOpen = () => "isOpen" in order().dataset;

function fail(message) {
  const box = document.querySelector("#order-error");
  box.textContent = message;
  box.hidden = false;
}

// Automatically once; who comes back without an answer starts it again by the button.
function isFirstTime(action) {
  const key = `bank ${here}`;
  if (sessionStorage.getItem(key) === action) return false;
  sessionStorage.setItem(key, action);
  return true;
}

async function answerBank(button, { client_secret: clientSecret, publishable_key: key }) {
  button.disabled = true;
  try {
    const { error } = await window.Stripe(key).handleNextAction({ clientSecret });
    if (error?.type === "api_connection_error") throw error;
    location.replace(here);
  } catch (error) {
    button.disabled = false;
    fail("Your bank’s page did not open. Nothing was charged. Try again, or reload this page.");
    console.error(error);
  }
}

function handOver() {
  const element = document.querySelector("[data-next-action]");
  if (!element) return false;
  if (element.href) {
    if (isFirstTime(element.href)) location.assign(element.href);
    return true;
  }
  const action = JSON.parse(document.querySelector("#next-action").textContent);
  element.addEventListener("click", () => answerBank(element, action));
  if (isFirstTime(action.client_secret)) answerBank(element, action);
  return true;
}

async function look() {
  const response = await fetch(here, { cache: "no-store" });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("#order");
  if (!fresh || fresh.dataset.orderStatus === order().dataset.orderStatus) return;
  if (fresh.querySelector("[data-next-action]")) return location.replace(here);
  document.title = page.title;
  order().replaceWith(fresh);
  document.querySelector("#news").textContent = order().querySelector(".state").textContent;
}

async function watch() {
  const until = performance.now() + WATCH_FOR;
  let wait = FIRST_WAIT;
  while (isOpen() && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 1.3, LAST_WAIT);
    if (document.hidden) continue;
    await look().catch(() => {});
  }
}

// What was typed for an order that is paid need not be kept (address.js).
function forgetAddress() {
  if (!isOpen()) sessionStorage.removeItem("address");
}

forgetAddress();
handOver();
if (isOpen()) watch().then(forgetAddress);
