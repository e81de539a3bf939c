"""Writes ``offers/vectors.json``: golden messages, good and bad, for every language.

    python -m tests.offers.make_vectors

A rerun writes the same bytes: keys are digests of their own names, and ES256 takes its
nonce from the message (RFC 6979).
"""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.offers.handmade_tokens import (
    ANCHOR,
    ES,
    HOLD,
    HS,
    ISSUED,
    ISSUER,
    KEY_SETS,
    NOW,
    OLD_ES,
    OLD_HS,
    ORDER,
    OTHER_ANCHOR,
    OTHER_SHOPPER,
    PARTNER,
    PARTNERS,
    SECOND,
    SHOPPER,
    STRANGER,
    HmacKey,
    Json,
    Key,
    Text,
    base64url,
    claims,
    header,
    instant,
    instead,
    message,
    octets,
    seconds,
    signing_input,
    without,
    write,
)

FILE = Path(__file__).parents[2] / "offers" / "vectors.json"
END = ISSUED + HOLD
#: The ordinary offer as text: its header, its payload, and what HS signs of both.
HEADER, PAYLOAD = write(header(HS)), write(claims())
SIGNED = signing_input(HEADER, PAYLOAD)
CIRCUMSTANCES: Json = {
    "now": instant(NOW),
    "shoppers": [SHOPPER],
    "anchor": ANCHOR,
    "earlier_anchors": {},
    "recalls": [],
    "lost_anchors": [],
    "extensions": [],
    "bounds": {
        "currency": None,
        "least_amount": None,
        "longest_hold": None,
        "most_units": None,
    },
    "used": False,
    "quantity": 1,
    "units_allowed": None,
    "units_left": None,
}


class Book:
    """The vectors so far."""

    def __init__(self) -> None:
        self.vectors: dict[str, list[Json]] = {"good": [], "bad": []}

    def good(
        self,
        name: str,
        why: str,
        payload: Json | None = None,
        *,
        text: str = "",
        key: Key = HS,
        until: datetime = END,
        **case: Any,
    ) -> None:
        """An honored message: ``text``, or ``payload`` signed by ``key``."""
        payload = payload or claims()
        terms = {each: payload[each] for each in claims()}
        outcome = {"verdict": "honored", "terms": terms, "honored_until": instant(until)}
        self._add("good", name, why, text or message(payload, key=key), outcome, case)

    def bad(self, name: str, why: str, text: str, *, verdict: str = "forged", **case: Any) -> None:
        """A refused message."""
        self._add("bad", name, why, text, {"verdict": verdict}, case)

    def _add(self, kind: str, name: str, why: str, text: str, outcome: Json, case: Json) -> None:
        vector = {"name": name, "why": why, "keys": case.pop("keys", "shop"), "message": text}
        assert case.keys() <= CIRCUMSTANCES.keys(), name
        circumstances = {"circumstances": case} if case else {}
        self.vectors[kind].append(vector | circumstances | outcome)


def extension(issued_before: datetime, more: int) -> Json:
    return {"issued_before": instant(issued_before), "seconds": more}


def stretch(issued_from: datetime | None, issued_before: datetime) -> Json:
    return {
        "issued_from": instant(issued_from) if issued_from else None,
        "issued_before": instant(issued_before),
    }


def lost(issued_from: datetime, issued_before: datetime, *recalls: Json) -> list[Json]:
    return [{**stretch(issued_from, issued_before), "recalls": list(recalls)}]


def bounds(**least_and_most: Any) -> Json:
    return {**CIRCUMSTANCES["bounds"], **least_and_most}


#: Just what the ordinary message says.
TIGHT = {"currency": "EUR", "least_amount": 499, "longest_hold": 1800, "most_units": 2}


def headed(**changed: Any) -> str:
    """The ordinary message with other members in its header."""
    return message(head=header(HS, **changed))


def appended(members: str) -> str:
    """The ordinary message with more in its payload, as text before the closing brace."""
    return message(f"{PAYLOAD[:-1]},{members}}}")


def signed_by(key: Key, signature: bytes) -> str:
    """The ordinary message under a key's name, with another signature."""
    return message(key=key, signature=signature)


def mac(secret: bytes, head: Text, digest: str = "sha256") -> bytes:
    """An HMAC of the ordinary payload under a header."""
    return hmac.digest(secret, signing_input(head, PAYLOAD), digest)


def message_of_length(characters: int) -> str:
    """A message filled up with a claim that nobody knows."""
    longer = (message(claims(x="x" * more), key=ES) for more in range(characters))
    return next(text for text in longer if len(text) == characters)


