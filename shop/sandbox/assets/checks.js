const OPTIONS = {
  "Stripe()": ["locale"],
  "stripe.elements()": [
    "mode", "amount", "currency", "allowedPaymentMethodTypes", "appearance", "locale", "loader",
  ],
  "elements.update()": ["amount", "currency", "allowedPaymentMethodTypes", "appearance", "locale"],
  "elements.create()": ["layout", "fields", "wallets", "defaultValues", "terms", "business"],
  "stripe.createConfirmationToken()": ["elements", "params"],
  "stripe.createConfirmationToken() params": [
    "payment_method_data", "shipping", "return_url", "metadata",
  ],
  "stripe.handleNextAction()": ["clientSecret"],
};
const EVENTS = ["ready", "change", "focus", "blur", "escape", "loaderror", "loaderstart"];
const TYPES = ["card"];

class IntegrationError extends Error {
  name = "IntegrationError";
}

function known(call, options) {
  for (const name of Object.keys(options ?? {})) {
    if (name === "paymentMethodTypes") {
      throw new IntegrationError(
        `${call}: paymentMethodTypes was removed in Endive; use allowedPaymentMethodTypes.`,
      );
    }
    if (!OPTIONS[call].includes(name)) {
      throw new IntegrationError(`${call}: the Stripe stand-in does not know "${name}".`);
    }
  }
  return options ?? {};
}

function checkAmounts(options) {
  if ("amount" in options && !(Number.isInteger(options.amount) && options.amount > 0)) {
    throw new IntegrationError("amount must be a positive integer in the smallest unit.");
  }
  if ("currency" in options && !/^[a-z]{3}$/.test(options.currency)) {
    throw new IntegrationError("currency must be a three-letter ISO code in lower case.");
  }
  for (const type of options.allowedPaymentMethodTypes ?? []) {
    if (!TYPES.includes(type)) {
      throw new IntegrationError(`The Stripe stand-in's element does not offer "${type}".`);
    }
  }
}

/** Refuse a field that the element hides and the page does not send. */
function checkHidden(fields, params) {
  const billing = fields?.billingDetails;
  const address = billing?.address;
  const sent = params?.payment_method_data?.billing_details?.address ?? {};
  for (const [option, name] of [["country", "country"], ["postalCode", "postal_code"]]) {
    const never = [billing, address, address?.[option]].includes("never");
    if (never && !(name in sent)) {
      throw new IntegrationError(
        `You specified "never" for fields.billingDetails.address.${option} when creating the`
        + ` payment Element, but did not pass`
        + ` params.payment_method_data.billing_details.address.${name} when calling`
        + ` stripe.createConfirmationToken().`,
      );
    }
  }
}
