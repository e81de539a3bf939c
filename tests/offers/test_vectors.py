"""Every golden message of ``offers/vectors.json``, read and judged."""

import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from offers.anchors import (
    Extension,
    LostAnchors,
    OfferState,
    Recall,
    TermBounds,
    honored_until,
    judge,
)
from offers.keys import KeyRing
from offers.tokens import Unreadable, read_offer
from offers.verdicts import Verdict
from tests.offers import make_vectors

type Vector = dict[str, Any]

VECTORS: dict[str, Any] = json.loads(make_vectors.FILE.read_text())
RINGS = {
    name: KeyRing.from_jwk_set(keys, VECTORS["issuer"]) for name, keys in VECTORS["keys"].items()
}
GOOD: list[Vector] = VECTORS["good"]
BAD: list[Vector] = VECTORS["bad"]


def named(vector: Vector) -> str:
    return str(vector["name"])


def circumstances(vector: Vector) -> dict[str, Any]:
    return {**VECTORS["circumstances"], **vector.get("circumstances", {})}


def extensions(case: dict[str, Any]) -> list[Extension]:
    return [
        Extension(datetime.fromisoformat(each["issued_before"]), each["seconds"])
        for each in case["extensions"]
    ]


def recalls(cases: list[dict[str, Any]]) -> list[Recall]:
    return [
        Recall(
            each["issued_from"] and datetime.fromisoformat(each["issued_from"]),
            datetime.fromisoformat(each["issued_before"]),
        )
        for each in cases
    ]


def lost_anchors(cases: list[dict[str, Any]]) -> list[LostAnchors]:
    return [
        LostAnchors(
            datetime.fromisoformat(each["issued_from"]),
            datetime.fromisoformat(each["issued_before"]),
            recalls(each["recalls"]),
        )
        for each in cases
    ]


def verdict_on(vector: Vector) -> Verdict:
    try:
        offer = read_offer(vector["message"], RINGS[vector["keys"]])
    except Unreadable as unreadable:
        return unreadable.verdict
    case = circumstances(vector)
    case |= {
        "extensions": extensions(case),
        "earlier_anchors": {
            anchor: datetime.fromisoformat(before)
            for anchor, before in case["earlier_anchors"].items()
        },
        "recalls": recalls(case["recalls"]),
        "lost_anchors": lost_anchors(case["lost_anchors"]),
        "bounds": TermBounds(**case["bounds"]),
    }
    return judge(
        offer,
        now=datetime.fromisoformat(case.pop("now")),
        shoppers=case.pop("shoppers"),
        quantity=case.pop("quantity"),
        state=OfferState(**case),
    )


@pytest.mark.parametrize("vector", GOOD, ids=named)
def test_a_good_message_is_honored_on_its_terms_until_its_end(vector: Vector) -> None:
    assert verdict_on(vector) == vector["verdict"] == "honored", vector["why"]
    offer = read_offer(vector["message"], RINGS[vector["keys"]])
    until = honored_until(offer, extensions(circumstances(vector)))
    assert {"iss": offer.issuer, "aud": "checkout", **offer.claims()} == vector["terms"]
    assert until == datetime.fromisoformat(vector["honored_until"])


@pytest.mark.parametrize("vector", BAD, ids=named)
def test_a_bad_message_is_refused_with_its_verdict(vector: Vector) -> None:
    assert verdict_on(vector) == vector["verdict"] != "honored", vector["why"]


def test_the_file_is_what_its_generator_writes() -> None:
    assert make_vectors.document() == VECTORS


def test_every_vector_has_a_name_of_its_own_and_a_reason() -> None:
    names = Counter(map(named, GOOD + BAD))
    assert names.most_common(1)[0][1] == 1
    assert all(vector["why"].endswith((".", "?")) for vector in GOOD + BAD)


def test_every_verdict_has_a_vector() -> None:
    assert {vector["verdict"] for vector in GOOD + BAD} == set(Verdict)