def add_good(book: Book) -> None:
    good = book.good
    good("hs256", "An ordinary offer, signed with the shop's shared secret.")
    good("es256", "The same offer, signed with a private key.", key=ES)
    good("key that is retiring", "A key that no longer signs goes on verifying.", key=OLD_HS)
    good("es256 key that is retiring", "As for HS256.", key=OLD_ES)
    good(
        "key that is retiring since a rotation",
        "Offers signed by the key that was active outlive the rotation.",
        keys="rotated",
    )
    good(
        "partner's key",
        "A key with an issuer of its own, and a message in that issuer's name.",
        claims(iss=PARTNER),
        key=PARTNERS,
    )
    add_good_times(book)
    good(
        "any of the browser's ids",
        "Made for one of the two ids that this browser has.",
        shoppers=[OTHER_SHOPPER, SHOPPER],
    )
    good("for anyone", "A verifier that knows no shopper skips that one rule.", shoppers=None)
    why = "Quantity may reach max, and all that is left."
    good("as many as its max", why, quantity=2, units_allowed=2, units_left=2)
    unknown = message(claims(campaign={"id": [1, 2.5, None, "\ud83d\udc4b"]}))
    why = "A claim that the reader does not know is ignored, whatever it holds."
    good("unknown claim", why, text=unknown)

    def with_claims(name: str, why: str, **changed: Any) -> None:
        good(name, why, claims(**changed))

    most = {"amount": 2**53 - 1, "was": 2**53 - 1, "max": 1_000_000}
    with_claims("largest amounts", "Up to 2^53 - 1, what a double can count to.", **most)
    with_claims("smallest amounts", "One minor unit, one piece.", amount=1, was=1, max=1)
    why = "22 characters, 128 bits; one-character slug and sku."
    with_claims("shortest ids", why, jti="A" * 22, sale="a", sku="x")
    why = "64 characters; the sku as well."
    with_claims("longest ids", why, jti="_" * 64, sku="A" + "._-z" * 15 + "123")
    uuid = "0b0e6c1e-5d0b-4a43-9d4f-2f3c8e0e5a11"
    with_claims("uuid ids", "A UUID in its text form will do as an id.", jti=uuid)
    why = "A currency without minor units: the amount is in yen."
    with_claims("yen", why, amount=1200, was=9800, currency="JPY")
    why = "Outside any sale, by the same kind of message."
    with_claims("list price", why, sale="list", amount=4990)
    why = "Lower case, digits and single hyphens."
    with_claims("slug of many parts", why, sale="2026-black-friday-2")
    good(
        "spaces and another order",
        "The order of members and the spaces between them mean nothing.",
        text=message(
            json.dumps(dict(reversed(claims().items())), indent=1),
            head=f'{{ "typ": "offer+jwt", "kid": "{HS.kid}",\n\t"alg": "HS256" }}\n',
        ),
    )
    good(
        "escaped letters",
        "A string may be spelled with escapes; the decoded text counts.",
        text=message(instead('"EUR"', '"\\u0045UR"')),
    )
    signature = ES.sign(signing_input(header(ES), PAYLOAD))
    other_s = ORDER - int.from_bytes(signature[32:])
    good(
        "es256 in its other spelling",
        "(r, n - s) verifies too: one offer can have two texts, so go by jti, never by the text.",
        text=signed_by(ES, signature[:32] + other_s.to_bytes(32)),
    )
    why = "1,024 characters, filled up with a claim that is ignored."
    good("as long as may be", why, text=message_of_length(1024))


