// An offer read and judged without a line of ours: `node docs/verify.mjs` goes through every
// golden message of offers/vectors.json. Needs node 20 and nothing else. It is documentation:
// what a partner's own verifier has to do, in the order in which it has to be done.

import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import { readFileSync } from "node:fs";

class Refused extends Error {}

function refuse(verdict = "forged") {
  throw new Refused(verdict);
}

// --- Form ---------------------------------------------------------------------

function segmentBytes(segment) {
  const bytes = Buffer.from(segment, "base64url");
  // Node forgives other alphabets, padding and stray bits; the one right spelling is ours.
  if (segment === "" || bytes.toString("base64url") !== segment) refuse();
  return bytes;
}

// JSON.parse takes the last of two equal names and 499.0 for 499. This one takes neither:
// names stand once, and a number is a BigInt only where it is written as an integer.
function parseStrictly(bytes) {
  // `ignoreBOM` keeps a byte order mark in the text, where it is no JSON.
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  let position = 0;
  const value = readValue();
  skipSpace();
  if (position !== text.length) refuse();
  return value;

  function take(pattern) {
    pattern.lastIndex = position;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) position += found.length;
    return found;
  }
  function skipSpace() {
    take(/[ \t\n\r]*/y);
  }
  function expect(character) {
    skipSpace();
    if (text[position] !== character) refuse();
    position += 1;
  }
  function comesNext(character) {
    skipSpace();
    if (text[position] !== character) return false;
    position += 1;
    return true;
  }
  function readString() {
    skipSpace();
    const literal = take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    return literal === undefined ? refuse() : JSON.parse(literal);
  }
  function readValue() {
    skipSpace();
    if (text[position] === '"') return readString();
    if (comesNext("{")) return readMembers();
    if (comesNext("[")) return readItems();
    const word = take(/true|false|null/y);
    if (word !== undefined) return JSON.parse(word);
    const number = take(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y);
    if (number === undefined) refuse();
    return /^-?[0-9]+$/.test(number) ? BigInt(number) : Number(number);
  }
  function readMembers() {
    const members = new Map();
    if (comesNext("}")) return members;
    do {
      const name = readString();
      if (members.has(name)) refuse();
      expect(":");
      members.set(name, readValue());
    } while (comesNext(","));
    expect("}");
    return members;
  }
  function readItems() {
    const items = [];
    if (comesNext("]")) return items;
    do items.push(readValue());
    while (comesNext(","));
    expect("]");
    return items;
  }
}

function parseObject(segment) {
  const bytes = segmentBytes(segment);
  let value;
  try {
    value = parseStrictly(bytes);
  } catch {
    refuse();
  }
  return value instanceof Map ? value : refuse();
}

// --- Key and signature --------------------------------------------------------

