"""A page of Markdown as one HTML file, which needs no network: pictures, films and scripts are in it."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import chain, count, pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from gailpipe.foundation.errors import UserError

MEDIA = {".svg": "image/svg+xml", ".webp": "image/webp", ".mp4": "video/mp4"}
NUMBER = re.compile(r"\(?([-−]?[\d,]+(\.\d+)?)")  # a cell may have another's result alone, in brackets
TABLES = Path(str(files("itables") / "html" / "dt_bundle.js"))  # DataTables, as a module
PAGE = Path(__file__).with_name("page.html")
SCRIPT = """
import {{ jQuery }} from "data:text/javascript;base64,{tables}";
jQuery("table").DataTable({{ paging: false, searching: false, info: false, order: [], autoWidth: false }});
"""
POLICY = (  # the page's own script imports DataTables from a data address; nothing comes from elsewhere
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
    "script-src 'sha256-{checksum}' data:; base-uri 'none'; form-action 'none'"
)


def web_page(markdown: str, folder: Path, films: Mapping[str, Path]) -> str:
    """Return the page as HTML with sortable tables, and all pictures and films in it.

    Args:
        markdown: Has one heading of the first level.
        folder: The pictures' addresses are relative to it.
        films: For the address of a picture the film that takes its place.

    Raises:
        UserError: A picture is missing or of an unknown kind, or the heading is missing.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")  # data may hold anything
    tokens = reader.parse(markdown)
    headings = _name_headings(tokens)
    _give_cells_an_order(tokens)
    reader.add_render_rule("image", _picture)
    reader.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    reader.add_render_rule("table_close", lambda *_: "</table></div>\n")
    titles = [text for level, _, text in headings if level == "h1"]
    if len(titles) != 1:
        raise UserError(f"{folder}: the page must have one heading of the first level, but has {len(titles)}")
    script = SCRIPT.format(tables=b64encode(TABLES.read_bytes()).decode())
    return PAGE.read_text().format(
        policy=POLICY.format(checksum=b64encode(sha256(script.encode()).digest()).decode()),
        title=escape(titles[0]),
        contents=" ".join(f'<a href="#{name}">{escape(text)}</a>' for level, name, text in headings if level == "h2"),
        body=reader.renderer.render(tokens, reader.options, {"folder": folder, "films": films}),
        script=script,
    )


def read_bytes(path: Path) -> bytes:
    """Return the content of a file that a report shows.

    Raises:
        UserError: It can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}") from error


def _name_headings(tokens: Sequence[Token]) -> list[tuple[str, str, str]]:
    """Give all headings names to link to, and return their levels, names and texts."""
    headings: list[tuple[str, str, str]] = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = re.sub(r"\W+", "-", inline.content.lower()).strip("-")
            taken = {name for _, name, _ in headings}
            name = next(name for name in chain([words], (f"{words}-{i}" for i in count(2))) if name not in taken)
            opening.attrSet("id", name)
            headings.append((opening.tag, name, inline.content))
    return headings


def _give_cells_an_order(tokens: Sequence[Token]) -> None:
    """Let tables sort by the number that a cell begins with; cells without one by their text, and empty ones first."""
    for opening, inline in pairwise(tokens):
        if opening.type == "td_open":
            number = NUMBER.match(inline.content)
            order = number[1].replace(",", "").replace("−", "-") if number else inline.content.strip("—")
            opening.attrSet("data-order", order)


def _picture(_: Any, tokens: Sequence[Token], place: int, __: Any, env: Mapping[str, Any]) -> str:
    source, description = str(tokens[place].attrs["src"]), escape(tokens[place].content)
    if film := env["films"].get(source):
        return f'<video controls loop muted playsinline aria-label="{description}" src="{_data_address(film)}"></video>'
    return f'<span class="wide"><img alt="{description}" src="{_data_address(env["folder"] / source)}"></span>'


def _data_address(path: Path) -> str:
    if path.suffix not in MEDIA:
        raise UserError(f"{path}: the page shows {', '.join(MEDIA)} alone")
    return f"data:{MEDIA[path.suffix]};base64,{b64encode(read_bytes(path)).decode()}"
