"""A running process takes up a key file that changes, and outlives one that cannot be read."""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from pytest_django import Settings

from offers import conf
from offers.conf import ConfiguredRing
from offers.key_file import stamp_of
from offers.keys import KeyRing, KeyRingError
from offers.management.commands import offer_keys as offer_keys_command
from offers.realms import entered
from offers.rotation import NEVER
from offers.terms import Offer
from offers.tokens import decode_segment, read_offer, sign_offer
from shop.qa.pytest_plugin.factories import new_key
from shop.qa.pytest_plugin.fixtures import Clock
from tests.offers.handmade_tokens import ISSUER, KEY_SETS, message

OFFER = read_offer(message(), KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER))


@dataclass
class Machine:
    """The clock of the machine, which no travelling clock moves."""

    seconds: float = 1000.0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(conf, "_monotonic_seconds", lambda: machine.seconds)
    return machine


@pytest.fixture
def path(tmp_path: Path, settings: Settings) -> Path:
    path = tmp_path / "keys.json"
    settings.OFFER_ISSUER, settings.OFFER_KEYS = ISSUER, str(path)
    write(path, "first")
    return path


def write(path: Path, *kids: str) -> None:
    """A set of which the first key is active; replaced as a whole, as the command does."""
    keys = [new_key(kid, "next" if number else "active") for number, kid in enumerate(kids)]
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"keys": keys}))
    fresh.replace(path)


def process() -> ConfiguredRing:
    """The ring of one process more."""
    return ConfiguredRing("OFFER_KEYS", "offer", lambda _: NEVER)


def test_a_changed_file_is_taken_up_within_two_seconds(
    path: Path, machine: Machine, clock: Clock
) -> None:
    assert list(conf.ring()) == ["first"]
    write(path, "second", "first")
    machine.seconds += 2
    assert list(conf.ring()) == ["second", "first"]
    with entered("preview"):
        assert conf.ring().active.kid == "preview-second"
    assert conf.OFFERS.configured().active.kid == "second"


def test_a_file_that_is_edited_in_its_place_is_taken_up_too(path: Path, machine: Machine) -> None:
    conf.ring()
    path.write_text(path.read_text().replace('"first"', '"other"'))
    machine.seconds += 2
    assert list(conf.ring()) == ["other"]


def test_a_file_is_looked_at_once_a_second_and_read_when_it_has_changed(
    path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, reads = count(), count()
    stamp, read_text = stamp_of, Path.read_text
    monkeypatch.setattr(conf, "stamp_of", lambda of: (next(looks), stamp(of))[1])
    monkeypatch.setattr(Path, "read_text", lambda of: (next(reads), read_text(of))[1])
    conf.ring()
    for _ in range(200):
        machine.seconds += 0.05
        conf.ring()
    # Once when it was read, and then once in each of ten seconds.
    assert next(looks) in {10, 11, 12}
    assert next(reads) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_text('{"keys": ['),
        lambda path: path.write_text('{"keys": []}'),
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.unlink(),
    ],
    ids=["cut", "empty", "no text", "gone"],
)
def test_keys_that_were_read_go_on_while_their_file_is_damaged(
    path: Path,
    machine: Machine,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], object],
) -> None:
    before = conf.ring()
    damage(path)
    with caplog.at_level(logging.ERROR, logger="offers"):
        for _ in range(119):
            machine.seconds += 1
            assert conf.ring() is before
    # One line a minute, and no secret.
    assert len(caplog.records) == 2
    assert caplog.records[0].getMessage().startswith("OFFER_KEYS: ")
    assert conf.faults() == [caplog.records[0].getMessage().partition(" The keys read")[0]]

    write(path, "second")
    machine.seconds += 2
    assert list(conf.ring()) == ["second"]
    assert conf.faults() == []


def test_a_process_that_starts_on_a_damaged_file_has_no_keys(path: Path) -> None:
    conf.ring()
    path.write_text("{")
    with pytest.raises(KeyRingError, match="OFFER_KEYS: The key set is not JSON"):
        process().ring()


def test_keys_that_are_given_as_json_are_read_once(settings: Settings, machine: Machine) -> None:
    settings.OFFER_KEYS = json.dumps(KEY_SETS["shop"])
    settings.OFFER_ISSUER = ISSUER
    before = conf.ring()
    machine.seconds += 3600
    assert conf.ring() is before


def test_two_processes_refuse_no_offer_of_each_other_while_keys_are_rotated_twice(
    tmp_path: Path,
    settings: Settings,
    machine: Machine,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each looks at the file at its own moments, and signs and reads ten times a second."""
    start = datetime(2026, 11, 27, 11, tzinfo=UTC)
    settings.OFFER_ISSUER, settings.OFFER_KEYS = ISSUER, str(tmp_path / "keys.json")
    settings.OFFER_LATEST_END = "tests.offers.handmade_tokens.latest_end"
    held: list[str] = []
    processes: list[ConfiguredRing] = []

    def pass_time(seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            machine.seconds += 0.1
            clock.move_to(start + timedelta(seconds=machine.seconds))
            for each in processes:
                held.append(sign_offer(OFFER, each.ring().active))
            for each in processes:
                for offer in (*held[-4:], *held[:: max(1, len(held) // 50)]):
                    assert isinstance(read_offer(offer, each.ring()), Offer)

    def offer_keys(*arguments: str) -> None:
        call_command("offer_keys", *arguments, stdout=StringIO())

    monkeypatch.setattr(f"{offer_keys_command.__name__}.time", SimpleNamespace(sleep=pass_time))
    clock.move_to(start + timedelta(seconds=machine.seconds))
    offer_keys("add", "--kid", "key-0")
    for offset in (0.0, 0.7):
        machine.seconds += offset
        processes.append(process())
        processes[-1].ring()
    for number in (1, 2):
        pass_time(3)
        offer_keys("add", "--kid", f"key-{number}")
        offer_keys("activate", f"key-{number}", "--force")
    pass_time(3)
    headers = (json.loads(decode_segment(offer.split(".")[0])) for offer in held)
    assert {header["kid"] for header in headers} == {"key-0", "key-1", "key-2"}


def test_many_threads_meet_whole_rings_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "LOOK_EVERY_SECONDS", 0.0)
    failed: list[BaseException] = []
    ring, is_over = process(), threading.Event()

    def use() -> None:
        while not is_over.is_set():
            try:
                keys = ring.ring()
                assert read_offer(sign_offer(OFFER, keys.active), keys) == OFFER
            except BaseException as error:
                failed.append(error)
                return

    threads = [threading.Thread(target=use) for _ in range(4)]
    for each in threads:
        each.start()
    for number in range(50):
        write(path, f"key-{number}", "other")
        ring.ring()
    is_over.set()
    for each in threads:
        each.join()
    assert failed == []
    assert ring.ring().active.kid == "key-49"
