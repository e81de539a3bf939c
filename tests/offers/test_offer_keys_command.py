"""``manage.py offer_keys``: a rotation from the operator's chair."""

import json
import os
import stat
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from pytest_django import Settings

from offers import conf
from offers.keys import KeyRing
from offers.management.commands import offer_keys
from offers.tokens import UnknownKey, read_offer, sign_offer
from shop.qa.pytest_plugin.fixtures import Clock
from tests.offers.handmade_tokens import (
    ES,
    HOLD,
    ISSUER,
    KEY_SETS,
    OLD_HS,
    PARTNERS,
    SECOND,
    latest_end,
    message,
)

type Run = Callable[..., str]

#: When the keys of these tests are added, and when one of them may sign.
ADDED = datetime(2026, 11, 27, 11, tzinfo=UTC)
MAY_SIGN = ADDED + timedelta(seconds=301)
#: When the key that signed until then has done its work. On another machine, which has the file
#: later, it may have signed for five minutes more; what it signed is held for half an hour.
LAG = timedelta(seconds=301)
MAY_GO = MAY_SIGN + LAG + HOLD


@pytest.fixture
def path(tmp_path: Path, settings: Settings) -> Path:
    """Where OFFER_KEYS points to; nothing is there yet."""
    path = tmp_path / "keys.json"
    settings.OFFER_ISSUER = ISSUER
    settings.OFFER_KEYS = str(path)
    settings.OFFER_LATEST_END = f"{latest_end.__module__}.{latest_end.__name__}"
    return path


