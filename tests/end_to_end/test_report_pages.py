"""The HTML report in a real browser, from disk, without a network: every page, clicked through, with hostile values in it."""

from __future__ import annotations

import csv
import json
import shutil
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from reports.blocks import pages
from reports.render import ReportRequest, render
from tests import warehouse_fixture
from tests.warehouse_fixture.organisation import HOSTILE_HOST, HOSTILE_SOURCE, HOSTILE_USER

playwright_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)
FILES = [page.file for page in pages()]
TABLES = ["alerts.html", "apps.html", "domains.html", "devices.html", "users.html", "ip-addresses.html", "uploads.html"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the invented organisation."""
    home = tmp_path_factory.mktemp("home")
    warehouse_fixture.build(home, devices=80)
    render(warehouse_fixture.settings(home), ReportRequest(FIRST, LAST, None, ("html", "csv"), home / "out"))
    return home / "out"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM)
        yield opened
        opened.close()


class Visitor:
    """A page that notes what should never happen: messages, errors, dialogs, requests that leave the disk."""

    def __init__(self, browser: Any, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.trouble: list[str] = []
        self.context = browser.new_context(offline=True, accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.trouble.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.trouble.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", self._request)
        self.page.on("requestfailed", lambda request: self.trouble.append(f"failed: {request.url}"))

    def _request(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.trouble.append(f"request: {request.url}")

    def open(self, name: str) -> Any:
        self.page.goto(
            f"{(self.folder / name.partition('#')[0]).as_uri()}{'#' + name.partition('#')[2] if '#' in name else ''}"
        )
        return self.page

    def until(self, expression: str, argument: Any = None) -> None:
        """Wait until a script answers true. From outside: the page's policy allows no script that is made from a text."""
        last = time.monotonic() + 20
        while not self.evaluated(expression, argument):
            assert time.monotonic() < last, f"still not so: {expression}"
            time.sleep(0.03)

    def evaluated(self, expression: str, argument: Any) -> bool:
        try:
            return bool(self.page.evaluate(expression, argument) if argument else self.page.evaluate(expression))
        except playwright_api.Error as error:
            if "is not defined" in str(error) or "destroyed" in str(error):  # the next page is not there yet
                return False
            raise

    def rows(self, table: str) -> int:
        """How many rows a table has after filters."""
        return int(self.page.evaluate(f"CloudDiscovery.rows('{table}').length"))


@pytest.fixture
def visitor(browser: Any, site: Path) -> Iterator[Visitor]:
    found = Visitor(browser, site, viewport={"width": 1400, "height": 900})
    yield found
    found.context.close()
    assert not found.trouble


@pytest.mark.parametrize("name", FILES)
def test_every_page_opens(visitor: Visitor, name: str) -> None:
    """A page says whose report it is, which days, which sources and when it was made, and has one heading."""
    page = visitor.open(name)
    assert page.locator("h1").count() == 1
    text = page.locator("body").inner_text()
    for part in ("Contoso Harbour Logistics", "13 – 19 Nov 2026", "generated", "UTC", "proxy-hamburg"):
        assert part in text
    assert page.locator("nav a[aria-current]").count() == 1


def test_there_are_pages_to_open() -> None:
    """The site has the pages that people look for."""
    assert {"index.html", "findings.html", *TABLES} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_link_leads_somewhere(visitor: Visitor, site: Path, name: str) -> None:
    """Every link, script and style of a page is a file that exists."""
    page = visitor.open(name)
    targets = page.eval_on_selector_all(
        "a[href], link[href], script[src]", "all => all.map(one => one.getAttribute('href') || one.getAttribute('src'))"
    )
    assert targets
    for target in targets:
        path = target.partition("#")[0]
        assert target.startswith(("#", "data:")) or (site / path).exists(), target


def test_numbers_are_those_of_the_export(visitor: Visitor, site: Path) -> None:
    """The key figures on the page are those of counters.csv; sizes tell their exact bytes."""
    with (site / "csv" / "counters.csv").open(encoding="utf-8-sig") as handle:
        [counters] = list(csv.DictReader(handle))
    page = visitor.open("index.html")
    shown = page.locator(".counters").inner_text()
    assert f"{int(counters['devices']):,}" in shown and f"{int(counters['apps']):,}" in shown
    assert page.locator(f".counters [title='{int(counters['total_bytes']):,} bytes']").count() == 1


@pytest.mark.parametrize("name", TABLES)
def test_tables_sort_filter_and_search(visitor: Visitor, name: str) -> None:
    """The first table of a page can be sorted both ways, searched, and filtered until nothing matches; and it comes back."""
    page = visitor.open(name)
    table = page.locator(".table").first
    identity = table.get_attribute("id")
    everything = visitor.rows(identity)
    assert everything > 3
    head = table.locator(".tabulator-col.tabulator-sortable .tabulator-col-title").nth(1)
    head.click()
    head.click()
    assert table.locator("[aria-sort=ascending], [aria-sort=descending]").count() == 1
    search = page.locator(f"[data-search={identity}]")
    search.fill("nothing is called like this")
    visitor.until(f"CloudDiscovery.rows('{identity}').length === 0")
    assert "0 of" in page.locator(f"[data-matches={identity}]").inner_text()
    page.locator(f"[data-reset={identity}]").click()
    visitor.until(f"CloudDiscovery.rows('{identity}').length === {everything}")


def test_number_filter_understands_sizes(visitor: Visitor) -> None:
    """`1 GB` in the head of Uploaded leaves those who uploaded at least that much; `<1 GB` the others that are known."""
    page = visitor.open("users.html")
    field = page.locator("[tabulator-field=uploaded_bytes] input")
    field.fill("1 GB")
    visitor.until("CloudDiscovery.rows('users-table').length < 5")
    assert page.evaluate("CloudDiscovery.rows('users-table').every(row => row.uploaded_bytes >= 1e9)")
    field.fill("< 1 GB")
    visitor.until("CloudDiscovery.rows('users-table').length > 5")
    assert page.evaluate(
        "CloudDiscovery.rows('users-table').every(row => row.uploaded_bytes !== null && row.uploaded_bytes <= 1e9)"
    )


def test_unknown_sorts_last(visitor: Visitor) -> None:
    """Sorted by traffic either way, what is unknown stands at the end, and is called unknown, not 0."""
    page = visitor.open("devices.html")
    head = page.locator("[tabulator-field=total_bytes] .tabulator-col-title")
    for _ in range(2):
        head.click()
        values = page.evaluate("CloudDiscovery.rows('devices-table').map(row => row.total_bytes)")
        known = [value for value in values if value is not None]
        assert known and None in values and values == known + [None] * (len(values) - len(known))
    page.locator(".tabulator-tableholder").evaluate("one => one.scrollTo(0, one.scrollHeight)")
    visitor.until(
        "[...document.querySelectorAll('.tabulator-cell[tabulator-field=total_bytes]')].some(one => one.textContent === 'unknown')"
    )


def test_drill_down_by_keyboard(visitor: Visitor) -> None:
    """An app opens with the keyboard: users, devices, addresses, hosts, days; Escape closes it and the address is clean again."""
    page = visitor.open("apps.html")
    link = page.locator("#apps-table .tabulator-row a", has_text="MEGA")
    link.focus()
    page.keyboard.press("Enter")
    drawer = page.locator("dialog#drawer[open]")
    visitor.until(
        "document.querySelector('dialog#drawer[open] .trend span') !== null"
    )  # its facts are a file that is loaded
    text = drawer.inner_text()
    for part in ("MEGA", "dan.levi", "LAP-0003", "10.20.3.44", "g.api.mega.co.nz", "4.7 GB", "17 Nov"):
        assert part in text
    assert drawer.locator(".trend span").count() == 7
    page.keyboard.press("Escape")
    visitor.until("!document.querySelector('dialog#drawer[open]') && !location.href.includes('#')")


def test_drill_down_leads_on(visitor: Visitor) -> None:
    """From an app to its device, from there to its user, on one page; the browser's way back leads back."""
    page = visitor.open("apps.html#app=mega")
    drawer = page.locator("dialog#drawer[open]")
    drawer.get_by_role("link", name="LAP-0003").click()
    visitor.until("document.querySelector('#drawer-title').textContent.includes('LAP-0003')")
    assert "Why this device is at risk" in drawer.inner_text()
    drawer.get_by_role("link", name="dan.levi").first.click()
    visitor.until("document.querySelector('#drawer-title').textContent.includes('dan.levi')")
    page.go_back()
    visitor.until("document.querySelector('#drawer-title').textContent.includes('LAP-0003')")


def test_every_thing_has_its_drill_down(visitor: Visitor) -> None:
    """Page and files agree where the details of a thing lie: each of the first rows of each table opens."""
    for name, entity, key in (
        ("domains", "app", "app_id"),
        ("devices", "device", "device_key"),
        ("users", "user", "user_key"),
        ("ip-addresses", "ip", "src_ip"),
    ):
        page = visitor.open(f"{name}.html")
        table = page.locator(".table").first.get_attribute("id")
        keys = page.evaluate(f"CloudDiscovery.rows('{table}').map(row => row.{key})")
        for one in keys[:12]:
            page.evaluate("one => { location.hash = one; }", f"{entity}={quote(one, safe='')}")
            visitor.until("one => document.querySelector('#drawer').dataset.key === one", one)
            assert page.locator("#drawer section").count() >= 2, one


def test_finding_leads_to_its_upload(visitor: Visitor) -> None:
    """A finding's link to uploads shows just those of its source and day; the damaged file's link shows that file."""
    page = visitor.open("findings.html")
    page.locator("#large_upload a", has_text="Uploads of proxy-hamburg").click()
    visitor.until("CloudDiscovery.rows('uploads-table').length === 1")
    assert page.evaluate("CloudDiscovery.rows('uploads-table')[0].file_name") == "proxy-hamburg-20261117.log.gz"
    page = visitor.open("findings.html")
    page.locator("#quarantined_file a", has_text="main-20261118").click()
    visitor.until("CloudDiscovery.rows('uploads-table').length === 1")
    assert page.evaluate("CloudDiscovery.rows('uploads-table')[0].outcome") == "quarantined"


def test_band_filters_the_apps(visitor: Visitor) -> None:
    """A click on a band of the dashboard shows the apps of that band."""
    page = visitor.open("index.html")
    page.locator(".band-row", has_text="high").click()
    visitor.until(
        "CloudDiscovery.rows('apps-table').length > 0 && CloudDiscovery.rows('apps-table').every(row => row.risk_band === 'high')"
    )


def test_download_is_what_is_shown_and_harmless(visitor: Visitor, tmp_path: Path) -> None:
    """The button writes the rows that match, with units in the heads and no formula in a cell."""
    page = visitor.open("users.html")
    page.locator("[data-search=users-table]").fill("cmd()")
    visitor.until("CloudDiscovery.rows('users-table').length === 1")
    with page.expect_download() as waiting:
        page.locator("[data-download=users-table]").click()
    waiting.value.save_as(tmp_path / "users.csv")
    with (tmp_path / "users.csv").open(encoding="utf-8-sig") as handle:
        [row] = list(csv.DictReader(handle))
    assert (
        row["user_name"] == "'" + HOSTILE_USER and row["last_seen_at_utc"].endswith("Z") and row["uploaded_bytes"] == ""
    )


def test_hostile_values_are_text(visitor: Visitor) -> None:
    """Markup in a host, a user, a device, a source and a log line is shown letter by letter and runs nowhere."""
    page = visitor.open("domains.html")
    page.locator("[data-search]").first.fill("<script>")
    visitor.until("CloudDiscovery.rows('domains-table').length === 1")
    page.locator("#domains-table .tabulator-row a").first.click()
    page.locator("dialog#drawer[open]").wait_for()
    text = page.locator("dialog#drawer").inner_text()
    assert HOSTILE_HOST in text and HOSTILE_USER in text and "<b>lap</b>" in text
    for name in FILES:
        page = visitor.open(name)
        assert page.locator("script:not([src])").count() == 0
        assert page.locator("img, iframe, object").count() == 0
        assert page.evaluate("document.querySelectorAll('[onerror], [onclick], [onload]').length") == 0
    assert HOSTILE_SOURCE in visitor.open("index.html").locator("body").inner_text()
    assert "<script>alert(4)</script>" in visitor.open("uploads.html").locator("#rejects-table").inner_text()


def test_source_selector(visitor: Visitor, site: Path) -> None:
    """Each source has its own report, with its own numbers, reached from the selector and back, hostile name or not."""
    page = visitor.open("devices.html")
    everything = visitor.rows("devices-table")
    names = page.locator("#source-choice option").all_inner_texts()
    assert names[0] == "All sources" and HOSTILE_SOURCE in names and len(names) == 7
    page.locator("#source-choice").select_option(label="proxy-hamburg")
    page.wait_for_url("**/sources/proxy-hamburg/devices.html")
    assert "Only the source proxy-hamburg" in page.locator("main").inner_text()
    assert 0 < visitor.rows("devices-table") < everything
    page.locator("#source-choice").select_option(label=HOSTILE_SOURCE)
    page.wait_for_url("**/sources/img-src-x-onerror-alert-2-*/devices.html")
    page.locator("#source-choice").select_option(label="All sources")
    page.wait_for_url(f"{site.as_uri()}/devices.html")


def test_pages_of_a_source(browser: Any, site: Path) -> None:
    """Every page of a source that reports no bytes opens without trouble and says so where it matters."""
    found = Visitor(browser, site / "sources" / "endpoints")
    texts = {name: found.open(name).locator("body").inner_text() for name in FILES}
    found.context.close()
    assert not found.trouble
    start = texts["index.html"]
    assert "no source in this report reports bytes" in start and "unknown" in start and " 0 B" not in start


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_no_page_is_wider_than_the_screen(browser: Any, site: Path, width: int) -> None:
    """On a phone, a tablet and a desk the page itself never scrolls sideways; wide tables scroll within."""
    found = Visitor(browser, site, viewport={"width": width, "height": 800})
    widths = {name: found.open(name).evaluate("document.documentElement.scrollWidth") for name in FILES}
    found.context.close()
    assert not found.trouble
    assert {name: wide for name, wide in widths.items() if wide > width} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable(browser: Any, site: Path, scheme: str) -> None:
    """Text has a contrast of at least 4.5 to 1 against its ground, light and dark (WCAG 2, AA)."""
    for name in ("index.html", "findings.html", "apps.html", "uploads.html"):
        found = Visitor(browser, site, color_scheme=scheme)
        page = found.open(name)
        page.wait_for_timeout(150)
        weak = page.evaluate(CONTRAST)
        found.context.close()
        assert not weak, f"{name}: {json.dumps(weak[:5], ensure_ascii=False)}"


CONTRAST = """() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const found = channels(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] > .9) return found;
    }
    return [255, 255, 255];
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !one.checkVisibility() || one.closest('svg, script, .hidden, .skip, option')) continue;
    if (one.closest('.tabulator-col-sorter')) continue;
    const [a, b] = [light(channels(getComputedStyle(one).color)), light(ground(one))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) weak.push([walker.currentNode.textContent.trim().slice(0, 40), Math.round(ratio * 100) / 100]);
  }
  return weak;
}"""


def test_theme_button(visitor: Visitor) -> None:
    """The button turns the page dark and light again, and the choice holds on the next page."""
    page = visitor.open("index.html")
    dark = "getComputedStyle(document.documentElement).getPropertyValue('--is-dark').trim()"
    assert page.evaluate(dark) == "0"
    page.locator("#theme").click()
    assert page.evaluate(dark) == "1"
    assert visitor.open("apps.html").evaluate(dark) == "1"


def test_marks_say_their_value(visitor: Visitor) -> None:
    """Pointing at a column of a chart shows its day and value."""
    page = visitor.open("index.html")
    mark = page.locator("#traffic [role=graphics-symbol]").nth(2)
    mark.hover()
    assert page.locator("#tip").inner_text() == mark.get_attribute("aria-label")
    assert "Nov 2026:" in page.locator("#tip").inner_text()


def test_empty_warehouse_is_friendly(browser: Any, tmp_path: Path) -> None:
    """Without any data every page opens and says what to do."""
    warehouse_fixture.empty(tmp_path)
    render(warehouse_fixture.settings(tmp_path), ReportRequest(FIRST, LAST, None, ("html",), tmp_path / "out"))
    found = Visitor(browser, tmp_path / "out")
    for name in FILES:
        text = found.open(name).locator("main").inner_text()
        assert "no data in this period yet" in text or name in {"uploads.html", "exports.html"}
    found.context.close()
    assert not found.trouble


def test_print_shows_the_content(browser: Any, site: Path) -> None:
    """On paper the navigation is gone and the key figures are there."""
    found = Visitor(browser, site)
    page = found.open("index.html")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible() and page.locator(".counters").is_visible()
    found.context.close()
    assert not found.trouble
