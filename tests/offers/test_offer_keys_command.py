"""``manage.py offer_keys``: a rotation from the operator's chair."""

import json
import os
import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from offers import conf
from offers.keys import KeyRing
from offers.tokens import UnknownKey, read_offer, sign_offer
from tests.offers.handmade_tokens import ES, ISSUER, KEY_SETS, PARTNERS, message

type Run = Callable[..., str]


@pytest.fixture
def path(tmp_path: Path, settings: Settings) -> Path:
    """Where OFFER_KEYS points to; nothing is there yet."""
    path = tmp_path / "keys.json"
    settings.OFFER_ISSUER = ISSUER
    settings.OFFER_KEYS = str(path)
    return path


@pytest.fixture
def run(path: Path) -> Run:
    """Runs the command as a process of its own would, and gives what it printed."""

    def run(*arguments: str) -> str:
        conf.ring_in.cache_clear()
        out = StringIO()
        call_command("offer_keys", *arguments, stdout=out, stderr=out)
        printed = out.getvalue()
        if path.exists():
            for jwk in keys_in(path):
                assert jwk.get("k", jwk.get("d", "-")) not in printed
        return printed

    return run


def keys_in(path: Path) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads(path.read_text())["keys"]
    return keys


def ring_in(path: Path) -> KeyRing:
    return KeyRing.from_jwk_set(path.read_text(), ISSUER)


def statuses_in(path: Path) -> dict[str, str]:
    return {jwk["kid"]: jwk["status"] for jwk in keys_in(path)}


# --- Adding -------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_the_first_key_becomes_active(run: Run, path: Path, algorithm: str) -> None:
    printed = run("add", "--alg", algorithm, "--kid", "first")
    assert printed.startswith(f"Added first ({algorithm}), active.\nRestart every process")
    active = ring_in(path).active
    assert (active.kid, active.algorithm) == ("first", algorithm)


def test_a_further_key_is_next(run: Run, path: Path) -> None:
    run("add", "--kid", "first")
    assert run("add", "--kid", "second").startswith("Added second (HS256), next.")
    assert statuses_in(path) == {"first": "active", "second": "next"}


def test_a_key_has_a_fresh_secret_of_256_bits(run: Run, path: Path) -> None:
    for kid in ("a", "b"):
        run("add", "--kid", kid)
    first, second = (jwk["k"] for jwk in keys_in(path))
    assert first != second
    assert len(first) == len(second) == 43


def test_a_key_without_a_name_is_named_after_the_day(run: Run, path: Path) -> None:
    run("add")
    run("add")
    names = list(statuses_in(path))
    assert len(set(names)) == 2
    assert all(name.count("-") == 3 for name in names)


def test_a_name_that_is_taken_is_refused(run: Run, path: Path) -> None:
    run("add", "--kid", "first")
    before = path.read_text()
    with pytest.raises(CommandError, match="There is a key first already"):
        run("add", "--kid", "first")
    assert path.read_text() == before


def test_a_name_that_no_key_may_have_leaves_the_set_as_it_was(run: Run, path: Path) -> None:
    run("add", "--kid", "first")
    before = path.read_text()
    with pytest.raises(CommandError, match=r"Nothing was changed\. A key has no usable kid"):
        run("add", "--kid", "the second")
    assert path.read_text() == before


# --- Rotating -----------------------------------------------------------------


def test_a_whole_rotation_keeps_the_offers_that_are_out(run: Run, path: Path) -> None:
    offer = read_offer(message(), KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER))
    run("add", "--kid", "old")
    outstanding = sign_offer(offer, ring_in(path).active)

    run("add", "--kid", "new", "--alg", "ES256")
    assert read_offer(outstanding, ring_in(path)) == offer

    printed = run("activate", "new")
    assert printed.startswith("new signs from the next start on; the others go on verifying.")
    assert statuses_in(path) == {"old": "retiring", "new": "active"}
    assert read_offer(outstanding, ring_in(path)) == offer

    printed = run("void", "old")
    assert printed.startswith("old is gone: what it signed is void from the next start on.")
    assert statuses_in(path) == {"new": "active"}
    with pytest.raises(UnknownKey):
        read_offer(outstanding, ring_in(path))


def test_activating_the_active_key_changes_nothing(run: Run, path: Path) -> None:
    run("add", "--kid", "only")
    run("activate", "only")
    assert statuses_in(path) == {"only": "active"}


def test_a_key_that_is_next_can_be_retired(run: Run, path: Path) -> None:
    run("add", "--kid", "first")
    run("add", "--kid", "second")
    assert run("retire", "second").startswith("second no longer signs; it goes on verifying.")
    assert statuses_in(path) == {"first": "active", "second": "retiring"}


@pytest.mark.parametrize("action", ["retire", "void"])
def test_the_active_key_is_neither_retired_nor_voided(run: Run, path: Path, action: str) -> None:
    run("add", "--kid", "first")
    before = path.read_text()
    with pytest.raises(CommandError, match="first is active: activate another key first"):
        run(action, "first")
    assert path.read_text() == before


@pytest.mark.parametrize("action", ["activate", "retire", "void"])
def test_a_key_that_is_not_there_is_named(run: Run, action: str) -> None:
    run("add", "--kid", "first")
    with pytest.raises(CommandError, match="There is no key second"):
        run(action, "second")


