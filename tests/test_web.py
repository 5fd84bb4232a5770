"""The report as one HTML file, in a browser."""

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
from gailpipe.report.style import save_svg
from gailpipe.report.web import web_page

TEXT = """\
# Results & more

An [address](https://example.org/#S3).

| task | return | score |
|---|--:|--:|
| B | 1,000.5 | 0.5 |
| A | 20.0 | — |
| C | -3.0 | 0.9 |

## The figure

![A "line"](figures/line.svg)

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
    for task in "AB":
        (folder / "films" / f"{task}.webp").write_bytes(webp_bytes(pictures, 25, 600))
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


def test_a_click_sorts_a_table_by_its_numbers(browser: Browser, page_file: Path) -> None:
    page, _ = opened(browser, page_file)

    tasks = page.locator("tbody tr td:first-child")
    expect(tasks).to_have_text(["B", "A", "C"])
    for column, sorted_tasks in (("return", "CAB"), ("return", "BAC"), ("task", "ABC")):
        page.get_by_role("columnheader", name=column).click()
        expect(tasks).to_have_text(list(sorted_tasks))
    page.close()


def test_the_contents_lead_to_the_sections(browser: Browser, page_file: Path) -> None:
    page, _ = opened(browser, page_file)
    assert page.locator("nav a").all_inner_texts() == ["The figure", "Films"]
    page.get_by_role("link", name="Films").click()
    assert page.locator("h2:target").inner_text() == "Films"
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
