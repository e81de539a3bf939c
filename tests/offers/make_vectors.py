"""Writes ``offers/vectors.json``: golden messages, good and bad, for every language.

    python -m tests.offers.make_vectors

A rerun writes the same bytes: keys are digests of their own names, and ES256 takes its
nonce from the message (RFC 6979).
"""

import hmac
import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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

# --- Vectors ------------------------------------------------------------------

CIRCUMSTANCES: Json = {
    "now": instant(NOW),
    "shoppers": [SHOPPER],
    "anchor": ANCHOR,
    "recall_before": None,
    "extensions": [],
    "used": False,
    "quantity": 1,
    "units_allowed": None,
    "units_left": None,
}


@dataclass
class Book:
    """The vectors so far."""

    good: list[Json] = field(default_factory=list)
    bad: list[Json] = field(default_factory=list)

    def honored(
        self,
        name: str,
        why: str,
        payload: Json | None = None,
        *,
        text: str | None = None,
        key: Key = HS,
        until: datetime = ISSUED + HOLD,
        keys: str = "shop",
        **circumstances: Any,
    ) -> None:
        terms = claims() if payload is None else payload
        vector = self._vector(name, why, text or message(terms, key=key), keys, circumstances)
        vector["verdict"] = "honored"
        vector["terms"] = {each: terms[each] for each in claims()}
        vector["honored_until"] = instant(until)
        self.good.append(vector)

    def refused(
        self,
        name: str,
        why: str,
        text: str,
        *,
        verdict: str = "forged",
        keys: str = "shop",
        **circumstances: Any,
    ) -> None:
        vector = self._vector(name, why, text, keys, circumstances)
        vector["verdict"] = verdict
        self.bad.append(vector)

    def _vector(self, name: str, why: str, text: str, keys: str, circumstances: Json) -> Json:
        assert circumstances.keys() <= CIRCUMSTANCES.keys(), name
        return {
            "name": name,
            "why": why,
            "keys": keys,
            "message": text,
            **({"circumstances": circumstances} if circumstances else {}),
        }


def extension(issued_before: datetime, more: int) -> Json:
    return {"issued_before": instant(issued_before), "seconds": more}


def message_of_length(characters: int) -> str:
    """A message filled up with a claim that nobody knows."""
    longer = (message(claims(x="x" * more), key=ES) for more in range(characters))
    return next(text for text in longer if len(text) == characters)


