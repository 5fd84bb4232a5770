"""A page of Markdown as one HTML file, which needs no network and no other file."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from gailpipe.foundation.files import write_directory, write_file
from gailpipe.report.cells import require_cells

MEDIA = {".svg": "image/svg+xml", ".webp": "image/webp", ".mp4": "video/mp4", ".js": "text/javascript"}
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
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
<script type="module">
import {{ jQuery }} from "{tables}";
jQuery("table").DataTable({{ paging: false, searching: false, info: false, order: [], autoWidth: false }});
</script>
</body>
</html>
"""
STYLE = """\
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --faint: #e3e3e3; --link: #0b5fa5 }
@media (prefers-color-scheme: dark) { :root { --ink: #dedede; --paper: #141414; --faint: #383838; --link: #7fb8ea } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main, nav { max-width: 68rem; margin: auto; padding: 0 1rem }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding-block: 1rem; border-bottom: 1px solid var(--faint) }
main > p:not(:has(.wide, video)), main > ul { max-width: 44rem }
a { color: var(--link) }
h2 { margin-top: 3rem }
video { width: 100%; max-width: 60rem }
.wide { display: block; overflow-x: auto }
.wide img { width: 100%; min-width: 44rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .55rem; white-space: nowrap; text-align: left; border-bottom: 1px solid var(--faint) }
th { cursor: pointer }
th button, th [role=button] { all: unset; cursor: pointer }
th [role=button]:focus-visible { outline: 2px solid var(--link) }
.dt-ordering-asc .dt-column-order::after { content: " ▲" }
.dt-ordering-desc .dt-column-order::after { content: " ▼" }
"""


def write_pages(out: Path, films: Path, names: Sequence[str], text: Callable[[Sequence[str]], str]) -> None:
    """Write README.md, previews of films, and both as index.html into `out`, where the figures are.

    Args:
        out: Where all goes.
        films: Has a directory for each of `names`, which holds film.mp4 and preview.webp where it could be rendered.
        names: Of what is filmed.
        text: Returns what README.md says, given the names of those films that there are.
    """
    require_cells(films, names)
    filmed = [name for name in names if (films / name / "film.mp4").exists()]
    write_directory(out / "films", {f"{name}.webp": (films / name / "preview.webp").read_bytes() for name in filmed})
    markdown = text(filmed)
    write_file(out / "README.md", markdown.encode())
    whole_films = {f"films/{name}.webp": films / name / "film.mp4" for name in filmed}
    write_file(out / "index.html", web_page(markdown, out, whole_films).encode())


def web_page(markdown: str, folder: Path, films: Mapping[str, Path]) -> str:
    """Return the page as HTML with sortable tables, and all pictures and films in it.

    Args:
        markdown: Begins with a heading of the first level.
        folder: The pictures' addresses are relative to it.
        films: For the address of a picture the film that takes its place.
    """
    reader = MarkdownIt().enable("table")
    tokens = reader.parse(markdown)
    headings = _headings(tokens)
    reader.add_render_rule("image", _picture)
    reader.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    reader.add_render_rule("table_close", lambda *_: "</table></div>\n")
    (title,) = (text for level, _, text in headings if level == "h1")
    return PAGE.format(
        title=escape(title),
        style=STYLE,
        contents=" ".join(f'<a href="#{name}">{escape(text)}</a>' for level, name, text in headings if level == "h2"),
        body=reader.renderer.render(tokens, reader.options, {"folder": folder, "films": films}),
        tables=_data_address(Path(str(files("itables") / "html" / "dt_bundle.js"))),
    )


def _headings(tokens: Sequence[Token]) -> list[tuple[str, str, str]]:
    """Give all headings a name to link to, and return their levels, names and texts."""
    headings = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            name = inline.content.lower().replace(" ", "-")
            opening.attrSet("id", name)
            headings.append((opening.tag, name, inline.content))
    return headings


def _picture(_: Any, tokens: Sequence[Token], place: int, __: Any, env: Mapping[str, Any]) -> str:
    address, description = str(tokens[place].attrs["src"]), escape(tokens[place].content)
    if film := env["films"].get(address):
        address = _data_address(film)
        return f'<video autoplay controls loop muted playsinline aria-label="{description}" src="{address}"></video>'
    return f'<span class="wide"><img alt="{description}" src="{_data_address(env["folder"] / address)}"></span>'


def _data_address(path: Path) -> str:
    return f"data:{MEDIA[path.suffix]};base64,{b64encode(path.read_bytes()).decode()}"