@pytest.mark.parametrize(
    ("jwk", "why"),
    [
        ({**ES.public_jwk(), "kid": "it", "status": "next"}, "no private part to sign with"),
        (
            {**PARTNERS.jwk(), "kid": "it", "status": "next", "issuer": PARTNERS.issuer},
            "another issuer than the shop",
        ),
    ],
    ids=["public", "a partner's"],
)
def test_a_key_that_cannot_sign_for_the_shop_is_not_activated(
    run: Run, path: Path, jwk: dict[str, Any], why: str
) -> None:
    run("add", "--kid", "first")
    path.write_text(json.dumps({"keys": [*keys_in(path), jwk]}))
    with pytest.raises(CommandError, match=f"Nothing was changed.*{why}"):
        run("activate", "it")
    assert statuses_in(path) == {"first": "active", "it": "next"}


def test_members_that_it_does_not_know_are_kept(run: Run, path: Path) -> None:
    run("add", "--kid", "first")
    jwk = {**keys_in(path)[0], "use": "sig", "note": "made by hand"}
    path.write_text(json.dumps({"keys": [jwk]}))
    run("add", "--kid", "second")
    assert keys_in(path)[0] == jwk


# --- Listing ------------------------------------------------------------------


def test_the_list_says_what_each_key_is_for(run: Run) -> None:
    run("add", "--kid", "first")
    run("add", "--kid", "second", "--alg", "ES256")
    assert run("list").splitlines() == [
        f"first\tHS256\tactive\t{ISSUER}",
        f"second\tES256\tnext\t{ISSUER}",
    ]


def test_the_list_of_a_set_that_is_not_there_says_so(run: Run) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run("list")


def test_the_list_needs_no_file(run: Run, settings: Settings) -> None:
    settings.OFFER_KEYS = json.dumps(KEY_SETS["shop"])
    assert len(run("list").splitlines()) == 5


# --- The file -----------------------------------------------------------------


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_for_its_owner_alone(run: Run, path: Path) -> None:
    umask = os.umask(0)
    try:
        run("add")
    finally:
        os.umask(umask)
    assert mode_of(path) == 0o600


def test_a_file_that_was_open_to_all_is_closed(run: Run, path: Path) -> None:
    run("add")
    path.chmod(0o644)
    run("add")
    assert mode_of(path) == 0o600


def test_what_a_crash_left_beside_it_is_not_written_into(run: Run, path: Path) -> None:
    left = path.with_name("keys.json.new")
    left.write_text("half a set")
    left.chmod(0o666)
    run("add")
    assert mode_of(path) == 0o600
    assert not left.exists()


def test_a_link_that_lies_beside_it_is_not_written_through(
    run: Run, path: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    path.with_name("keys.json.new").symlink_to(elsewhere)
    run("add")
    assert elsewhere.read_text() == ""
    assert not path.is_symlink()


def test_a_link_to_the_set_stays_a_link(run: Run, path: Path, tmp_path: Path) -> None:
    real = tmp_path / "secrets" / "real.json"
    real.parent.mkdir()
    path.symlink_to(real)
    run("add", "--kid", "first")
    run("add", "--kid", "second")
    assert path.is_symlink()
    assert statuses_in(real) == {"first": "active", "second": "next"}


@pytest.mark.parametrize("moment", ["os.fsync", "pathlib.Path.replace", "json.dump"])
def test_a_crash_while_writing_leaves_the_old_set(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    run("add", "--kid", "first")
    before = path.read_text()

    def crash(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(moment, crash)
        with pytest.raises(KeyboardInterrupt):
            run("add", "--kid", "second")
    assert path.read_text() == before

    run("add", "--kid", "third")
    assert statuses_in(path) == {"first": "active", "third": "next"}


def test_a_disk_that_is_full_is_reported(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CommandError, match=r"Nothing was changed\..*No space left"):
        run("add")
    assert not path.exists()


def test_a_folder_that_is_not_there_is_reported(run: Run, settings: Settings) -> None:
    settings.OFFER_KEYS = "/nowhere/at/all/keys.json"
    with pytest.raises(CommandError, match="No such file"):
        run("add")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"keys": []}'])
def test_a_set_that_is_damaged_is_left_alone(run: Run, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(CommandError):
        call_command("offer_keys", "add")
    assert path.read_bytes() == content


@pytest.mark.parametrize("action", [["add"], ["activate", "x"], ["void", "x"], ["retire", "x"]])
@pytest.mark.parametrize("quote", ["{}", " {}", "'{}'", '"{}"', "[{}]"])
def test_a_set_given_as_json_is_not_changed_and_not_repeated(
    settings: Settings, action: list[str], quote: str
) -> None:
    settings.OFFER_KEYS = quote.format(json.dumps(KEY_SETS["shop"]))
    with pytest.raises(CommandError) as caught:
        call_command("offer_keys", *action)
    assert str(caught.value) == (
        "Set OFFER_KEYS to a file's path: only a file can be changed here."
    )


def test_keys_that_are_not_configured_cannot_be_added_to(settings: Settings) -> None:
    settings.OFFER_KEYS = ""
    with pytest.raises(CommandError, match="Set OFFER_KEYS to a file's path"):
        call_command("offer_keys", "add")
