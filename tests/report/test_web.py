"""The report as one HTML file, in a browser."""

import re
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from gailpipe.films.pictures import mp4_bytes, webp_bytes
from gailpipe.foundation.errors import UserError
from gailpipe.report.build import build_report
from gailpipe.report.style import save_svg
from gailpipe.report.web import web_page
from tests.pipelines import one_set
from tests.workspace import ROOT

TEXT = """\
# Results & more

An [address](https://example.org/#S3).

| environment | return | score | interval |
|---|--:|--:|--:|
| B | 1,000.5 | 0.5 (2.0) | -0.2 … 3.0 |
| A | 20.0 ± 3 | — | (-0.5) |
| C | −3.0 | 10.9 |  |

## "The" figure

![A "line"](figures/line.svg)

## The figure

## Films

![Expert and BC](films/A.webp)

![Nobody filmed this](films/B.webp)
"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    figure, axes = plt.subplots(figsize=(9, 3))
    axes.plot([1, 2])
    save_svg(figure, folder / "figures" / "line.svg")
    pictures = [Image.new("RGB", (960, 360), color) for color in ("red", "green", "blue")]
    (folder / "films").mkdir()
    for environment in "AB":
        (folder / "films" / f"{environment}.webp").write_bytes(webp_bytes(pictures, 25, 600))
    (folder / "film.mp4").write_bytes(mp4_bytes(pictures, 25))
    file = folder / "elsewhere" / "index.html"
    file.parent.mkdir()
    file.write_text(web_page(TEXT, folder, {"films/A.webp": folder / "film.mp4"}))
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            executable = shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=executable)
        except Error as error:
            pytest.skip(f"there is no Chromium; on Debian `apt install chromium`: {error.message}")
        yield browser
        browser.close()


def opened(browser: Browser, file: Path, width: int = 1280, dark: bool = False) -> tuple[Page, list[str]]:
    """Open a page without a network, and return it with what went wrong."""
    wrong: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light")
    page.context.set_offline(True)
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(request.url[:100]))
    page.goto(file.as_uri())
    page.wait_for_selector("table.dataTable")
    page.wait_for_load_state("networkidle")
    return page, wrong


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_missing_and_nothing_sticks_out(browser: Browser, page_file: Path, width: int, dark: bool) -> None:
    page, wrong = opened(browser, page_file, width, dark)
    assert wrong == []
    assert page.title() == "Results & more"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.locator("img").count() == 2
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert page.evaluate("document.querySelector('video').videoWidth") == 960
    page.close()


def test_the_reports_table_needs_no_scrolling_on_a_desktop(browser: Browser, tmp_path: Path) -> None:
    made = one_set(tmp_path)
    build_report(made.params, made.data, ROOT / "data" / "original", None, tmp_path / "out")
    page, wrong = opened(browser, tmp_path / "out" / "index.html")
    assert wrong == []
    assert page.evaluate("[...document.querySelectorAll('.wide')].every(box => box.scrollWidth <= box.clientWidth)")
    page.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# A\n\n![a](gone.svg)", r"gone\.svg: can't be read: No such file"),
        ("# A\n\n![a](photo.png)", r"photo\.png: the page shows \.svg, \.webp, \.mp4 alone"),
        ("# A\n\n# B", "must have one heading of the first level, but has 2"),
    ],
)
def test_what_a_page_cannot_show_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        web_page(text, tmp_path, {})


def test_words_are_escaped_and_films_take_the_place_of_their_previews(page_file: Path) -> None:
    text = page_file.read_text()
    assert "<title>Results &amp; more</title>" in text
    assert '<h2 id="the-figure">"The" figure</h2>'.replace('"The"', "&quot;The&quot;") in text
    assert text.count("data:video/mp4") == text.count("data:image/webp") == text.count("data:image/svg+xml") == 1


def test_html_that_comes_from_data_is_shown_and_not_obeyed(browser: Browser, tmp_path: Path) -> None:
    attack = '<script>document.title = "taken"</script> <img src="x" onerror="document.title = 1">'
    text = web_page(f"# Title\n\n{attack}\n\n| a |\n|---|\n| {attack} |\n", tmp_path, {})
    assert text.count("&lt;script&gt;document.title") == 3  # in the paragraph, the cell, and the cell's order
    assert text.count("<script") == 1
    (tmp_path / "index.html").write_text(text)
    page, wrong = opened(browser, tmp_path / "index.html")
    assert wrong == []
    assert page.title() == "Title"
    assert page.locator("td").inner_text() == attack
    page.close()


def test_the_page_runs_no_script_but_its_own(browser: Browser, page_file: Path, tmp_path: Path) -> None:
    text = page_file.read_text()
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert policy.startswith("default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; ")
    assert re.search(r"script-src 'sha256-[\w+/]{43}=' data:;", policy)
    foreign = "<script>document.title = 'taken'</script></main>"
    (tmp_path / "index.html").write_text(text.replace("</main>", foreign))
    page, wrong = opened(browser, tmp_path / "index.html")
    assert "Content Security Policy" in wrong[0]
    assert page.title() == "Results & more"
    page.close()


def test_a_click_sorts_a_table_by_its_numbers(browser: Browser, page_file: Path) -> None:
    page, _ = opened(browser, page_file)

    environments = page.locator("tbody tr td:first-child")
    expect(environments).to_have_text(["B", "A", "C"])
    clicks = (("return", "CAB"), ("return", "BAC"), ("score", "ABC"), ("interval", "CAB"), ("environment", "ABC"))
    for column, sorted_tasks in clicks:
        page.get_by_role("columnheader", name=column).click()
        expect(environments).to_have_text(list(sorted_tasks))
    page.close()


def test_films_of_one_name_stand_beside_each_other_where_there_is_room(browser: Browser, tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (320, 364), color) for color in ("red", "green", "blue")]
    (tmp_path / "film.mp4").write_bytes(mp4_bytes(pictures, 25))
    names = [f"films/A-{who}.webp" for who in ("expert", "bc", "gail")]
    rows = "\n".join(f"![{name}]({name})" for name in names)
    text = f"# Films\n\n| a |\n|---|\n| 1 |\n\n{rows}\n"
    (tmp_path / "index.html").write_text(web_page(text, tmp_path, dict.fromkeys(names, tmp_path / "film.mp4")))
    for width, lines in ((1280, 1), (390, 3)):
        page, wrong = opened(browser, tmp_path / "index.html", width)
        assert wrong == []
        page.wait_for_function("[...document.querySelectorAll('video')].every(video => video.readyState >= 2)")
        boxes = [page.locator("video").nth(place).bounding_box() for place in range(3)]
        assert len({box["y"] for box in boxes if box}) == lines
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.close()


def test_the_contents_lead_to_the_sections(browser: Browser, page_file: Path) -> None:
    page, _ = opened(browser, page_file)
    assert page.locator("nav a").all_inner_texts() == ['"The" figure', "The figure", "Films"]
    for place, name in enumerate(page.locator("nav a").all_inner_texts()):
        page.locator("nav a").nth(place).click()
        assert page.locator("h2:target").inner_text() == name
    assert page.locator("h2").nth(1).get_attribute("id") == "the-figure-2"
    page.close()


def test_figures_follow_the_colour_scheme(browser: Browser, page_file: Path) -> None:
    means = []
    for dark in (False, True):
        page, _ = opened(browser, page_file, dark=dark)
        for shown in (page.get_by_alt_text("line").screenshot(), page.locator("h1").screenshot()):
            means.append(np.asarray(Image.open(BytesIO(shown)).convert("L")).mean())
        page.close()
    light_figure, light_heading, dark_figure, dark_heading = means
    assert min(light_figure, light_heading) > 220
    assert max(dark_figure, dark_heading) < 50
