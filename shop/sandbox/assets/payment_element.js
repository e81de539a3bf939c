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
