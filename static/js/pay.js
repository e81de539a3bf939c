// The card form: Stripe's element on our page. Card data goes from its frame to Stripe; what we
// post is the id of a ConfirmationToken.

const form = document.querySelector("#checkout");
const button = document.querySelector("#pay");
const place = document.querySelector("#payment-element");
const errorBox = document.querySelector("#payment-error");
const config = JSON.parse(document.querySelector("#stripe-config").textContent);
const label = button.textContent;

function fail(message) {
  errorBox.textContent = message;
  errorBox.hidden = false;
  errorBox.scrollIntoView({ block: "center" });
}

function wait(isWaiting) {
  button.disabled = isWaiting;
  button.textContent = isWaiting ? "Ordering: please wait" : label;
  form.setAttribute("aria-busy", isWaiting);
}

function appearance() {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return {
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe",
    variables: {
      colorPrimary: colour("--ink"),
      colorBackground: colour("--card"),
      colorText: colour("--ink"),
      colorTextSecondary: colour("--quiet"),
      colorDanger: colour("--ink"),
      fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
      fontSizeBase: "16px",
      borderRadius: "10px",
    },
  };
}

function billingDetails() {
  // What the country does not have is not on the page.
  const value = (name) => form.elements[name]?.value.trim() ?? "";
  return {
    name: value("name"),
    email: value("email"),
    address: {
      line1: value("line1"),
      line2: value("line2"),
      postal_code: value("postal_code"),
      city: value("city"),
      state: value("state"),
      country: value("country"),
    },
  };
}

function start() {
  const stripe = window.Stripe(config.publishable_key, { locale: "en" });
  const elements = stripe.elements({
    mode: "payment",
    amount: config.amount,
    currency: config.currency,
    allowedPaymentMethodTypes: config.allowed_payment_method_types,
    appearance: appearance(),
  });
  const element = elements.create("payment", {
    fields: { billingDetails: { name: "never", email: "never", address: "never" } },
  });
  const isReady = () => {
    place.removeAttribute("aria-busy");
    button.disabled = false;
  };
  element.on("ready", isReady);
  element.on("loaderror", () => fail(AWAY));
  place.replaceChildren();
  element.mount(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    elements.update({ appearance: appearance() }));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    errorBox.hidden = true;
    wait(true);
    try {
      const { error: incomplete } = await elements.submit();
      if (incomplete) throw incomplete;
      const { error, confirmationToken } = await stripe.createConfirmationToken({
        elements,
        params: { payment_method_data: { billing_details: billingDetails() } },
      });
      if (error) throw error;
      form.elements.confirmation_token.value = confirmationToken.id;
      form.submit();
    } catch (error) {
      wait(false);
      fail(error.message || AWAY);
    }
  });
}

const AWAY = "The card form did not load, so nothing can be paid this moment. Your prices stay held. "
  + "Check your connection or a script blocker, then reload this page.";

// Back from the bank or another page: the button must not stay as it was left.
addEventListener("pageshow", (event) => event.persisted && wait(false));
document.querySelector("#problem")?.scrollIntoView({ block: "center" });

function tryToStart() {
  try {
    start();
  } catch (error) {
    place.replaceChildren();
    fail(AWAY);
    console.error(error);
  }
}

const script = document.querySelector("#stripe-script");
if (window.Stripe) {
  tryToStart();
} else {
  const patience = setTimeout(() => fail(AWAY), 15_000);
  script.addEventListener("load", () => {
    clearTimeout(patience);
    errorBox.hidden = true;
    tryToStart();
  });
  script.addEventListener("error", () => fail(AWAY));
}
