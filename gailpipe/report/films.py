"""The films that a report shows."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gailpipe.grid.cells import require_cells


@dataclass(frozen=True)
class Film:
    """What the `film` stage made: a directory of film.mp4 and preview.webp, or of missing.txt."""

    name: str
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
        return f"films/{self.name}{self.source.suffix}"

    def markdown(self) -> str:
        shown = f"![Film: {self.name}]({self.address})" if self.exists else f"There is [no film]({self.address})."
        return f"### {self.name}\n\n{shown}"


def find_films(directory: Path, names: Collection[str]) -> list[Film]:
    """Return the films of `names`, and check that `directory` holds no others.

    Raises:
        UserError: One is missing, or one too much is there.
    """
    require_cells(directory, names)
    return [Film(name, directory / name) for name in names]