@pytest.fixture
def run(path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command as a process of its own would, and gives what it printed."""
    clock.move_to(ADDED)
    monkeypatch.setattr(f"{offer_keys.__name__}.time", SimpleNamespace(sleep=clock.tick))

    def run(*arguments: str) -> str:
        conf.forget()
        out = StringIO()
        call_command("offer_keys", *arguments, stdout=out, stderr=out)
        printed = out.getvalue()
        if path.exists():
            for jwk in keys_in(path):
                assert jwk.get("k", jwk.get("d", "-")) not in printed
        return printed

    return run


@pytest.fixture
def rotated(run: Run, path: Path, clock: Clock) -> Run:
    """The same, when `new` has just followed `old`."""
    run("add", "--kid", "old")
    run("add", "--kid", "new")
    clock.move_to(MAY_SIGN)
    run("activate", "new")
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
    assert printed.startswith(f"Added first ({algorithm}), active.\nRunning processes take")
    active = ring_in(path).active
    assert (active.kid, active.algorithm) == ("first", algorithm)


def test_a_further_key_is_next(run: Run, path: Path) -> None:
    run("add", "--kid", "first")
    assert run("add", "--kid", "second").startswith(
        "Added second (HS256), next: it can be activated from 2026-11-27 11:05:01 UTC on."
    )
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


def test_a_whole_rotation_keeps_the_offers_that_are_out(run: Run, path: Path, clock: Clock) -> None:
    offer = read_offer(message(), KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER))
    run("add", "--kid", "old")
    outstanding = sign_offer(offer, ring_in(path).active)

    run("add", "--kid", "new", "--alg", "ES256")
    assert read_offer(outstanding, ring_in(path)) == offer

    clock.move_to(MAY_SIGN)
    assert run("activate", "new").startswith("new signs; the others go on verifying.")
    assert statuses_in(path) == {"old": "retiring", "new": "active"}
    assert read_offer(outstanding, ring_in(path)) == offer

    clock.move_to(MAY_GO)
    assert run("retire", "old").startswith("old is off the ring.\nRunning processes take")
    assert statuses_in(path) == {"new": "active"}
    with pytest.raises(UnknownKey):
        read_offer(outstanding, ring_in(path))


def test_a_key_signs_no_sooner_than_every_copy_of_the_ring_has_it(
    run: Run, path: Path, clock: Clock
) -> None:
    run("add", "--kid", "first")
    clock.move_to(ADDED + timedelta(seconds=0.9))
    run("add", "--kid", "second")
    clock.move_to(MAY_SIGN - SECOND / 2)
    with pytest.raises(CommandError, match="second can be activated from 2026-11-27 11:05:01 UTC"):
        run("activate", "second")
    assert statuses_in(path) == {"first": "active", "second": "next"}
    clock.move_to(MAY_SIGN)
    run("activate", "second")
    assert statuses_in(path) == {"first": "retiring", "second": "active"}


def test_a_key_that_is_forced_signs_no_sooner_than_every_process_has_it(
    run: Run, path: Path
) -> None:
    run("add", "--kid", "first")
    run("add", "--kid", "second")
    run("activate", "second", "--force")
    [first, second] = keys_in(path)
    assert second["active_at"] == first["stopped_at"] == second["added_at"] + 2


def test_a_key_of_which_nobody_knows_how_long_it_is_there_has_to_be_forced(
    run: Run, path: Path
) -> None:
    run("add", "--kid", "first")
    jwk = {**ES.jwk(), "kid": "it", "status": "next"}
    path.write_text(json.dumps({"keys": [*keys_in(path), jwk]}))
    with pytest.raises(CommandError, match="not recorded when it was added"):
        run("activate", "it")
    run("activate", "it", "--force")
    assert statuses_in(path) == {"first": "retiring", "it": "active"}


def test_activating_the_active_key_changes_nothing(run: Run, path: Path) -> None:
    run("add", "--kid", "only")
    before = path.read_text()
    assert run("activate", "only").startswith("only signs already.")
    assert path.read_text() == before


def test_a_key_that_followed_may_be_followed_by_the_one_before(
    rotated: Run, path: Path, clock: Clock
) -> None:
    """It has been out for long enough; and it has not stopped, then."""
    clock.move_to(MAY_SIGN + SECOND)
    rotated("activate", "old")
    [old, new] = keys_in(path)
    assert (old["status"], "stopped_at" in old) == ("active", False)
    assert (new["status"], new["stopped_at"]) == ("retiring", old["active_at"])


def test_a_key_that_never_signed_may_go_at_any_time(run: Run, path: Path) -> None:
    run("add", "--kid", "first")
    for action in ("retire", "void"):
        run("add", "--kid", "second")
        assert run(action, "second").startswith("second is off the ring.")
        assert statuses_in(path) == {"first": "active"}


@pytest.mark.parametrize("action", ["retire", "void"])
def test_a_key_stays_until_the_last_offer_that_it_signed_has_run_out(
    rotated: Run, path: Path, clock: Clock, action: str
) -> None:
    clock.move_to(MAY_GO - SECOND / 2)
    with pytest.raises(CommandError, match="old signed may be good until 2026-11-27 11:40:02 UTC"):
        rotated(action, "old")
    assert "old" in statuses_in(path)
    clock.move_to(MAY_GO)
    rotated(action, "old")
    assert "old" not in statuses_in(path)


@pytest.mark.parametrize("arguments", [["retire", "old", "--force"], ["void", "old", "--leaked"]])
def test_a_key_may_be_taken_away_with_all_that_it_signed(
    rotated: Run, path: Path, arguments: list[str]
) -> None:
    assert rotated(*arguments).startswith("old is off the ring. What it signed is refused.")
    assert statuses_in(path) == {"new": "active"}


def test_without_a_database_it_is_unknown_when_a_key_may_go(
    rotated: Run, path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: datetime) -> datetime:
        raise OperationalError

    monkeypatch.setattr("tests.offers.handmade_tokens.latest_end", away)
    assert "the database" in rotated("list")
    for action in ("retire", "void"):
        with pytest.raises(CommandError, match=r"Nothing was changed\. The database"):
            rotated(action, "old")


def test_a_shop_that_does_not_say_how_long_its_offers_live_keeps_every_key(
    rotated: Run, clock: Clock, settings: Settings
) -> None:
    del settings.OFFER_LATEST_END
    clock.move_to(MAY_GO + timedelta(days=1000))
    with pytest.raises(CommandError, match="OFFER_LATEST_END is not set"):
        rotated("retire", "old")


def test_a_key_that_a_partner_may_sign_with_is_not_taken_away_unasked(
    run: Run, path: Path, clock: Clock
) -> None:
    run("add", "--kid", "first")
    theirs = {**PARTNERS.jwk(), "kid": "theirs", "status": "next", "issuer": PARTNERS.issuer}
    path.write_text(json.dumps({"keys": [*keys_in(path), theirs]}))
    clock.move_to(MAY_GO)
    with pytest.raises(CommandError, match="theirs signed may be good until 2026-11-27 12:10:02"):
        run("retire", "theirs")
    run("retire", "theirs", "--force")


def test_a_key_whose_times_nobody_recorded_stopped_when_the_present_one_began(
    run: Run, path: Path, clock: Clock
) -> None:
    run("add", "--kid", "first")
    old = {**OLD_HS.jwk(), "kid": "old", "status": "retiring"}
    path.write_text(json.dumps({"keys": [*keys_in(path), old]}))
    for instant, may_go in ((ADDED + HOLD + LAG - SECOND, False), (ADDED + HOLD + LAG, True)):
        clock.move_to(instant)
        assert run("list").splitlines()[1].endswith("may go") is may_go


# --- The site's ring ----------------------------------------------------------


def test_the_sites_ring_is_another_file(run: Run, path: Path, settings: Settings) -> None:
    settings.SITE_KEYS = str(path.with_name("site.json"))
    run("add", "--kid", "for-offers")
    run("add", "--kid", "for-all-else", "--ring", "site")
    assert list(conf.ring()) == ["for-offers"]
    assert list(conf.site_ring()) == ["for-all-else"]
    assert "for-all-else" in run("list", "--ring", "site")
    settings.SITE_KEYS = ""
    with pytest.raises(CommandError, match="Set SITE_KEYS to a file's path"):
        run("add", "--ring", "site")


def test_what_the_site_signs_has_no_end_so_that_its_keys_are_kept(
    rotated: Run, path: Path, clock: Clock, settings: Settings
) -> None:
    settings.SITE_KEYS, settings.OFFER_KEYS = str(path), "unused"
    clock.move_to(MAY_GO + timedelta(days=1000))
    assert "stays: what it signed has no known end" in rotated("list", "--ring", "site")
    for action in ("retire", "void"):
        with pytest.raises(CommandError, match="What old signed has no end, such as links"):
            rotated(action, "old", "--ring", "site")
    rotated("void", "old", "--ring", "site", "--leaked")
    assert statuses_in(path) == {"new": "active"}


# --- What is refused ----------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["retire"], ["void"], ["retire", "--force"], ["void", "--leaked"]]
)
def test_the_active_key_is_neither_retired_nor_voided(
    run: Run, path: Path, arguments: list[str]
) -> None:
    run("add", "--kid", "first")
    before = path.read_text()
    with pytest.raises(CommandError, match="first is active: activate another key first"):
        run(*arguments, "first")
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
        run("activate", "it", "--force")
    assert statuses_in(path) == {"first": "active", "it": "next"}


def test_members_that_it_does_not_know_are_kept(run: Run, path: Path) -> None:
    run("add", "--kid", "first")
    jwk = {**keys_in(path)[0], "use": "sig", "note": "made by hand"}
    path.write_text(json.dumps({"keys": [jwk]}))
    run("add", "--kid", "second")
    assert keys_in(path)[0] == jwk


# --- Listing ------------------------------------------------------------------


def test_the_list_says_what_each_key_is_for_since_when_and_until_when(
    rotated: Run, clock: Clock
) -> None:
    rotated("add", "--kid", "next", "--alg", "ES256")
    clock.move_to(MAY_GO - SECOND)
    added, stopped = "added 2026-11-27 11:00:00 UTC", "2026-11-27 11:05:01 UTC"
    old, new, following = rotated("list").splitlines()
    assert old.split("\t") == [
        *["old", "HS256", "retiring", ISSUER, added, "active 2026-11-27 11:00:00 UTC"],
        *[f"stopped {stopped}", "may go from 2026-11-27 11:40:02 UTC"],
    ]
    assert new.split("\t") == ["new", "HS256", "active", ISSUER, added, f"active {stopped}"]
    assert following.split("\t") == ["next", "ES256", "next", ISSUER, f"added {stopped}"]
    clock.move_to(MAY_GO)
    assert rotated("list").splitlines()[0].endswith("\tmay go")


def test_the_list_names_keys_as_the_file_does_in_a_test_shop_too(
    run: Run, settings: Settings
) -> None:
    run("add", "--kid", "first")
    settings.OFFER_REALM = "qa"
    assert run("list").startswith("first\t")


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


def test_a_new_file_says_who_can_read_it(run: Run) -> None:
    assert "alone can read" in run("add")
    assert "alone can read" not in run("add")


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o660, 0o644])
def test_a_file_keeps_its_mode_and_is_complained_of_if_others_may_read_it(
    run: Run, path: Path, mode: int
) -> None:
    run("add")
    path.chmod(mode)
    assert ("Everybody on this machine can read" in run("add")) is bool(mode & 0o004)
    assert mode_of(path) == mode


def test_a_file_stays_with_its_owner_and_group(run: Run, path: Path) -> None:
    run("add")
    before = path.stat()
    if os.geteuid() == 0:
        # Nobody else can give a file away.
        os.chown(path, 1234, 4321)
        before = path.stat()
    path.chmod(0o640)
    run("add")
    after = path.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert mode_of(path) == 0o640


def test_a_user_whom_an_access_list_lets_read_the_file_still_may(run: Run, path: Path) -> None:
    run("add")
    # acl(5): its owner may write, user 1234 may read, nobody else; in Linux's own form.
    entries = [(1, 6, -1), (2, 4, 1234), (4, 0, -1), (16, 4, -1), (32, 0, -1)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *each) for each in entries)
    os.setxattr(path, "system.posix_acl_access", acl)
    run("add")
    assert os.getxattr(path, "system.posix_acl_access") == acl


def test_a_file_that_cannot_be_left_to_its_owner_is_left_alone(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add")
    before = path.read_text()

    def made(descriptor: int) -> os.stat_result:
        """As of another user, who made it."""
        return os.stat_result([*[0] * 4, path.stat().st_uid + 1, *[0] * 5])

    def refused(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr("os.fstat", made)
        patch.setattr("os.fchown", refused)
        with pytest.raises(
            CommandError, match=r"Nothing was changed\. .* belongs to .* run this as"
        ):
            run("add")
    assert path.read_text() == before
    assert not path.with_name("keys.json.new").exists()


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


@pytest.mark.parametrize("moment", ["os.fsync", "pathlib.Path.replace", "os.fchmod"])
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
