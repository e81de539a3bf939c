"""System checks: a misconfigured key ring is found at start, and its sentence tells no secret."""

import base64
import json
from pathlib import Path

import pytest
from pytest_django import Settings

from offers import conf
from offers.checks import check_key_files, check_key_rings, check_production_keys
from offers.keys import KeyRingError
from shop.qa.pytest_plugin.factories import new_key
from tests.offers.handmade_tokens import HS, ISSUER, KEY_SETS

SET = json.dumps(KEY_SETS["shop"])


@pytest.fixture(autouse=True)
def _well_configured(settings: Settings) -> None:
    settings.OFFER_KEYS = SET
    settings.SITE_KEYS = json.dumps({"keys": [new_key("site")]})
    settings.OFFER_ISSUER = ISSUER


def problem() -> str:
    messages = check_key_rings()
    assert [message.id for message in messages] == ["offers.E001"]
    return str(messages[0].msg)


def production_ids() -> list[str | None]:
    return [message.id for message in check_production_keys()]


def test_a_good_set_passes_every_check() -> None:
    assert check_key_rings() == check_key_files() == []
    assert check_production_keys() == []


def test_a_good_file_passes(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(SET)
    settings.OFFER_KEYS = str(file)
    assert check_key_rings() == []
    assert conf.ring().active.kid == HS.kid


@pytest.mark.parametrize("debug", [True, False])
def test_without_keys_only_development_has_a_ring(settings: Settings, debug: bool) -> None:
    settings.OFFER_KEYS = settings.SITE_KEYS = ""
    settings.DEBUG = debug
    assert [each.id for each in check_key_rings()] == (
        [] if debug else ["offers.E001", "offers.E002"]
    )


def test_the_key_of_development_follows_the_secret_key(settings: Settings) -> None:
    settings.OFFER_KEYS = ""
    settings.DEBUG = True
    kids = set()
    for settings.SECRET_KEY in ("one", "two", "one"):
        kids.add(conf.ring().active.kid)
    assert len(kids) == 2
    assert all(kid.startswith("development-") for kid in kids)


def test_the_two_keys_of_development_differ(settings: Settings) -> None:
    settings.OFFER_KEYS = settings.SITE_KEYS = ""
    settings.DEBUG = True
    assert not conf.ring().keys() & conf.site_ring().keys()
    assert production_ids() == ["offers.W001", "offers.W001"]


def test_a_shop_that_has_offer_keys_alone_is_told_what_else_it_needs(settings: Settings) -> None:
    settings.SITE_KEYS = ""
    settings.DEBUG = False
    [message] = check_key_rings()
    assert message.msg == "SITE_KEYS is not set: a private JWK Set, as JSON or a file's path."
    assert "the links it sent still open" in str(message.hint)


def test_a_project_that_signs_offers_alone_needs_no_other_keys(settings: Settings) -> None:
    del settings.SITE_KEYS
    settings.DEBUG = False
    assert check_key_rings() == check_key_files() == []


def test_a_key_that_signs_for_both_rings_is_a_warning_until_the_site_has_its_own(
    settings: Settings,
) -> None:
    settings.SITE_KEYS = SET
    assert production_ids() == ["offers.W004"]
    copied = [{**jwk, "status": "retiring"} for jwk in KEY_SETS["shop"]["keys"][:1]]
    settings.SITE_KEYS = json.dumps({"keys": [new_key("site"), *copied]})
    assert production_ids() == []


@pytest.mark.parametrize("setting", ["OFFER_KEYS", "SITE_KEYS"])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o602])
def test_a_file_that_others_may_read_or_change_is_a_warning(
    settings: Settings, tmp_path: Path, setting: str, mode: int
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [new_key("own")]}))
    file.chmod(mode)
    setattr(settings, setting, str(file))
    found = [(each.id, setting in str(each.msg)) for each in check_key_files()]
    assert found == ([("offers.W003", True)] if mode & 0o006 else [])


def test_without_keys_production_is_told_so_once(settings: Settings) -> None:
    settings.OFFER_KEYS = ""
    settings.DEBUG = False
    assert problem() == "OFFER_KEYS is not set: a private JWK Set, as JSON or a file's path."
    assert production_ids() == []


def test_a_derived_key_is_a_warning_to_whoever_deploys(settings: Settings) -> None:
    settings.OFFER_KEYS = ""
    settings.DEBUG = True
    assert production_ids() == ["offers.W001"]


def test_an_issuer_that_is_not_https_is_a_warning(settings: Settings) -> None:
    settings.OFFER_ISSUER = "http://localhost"
    assert production_ids() == ["offers.W002"]


@pytest.mark.parametrize("issuer", ["", "my shop", "https://" + "x" * 100])
def test_an_issuer_that_will_not_do_is_an_error(settings: Settings, issuer: str) -> None:
    settings.OFFER_ISSUER = issuer
    for message in check_key_rings():
        assert "its issuer must be 1 to 100 visible ASCII characters" in str(message.msg)
    assert len(check_key_rings()) == 2


def test_a_file_that_is_not_there_is_named_by_its_setting(settings: Settings) -> None:
    settings.OFFER_KEYS = "/nowhere/keys.json"
    assert problem() == "OFFER_KEYS: No such file or directory."


def test_a_file_that_is_no_text_is_an_error(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(b"\xff\xfe\x00")
    settings.OFFER_KEYS = str(file)
    assert problem() == "OFFER_KEYS: not a file of text."


@pytest.mark.parametrize(
    "configured",
    [
        f"'{SET}'",
        f'"{SET}"',
        f"[{SET}]",
        base64.b64encode(SET.encode()).decode(),
        HS.jwk()["k"],
        SET[:-1],
        SET.replace("active", "next"),
        SET + "\x00",
        "\x00" + SET,
    ],
    ids=[
        "quoted",
        "quoted twice",
        "list",
        "base64",
        "bare",
        "cut",
        "not active",
        "nul",
        "nul first",
    ],
)
def test_a_set_that_was_given_wrongly_is_never_repeated(
    settings: Settings, configured: str
) -> None:
    settings.OFFER_KEYS = configured
    assert len(problem()) < 90
    assert HS.jwk()["k"][:8] not in problem()


def test_an_error_page_has_no_frame_that_holds_a_secret(settings: Settings) -> None:
    settings.OFFER_KEYS = SET.replace("retiring", "active")
    with pytest.raises(KeyRingError) as caught:
        conf.ring()
    traceback = caught.value.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename != __file__:
            assert HS.jwk()["k"] not in repr(traceback.tb_frame.f_locals)
        traceback = traceback.tb_next
    assert caught.value.__suppress_context__