def add_good_times(book: Book) -> None:
    good = book.good
    good("first instant", "Good from the second in which it was issued.", now=instant(ISSUED))
    good("last second", "Good in the last second of the hold.", now=instant(END - SECOND))
    good(
        "last microsecond",
        "Good until its end, which is exclusive, to the last fraction of a second.",
        now=instant(END - timedelta(microseconds=1)),
    )
    last = datetime(2026, 11, 27, 11, 14, 59, tzinfo=UTC)
    good(
        "issued in the last second of the window",
        "The window closes at 11:15; the hold outlives it.",
        claims(iat=seconds(last), exp=seconds(last + HOLD)),
        until=last + HOLD,
        now=instant(last + HOLD - SECOND),
    )
    good(
        "issued 60 seconds ahead",
        "Clocks differ: iat may be 60 seconds ahead of the judge's clock.",
        now=instant(ISSUED - 60 * SECOND),
    )
    good(
        "extension",
        "Issued before the extension's instant, so it is held 600 seconds longer.",
        until=END + 600 * SECOND,
        now=instant(END),
        extensions=[extension(ISSUED + SECOND, 600)],
    )
    good(
        "extensions add up",
        "Two that apply add up; a third, for offers issued before this one, does not.",
        until=END + 900 * SECOND,
        now=instant(END + 899 * SECOND),
        extensions=[
            extension(ISSUED + more * SECOND, length)
            for more, length in ((60, 600), (120, 300), (-60, 7200))
        ],
    )
    good(
        "extension revives",
        "It had lapsed for an hour when it was extended by two.",
        until=END + 7200 * SECOND,
        now=instant(END + 3601 * SECOND),
        extensions=[extension(END + 3600 * SECOND, 7200)],
    )
    good(
        "extension for earlier offers",
        "Issued at the extension's very instant: not before it, so nothing is added.",
        extensions=[extension(ISSUED, 600)],
    )
    why = "Issued at the recall's very instant: not before it, so it stands."
    good("recall of earlier offers", why, recalls=[stretch(None, ISSUED)])
    why = "Issued in the last second before the recall's beginning."
    good("recall of later offers", why, recalls=[stretch(ISSUED + SECOND, NOW)])
    why = "A nonce was replaced, for offers that were issued from a second later on."
    spared = {ANCHOR: instant(ISSUED + SECOND)}
    good("replaced anchor", why, anchor=OTHER_ANCHOR, earlier_anchors=spared)
    why = "A backup was restored: nobody remembers the anchors from this second on."
    begun = lost(ISSUED, NOW)
    good("forgotten anchor", why, anchor=OTHER_ANCHOR, lost_anchors=begun)
    why = "Nobody remembers its anchor; the recall since began a second later."
    spared_by = lost(ISSUED, NOW, stretch(ISSUED + SECOND, NOW))
    good("forgotten anchor, later recall", why, anchor=OTHER_ANCHOR, lost_anchors=spared_by)
    why = "Its terms are the utmost that the shop can have promised when it was issued."
    good("at its bounds", why, bounds=TIGHT)
    why = "Bounds are for what was promised: an extension came later."
    longer = [extension(NOW, 600)]
    good("bounded and extended", why, until=END + 600 * SECOND, bounds=TIGHT, extensions=longer)


