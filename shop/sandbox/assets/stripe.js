/* The stand-in's Stripe.js: the calls our pages make, with Stripe's names, shapes and refusals.
 *
 * As with the real one, card data never enters the shop's page. The Payment Element is a frame of
 * the stand-in's origin; this script and the frame exchange messages, and each side checks the
 * other's window and origin. Style is set through the CSSOM, so a strict style-src is no obstacle.
 *
 * A call or option that our pages do not use does not exist here: it throws an IntegrationError
 * (tests/sandbox/stripe_js_names.txt lists what does).
 */
(() => {
  "use strict";

  const ORIGIN = new URL(document.currentScript.src).origin;
  const KIND = "stripe-stand-in";

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

  function styled(element, style) {
    for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
    return element;
  }

  /** A frame of the stand-in that hears only us, and that we alone hear. */
  function openFrame(path, title, hear) {
    const frame = document.createElement("iframe");
    frame.src = ORIGIN + path;
    frame.title = title;
    const listener = (event) => {
      if (event.origin !== ORIGIN || event.source !== frame.contentWindow) return;
      if (event.data?.kind === KIND) hear(event.data);
    };
    window.addEventListener("message", listener);
    return {
      frame,
      say: (message) => frame.contentWindow?.postMessage({ ...message, kind: KIND }, ORIGIN),
      close: () => {
        window.removeEventListener("message", listener);
        frame.remove();
      },
    };
  }

  class PaymentElement {
    #elements;
    #options;
    #handlers = new Map(EVENTS.map((name) => [name, new Set()]));
    #frame = null;
    #asked = new Map();
    #ready = Promise.withResolvers();
    #loading;

    constructor(elements, options) {
      this.#elements = elements;
      this.#options = options;
    }

    mount(target) {
      const place = typeof target === "string" ? document.querySelector(target) : target;
      if (!(place instanceof HTMLElement)) {
        throw new IntegrationError(`The selector you specified (${target}) applies to no element.`);
      }
      if (this.#frame) return;
      this.#frame = openFrame(
        `/element#${encodeURIComponent(location.origin)}`,
        "Secure payment input frame",
        (message) => this.#hear(message),
      );
      // The frame has room for the focus ring of its fields, which the page must not see.
      styled(this.#frame.frame, {
        border: "0", display: "block", margin: "-4px", width: "calc(100% + 8px)",
        "min-width": "calc(100% + 8px)", height: "9rem", "max-width": "none",
      });
      place.replaceChildren(this.#frame.frame);
      this.#emit("loaderstart", {});
      this.#loading = setTimeout(() => {
        const message = "The Payment Element did not load.";
        this.#emit("loaderror", { error: { type: "api_connection_error", message } });
      }, 10_000);
    }

    unmount() {
      clearTimeout(this.#loading);
      this.#frame?.close();
      this.#frame = null;
      this.#ready = Promise.withResolvers();
    }

    destroy() {
      this.unmount();
      this.#elements._forget(this);
    }

    on(name, handler) {
      if (!this.#handlers.has(name)) {
        throw new IntegrationError(`The Payment Element has no event "${name}".`);
      }
      this.#handlers.get(name).add(handler);
      return this;
    }

    off(name, handler) {
      if (handler) this.#handlers.get(name)?.delete(handler);
      else this.#handlers.get(name)?.clear();
      return this;
    }

    once(name, handler) {
      const wrapped = (event) => {
        this.off(name, wrapped);
        handler(event);
      };
      return this.on(name, wrapped);
    }

    update(options) {
      this.#options = { ...this.#options, ...known("elements.create()", options) };
      return this;
    }

    focus() {
      this.#frame?.frame.focus();
      this.#frame?.say({ type: "focus" });
    }

    blur() {
      this.#frame?.say({ type: "blur" });
    }

    /* For Elements and Stripe, not for pages. */

    get _options() {
      return this.#options;
    }

    _configure() {
      const { appearance, locale } = this.#elements._options;
      this.#frame?.say({ type: "configure", appearance: plain(appearance), locale });
    }

    async _ask(type, message = {}) {
      if (!this.#frame) throw new IntegrationError("The Payment Element is not mounted.");
      await this.#ready.promise;
      const id = crypto.randomUUID();
      const answer = Promise.withResolvers();
      this.#asked.set(id, answer.resolve);
      this.#frame.say({ ...message, type, id });
      return answer.promise;
    }

    #emit(name, event) {
      for (const handler of this.#handlers.get(name)) handler({ elementType: "payment", ...event });
    }

    #hear(message) {
      if (message.type === "hello") {
        this._configure();
      } else if (message.type === "ready") {
        clearTimeout(this.#loading);
        this.#ready.resolve();
        this.#emit("ready", {});
      } else if (message.type === "height") {
        styled(this.#frame.frame, { height: `${Math.ceil(message.height)}px` });
      } else if (message.type === "answer") {
        this.#asked.get(message.id)?.(message.value);
        this.#asked.delete(message.id);
      } else if (message.type === "change") {
        const { empty, complete } = message;
        this.#emit("change", { empty, complete, collapsed: false, value: { type: "card" } });
      } else if (EVENTS.includes(message.type)) {
        this.#emit(message.type, {});
      }
    }
  }

  class Elements {
    #options;
    #payment = null;
    #submitted = false;

    constructor(options) {
      if (options.mode !== "payment") {
        throw new IntegrationError(`elements({mode: "payment"}) is all the stand-in knows.`);
      }
      for (const name of ["amount", "currency"]) {
        if (!(name in options)) {
          throw new IntegrationError(`elements(): ${name} is required in mode "payment".`);
        }
      }
      checkAmounts(options);
      this.#options = options;
    }

    create(type, options) {
      if (type !== "payment") {
        throw new IntegrationError(`The Stripe stand-in has no "${type}" element.`);
      }
      if (this.#payment) throw new IntegrationError("Can only create one payment element.");
      this.#payment = new PaymentElement(this, known("elements.create()", options));
      return this.#payment;
    }

    getElement(type) {
      return type === "payment" ? this.#payment : null;
    }

    async update(options) {
      checkAmounts(known("elements.update()", options));
      this.#options = { ...this.#options, ...options };
      this.#payment?._configure();
    }

    async submit() {
      if (!this.#payment) throw new IntegrationError("There is no Payment Element to submit.");
      const error = await this.#payment._ask("submit");
      this.#submitted = !error;
      return error ? { error } : { selectedPaymentMethod: "card" };
    }

    _forget(element) {
      if (this.#payment === element) this.#payment = null;
    }

    get _options() {
      return this.#options;
    }

    _collect() {
      if (!this.#payment) throw new IntegrationError("There is no Payment Element.");
      if (!this.#submitted) {
        throw new IntegrationError(
          "elements.submit() must be called before stripe.createConfirmationToken().",
        );
      }
      return this.#payment;
    }
  }

  /** What a page hides from the element it has to send itself, as Stripe insists. */
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

  /** What can be posted to a frame: no functions, no proxies. */
  function plain(value) {
    return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  }

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

  /** The bank's page over ours, until the shopper has answered it. */
  function challenge(intent, attempt) {
    return new Promise((resolve) => {
      const dialog = document.createElement("dialog");
      const query = new URLSearchParams({ attempt, frame: location.origin });
      const bank = openFrame(`/bank/${intent}?${query}`, "Your bank", (message) => {
        if (message.type !== "done") return;
        dialog.removeEventListener("close", reopen);
        bank.close();
        dialog.remove();
        resolve();
      });
      const reopen = () => dialog.showModal();
      // Escape must not leave a payment hanging: the bank waits for a yes or a no.
      dialog.addEventListener("cancel", (event) => event.preventDefault());
      dialog.addEventListener("close", reopen);
      dialog.setAttribute("aria-label", "Your bank asks you to approve this payment");
      styled(dialog, {
        position: "fixed", inset: "0", margin: "0", padding: "1rem", border: "0",
        width: "100%", height: "100%", "max-width": "none", "max-height": "none",
        "box-sizing": "border-box", background: "rgb(15 23 42 / 60%)",
      });
      styled(bank.frame, {
        display: "block", position: "absolute", inset: "0", margin: "auto", border: "0",
        width: "min(26rem, calc(100% - 2rem))", height: "min(25rem, calc(100% - 2rem))",
        "border-radius": "12px", "box-shadow": "0 20px 60px rgb(0 0 0 / 40%)",
      });
      dialog.append(bank.frame);
      document.body.append(dialog);
      dialog.showModal();
      bank.frame.focus();
    });
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
})();
