"""The films that a report shows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from gailpipe.algorithms.catalogue import LEARNERS, actor
from gailpipe.foundation.errors import UserError
from gailpipe.grid.cells import require_cells

FOLDER = "films"  # of films in which all act side by side; films-WHO has those of one alone


@dataclass(frozen=True)
class Film:
    """What the `film` stage made: a directory of film.mp4 and preview.webp, or of missing.txt."""

    name: str
    """Of the environment, or of the set of demonstrations."""
    who: str | None
    """Acts in it: the expert, or a learner; None where several do."""
    directory: Path

    @property
    def exists(self) -> bool:
        return not (self.directory / "missing.txt").exists()

    @property
    def source(self) -> Path:
        return self.directory / ("preview.webp" if self.exists else "missing.txt")

    @property
    def address(self) -> str:
        """Where README.md finds it."""
        return f"films/{self.name}{f'-{self.who}' if self.who else ''}{self.source.suffix}"

    def markdown(self) -> str:
        label = actor(self.who).label if self.who else None
        if self.exists:
            return f"![Film: {self.name}{f', {label}' if label else ''}]({self.address})"
        return f"{label}: [no film]({self.address})." if label else f"There is [no film]({self.address})."


def films_markdown(films: Sequence[Film]) -> list[str]:
    """Return a heading for each name, and below it its films beside each other."""
    rows = {name: [film.markdown() for film in films if film.name == name] for name in (film.name for film in films)}
    return ["\n".join([f"### {name}\n", *row]) for name, row in rows.items()]


def find_films(results: Path, names: Collection[str]) -> list[Film]:
    """Return the films in `results`/films*, by name and then by who acts, in the catalogue's order.

    Those of an expert are only where there is one.

    Raises:
        UserError: One is missing, or one is of a name or of somebody that nothing knows.
    """
    cast = {FOLDER: None, **{f"{FOLDER}-{who}": who for who in ("expert", *LEARNERS)}}
    for directory in sorted(results.glob(f"{FOLDER}*")):
        if directory.name not in cast:
            raise UserError(f"{directory}: holds films of somebody whom the catalogue of learners lacks")
        filmed = [name for name in names if (directory / name).exists()] if cast[directory.name] == "expert" else names
        require_cells(directory, filmed)
    films = [Film(name, who, results / folder / name) for name in names for folder, who in cast.items()]
    return [film for film in films if film.directory.exists()]