def add_unparsable(book: Book) -> None:
    bad = book.bad
    whole = message()
    head, payload, signature = whole.split(".")
    bad("nothing", "The empty text.", "")
    bad("words", "No message at all.", "MUG-01 for 4.99")
    bad("two segments", "The signature is missing.", f"{head}.{payload}")
    bad("four segments", "One too many.", f"{whole}.{signature}")
    five = f"{head}..{payload}.{payload}.{signature}"
    bad("jwe", "Five segments: the form of an encrypted message.", five)
    bad("empty header", "The first segment is empty.", f".{payload}.{signature}")
    why = "The second is empty (a detached payload, RFC 7515 F)."
    bad("empty payload", why, f"{head}..{signature}")
    bad("empty signature", "The third segment is empty.", f"{head}.{payload}.")
    bad("dots alone", "Three empty segments.", "..")
    flattened = {"protected": head, "payload": payload, "signature": signature}
    bad("flattened json", "RFC 7515 section 7.2.2: another serialization.", write(flattened))
    general = {"payload": payload, "signatures": [without(flattened, "payload")]}
    bad("general json", "RFC 7515 section 7.2.1: another serialization.", write(general))
    padded = message(claims(jti="A" * 23))
    padded += "=" * (-len(padded.split(".")[2]) % 4)
    bad("padding", "Base64url in a JWS has no padding.", padded)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    slack = last[last.index(signature[-1]) + 1]
    bad(
        "trailing bits",
        "The bits that the last character has to spare are not zero: the same bytes, misspelled.",
        whole[:-1] + slack,
    )
    bad("one character too many", "No bytes have a base64 of that length.", whole + "AA")
    bad("leading space", "Not a character of base64url.", " " + whole)
    bad("trailing newline", "Not a character of base64url.", whole + "\n")
    broken = f"{head}.{payload[:76]}\n{payload[76:]}.{signature}"
    bad("newline inside", "No line may be broken.", broken)
    bad("nul inside", "Not a character of base64url.", f"{head}.{payload}\x00.{signature}")
    bad("bearer", "The message alone, without a scheme.", f"Bearer {whole}")
    bad("fullwidth dot", "Looks like a dot and is none.", whole.replace(".", "\uff0e"))
    bad("cyrillic letter", "Looks like an e and is none.", "\u0435" + whole[1:])
    plus = b64encode(octets(claims(note="???>>>~~~"))).decode().rstrip("=")
    assert "/" in plus or "+" in plus
    standard = f"{head}.{plus}"
    standard += f".{base64url(HS.sign(standard.encode()))}"
    bad("standard base64", "Its alphabet has + and /, that of base64url - and _.", standard)
    bad("too long", "What is longer than 1,024 characters is not read.", message_of_length(1025))
    bad("far too long", "Refused before anything is decoded.", "A" * 20_000)
    bad("header is not json", "A header that is text.", message(head="HS256"))
    bad("header is a list", "A header that is no object.", message(head=write(["HS256", HS.kid])))
    bad("payload is not json", "A payload that is text.", message("MUG-01 for 4.99"))
    bad("payload is a list", "A payload that is no object.", message(write([claims()])))
    why = "An object within a string is no object."
    bad("payload is a string", why, message(write(PAYLOAD)))
    bad("payload is null", "Nothing is no object.", message("null"))
    bad("two payloads", "One object after another.", message(PAYLOAD + "{}"))
    bad("trailing comma", "Not JSON.", appended(""))
    bad("single quotes", "Not JSON.", message(PAYLOAD.replace('"', "'")))
    bad("comment", "Not JSON.", message(PAYLOAD + "//"))
    fed = message(instead('"MUG-01"', '"MUG-01\n"'))
    bad("line feed in a string", "A control character has to be escaped.", fed)
    why = "RFC 8259 section 8.1: none may be added."
    bad("byte order mark", why, message(f"\ufeff{PAYLOAD}"))
    marked = message(head=f"\ufeff{HEADER}")
    bad("byte order mark in the header", "None may be added.", marked)
    for name, why, misspelled in (
        ("latin-1", "Bytes that are no UTF-8.", b"\xe9"),
        ("overlong utf-8", "A slash spelled in two bytes.", b"\xc0\xaf"),
        ("surrogate in utf-8", "Half a character, spelled as if it were one.", b"\xed\xa0\x80"),
    ):
        bad(name, why, message(write(claims(x="?")).encode().replace(b"?", misspelled)))
    wide = message(write({"iss": ISSUER}).encode("utf-16"))
    bad("utf-16", "JSON between systems is UTF-8.", wide)
    why = "Two readers may disagree on which of the two counts."
    bad("claim twice", why, appended('"amount":1'))
    why = "An escaped name is the same name."
    bad("claim twice in disguise", why, appended('"amo\\u0075nt":1'))
    bad("claim twice and equal", "Even if both say the same.", appended('"amount":499'))
    why = "In a claim that would be ignored, too."
    bad("name twice deep inside", why, appended('"x":{"a":1,"a":2}'))
    twice = message(head=HEADER[:-1] + ',"alg":"none"}')
    bad("header member twice", "alg may stand there once.", twice)
    bad("not a number", "NaN is not JSON.", message(instead("4990", "NaN")))
    bad("infinity", "Infinity is not JSON.", message(instead("4990", "Infinity")))
    why = "Not JSON, even in a claim that would be ignored."
    bad("not a number, ignored", why, appended('"x":NaN'))
    bad("leading zero", "Not JSON.", message(instead("4990", "04990")))
    bad("hexadecimal", "Not JSON.", message(instead("4990", "0x137e")))
    bad("deep nesting", "A payload of brackets alone.", message("[" * 300 + "]" * 300))
    why = "Refused, whatever it costs a careless parser."
    bad("deep nesting, never closed", why, message("[" * 600))
    deep = message(head=instead('"offer+jwt"', "[" * 150 + "]" * 150, HEADER))
    bad("deep nesting in the header", "typ is a text.", deep)


