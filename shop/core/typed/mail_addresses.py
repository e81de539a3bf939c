"""Mail addresses as people write them, and slips of typing that are asked about."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from shop.core.typed.spelling import plain, quoted

EXAMPLE = "ada@example.org"
#: More than any address has: a text of thousands is not taken apart.
_MOST_LETTERS = 320
#: Letters of double width, as keyboards for Japanese write them, and the same in single width.
_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
#: Where most people have their mail. One of a name stands first that most of them mean.
_PROVIDERS = (
    *("gmail.com", "googlemail.com", "hotmail.com", "hotmail.co.uk", "hotmail.de", "hotmail.fr"),
    *("hotmail.it", "hotmail.es", "outlook.com", "outlook.de", "outlook.fr", "outlook.it"),
    *("outlook.es", "live.com", "live.de", "live.fr", "live.it", "live.co.uk", "live.nl"),
    *("msn.com", "yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.it", "yahoo.es", "yahoo.co.uk"),
    *("yahoo.co.jp", "ymail.com", "rocketmail.com", "icloud.com", "me.com", "mac.com", "aol.com"),
    *("aol.de", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "web.de", "t-online.de"),
    *("freenet.de", "arcor.de", "posteo.de", "mailbox.org", "proton.me"),
    *("protonmail.com", "pm.me", "fastmail.com", "hey.com", "zoho.com"),
    *("orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "libero.it", "virgilio.it"),
    *("tiscali.it", "alice.it", "btinternet.com", "sky.com", "virginmedia.com", "comcast.net"),
    *("verizon.net", "att.net", "bluewin.ch", "telefonica.net", "ziggo.nl", "telenet.be"),
    *("skynet.be", "mail.ru", "yandex.ru", "yandex.com", "qq.com", "163.com", "126.com"),
)
#: Providers whose names others are easily taken for.
_NOT_MEANT = frozenset(("mail.com", "mail.de", "email.com", "email.de", "email.it", "gmail.de"))
#: Names of this many letters or more are recognized with a slip in them; shorter ones are too
#: much like others.
_LONG_NAME = 5
#: Endings that no domain has, each one key away from one that many have.
_NO_ENDINGS = {
    **dict.fromkeys(("con", "cmo", "ocm", "comm", "coom", "ccom", "vom", "xom", "cpm"), "com"),
    **dict.fromkeys(("clm", "comn", "cim"), "com"),
    **dict.fromkeys(("nte", "ent", "nett", "ner", "ney"), "net"),
    **dict.fromkeys(("ogr", "orgg", "prg", "orf"), "org"),
}
#: Endings of countries that stand behind the name of a provider by a slip alone.
_RARE_ENDINGS = dict.fromkeys(("co", "cm", "om"), "com")


def read_mail_address(text: object, *, is_test_shop: bool = False) -> str:
    """An address that mail from here can reach, composed (NFC), its domain in small letters.

    A test shop takes those of .test as well, which exist for tests alone (RFC 2606 section 2).

    >>> read_mail_address(" Ada@B\u00fccher.Example ")
    'Ada@b\u00fccher.example'

    :raises ValidationError: it is none
    """
    written = _as_written(text)
    try:
        return _deliverable(_validated(written, is_test_shop=is_test_shop))
    except EmailNotValidError:
        meant = _with_its_periods(written)
        asked = f" Did you mean {meant}?" if meant else ""
        raise ValidationError(_what_is_wrong(written) + asked) from None


def meant_instead(text: object) -> str:
    """The address that was probably meant, where there is a slip in one; otherwise nothing.

    >>> meant_instead("ada@gmial.con")
    'ada@gmail.com'
    """
    written = _as_written(text)
    try:
        address = _deliverable(_validated(written))
    except EmailNotValidError:
        return _with_its_periods(written)
    local, _, domain = address.rpartition("@")
    meant = _domain_meant(domain)
    return f"{local}@{meant}" if meant and meant != domain else ""


def ascii_domain(domain: str) -> str:
    """A domain as the domain name system has it, in small ASCII letters (IDNA 2008)."""
    if domain.isascii():
        return domain.lower()
    try:
        return _validated(f"a@{domain}").ascii_domain
    except EmailNotValidError:
        return domain.lower()


def _as_written(text: object) -> str:
    """The address in a text: without blanks around it, a name before it, and double width."""
    written = plain(str(text)[: _MOST_LETTERS + 1].translate(_WIDE)).removeprefix("mailto:")
    named = re.fullmatch(r"[^<>]*<([^<>]+)>", written)
    return unicodedata.normalize("NFC", named[1].strip() if named else written)


def _validated(written: str, *, is_test_shop: bool = False) -> ValidatedEmail:
    """:raises EmailNotValidError: it is no address that mail from here can reach"""
    return validate_email(
        written,
        check_deliverability=False,
        allow_smtputf8=False,
        allow_quoted_local=False,
        strict=True,
        test_environment=is_test_shop,
    )


def _deliverable(found: ValidatedEmail) -> str:
    """The address, its domain in its own letters unless the mailer would send it elsewhere.

    The mailer knows IDNA 2003 alone, which takes one letter in some domains for another: ß for ss.
    """
    try:
        is_same = found.domain.encode("idna").decode() == found.ascii_domain
    except UnicodeError:
        is_same = False
    return f"{found.local_part}@{found.domain if is_same else found.ascii_domain}"


def _what_is_wrong(written: str) -> str:
    local, at, domain = written.rpartition("@")
    if written and not at:
        return f"{quoted(written)} has no @ in it: write it as {EXAMPLE}."
    if local.isascii() and domain and "." not in domain.strip("."):
        return f"No mail gets to {quoted(domain)}: what follows the @ is written as example.org."
    if local and not local.isascii() and "@" not in local:
        return "Before the @, an address that we can mail to has the letters a to z alone."
    ending = domain.rpartition(".")[2].lower()
    if ending in {"test", "invalid", "local", "localhost", "onion", "arpa"}:
        return f"No mail from outside gets to an address that ends in .{ending}."
    return f"This does not look like a mail address: write it as {EXAMPLE}."


def _with_its_periods(written: str) -> str:
    """What a refused address becomes by its missing periods or without what is too much.

    Nothing, where that makes no address.
    """
    local, at, domain = written.replace(" ", "").rpartition("@")
    if not at:
        return ""
    domain = re.sub(r"[.,]+", ".", domain).strip(".")
    if "." not in domain:
        domain = _provider_named(domain)
    local = re.sub(r"\.+", ".", local).strip(".")
    try:
        address = _deliverable(_validated(f"{local}@{domain}"))
    except EmailNotValidError:
        return ""
    meant = _domain_meant(address.rpartition("@")[2])
    return f"{address.rpartition('@')[0]}@{meant}" if meant else address


def _provider_named(name: str) -> str:
    """The domain of a provider that is named without its ending: gmail, gmailcom."""
    name = re.sub(r"(?<=.)com$", "", name.lower())
    named = ((each.partition(".")[0], each) for each in _PROVIDERS)
    return next((each for known, each in named if _is_alike(name, known)), "")


def _domain_meant(domain: str) -> str:
    """The domain that was probably meant; nothing where there seems to be no slip."""
    if domain in _PROVIDERS or domain in _NOT_MEANT:
        return ""
    if domain.startswith("www."):
        return _domain_meant(domain.removeprefix("www.")) or domain.removeprefix("www.")
    name, _, ending = domain.partition(".")
    meant_ending = (_NO_ENDINGS | _RARE_ENDINGS).get(ending, ending)
    for provider in _PROVIDERS:
        known, _, its_ending = provider.partition(".")
        if meant_ending == its_ending and _is_alike(name, known):
            return provider
    rest, _, last = domain.rpartition(".")
    return f"{rest}.{_NO_ENDINGS[last]}" if last in _NO_ENDINGS else ""


def _is_alike(name: str, known: str) -> bool:
    return name == known or (len(known) >= _LONG_NAME and _is_one_slip_away(name, known))


def _is_one_slip_away(typed: str, meant: str) -> bool:
    """Whether one letter is missing, too many, another, or changed places with the next."""
    if abs(len(typed) - len(meant)) > 1 or typed == meant:
        return False
    at = next((n for n, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), None)
    if at is None:
        return True
    swapped = typed[at : at + 2][::-1] == meant[at : at + 2] and typed[at + 2 :] == meant[at + 2 :]
    return swapped or (
        typed[at + 1 :] == meant[at + 1 :]
        or typed[at + 1 :] == meant[at:]
        or typed[at:] == meant[at + 1 :]
    )