function isSigned(key, input, signature) {
  if (key.kty === "oct") {
    const right = createHmac("sha256", Buffer.from(key.k, "base64url")).update(input).digest();
    return signature.length === right.length && timingSafeEqual(signature, right);
  }
  const { kty, crv, x, y } = key;
  const publicKey = createPublicKey({ key: { kty, crv, x, y }, format: "jwk" });
  return verify("sha256", input, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
}

// --- Claims -------------------------------------------------------------------

const text = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const integer = (least, most) => (value) =>
  typeof value === "bigint" && value >= least && value <= most;

const MOST = 2n ** 53n - 1n;
const CLAIMS = {
  sub: text(/^[A-Za-z0-9_-]{22,64}$/),
  jti: text(/^[A-Za-z0-9_-]{22,64}$/),
  iat: integer(0n, 250_000_000_000n),
  exp: integer(0n, 250_000_000_000n),
  sale: text(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  sku: text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  amount: integer(1n, MOST),
  currency: text(/^[A-Z]{3}$/),
  was: integer(1n, MOST),
  max: integer(1n, 1_000_000n),
  anchor: text(/^[A-Za-z0-9_-]{16}$/),
};

function readOffer(message, keys, shop) {
  if (message.length > 1024) refuse();
  const segments = message.split(".");
  if (segments.length !== 3) refuse();
  const [header, payload] = segments.slice(0, 2).map(parseObject);
  const signature = segmentBytes(segments[2]);
  const isOurs = ["alg", "kid", "typ"].every((name) => typeof header.get(name) === "string");
  if (header.size !== 3 || !isOurs) refuse();
  const key = keys.find(({ kid }) => kid === header.get("kid")) ?? refuse("unknown_key");
  // The key says which algorithm, never the message.
  if (header.get("alg") !== (key.kty === "oct" ? "HS256" : "ES256")) refuse();
  if (!isSigned(key, Buffer.from(segments.slice(0, 2).join(".")), signature)) refuse();
  if (header.get("typ") !== "offer+jwt") refuse();
  if (payload.get("iss") !== (key.issuer ?? shop)) refuse();
  if (payload.get("aud") !== "checkout") refuse();
  for (const [name, isSound] of Object.entries(CLAIMS)) {
    if (!isSound(payload.get(name))) refuse();
  }
  if (payload.get("exp") <= payload.get("iat")) refuse();
  const names = ["iss", "aud", ...Object.keys(CLAIMS)];
  return Object.fromEntries(
    names.map((name) => {
      const value = payload.get(name);
      return [name, typeof value === "bigint" ? Number(value) : value];
    }),
  );
}

// --- Judgement ----------------------------------------------------------------

// Microseconds since 1970; Date counts milliseconds alone.
function microseconds(instant) {
  const fraction = /\.(\d+)Z$/.exec(instant)?.[1] ?? "";
  return Math.floor(Date.parse(instant) / 1000) * 1e6 + Number(fraction.padEnd(6, "0"));
}

function honoredUntil(offer, { extensions }) {
  const applying = extensions.filter((each) => offer.iat * 1e6 < microseconds(each.issued_before));
  return offer.exp + applying.reduce((sum, each) => sum + each.seconds, 0);
}

function isIn(stretch, issued) {
  return (
    issued < microseconds(stretch.issued_before) &&
    (stretch.issued_from === null || issued >= microseconds(stretch.issued_from))
  );
}

function isRecalled(offer, when) {
  const issued = offer.iat * 1e6;
  const reaches = (stretch) => isIn(stretch, issued);
  if (when.recalls.some(reaches)) return true;
  if (offer.anchor === when.anchor) return false;
  const goodBefore = new Map(Object.entries(when.earlier_anchors)).get(offer.anchor);
  if (goodBefore !== undefined) return issued >= microseconds(goodBefore);
  if (when.anchor === null) return true;
  return !when.lost_anchors.some((each) => reaches(each) && !each.recalls.some(reaches));
}

function isBeyond(offer, { currency, least_amount, longest_hold, most_units }) {
  return (
    (currency !== null && offer.currency !== currency) ||
    (least_amount !== null && offer.amount < least_amount) ||
    (longest_hold !== null && offer.exp - offer.iat > longest_hold) ||
    (most_units !== null && offer.max > most_units)
  );
}

function judge(offer, when) {
  const now = microseconds(when.now);
  const issued = offer.iat * 1e6;
  if (isBeyond(offer, when.bounds)) return "forged";
  if (when.shoppers !== null && !when.shoppers.includes(offer.sub)) return "not_yours";
  if (when.used) return "used";
  if (isRecalled(offer, when)) return "recalled";
  if (issued > now + 60e6) return "not_yet_valid";
  if (now >= honoredUntil(offer, when) * 1e6) return "expired";
  if (when.quantity > Math.min(offer.max, when.units_allowed ?? Infinity)) return "over_limit";
  if (when.quantity > (when.units_left ?? Infinity)) return "sold_out";
  return "honored";
}

// --- The golden messages ------------------------------------------------------

const file = new URL("../offers/vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8"));
let wrong = 0;

for (const vector of [...vectors.good, ...vectors.bad]) {
  const when = { ...vectors.circumstances, ...vector.circumstances };
  const answer = { verdict: "forged" };
  try {
    const offer = readOffer(vector.message, vectors.keys[vector.keys].keys, vectors.issuer);
    answer.verdict = judge(offer, when);
    answer.terms = JSON.stringify(offer);
    answer.until = honoredUntil(offer, when) * 1000;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    answer.verdict = error.message;
  }
  const isRight =
    answer.verdict === vector.verdict &&
    (vector.verdict !== "honored" ||
      (answer.terms === JSON.stringify(vector.terms) &&
        answer.until === Date.parse(vector.honored_until)));
  if (!isRight) {
    wrong += 1;
    console.error(`${vector.name}: ${answer.verdict} in place of ${vector.verdict}. ${vector.why}`);
  }
}

console.log(`${vectors.good.length} good and ${vectors.bad.length} bad messages, ${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