def add_header_defects(book: Book) -> None:
    bad = book.bad
    why = "Without kid nobody knows the key."
    bad("kid missing", why, message(head=without(header(HS), "kid")))
    bad("kid is a number", "A kid is a text.", headed(kid=1))
    bad("kid is null", "A kid is a text.", headed(kid=None))
    bad("kid is a list", "A kid is a text.", headed(kid=[HS.kid]))
    why = "A header has alg, kid and typ."
    bad("alg missing", why, message(head=without(header(HS), "alg")))
    why = "RFC 8725 section 3.11: explicit types."
    bad("typ missing", why, message(head=without(header(HS), "typ")))
    bad("typ of a plain jwt", "Another type.", headed(typ="JWT"))
    why = "A shopper's cookie is no offer."
    bad("typ of another kind", why, headed(typ="shopper+jwt"))
    bad("typ in capitals", "Exactly as it is written.", headed(typ="OFFER+JWT"))
    bad("typ in full", "Exactly as it is written.", headed(typ="application/offer+jwt"))
    for name, value in {
        "crit": ["exp"],
        "b64": True,
        "jku": "https://evil.example/jwks.json",
        "jwk": HmacKey("evil", "active").jwk(),
        "x5u": "https://evil.example/cert.pem",
        "cty": "JWT",
    }.items():
        why = "A header has alg, kid and typ, and nothing else."
        bad(f"header with {name}", why, headed(**{name: value}))
    bad("unencoded payload", "RFC 7797 is not for us.", headed(b64=False, crit=["b64"]))
    unknown = partial(bad, verdict="unknown_key")
    unknown("kid unknown", "A key that nobody ever had.", message(key=STRANGER))
    why = "Signed by a key that was taken off the ring."
    unknown("kid voided", why, message(key=OLD_HS), keys="rotated")
    unknown("kid in capitals", "A kid is compared to the letter.", headed(kid=HS.kid.upper()))
    unknown("kid empty", "No key has it.", headed(kid=""))
    unknown("kid is a path", "A kid is a name, never a place.", headed(kid="../../dev/null"))
    surrogate = message(head=instead(HS.kid, "\\ud800", HEADER))
    unknown("kid is half a character", "A lone surrogate, escaped.", surrogate)


def add_signature_defects(book: Book) -> None:
    bad = book.bad
    none = message(head=header(HS, alg="none"), signature=b"")
    bad("alg none", "No algorithm, and no signature.", none)
    bad("alg none with a signature", "Signed all the same.", headed(alg="none"))
    bad("alg none in disguise", "Any case of it.", headed(alg="nOnE"))
    hs512 = header(HS, alg="HS512")
    bad(
        "alg hs512",
        "A right signature, by another algorithm than the key's.",
        message(head=hs512, signature=mac(HS.secret, hs512, "sha512")),
    )
    bad("alg in small letters", "alg is compared to the letter.", headed(alg="hs256"))
    bad(
        "alg of another key",
        "The kid of the HS256 key with the algorithm of the ES256 key.",
        message(key=ES, head=header(ES, kid=HS.kid)),
    )
    confused = header(ES, alg="HS256")
    public = ES.private.public_key()
    for form, secret in {
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "point": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        "jwk": write(ES.public_jwk()).encode(),
    }.items():
        bad(
            f"public key as secret, {form}",
            "The ES256 key is public: as an HMAC secret it would let anyone sign.",
            message(head=confused, signature=mac(secret, confused)),
        )
    bad("empty secret", "An HMAC under no secret at all.", signed_by(HS, mac(b"", HEADER)))
    cheaper = message(claims(amount=1)).split(".")[1]
    head, _, signature = message().split(".")
    bad("price changed", "The payload is not what was signed.", f"{head}.{cheaper}.{signature}")
    changed = message(head=f" {HEADER}", signature=HS.sign(SIGNED))
    bad("header changed", "The header is signed as well.", changed)
    of_another = signed_by(HS, HS.sign(signing_input(HEADER, claims(amount=1))))
    bad("signature of another message", "A right signature, of something else.", of_another)
    why = "The kid of one key, signed by another."
    bad("signature of another key", why, signed_by(HS, OLD_HS.sign(SIGNED)))
    for key in (HS, ES):
        right = key.sign(signing_input(header(key), PAYLOAD))
        flipped = bytes([right[0] ^ 1, *right[1:]])
        for defect, why, wrong in (
            ("with a bit flipped", "One bit of the signature is wrong.", flipped),
            ("cut short", "The last byte is missing.", right[:-1]),
            ("with a byte more", "A zero byte follows.", right + b"\0"),
            (
                "of zeros",
                "No signature at all; r = s = 0 fools a careless ES256.",
                bytes(len(right)),
            ),
        ):
            bad(f"{key.algorithm.lower()} {defect}", why, signed_by(key, wrong))
    bad("hs256 half", "A truncated HMAC is not HS256.", signed_by(HS, HS.sign(SIGNED)[:16]))
    signed = signing_input(header(ES), PAYLOAD)
    why = "RFC 7518 section 3.4: r and s side by side, not DER."
    bad("es256 in der", why, signed_by(ES, ES.sign_der(signed)))
    right = ES.sign(signed)
    bad("es256 the wrong way round", "s and then r.", signed_by(ES, right[32:] + right[:32]))
    beyond = right[:32] + (ORDER + 1).to_bytes(32)
    bad("es256 beyond the order", "s = n + 1 is out of range.", signed_by(ES, beyond))
    why = "An HMAC under the name of the ES256 key."
    bad("es256 signed with a secret", why, signed_by(ES, HS.sign(signed) * 2))