def add_good(book: Book) -> None:
    good = book.honored
    end = ISSUED + HOLD
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
    good("first instant", "Good from the second in which it was issued.", now=instant(ISSUED))
    good("last second", "Good in the last second of the hold.", now=instant(end - SECOND))
    good(
        "last microsecond",
        "Good until its end, which is exclusive, to the last fraction of a second.",
        now=instant(end - timedelta(microseconds=1)),
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
        until=end + 600 * SECOND,
        now=instant(end),
        extensions=[extension(ISSUED + SECOND, 600)],
    )
    good(
        "extensions add up",
        "Two that apply add up; a third, for offers issued before this one, does not.",
        until=end + 900 * SECOND,
        now=instant(end + 899 * SECOND),
        extensions=[
            extension(ISSUED + 60 * SECOND, 600),
            extension(ISSUED + 120 * SECOND, 300),
            extension(ISSUED - 60 * SECOND, 7200),
        ],
    )
    good(
        "extension revives",
        "It had lapsed for an hour when it was extended by two.",
        until=end + 7200 * SECOND,
        now=instant(end + 3601 * SECOND),
        extensions=[extension(end + 3600 * SECOND, 7200)],
    )
    good(
        "extension for earlier offers",
        "Issued at the extension's very instant: not before it, so nothing is added.",
        extensions=[extension(ISSUED, 600)],
    )
    good(
        "recall of earlier offers",
        "Issued at the recall's very instant: not before it, so it stands.",
        recall_before=instant(ISSUED),
    )
    good(
        "any of the browser's ids",
        "Made for one of the two ids that this browser has.",
        shoppers=[OTHER_SHOPPER, SHOPPER],
    )
    good("for anyone", "A verifier that knows no shopper skips that one rule.", shoppers=None)
    good(
        "as many as its max",
        "Quantity may reach max, and all that is left.",
        quantity=2,
        units_allowed=2,
        units_left=2,
    )
    good(
        "unknown claim",
        "A claim that the reader does not know is ignored, whatever it holds.",
        text=message(claims(campaign={"id": [1, 2.5, None, "\ud83d\udc4b"]})),
    )
    good(
        "largest amounts",
        "Up to 2^53 - 1, what a double can count to.",
        claims(
            amount=2**53 - 1,
            was=2**53 - 1,
            max=1_000_000,
        ),
    )
    good("smallest amounts", "One minor unit, one piece.", claims(amount=1, was=1, max=1))
    good(
        "shortest ids",
        "22 characters, 128 bits; one-character slug and sku.",
        claims(
            jti="A" * 22,
            sale="a",
            sku="x",
        ),
    )
    good(
        "longest ids",
        "64 characters; the sku as well.",
        claims(
            jti="_" * 64,
            sku="A" + "._-z" * 15 + "123",
        ),
    )
    good(
        "uuid ids",
        "A UUID in its text form will do as an id.",
        claims(
            jti="0b0e6c1e-5d0b-4a43-9d4f-2f3c8e0e5a11",
        ),
    )
    good(
        "yen",
        "A currency without minor units: the amount is in yen.",
        claims(
            amount=1200,
            was=9800,
            currency="JPY",
        ),
    )
    good(
        "list price",
        "Outside any sale, by the same kind of message.",
        claims(sale="list", amount=4990),
    )
    good(
        "slug of many parts",
        "Lower case, digits and single hyphens.",
        claims(
            sale="2026-black-friday-2",
        ),
    )
    spaced = json.dumps(dict(reversed(claims().items())), indent=1)
    good(
        "spaces and another order",
        "The order of members and the spaces between them mean nothing.",
        text=message(
            spaced,
            head=f'{{ "typ": "offer+jwt", "kid": "{HS.kid}",\n\t"alg": "HS256" }}\n',
        ),
    )
    good(
        "escaped letters",
        "A string may be spelled with escapes; the decoded text counts.",
        text=message(instead('"EUR"', '"\\u0045UR"')),
    )
    signed = signing_input(header(ES), claims())
    r_bytes, s_bytes = ES.sign(signed)[:32], ES.sign(signed)[32:]
    good(
        "es256 in its other spelling",
        "(r, n - s) verifies too: one offer can have two texts, so go by jti, never by the text.",
        text=message(key=ES, signature=r_bytes + (ORDER - int.from_bytes(s_bytes)).to_bytes(32)),
    )
    good(
        "as long as may be",
        "1,024 characters, filled up with a claim that is ignored.",
        text=message_of_length(1024),
    )


