"""The bag's cookie: the very same messages back, 20 lines and more, and never an exception."""

import random
import zlib

import pytest
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from offers.anchors import new_id, new_nonce
from offers.keys import KeyRing
from offers.prepared import PreparedOffer, Recipient, end_of
from offers.tokens import Unreadable, decode_segment, encode_segment, read_offer
from shop.bag import cookie
from shop.bag.cookie import MOST_BYTES, BagFull, Packed, pack, unpack
from shop.bag.lines import Bag

KEYS: dict[str, OctKey | ECKey] = {
    "HS256": OctKey.generate_key(256),
    "ES256": ECKey.generate_key("P-256"),
}
RINGS = {
    algorithm: KeyRing.from_jwk_set(
        {"keys": [{**key.as_dict(private=True), "kid": "2026-11-23-ab12", "status": "active"}]},
        "https://shop.example",
    )
    for algorithm, key in KEYS.items()
}
SHOPPER = new_id()


def line(number: int, algorithm: str = "HS256") -> Packed:
    """A line as real bags have them: pages opened at other times, other prices, two sales."""
    chance = random.Random(number)
    sku = "".join(chance.choices("ABCDEFGHIJKLMNOPRSTUVW", k=3)) + f"-{number:02d}"
    issued_at = 1_795_777_200 + chance.randrange(3600)
    amount = chance.randrange(199, 19_999)
    terms: dict[str, str | int] = {
        "sale": chance.choice(["autumn-clear-out", "winter-first-look", "list"]),
        "sku": sku,
        "amount": amount,
        "currency": "EUR",
        "was": amount * 3,
        "max": chance.choice([2, 5, 10]),
        "anchor": new_nonce()[:16],
    }
    recipient = Recipient(SHOPPER, issued_at, issued_at + 1800)
    message = PreparedOffer(terms, RINGS[algorithm].active).sign(recipient, end_of(new_id()))
    return Packed(message, {sku: chance.randrange(1, 4)})


@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_a_bag_of_20_different_lines_fits_into_a_cookie(algorithm: str) -> None:
    lines = [line(number, algorithm) for number in range(20)]
    value = pack(lines)
    assert len(value) < MOST_BYTES - 100
    assert list(unpack(value).lines) == lines


def test_an_empty_bag_is_an_empty_cookie() -> None:
    assert pack([]) == ""
    assert unpack("").lines == ()


def test_a_bag_that_does_not_fit_is_refused() -> None:
    with pytest.raises(BagFull):
        pack([line(number) for number in range(60)])


@pytest.mark.parametrize("variants", [1000, 500])
def test_a_bag_that_could_not_be_unpacked_is_refused(variants: int) -> None:
    """However well it can be compressed."""
    quantities = {f"{'A' * 60}{number:04d}": 1 for number in range(variants)}
    lines = [Packed(line(number).message, quantities) for number in range(2)]
    with pytest.raises(BagFull):
        pack(lines)


def test_quantities_of_several_variants_come_back() -> None:
    packed = Packed(line(1).message, {"TEE-01-M": 2, "TEE-01-XL": 1})
    assert unpack(pack([packed])).lines == (packed,)


def test_a_cookie_that_was_cut_off_gives_back_the_lines_before_the_cut() -> None:
    lines = [line(number) for number in range(10)]
    value = pack(lines)
    unpacked = unpack(value[: len(value) - 300])
    assert unpacked.damaged
    assert 0 < len(unpacked.lines) < 10
    assert list(unpacked.lines) == lines[: len(unpacked.lines)]


def test_a_cookie_of_another_version_is_damaged_and_not_an_error() -> None:
    assert unpack(encode_segment(b"\x07\x01 not ours")).damaged


def test_a_decompression_bomb_is_not_unpacked() -> None:
    deflate = zlib.compressobj(9, wbits=-15)
    bomb = deflate.compress(b"\0" * 3_000_000) + deflate.flush()
    assert len(bomb) < 3_100
    unpacked = unpack(encode_segment(bytes([1, 1, 0]) + bomb))
    assert unpacked.damaged
    assert not unpacked.lines


def test_a_cookie_with_an_empty_message_is_damaged() -> None:
    deflate = zlib.compressobj(wbits=-15)
    quantities = b"MUG-01=1"
    text = bytes(4) + len(quantities).to_bytes(2) + quantities
    unpacked = unpack(encode_segment(bytes([1, 1, 0]) + deflate.compress(text) + deflate.flush()))
    assert unpacked == ((), True)


def as_packed(lines: list[Packed]) -> str:
    """A cookie with any number of lines, as another program packs it."""
    parts = [list(map(decode_segment, each.message.split("."))) for each in lines]
    lengths = bytes(len(signature) for _, _, signature in parts)
    octets = bytes([1, len(lines)]) + lengths + b"".join(signature for *_, signature in parts)
    text = b"".join(
        len(part).to_bytes(2) + part
        for header, payload, _ in parts
        for part in (header, payload, b"MUG-01=1")
    )
    deflate = zlib.compressobj(9, wbits=-15)
    return encode_segment(octets + deflate.compress(text) + deflate.flush())


def test_more_lines_than_a_bag_has_are_damage() -> None:
    least = Packed("QQ.QQ.QQ", {"MUG-01": 1})
    assert len(unpack(as_packed([least] * 60)).lines) == 60
    assert unpack(as_packed([least] * 61)) == ((), True)


def test_a_bag_that_is_packed_better_than_we_can_stays_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bag = Bag(as_packed([line(1), line(2)]))
    monkeypatch.setattr(cookie, "MOST_BYTES", 200)
    bag.remove(bag.lines[0])
    response = HttpResponse()
    bag.save(response)
    assert not response.cookies


@given(st.text(max_size=300))
def test_no_text_whatever_breaks_the_reader(value: str) -> None:
    unpack(value)


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_reader(octets: bytes) -> None:
    unpack(encode_segment(octets))


LINES = [line(number) for number in range(4)]
COOKIE = pack(LINES)


@given(st.integers(0, len(COOKIE) - 1), st.sampled_from("ABCXYZabcxyz0189-_"))
def test_damage_never_makes_another_message_that_verifies(place: int, letter: str) -> None:
    for each in unpack(COOKIE[:place] + letter + COOKIE[place + 1 :]).lines:
        if each.message not in {one.message for one in LINES}:
            with pytest.raises(Unreadable):
                read_offer(each.message, RINGS["HS256"])