def add_claim_defects(book: Book) -> None:
    bad = book.bad
    for name in claims():
        bad(f"{name} missing", f"An offer has {name}.", message(without(claims(), name)))

    def wrong(label: str, why: str, **changed: Any) -> None:
        bad(label, why, message(claims(**changed)))

    wrong("aud of another kind", "For another reader.", aud="shop")
    wrong("aud is a list", "RFC 7519 allows it, we do not.", aud=["checkout"])
    wrong("aud with a space", "Exactly as it is written.", aud="checkout ")
    wrong("iss of another shop", "Not the key's issuer.", iss="https://other.example")
    wrong("iss with a slash", "Exactly as it is written.", iss=ISSUER + "/")
    wrong("iss of a partner", "The shop's key speaks for the shop alone.", iss=PARTNER)
    wrong("iss is a list", "A text.", iss=[ISSUER])
    why = "A partner's key speaks for the partner alone."
    bad("partner in the shop's name", why, message(key=PARTNERS))
    why = "A partner's key speaks for that partner."
    bad("partner in another's name", why, message(claims(iss="partner:8"), key=PARTNERS))

    when = seconds(ISSUED)
    wrong("exp equals iat", "Held for no time.", exp=when)
    wrong("exp before iat", "Held for less than no time.", exp=when - 1)
    for name in ("iat", "exp", "amount", "was", "max"):
        value = claims()[name]
        wrong(f"{name} is a text", "An integer, not its digits.", **{name: str(value)})
        wrong(f"{name} is true", "A truth is no number.", **{name: True})
        wrong(f"{name} is null", "Nothing is no number.", **{name: None})
        wrong(f"{name} is negative", "Below its least.", **{name: -value})
        wrong(f"{name} above 2^53", "More than a double can count to.", **{name: 2**53})
        for form, spelling in {"a fraction": f"{value}.0", "an exponent": f"{value}e0"}.items():
            text = message(instead(f'"{name}":{value},', f'"{name}":{spelling},'))
            bad(f"{name} with {form}", "An integer is written as one.", text)
    for name in ("amount", "was", "max"):
        wrong(f"{name} is zero", "At least one.", **{name: 0})
    wrong("max above a million", "Nobody buys that many.", max=1_000_001)
    wrong("amount in a list", "One price.", amount=[499])
    wrong("amount beyond all bounds", "600 digits.", amount=10**400)
    wrong("exp after all dates", "No date has so many seconds.", exp=253_402_300_800)
    late = {"iat": when * 1000, "exp": when * 1000 + 1}
    wrong("iat in milliseconds", "NumericDate counts seconds.", **late)
    wrong("iat as a date", "NumericDate is a number.", iat=instant(ISSUED))

    wrong("currency in small letters", "Three capitals.", currency="eur")
    wrong("currency of two letters", "Three capitals.", currency="EU")
    wrong("currency of four letters", "Three capitals.", currency="EURO")
    wrong("currency as a sign", "Three capitals.", currency="\u20ac")
    wrong("currency in other capitals", "Capitals of ASCII.", currency="\u0395UR")
    wrong("sku empty", "At least one character.", sku="")
    wrong("sku too long", "64 characters at most.", sku="A" * 65)
    wrong("sku with a space", "Letters, digits, dot, dash, underscore.", sku="MUG 01")
    wrong("sku with a newline", "To its very end.", sku="MUG-01\n")
    wrong("sku with a leading dot", "A letter or a digit first.", sku=".MUG")
    wrong("sku with a slash", "Letters, digits, dot, dash, underscore.", sku="MUG/01")
    wrong("sku with a nul", "Letters, digits, dot, dash, underscore.", sku="MUG\0")
    wrong("sku is a number", "A text.", sku=1)
    wrong("sku in other digits", "Digits of ASCII.", sku="MUG-\u0661")
    wrong("sale empty", "At least one character.", sale="")
    wrong("sale in capitals", "Small letters, digits, single hyphens.", sale="Autumn")
    wrong("sale with an underscore", "Small letters, digits, single hyphens.", sale="au_tumn")
    wrong("sale with two hyphens", "Small letters, digits, single hyphens.", sale="au--tumn")
    wrong("sale with a trailing hyphen", "A hyphen stands between.", sale="autumn-")
    wrong("anchor too short", "96 bits: 16 characters.", anchor=ANCHOR[:-1])
    wrong("anchor too long", "96 bits: 16 characters.", anchor=ANCHOR + "A")
    wrong("anchor in standard base64", "Base64url.", anchor="+" + ANCHOR[1:])
    wrong("anchor is null", "A text.", anchor=None)
    wrong("jti too short", "128 bits: 22 characters at least.", jti="A" * 21)
    wrong("jti too long", "64 characters at most.", jti="A" * 65)
    wrong("jti with a quote", "Base64url or a UUID.", jti="'" + "A" * 22)
    wrong("jti is a number", "A text.", jti=10**22)
    wrong("jti with half a character", "A lone surrogate, escaped.", jti="A" * 22 + "\ud800")
    wrong("sub empty", "An offer is made for someone.", sub="")
    wrong("sub is a list", "One shopper.", sub=[SHOPPER])
    wrong("sub with a space", "Base64url or a UUID.", sub=SHOPPER + " ")