def add_unparsable(book: Book) -> None:
    bad = book.refused
    whole = message()
    head, payload, signature = whole.split(".")
    bad("nothing", "The empty text.", "")
    bad("words", "No message at all.", "MUG-01 for 4.99")
    bad("two segments", "The signature is missing.", f"{head}.{payload}")
    bad("four segments", "One too many.", f"{whole}.{signature}")
    bad(
        "jwe",
        "Five segments: the form of an encrypted message.",
        f"{head}..{payload}.{payload}.{signature}",
    )
    bad("empty header", "The first segment is empty.", f".{payload}.{signature}")
    bad(
        "empty payload",
        "The second is empty (a detached payload, RFC 7515 F).",
        f"{head}..{signature}",
    )
    bad("empty signature", "The third segment is empty.", f"{head}.{payload}.")
    bad("dots alone", "Three empty segments.", "..")
    flattened = {"protected": head, "payload": payload, "signature": signature}
    bad("flattened json", "RFC 7515 section 7.2.2: another serialization.", write(flattened))
    general = {"payload": payload, "signatures": [without(flattened, "payload")]}
    bad("general json", "RFC 7515 section 7.2.1: another serialization.", write(general))
    padded = message(claims(jti="A" * 23))
    bad(
        "padding",
        "Base64url in a JWS has no padding.",
        padded + "=" * (-len(padded.split(".")[2]) % 4),
    )
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
    bad(
        "newline inside",
        "No line may be broken.",
        f"{head}.{payload[:76]}\n{payload[76:]}.{signature}",
    )
    bad("nul inside", "Not a character of base64url.", f"{head}.{payload}\x00.{signature}")
    bad("bearer", "The message alone, without a scheme.", f"Bearer {whole}")
    bad("fullwidth dot", "Looks like a dot and is none.", whole.replace(".", "\uff0e"))
    bad("cyrillic letter", "Looks like an e and is none.", "\u0435" + whole[1:])
    plus = b64encode(octets(claims(note="???>>>~~~"))).decode().rstrip("=")
    assert "/" in plus or "+" in plus
    bad(
        "standard base64",
        "Its alphabet has + and /, that of base64url - and _.",
        ".".join(
            (
                head,
                plus,
                base64url(HS.sign(f"{head}.{plus}".encode())),
            )
        ),
    )
    bad("too long", "What is longer than 1,024 characters is not read.", message_of_length(1025))
    bad("far too long", "Refused before anything is decoded.", "A" * 20_000)
    bad("header is not json", "A header that is text.", message(head="HS256"))
    bad("header is a list", "A header that is no object.", message(head=write(["HS256", HS.kid])))
    bad("payload is not json", "A payload that is text.", message("MUG-01 for 4.99"))
    bad("payload is a list", "A payload that is no object.", message(write([claims()])))
    bad(
        "payload is a string",
        "An object within a string is no object.",
        message(write(write(claims()))),
    )
    bad("payload is null", "Nothing is no object.", message("null"))
    bad("two payloads", "One object after another.", message(write(claims()) + "{}"))
    bad("trailing comma", "Not JSON.", message(write(claims())[:-1] + ",}"))
    bad("single quotes", "Not JSON.", message(write(claims()).replace('"', "'")))
    bad("comment", "Not JSON.", message(write(claims()) + "//"))
    bad(
        "line feed in a string",
        "A control character has to be escaped.",
        message(instead('"MUG-01"', '"MUG-01\n"')),
    )
    bad(
        "byte order mark",
        "RFC 8259 section 8.1: none may be added.",
        message("\ufeff" + write(claims())),
    )
    bad(
        "byte order mark in the header",
        "None may be added.",
        message(head="\ufeff" + write(header(HS))),
    )
    bad(
        "latin-1",
        "Bytes that are no UTF-8.",
        message(write(claims(x="?")).encode().replace(b"?", b"\xe9")),
    )
    bad(
        "overlong utf-8",
        "A slash spelled in two bytes.",
        message(write(claims(x="?")).encode().replace(b"?", b"\xc0\xaf")),
    )
    bad(
        "surrogate in utf-8",
        "Half a character, spelled as if it were one.",
        message(write(claims(x="?")).encode().replace(b"?", b"\xed\xa0\x80")),
    )
    bad(
        "utf-16", "JSON between systems is UTF-8.", message(write({"iss": ISSUER}).encode("utf-16"))
    )
    twice = write(claims())[:-1] + ',"amount":1}'
    bad("claim twice", "Two readers may disagree on which of the two counts.", message(twice))
    escaped = write(claims())[:-1] + ',"amo\\u0075nt":1}'
    bad("claim twice in disguise", "An escaped name is the same name.", message(escaped))
    bad(
        "claim twice and equal",
        "Even if both say the same.",
        message(write(claims())[:-1] + ',"amount":499}'),
    )
    bad(
        "name twice deep inside",
        "In a claim that would be ignored, too.",
        message(write(claims())[:-1] + ',"x":{"a":1,"a":2}}'),
    )
    bad(
        "header member twice",
        "alg may stand there once.",
        message(head=write(header(HS))[:-1] + ',"alg":"none"}'),
    )
    bad("not a number", "NaN is not JSON.", message(instead("4990", "NaN")))
    bad("infinity", "Infinity is not JSON.", message(instead("4990", "Infinity")))
    bad(
        "not a number, ignored",
        "Not JSON, even in a claim that would be ignored.",
        message(write(claims())[:-1] + ',"x":NaN}'),
    )
    bad("leading zero", "Not JSON.", message(instead("4990", "04990")))
    bad("hexadecimal", "Not JSON.", message(instead("4990", "0x137e")))
    bad("deep nesting", "A payload of brackets alone.", message("[" * 300 + "]" * 300))
    bad(
        "deep nesting, never closed",
        "Refused, whatever it costs a careless parser.",
        message("[" * 600),
    )
    bad(
        "deep nesting in the header",
        "typ is a text.",
        message(head=instead('"offer+jwt"', "[" * 150 + "]" * 150, write(header(HS)))),
    )


