"""English nouns in the plural, by which scenarios count what is sold."""

import re

#: Plurals that no rule of spelling gives, by the end of the singular.
_IRREGULAR = {
    "child": "children",
    "die": "dice",
    "foot": "feet",
    "goose": "geese",
    "man": "men",
    "mouse": "mice",
    "ox": "oxen",
    "penny": "pence",
    "person": "people",
    "quiz": "quizzes",
    "tooth": "teeth",
}
#: Each ending and what it becomes; where usage differs (scarfs, scarves), both stand here.
_RULES = (
    (r"(?<=[^aeiou])y", ("ies",)),
    (r"(?<=[^f])fe?", ("ves", "fs", "fes")),
    (r"(?:s|x|z|ch|sh)", (r"\g<0>es",)),
    (r"us", ("i",)),
    (r"is", ("es",)),
    (r"o", ("os", "oes")),
    (r"eau", ("eaux",)),
)
#: What stands behind the noun that is counted: a pair *of socks*.
_BEHIND = re.compile(r" (?:of|for|with|in|from|to|on)\b.*")


def plurals(name: str) -> frozenset[str]:
    """The plurals of a name, in small letters: of "linen scarf" linen scarves and scarfs."""
    name = name.lower()
    behind = found[0] if (found := _BEHIND.search(name)) else ""
    before, _, noun = name.removesuffix(behind).rpartition(" ")
    before = f"{before} " if before else ""
    forms = {f"{noun}s"}
    for ending, replacements in _RULES:
        if re.search(rf"{ending}\Z", noun):
            forms |= {re.sub(rf"{ending}\Z", each, noun) for each in replacements}
    for singular, plural in _IRREGULAR.items():
        if noun.endswith(singular):
            forms.add(noun.removesuffix(singular) + plural)
    return frozenset(before + form + behind for form in forms)


def is_same(name: str, words: str) -> bool:
    """Whether words name a thing, one or several of it: "3 scarves", and "1 scarf" of scarves."""
    name, words = name.lower(), words.lower()
    return words == name or words in plurals(name) or name in plurals(words)