def add_judged(book: Book) -> None:
    def judged(name: str, why: str, verdict: str, text: str = "", **circumstances: Any) -> None:
        book.bad(name, why, text or message(), verdict=verdict, **circumstances)

    late = instant(END)
    for name, why, beyond in (
        ("below its amount", "Nobody was shown a price as low.", {"least_amount": 500}),
        ("above its hold", "No price was held a second as long.", {"longest_hold": 1799}),
        ("above its max", "Nobody could have as many.", {"most_units": 1}),
        ("another currency", "The product is sold in another one.", {"currency": "USD"}),
    ):
        judged(name, why, "forged", bounds=bounds(**beyond))
    judged("not yours", "Made for another browser.", "not_yours", shoppers=[OTHER_SHOPPER])
    judged("nobody's", "A browser without an id has no offers.", "not_yours", shoppers=[])
    judged("used", "An order has redeemed it.", "used", used=True)
    for name, why, anchor in (
        ("recalled", "A nonce was replaced: today's anchor is another.", OTHER_ANCHOR),
        ("recalled in another case", "An anchor is compared to the letter.", ANCHOR.swapcase()),
        ("deal unknown", "Nobody knows the deal, so no anchor is its anchor.", None),
    ):
        judged(name, why, "recalled", anchor=anchor)
    why = "Issued before the recall's instant."
    judged("recalled by time", why, "recalled", recalls=[stretch(None, ISSUED + SECOND)])
    why = "Issued at the recall's first instant."
    judged("recalled from then on", why, "recalled", recalls=[stretch(ISSUED, NOW)])
    why = "Issued at the first instant of the recall that replaced its anchor."
    reached = {ANCHOR: instant(ISSUED)}
    judged(
        "replaced anchor, issued later",
        why,
        "recalled",
        anchor=OTHER_ANCHOR,
        earlier_anchors=reached,
    )
    why = "It is older than the recall that replaced its anchor, and in a stretch of another one."
    spared = {ANCHOR: instant(ISSUED + SECOND)}
    both: Json = {"earlier_anchors": spared, "recalls": [stretch(ISSUED, NOW)]}
    judged("recalled twice", why, "recalled", anchor=OTHER_ANCHOR, **both)
    for name, why, stretches in (
        (
            "forgotten anchor, issued before",
            "Issued a second before the backup: its anchor would be known.",
            lost(ISSUED + SECOND, NOW),
        ),
        (
            "forgotten anchor, issued after",
            "Issued when the shop had been restored: its anchor would be known.",
            lost(ISSUED - SECOND, ISSUED),
        ),
        (
            "forgotten anchor, recalled since",
            "Nobody remembers its anchor, and a recall since reaches when it was issued.",
            lost(ISSUED, NOW, stretch(None, ISSUED + SECOND)),
        ),
    ):
        judged(name, why, "recalled", anchor=OTHER_ANCHOR, lost_anchors=stretches)
    why = "Nobody knows the deal, whatever was forgotten."
    forgotten = lost(ISSUED, NOW)
    judged("forgotten deal", why, "recalled", anchor=None, lost_anchors=forgotten)
    why = "Its anchor was replaced, and the shop remembers for whom."
    known: Json = {"earlier_anchors": reached, "lost_anchors": lost(ISSUED, NOW)}
    judged("replaced anchor, none forgotten", why, "recalled", anchor=OTHER_ANCHOR, **known)
    why = "Nobody remembers its anchor, and its stretch of time was recalled."
    known = {"recalls": [stretch(ISSUED, NOW)], "lost_anchors": lost(ISSUED, NOW)}
    judged("forgotten anchor, recalled by time", why, "recalled", anchor=OTHER_ANCHOR, **known)
    too_early = instant(ISSUED - 61 * SECOND)
    why = "60 is the most that clocks may differ."
    judged("issued 61 seconds ahead", why, "not_yet_valid", now=too_early)
    judged("expired", "The end of the hold is exclusive.", "expired", now=late)
    judged("expired for long", "A year later.", "expired", now=instant(END + timedelta(days=365)))
    judged(
        "extension over",
        "Extended by 600 seconds, which are over.",
        "expired",
        now=instant(END + 600 * SECOND),
        extensions=[extension(NOW, 600)],
    )
    why = "Issued at the extension's very instant: not before it."
    others = [extension(ISSUED, 600)]
    judged("extension for others", why, "expired", now=late, extensions=others)
    judged("more than its max", "Three of at most two.", "over_limit", quantity=3)
    why = "The shopper has had all but one."
    judged("more than is allowed", why, "over_limit", quantity=2, units_allowed=1)
    judged("none allowed", "The shopper has had all.", "over_limit", units_allowed=0)
    judged("sold out", "None is left.", "sold_out", units_left=0)
    judged("not enough left", "One of two.", "sold_out", quantity=2, units_left=1)

    case: Json = {
        "shoppers": [OTHER_SHOPPER],
        "used": True,
        "anchor": OTHER_ANCHOR,
        "recalls": [stretch(None, NOW)],
        "now": late,
        "quantity": 3,
        "units_left": 0,
        "bounds": bounds(least_amount=500),
    }
    why = "Several would fit: the first in the order of verdicts wins."
    for name, verdict, text in (
        ("unreadable before unknown key", "forged", message("{", key=STRANGER)),
        ("unknown key before none", "unknown_key", message(head=header(STRANGER, alg="none"))),
        ("unknown key before unsound", "unknown_key", message(claims(amount=0), key=STRANGER)),
        ("unsound before not yours", "forged", message(claims(amount=0))),
    ):
        judged(name, why, verdict, text, **case)
    # Each row takes away the reason that won in the row before it.
    for name, verdict, changed in (
        ("beyond its bounds before not yours", "forged", {}),
        ("not yours before used", "not_yours", {"bounds": bounds()}),
        ("used before recalled", "used", {"shoppers": [SHOPPER]}),
        ("recalled before expired", "recalled", {"used": False}),
        ("recalled before not yet valid", "recalled", {"now": too_early}),
        (
            "not yet valid before over the limit",
            "not_yet_valid",
            {"anchor": ANCHOR, "recalls": []},
        ),
        ("expired before over the limit", "expired", {"now": late}),
        ("over the limit before sold out", "over_limit", {"now": instant(NOW)}),
    ):
        case |= changed
        judged(name, why, verdict, **case)