def add_header_defects(book: Book) -> None:
    bad = book.refused
    ordinary = header(HS)
    bad("kid missing", "Without kid nobody knows the key.", message(head=without(ordinary, "kid")))
    bad("kid is a number", "A kid is a text.", message(head={**ordinary, "kid": 1}))
    bad("kid is null", "A kid is a text.", message(head={**ordinary, "kid": None}))
    bad("kid is a list", "A kid is a text.", message(head={**ordinary, "kid": [HS.kid]}))
    bad("alg missing", "A header has alg, kid and typ.", message(head=without(ordinary, "alg")))
    bad(
        "typ missing",
        "RFC 8725 section 3.11: explicit types.",
        message(head=without(ordinary, "typ")),
    )
    bad("typ of a plain jwt", "Another type.", message(head={**ordinary, "typ": "JWT"}))
    bad(
        "typ of another kind",
        "A shopper's cookie is no offer.",
        message(head={**ordinary, "typ": "shopper+jwt"}),
    )
    bad(
        "typ in capitals",
        "Exactly as it is written.",
        message(head={**ordinary, "typ": "OFFER+JWT"}),
    )
    bad(
        "typ in full",
        "Exactly as it is written.",
        message(head={**ordinary, "typ": "application/offer+jwt"}),
    )
    for name, value in {
        "crit": ["exp"],
        "b64": True,
        "jku": "https://evil.example/jwks.json",
        "jwk": HmacKey("evil", "active").jwk(),
        "x5u": "https://evil.example/cert.pem",
        "cty": "JWT",
    }.items():
        text = message(head={**ordinary, name: value})
        bad(f"header with {name}", "A header has alg, kid and typ, and nothing else.", text)
    unencoded = {**ordinary, "b64": False, "crit": ["b64"]}
    bad("unencoded payload", "RFC 7797 is not for us.", message(head=unencoded))
    bad("kid unknown", "A key that nobody ever had.", message(key=STRANGER), verdict="unknown_key")
    bad(
        "kid voided",
        "Signed by a key that was taken off the ring.",
        message(key=OLD_HS),
        keys="rotated",
        verdict="unknown_key",
    )
    bad(
        "kid in capitals",
        "A kid is compared to the letter.",
        message(head={**ordinary, "kid": HS.kid.upper()}),
        verdict="unknown_key",
    )
    bad("kid empty", "No key has it.", message(head={**ordinary, "kid": ""}), verdict="unknown_key")
    bad(
        "kid is a path",
        "A kid is a name, never a place.",
        message(head={**ordinary, "kid": "../../dev/null"}),
        verdict="unknown_key",
    )
    bad(
        "kid is half a character",
        "A lone surrogate, escaped.",
        message(head=instead(HS.kid, "\\ud800", write(ordinary))),
        verdict="unknown_key",
    )


