/* Inside the Payment Element's frame: formats and checks what is typed, and turns it into a
 * ConfirmationToken. Only the page that opened the frame is heard; card data leaves it for the
 * stand-in's own API and for nowhere else. */

const KIND = "stripe-stand-in";
const PAGE = decodeURIComponent(location.hash.slice(1));
const FIELDS = ["number", "expiry", "cvc"];
const VARIABLES = [
  "colorPrimary", "colorBackground", "colorText", "colorTextSecondary", "colorTextPlaceholder",
  "colorDanger", "fontFamily", "fontSizeBase", "spacingUnit", "borderRadius",
];
const BRANDS = [
  { name: "Amex", starts: /^3[47]/, lengths: [15], groups: [4, 6, 5], cvc: 4 },
  { name: "Visa", starts: /^4/, lengths: [16], groups: [4, 4, 4, 4], cvc: 3 },
  { name: "Mastercard", starts: /^(5[1-5]|2[2-7])/, lengths: [16], groups: [4, 4, 4, 4], cvc: 3 },
];
const OTHER = { name: "", lengths: [16], groups: [4, 4, 4, 4], cvc: 3 };

const form = document.querySelector("form");
const inputs = Object.fromEntries(FIELDS.map((name) => [name, form.elements.namedItem(name)]));

const say = (message) => parent.postMessage({ ...message, kind: KIND }, PAGE);
const digits = (name) => inputs[name].value.replace(/\D/g, "");
const brand = () => BRANDS.find(({ starts }) => starts.test(digits("number"))) ?? OTHER;

