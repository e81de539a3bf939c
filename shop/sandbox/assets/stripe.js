/* The stand-in's Stripe.js: the calls our pages make, with Stripe's names, shapes and refusals.
 *
 * Served as one script made of several files (see __init__.py). As with the real one, card data
 * never enters the shop's page: the Payment Element is a frame of the stand-in's origin. Script and
 * frame exchange messages, and each checks the other's window and origin. Style is set through the
 * CSSOM, so a strict style-src is no obstacle.
 *
 * A call or option that our pages do not use throws an IntegrationError
 * (tests/sandbox/stripe_js_names.txt lists those that exist).
 */
const CONNECTION = {
  type: "api_connection_error",
  message: "We could not reach the payment provider. Check your connection and try again.",
};

class StripeStandIn {
  #key;

  constructor(key) {
    this.#key = key;
  }

  elements(options) {
    return new Elements(known("stripe.elements()", options));
  }

  async createConfirmationToken(options) {
    const { elements, params } = known("stripe.createConfirmationToken()", options);
    known("stripe.createConfirmationToken() params", params);
    if (!(elements instanceof Elements)) {
      throw new IntegrationError("stripe.createConfirmationToken(): elements is required.");
    }
    const element = elements._collect();
    checkHidden(element._options.fields, params);
    return element._ask("token", { key: this.#key, params: plain(params) ?? {} });
  }

  async retrievePaymentIntent(clientSecret) {
    const [id, secret] = String(clientSecret).split("_secret_");
    if (!id.startsWith("pi_") || !secret) {
      throw new IntegrationError("The client secret is not of a PaymentIntent.");
    }
    const url = new URL(`${ORIGIN}/v1/payment_intents/${id}`);
    url.searchParams.set("client_secret", clientSecret);
    try {
      const response = await fetch(url, {
        headers: { Authorization: `Bearer ${this.#key}` },
        referrerPolicy: "no-referrer",
      });
      const body = await response.json();
      return response.ok ? { paymentIntent: body } : { error: body.error };
    } catch {
      return { error: CONNECTION };
    }
  }

  async handleNextAction(options) {
    const { clientSecret } = known("stripe.handleNextAction()", options);
    const found = await this.retrievePaymentIntent(clientSecret);
    if (found.error) return found;
    const intent = found.paymentIntent;
    if (intent.status !== "requires_action") {
      throw new IntegrationError(
        "handleNextAction: The PaymentIntent supplied is not in the requires_action state.",
      );
    }
    if (intent.next_action.type === "redirect_to_url") {
      location.assign(intent.next_action.redirect_to_url.url);
      return new Promise(() => {}); // the page is on its way
    }
    await challenge(intent.id, intent.next_action.use_stripe_sdk.challenge);
    const after = await this.retrievePaymentIntent(clientSecret);
    const failure = after.paymentIntent?.last_payment_error;
    if (failure && after.paymentIntent.status === "requires_payment_method") {
      return { error: { ...failure, payment_intent: after.paymentIntent } };
    }
    return after;
  }
}

function Stripe(publishableKey, options) {
  if (typeof publishableKey !== "string" || !publishableKey) {
    throw new IntegrationError("Please call Stripe() with your publishable key.");
  }
  if (/^[sr]k_/.test(publishableKey)) {
    throw new IntegrationError("You should not use your secret key with Stripe.js.");
  }
  if (!publishableKey.startsWith("pk_test_")) {
    throw new IntegrationError("The Stripe stand-in takes test keys alone: pk_test_…");
  }
  known("Stripe()", options);
  return new StripeStandIn(publishableKey);
}

window.Stripe = Stripe;