def add_signature_defects(book: Book) -> None:
    bad = book.refused
    none = {**header(HS), "alg": "none"}
    bad("alg none", "No algorithm, and no signature.", message(head=none, signature=b""))
    bad("alg none with a signature", "Signed all the same.", message(head=none))
    bad("alg none in disguise", "Any case of it.", message(head={**none, "alg": "nOnE"}))
    bad(
        "alg hs512",
        "A right signature, by another algorithm than the key's.",
        message(
            head={**header(HS), "alg": "HS512"},
            signature=hmac.digest(
                HS.secret, signing_input({**header(HS), "alg": "HS512"}, claims()), "sha512"
            ),
        ),
    )
    bad(
        "alg in small letters",
        "alg is compared to the letter.",
        message(head={**header(HS), "alg": "hs256"}),
    )
    bad(
        "alg of another key",
        "The kid of the HS256 key with the algorithm of the ES256 key.",
        message(
            key=ES,
            head={**header(ES), "kid": HS.kid},
        ),
    )
    confused = {**header(ES), "alg": "HS256"}
    signed = signing_input(confused, claims())
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
            message(head=confused, signature=hmac.digest(secret, signed, "sha256")),
        )
    bad(
        "empty secret",
        "An HMAC under no secret at all.",
        message(
            signature=hmac.digest(b"", signing_input(header(HS), claims()), "sha256"),
        ),
    )
    cheaper = message(claims(amount=1)).split(".")[1]
    head, _, signature = message().split(".")
    bad("price changed", "The payload is not what was signed.", f"{head}.{cheaper}.{signature}")
    bad(
        "header changed",
        "The header is signed as well.",
        message(
            head=f" {write(header(HS))}",
            signature=HS.sign(signing_input(header(HS), claims())),
        ),
    )
    bad(
        "signature of another message",
        "A right signature, of something else.",
        message(
            signature=HS.sign(signing_input(header(HS), claims(amount=1))),
        ),
    )
    bad(
        "signature of another key",
        "The kid of one key, signed by another.",
        message(
            signature=OLD_HS.sign(signing_input(header(HS), claims())),
        ),
    )
    for key in (HS, ES):
        name = key.algorithm.lower()
        right = key.sign(signing_input(header(key), claims()))
        flipped = bytes([right[0] ^ 1, *right[1:]])
        bad(
            f"{name} with a bit flipped",
            "One bit of the signature is wrong.",
            message(key=key, signature=flipped),
        )
        bad(
            f"{name} cut short", "The last byte is missing.", message(key=key, signature=right[:-1])
        )
        bad(
            f"{name} with a byte more",
            "A zero byte follows.",
            message(key=key, signature=right + b"\0"),
        )
        bad(
            f"{name} of zeros",
            "No signature at all; r = s = 0 fools a careless ES256.",
            message(key=key, signature=bytes(len(right))),
        )
    bad(
        "hs256 half",
        "A truncated HMAC is not HS256.",
        message(
            signature=HS.sign(signing_input(header(HS), claims()))[:16],
        ),
    )
    signed = signing_input(header(ES), claims())
    bad(
        "es256 in der",
        "RFC 7518 section 3.4: r and s side by side, not DER.",
        message(key=ES, signature=ES.sign_der(signed)),
    )
    right = ES.sign(signed)
    bad(
        "es256 the wrong way round",
        "s and then r.",
        message(key=ES, signature=right[32:] + right[:32]),
    )
    bad(
        "es256 beyond the order",
        "s = n + 1 is out of range.",
        message(key=ES, signature=right[:32] + (ORDER + 1).to_bytes(32)),
    )
    bad(
        "es256 signed with a secret",
        "An HMAC under the name of the ES256 key.",
        message(
            key=ES,
            signature=(HS.sign(signed) * 2),
        ),
    )


