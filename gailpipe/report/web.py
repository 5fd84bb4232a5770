"""A page of Markdown as one HTML file, which needs no network and no other file."""

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
from gailpipe.report.cells import read_bytes

MEDIA = {".svg": "image/svg+xml", ".webp": "image/webp", ".mp4": "video/mp4"}
NUMBER = re.compile(r"\(?([-−]?[\d,]+(\.\d+)?)")  # a cell may have another's result alone, in brackets
TABLES = Path(str(files("itables") / "html" / "dt_bundle.js"))  # DataTables, as a module
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<nav>{contents}</nav>
<main>
{body}</main>
<script type="module">{script}</script>
</body>
</html>
"""
SCRIPT = """
import {{ jQuery }} from "data:text/javascript;base64,{tables}";
jQuery("table").DataTable({{ paging: false, searching: false, info: false, order: [], autoWidth: false }});
"""
POLICY = (  # the page's own script imports DataTables from a data address; nothing comes from elsewhere
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
    "script-src 'sha256-{checksum}' data:; base-uri 'none'; form-action 'none'"
)
STYLE = """\
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --faint: #e3e3e3; --link: #0b5fa5 }
@media (prefers-color-scheme: dark) { :root { --ink: #dedede; --paper: #141414; --faint: #383838; --link: #7fb8ea } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main, nav { max-width: 76rem; margin: auto; padding: 0 1rem }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding-block: 1rem; border-bottom: 1px solid var(--faint) }
main > p:not(:has(.wide, video)), main > ul { max-width: 44rem }
a { color: var(--link) }
h2 { margin-top: 3rem }
video { width: 100%; max-width: 60rem }
.wide { display: block; overflow-x: auto }
.wide img { width: 100%; min-width: 44rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .5rem; white-space: nowrap; text-align: left; border-bottom: 1px solid var(--faint) }
th { cursor: pointer }
th [role=button] { all: unset; cursor: pointer }
th [role=button]:focus-visible { outline: 2px solid var(--link) }
.dt-ordering-asc .dt-column-order::after { content: " ▲" }
.dt-ordering-desc .dt-column-order::after { content: " ▼" }
"""


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
    return PAGE.format(
        policy=POLICY.format(checksum=b64encode(sha256(script.encode()).digest()).decode()),
        title=escape(titles[0]),
        style=STYLE,
        contents=" ".join(f'<a href="#{name}">{escape(text)}</a>' for level, name, text in headings if level == "h2"),
        body=reader.renderer.render(tokens, reader.options, {"folder": folder, "films": films}),
        script=script,
    )


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
