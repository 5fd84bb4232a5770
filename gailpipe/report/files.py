"""The files of a report in words: README.md, the films that it shows, and both as index.html."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gailpipe.foundation.files import write_file
from gailpipe.report.cells import read_bytes, require_cells
from gailpipe.report.gather import gather_results
from gailpipe.report.page import page
from gailpipe.report.web import web_page


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
        shown = (
            f"![Expert, BC and GAIL: {self.name}]({self.address})"
            if self.exists
            else f"There is [no film]({self.address})."
        )
        return f"### {self.name}\n\n{shown}"


def find_films(directory: Path, names: Iterable[str]) -> list[Film]:
    """Return the films of `names`, and check that `directory` holds no others.

    Raises:
        UserError: One is missing, or one too much is there.
    """
    names = list(names)
    require_cells(directory, names)
    return [Film(name, directory / name) for name in names]


def build_page(params: Path, data: Path, original_directory: Path, out: Path) -> None:
    """Write README.md, its films, and both as index.html into `out`, where the figures are."""
    results = gather_results(params, data, original_directory)
    films = find_films(data / "films", [result.task for result in results])
    write_pages(out, page(results, [film.markdown() for film in films]), films)


def write_pages(out: Path, markdown: str, films: Sequence[Film]) -> None:
    """Write `markdown` as README.md, the films that it shows, and both as index.html."""
    write_file(out / "README.md", markdown.encode())
    for film in films:
        write_file(out / film.address, read_bytes(film.source))
    whole_films = {film.address: film.directory / "film.mp4" for film in films if film.exists}
    write_file(out / "index.html", web_page(markdown, out, whole_films).encode())