def add_claim_defects(book: Book) -> None:
    bad = book.refused
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
    bad(
        "partner in the shop's name",
        "A partner's key speaks for the partner alone.",
        message(key=PARTNERS),
    )
    bad(
        "partner in another's name",
        "A partner's key speaks for that partner.",
        message(claims(iss="partner:8"), key=PARTNERS),
    )

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
        bad(
            f"{name} with a fraction",
            "An integer is written as one.",
            message(
                instead(f'"{name}":{value},', f'"{name}":{value}.0,'),
            ),
        )
        bad(
            f"{name} with an exponent",
            "An integer is written as one.",
            message(
                instead(f'"{name}":{value},', f'"{name}":{value}e0,'),
            ),
        )
    for name in ("amount", "was", "max"):
        wrong(f"{name} is zero", "At least one.", **{name: 0})
    wrong("max above a million", "Nobody buys that many.", max=1_000_001)
    wrong("amount in a list", "One price.", amount=[499])
    wrong("amount beyond all bounds", "600 digits.", amount=10**400)
    wrong("exp after all dates", "No date has so many seconds.", exp=253_402_300_800)
    wrong(
        "iat in milliseconds", "NumericDate counts seconds.", iat=when * 1000, exp=when * 1000 + 1
    )
    bad("iat as a date", "NumericDate is a number.", message(claims(iat=instant(ISSUED))))

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
    end = ISSUED + HOLD

    def judged(name: str, why: str, verdict: str, text: str = "", **circumstances: Any) -> None:
        book.refused(name, why, text or message(), verdict=verdict, **circumstances)

    late = instant(end)
    judged("not yours", "Made for another browser.", "not_yours", shoppers=[OTHER_SHOPPER])
    judged("nobody's", "A browser without an id has no offers.", "not_yours", shoppers=[])
    judged("used", "An order has redeemed it.", "used", used=True)
    judged(
        "recalled",
        "A nonce was replaced: today's anchor is another.",
        "recalled",
        anchor=OTHER_ANCHOR,
    )
    judged(
        "recalled in another case",
        "An anchor is compared to the letter.",
        "recalled",
        anchor=ANCHOR.swapcase(),
    )
    judged(
        "deal unknown",
        "Nobody knows the deal, so no anchor is its anchor.",
        "recalled",
        anchor=None,
    )
    judged(
        "recalled by time",
        "Issued before the recall's instant.",
        "recalled",
        recall_before=instant(ISSUED + SECOND),
    )
    judged(
        "issued 61 seconds ahead",
        "60 is the most that clocks may differ.",
        "not_yet_valid",
        now=instant(ISSUED - 61 * SECOND),
    )
    judged("expired", "The end of the hold is exclusive.", "expired", now=late)
    judged("expired for long", "A year later.", "expired", now=instant(end + timedelta(days=365)))
    judged(
        "extension over",
        "Extended by 600 seconds, which are over.",
        "expired",
        now=instant(end + 600 * SECOND),
        extensions=[extension(NOW, 600)],
    )
    judged(
        "extension for others",
        "Issued at the extension's very instant: not before it.",
        "expired",
        now=late,
        extensions=[extension(ISSUED, 600)],
    )
    judged("more than its max", "Three of at most two.", "over_limit", quantity=3)
    judged(
        "more than is allowed",
        "The shopper has had all but one.",
        "over_limit",
        quantity=2,
        units_allowed=1,
    )
    judged("none allowed", "The shopper has had all.", "over_limit", units_allowed=0)
    judged("sold out", "None is left.", "sold_out", units_left=0)
    judged("not enough left", "One of two.", "sold_out", quantity=2, units_left=1)

    everything: Json = {
        "shoppers": [OTHER_SHOPPER],
        "used": True,
        "anchor": OTHER_ANCHOR,
        "recall_before": instant(NOW),
        "now": late,
        "quantity": 3,
        "units_left": 0,
    }
    first = "Several would fit: the first in the order of verdicts wins."
    unsound = message(claims(amount=0))
    stranger = message(claims(amount=0), key=STRANGER)
    judged(
        "unreadable before unknown key", first, "forged", message("{", key=STRANGER), **everything
    )
    judged(
        "unknown key before none",
        first,
        "unknown_key",
        message(head={**header(STRANGER), "alg": "none"}),
        **everything,
    )
    judged("unknown key before unsound", first, "unknown_key", stranger, **everything)
    judged("unsound before not yours", first, "forged", unsound, **everything)
    judged("not yours before used", first, "not_yours", **everything)
    everything["shoppers"] = [SHOPPER]
    judged("used before recalled", first, "used", **everything)
    everything["used"] = False
    judged("recalled before expired", first, "recalled", **everything)
    early = {**everything, "now": instant(ISSUED - 61 * SECOND)}
    judged("recalled before not yet valid", first, "recalled", **early)
    everything |= {"anchor": ANCHOR, "recall_before": None}
    early |= {"anchor": ANCHOR, "recall_before": None}
    judged("not yet valid before over the limit", first, "not_yet_valid", **early)
    judged("expired before over the limit", first, "expired", **everything)
    everything["now"] = instant(NOW)
    judged("over the limit before sold out", first, "over_limit", **everything)


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
            "of the deal, null where nobody knows the deal. `units_allowed`, `units_left`: null "
            "bounds nothing.",
            "These keys are published: never use one. "
            "Written by `python -m tests.offers.make_vectors`.",
        ],
        "issuer": ISSUER,
        "keys": KEY_SETS,
        "circumstances": CIRCUMSTANCES,
        "good": book.good,
        "bad": book.bad,
    }


def main() -> None:
    FILE.write_text(json.dumps(document(), indent=1) + "\n")


if __name__ == "__main__":
    main()
