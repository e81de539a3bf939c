"""How far a rehearsal has come: said by its own process, shown by the one that started it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """The scenario that is run, its number of how many, and the promises broken before it."""

    number: int
    total: int
    name: str
    title: str
    broken: int

    @property
    def done(self) -> int:
        """How many scenarios have been run."""
        return self.number - 1