def document() -> Json:
    book = Book()
    add_good(book)
    add_unparsable(book)
    add_header_defects(book)
    add_signature_defects(book)
    add_claim_defects(book)
    add_judged(book)
    return {
        "about": [
            "Golden messages. Read each with the private JWK Set that its `keys` names, then "
            "judge it under `circumstances`: those below, with the vector's own in their place.",
            "The answer must be `verdict`; a good one carries `terms` and is `honored_until`.",
            "`shoppers`: the ids of this browser, null skips the rule. `anchor`: today's digest "
            "of the deal, null where nobody knows the deal. `earlier_anchors`: replaced digests, "
            "each good for offers issued before its instant. `recalls`: stretches whose offers are "
            "void, from null: from the first on. `lost_anchors`: stretches in which a digest that "
            "is neither today's nor an earlier one voids no offer, unless one of their own "
            "`recalls` reaches it. `bounds`: what the issuer can have promised when it was issued, "
            "in minor units, seconds from iat to exp, and units; null bounds nothing, as with "
            "`units_allowed` and `units_left`.",
            "These keys are published: never use one. "
            "Written by `python -m tests.offers.make_vectors`.",
        ],
        "issuer": ISSUER,
        "keys": KEY_SETS,
        "circumstances": CIRCUMSTANCES,
        **book.vectors,
    }


def main() -> None:
    FILE.write_text(json.dumps(document(), indent=1) + "\n")


if __name__ == "__main__":
    main()
