"""The report in a browser: Debian's Chromium, without a window. Skipped where it, or what drives it, is not."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from reported import found
from test_report import made

from rrrn.report import document
from rrrn.report.catalogue import FIGURES

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
LACKING = [
    *([] if BROWSER else ["the program chromium (apt-get install chromium)"]),
    *(name for name in ("playwright", "axe_playwright_python") if find_spec(name) is None),
]
pytestmark = pytest.mark.skipif(bool(LACKING), reason=f"needs {', '.join(LACKING)}")
PAGES = tuple(page.NAME for page in document.PAGES)
LOADED = "[...document.images].every((one) => one.complete && one.naturalWidth > 0)"
AXE = "axe.run({include: %s, exclude: ['.panel svg']}, {resultTypes: ['violations'], preload: false})"
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SIDEWAYS = """[...document.querySelectorAll("body *")].filter((one) => one.clientWidth > 1
    && one.scrollWidth > one.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(one).overflowX)).length"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    text = made(found(conditions=("none", "mask", "random-20"), doubted=True))
    assert all(f'data-figure="{name}"' in text for name in FIGURES)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(params=[(1280, "light"), (390, "light"), (390, "dark")], ids=lambda told: f"{told[0]}-{told[1]}")
def page(request, browser, file) -> Iterator:
    width, shade = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=shade)
    own = context.new_page()
    wrong: list[str] = []
    own.on("console", lambda told: wrong.append(told.text) if told.type in ("error", "warning") else None)
    own.on("pageerror", lambda error: wrong.append(str(error)))
    own.on(
        "request", lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else wrong.append(asked.url)
    )
    own.goto(file.as_uri())
    yield own
    assert wrong == []
    context.close()


def until(page, script: str) -> None:
    """Wait until something holds; playwright's own waiting for scripts needs eval, which the page forbids."""
    while not page.evaluate(script):
        page.wait_for_timeout(10)


def test_each_page_is_whole(page):
    """Every picture loads, nothing scrolls sideways, the mark is seen, and axe finds no fault, in light and dark."""
    from axe_playwright_python.base import AXE_FILE_PATH

    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    shade = page.evaluate("document.documentElement.dataset.shade")
    for name in PAGES:
        page.click(f"nav a[href='#{name}']")
        until(page, f"[...document.querySelectorAll('.page:not([hidden])')].map((one) => one.id).join() === '{name}'")
        for closed in page.query_selector_all(f"#{name} details:not([open]) > summary")[:3]:
            closed.click()
        if name == "clips":
            until(page, "document.images.length > 0")
        until(page, LOADED)
        assert page.evaluate(OVER) <= 0 and page.evaluate(SIDEWAYS) == 0, name
        assert page.is_visible("p.mark")
        if (shade, page.viewport_size["width"]) == ("light", 390):
            continue
        part = "document" if name == PAGES[0] else f"['#filters', '#{name}']"  # what is about the pages is seen once
        faults = page.evaluate(AXE % part)["violations"]
        assert [
            (one["id"], one["nodes"][0]["html"]) for one in faults if one["impact"] in ("serious", "critical")
        ] == [], name


def test_a_link_to_a_clip_opens_it(page, file):
    page.goto(f"{file.as_uri()}#clip/s2/c1")
    page.wait_for_selector("[id='clip/s2/c1'] .under img")
    assert not page.is_visible("[id='clip/s2/c2'] .opened *")
    page.click("nav a[href='#audit']")
    page.click("a[href='#clip/s1/c3']")
    page.wait_for_selector("[id='clip/s1/c3'] .under img")
    assert page.title().startswith("Clips")
    assert page.evaluate("document.activeElement.parentNode.id") == "clip/s1/c3"  # keys go on from there
    page.focus(".skip")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "clips"


def test_filters_hide_what_is_not_asked_for(page):
    page.click("nav a[href='#clips']")
    page.wait_for_selector("#clips summary")
    page.select_option("select[name=subject]", "s2")
    assert page.locator("details.clip:visible").count() == 4
    assert page.text_content("#filters output") == "4 of 12 shown"
    page.select_option("select[name=condition]", "Mask")
    page.select_option("select[name=method]", "RRRN")
    shares = page.locator("details.clip:visible .right").all_text_contents()
    assert all(text in ("0 of 1 answers right", "1 of 1 answers right") for text in shares)
    page.select_option("#order", "share")
    assert page.locator("details.clip:visible .right").all_text_contents() == sorted(shares)
    page.select_option("#order", "class")
    classes = page.locator("details.clip:visible .class").all_text_contents()
    assert classes == sorted(classes) and len(set(classes)) == 3
    page.click("[id='clip/s2/c1'] summary")  # laid out after the filter was set
    page.wait_for_selector(".under:visible")
    assert page.locator(".under:visible").count() == 1
    assert page.locator(".under:visible tr[data-method]:visible th").all_text_contents() == ["RRRN", "RRRN"]
    page.click("#filters button[type=reset]")
    until(page, "document.querySelectorAll('details.clip[hidden]').length === 0")
    assert page.locator("details.clip:visible").count() == 12
    page.click("nav a[href='#subjects']")
    page.wait_for_selector("#subjects h1")
    assert (
        page.locator("#filters label:visible").all_text_contents()[0].startswith("Method")
    )  # of conditions it has none
    page.select_option("select[name=method]", "RRRN")
    heads = page.locator("#subjects > .table thead th:visible").all_text_contents()
    assert heads == ["Subject", "Database", "Clips", "I", "II", "III", "RRRN"]
    page.click("nav a[href='#methods']")
    page.wait_for_selector("#methods h1")
    assert page.locator("#methods > .table").last.locator("tbody tr:visible").count() == 2  # RRRN beside each other


def test_a_link_to_a_page_opens_at_its_top(page, file):
    page.goto("about:blank")
    page.goto(f"{file.as_uri()}#methods", wait_until="load")
    until(page, "window.scrollY === 0")  # though the browser scrolls by itself
    assert page.locator(".page:visible").get_attribute("id") == "methods"


def test_tables_are_sorted_and_figures_come_alive(page):
    page.click("nav a[href='#subjects']")
    page.wait_for_selector("#subjects h1")
    head = page.locator("#subjects > .table thead th").filter(has_text="RRRN").locator("button").first
    shown = []
    for _ in range(2):
        head.press("Enter")
        place = head.evaluate("(button) => button.closest('th').cellIndex")
        shown.append(page.locator(f"#subjects > .table tbody tr > :nth-child({place + 1})").all_text_contents()[:3])
    assert shown[0] == sorted(shown[0]) and shown[1] == shown[0][::-1]
    page.click("nav a[href='#start']")
    page.click("#start .lively")
    page.wait_for_selector("#start .vega-embed svg")
    until(page, "document.querySelector('#start .lively').textContent.startsWith('Values')")
