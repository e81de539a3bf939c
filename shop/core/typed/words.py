"""Words that stand for yes and no."""

from django.core.exceptions import ValidationError

from shop.core.typed.spelling import plain, quoted

# fmt: off
_YES = frozenset({"yes", "y", "true", "1", "on", "x", "✓", "ja", "j", "wahr", "oui", "o", "vrai",
                  "sí", "si", "s", "verdadero", "sì", "vero"})
_NO = frozenset({"no", "n", "false", "0", "off", "-", "nein", "falsch", "non", "faux", "falso"})
# fmt: on


def read_yes_or_no(text: object) -> bool:
    """Whether a word says yes.

    :raises ValidationError: it says neither
    """
    word = plain(text).casefold()
    if word not in _YES | _NO:
        raise ValidationError(f"{quoted(text)} is neither yes nor no.")
    return word in _YES