function grouped(value, groups) {
  const parts = [];
  let rest = value;
  for (const size of groups) {
    if (rest) parts.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  return parts.join(" ");
}

const FORMATS = {
  number: (value) => grouped(value.slice(0, brand().lengths[0]), brand().groups),
  expiry: (value, erasing) => {
    const four = /^[2-9]/.test(value) ? `0${value}` : value;
    const [month, year] = [four.slice(0, 2), four.slice(2, 4)];
    return year || (month.length === 2 && !erasing) ? `${month} / ${year}` : month;
  },
  cvc: (value) => value.slice(0, brand().cvc),
};

/** Write the formatted value, leaving the caret behind the digit that it was behind. */
function format(name, erasing) {
  const input = inputs[name];
  // A browser fills a card's date in with four digits for the year.
  const typed = name === "expiry" ? input.value.replace(/\/\s*20(\d\d)/, "/$1") : input.value;
  const before = typed.slice(0, input.selectionStart).replace(/\D/g, "").length;
  const atEnd = input.selectionStart >= input.value.length;
  const value = FORMATS[name](typed.replace(/\D/g, ""), erasing);
  if (value === input.value) return;
  input.value = value;
  if (document.activeElement !== input) return;
  let caret = value.length;
  for (let at = 0, seen = 0; !atEnd && at < value.length; at += 1) {
    if (seen === before) {
      caret = at;
      break;
    }
    if (/\d/.test(value[at])) seen += 1;
  }
  input.setSelectionRange(caret, caret);
}

function luhn(number) {
  const sum = [...number].reverse().reduce((total, digit, place) => {
    const doubled = Number(digit) * (place % 2 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

/** What is wrong with a field, as Stripe names it, or nothing. */
const CHECKS = {
  number: () => {
    const number = digits("number");
    if (!brand().lengths.includes(number.length)) {
      return ["incomplete_number", "Your card number is incomplete."];
    }
    if (!luhn(number)) return ["invalid_number", "Your card number is invalid."];
    return null;
  },
  expiry: () => {
    const value = digits("expiry");
    if (value.length < 4) {
      return ["incomplete_expiry", "Your card's expiration date is incomplete."];
    }
    const [month, year] = [Number(value.slice(0, 2)), 2000 + Number(value.slice(2))];
    const today = new Date();
    if (month < 1 || month > 12) {
      return ["invalid_expiry_month", "Your card's expiration month is invalid."];
    }
    if (year < today.getFullYear()) {
      return ["invalid_expiry_year_past", "Your card's expiration year is in the past."];
    }
    if (year === today.getFullYear() && month <= today.getMonth()) {
      return ["invalid_expiry_month_past", "Your card's expiration date is in the past."];
    }
    if (year > today.getFullYear() + 50) {
      return ["invalid_expiry_year", "Your card's expiration year is invalid."];
    }
    return null;
  },
  cvc: () => digits("cvc").length < brand().cvc
    ? ["incomplete_cvc", "Your card's security code is incomplete."]
    : null,
};

function show(name, problem) {
  const message = problem?.[1] ?? "";
  const line = document.getElementById(`${name}-error`);
  if (line.textContent !== message) line.textContent = message;
  inputs[name].setAttribute("aria-invalid", String(Boolean(problem)));
}

function changed() {
  document.querySelector(".brand").textContent = brand().name;
  inputs.cvc.placeholder = brand().cvc === 4 ? "4 digits" : "CVC";
  say({
    type: "change",
    empty: FIELDS.every((name) => !inputs[name].value),
    complete: FIELDS.every((name) => !CHECKS[name]()),
  });
}

for (const name of FIELDS) {
  inputs[name].addEventListener("input", (event) => {
    format(name, event.inputType?.startsWith("delete"));
    if (name === "number") format("cvc");
    const problem = CHECKS[name]();
    const incomplete = problem?.[0].startsWith("incomplete");
    // While somebody types, what is not there yet is no mistake; what is there may be one.
    if (!problem || !incomplete) show(name, problem);
    else show(name, null);
    document.getElementById("form-error").textContent = "";
    changed();
  });
  inputs[name].addEventListener("blur", () => {
    if (inputs[name].value) show(name, CHECKS[name]());
  });
}

document.getElementById("numbers").addEventListener("click", (event) => {
  if (!(event.target instanceof HTMLButtonElement)) return;
  const year = String(new Date().getFullYear() + 3).slice(2);
  const values = { number: event.target.textContent, expiry: `12${year}`, cvc: "123" };
  for (const name of FIELDS) {
    inputs[name].value = values[name];
    inputs[name].dispatchEvent(new Event("input"));
  }
});

form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("focusin", () => say({ type: "focus" }));
addEventListener("focusout", () => say({ type: "blur" }));
addEventListener("keydown", (event) => {
  if (event.key === "Escape") say({ type: "escape" });
});

/** Every field at once; the first that is wrong gets the focus. */
function submit() {
  const problems = FIELDS.map((name) => [name, CHECKS[name]()]);
  for (const [name, problem] of problems) show(name, problem);
  const first = problems.find(([, problem]) => problem);
  if (!first) return null;
  const [name, [code, message]] = first;
  inputs[name].focus();
  return { type: "validation_error", code, message };
}

/** `{a: {b: 1}}` as `a[b]=1`, the way Stripe's API reads it. */
function encode(value, name = "", into = new URLSearchParams()) {
  for (const [key, inner] of Object.entries(value)) {
    const path = name ? `${name}[${key}]` : key;
    if (inner !== null && typeof inner === "object") encode(inner, path, into);
    else if (inner !== null && inner !== undefined) into.append(path, inner);
  }
  return into;
}

async function token(key, params) {
  const problem = submit();
  if (problem) return { error: problem };
  const card = {
    number: digits("number"),
    exp_month: Number(digits("expiry").slice(0, 2)),
    exp_year: 2000 + Number(digits("expiry").slice(2)),
    cvc: digits("cvc"),
  };
  const data = { ...params.payment_method_data, type: "card", card };
  try {
    const response = await fetch("/v1/confirmation_tokens", {
      method: "POST",
      headers: { Authorization: `Bearer ${key}` },
      body: encode({ ...params, payment_method_data: data }),
    });
    const body = await response.json();
    if (response.ok) return { confirmationToken: body };
    document.getElementById("form-error").textContent = body.error.message;
    return { error: body.error };
  } catch {
    const message = "We could not reach the payment provider. Check your connection and try again.";
    return { error: { type: "api_connection_error", message } };
  }
}

function configure({ appearance = {}, locale }) {
  const root = document.documentElement;
  root.dataset.theme = appearance.theme ?? "stripe";
  for (const name of VARIABLES) {
    const value = appearance.variables?.[name];
    if (value) root.style.setProperty(`--${name}`, value);
    else root.style.removeProperty(`--${name}`);
  }
  // The labels stay English: they are what tests look for. The language is said all the same.
  if (locale && locale !== "auto") root.dataset.locale = locale;
}

let ready = false;

addEventListener("message", async (event) => {
  if (event.source !== parent || event.origin !== PAGE || event.data?.kind !== KIND) return;
  const { type, id } = event.data;
  if (type === "configure") {
    configure(event.data);
    if (!ready) say({ type: "ready" });
    ready = true;
  } else if (type === "focus") {
    inputs.number.focus();
  } else if (type === "blur") {
    document.activeElement?.blur();
  } else if (type === "submit") {
    say({ type: "answer", id, value: submit() });
  } else if (type === "token") {
    say({ type: "answer", id, value: await token(event.data.key, event.data.params) });
  }
});

new ResizeObserver(() => {
  say({ type: "height", height: form.getBoundingClientRect().height + 8 });
}).observe(form);

say({ type: "hello" });
