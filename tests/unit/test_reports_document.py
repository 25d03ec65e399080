"""The executive PDF: short, offline, complete, the same bytes for the same answers, and no warning on the way."""

from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from etl.errors import ReportError
from reports import printing
from reports.printing import Printer
from reports.render import Rendered, ReportRequest, render
from tests import warehouse_fixture

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)
MOST_PAGES = 9


@pytest.fixture
def warnings_of_weasyprint(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever WeasyPrint complains of fails the test."""
    logging.getLogger("weasyprint").propagate = True
    with caplog.at_level(logging.WARNING, logger="weasyprint"):
        yield
    complaints = [record.getMessage() for record in caplog.records if record.name.startswith("weasyprint")]
    assert not complaints


def pdf(home: Path, out: str = "out", sources: tuple[str, ...] | None = None, first: date = FIRST) -> Rendered:
    settings = warehouse_fixture.settings(home, per_source=False)
    [rendered] = render(settings, ReportRequest(first, LAST, sources, ("pdf",), home / out))
    return rendered


def text(path: Path) -> str:
    raw = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout
    return re.sub(r"\s+", " ", raw)


def pages(path: Path) -> int:
    about = subprocess.run(["pdfinfo", path], check=True, capture_output=True, text=True).stdout
    return int(re.search(r"Pages:\s+(\d+)", about)[1])  # type: ignore[index]


@pytest.mark.usefixtures("warnings_of_weasyprint")
def test_report_is_short_and_complete(tmp_path: Path) -> None:
    """Under ten pages, numbered; key figures, findings, recommendations, tables and the data's quality are in it."""
    warehouse_fixture.build(tmp_path, devices=120)
    rendered = pdf(tmp_path)
    assert pages(rendered.path) <= MOST_PAGES
    said = text(rendered.path)
    for part in ("Contoso Harbour Logistics", "13 – 19 Nov 2026", "What needs attention", "uploaded 4.7 GB to MEGA", "Recommendations",
                 "Top apps", "Devices at risk", "Top users", "How far these numbers can be trusted", "Page 1 of"):  # fmt: skip
        assert part in said, part
    assert f"{rendered.numbers['devices']:,}" in said


@pytest.mark.usefixtures("warnings_of_weasyprint")
def test_same_answers_same_bytes(tmp_path: Path) -> None:
    """Two renderings at different times are byte for byte the same."""
    warehouse_fixture.build(tmp_path)
    assert pdf(tmp_path, "one").path.read_bytes() == pdf(tmp_path, "two").path.read_bytes()


@pytest.mark.usefixtures("warnings_of_weasyprint")
def test_charts_are_vectors(tmp_path: Path) -> None:
    """The PDF holds no picture, and embeds its fonts."""
    warehouse_fixture.build(tmp_path)
    path = pdf(tmp_path).path
    images = subprocess.run(["pdfimages", "-list", path], check=True, capture_output=True, text=True).stdout
    assert len(images.splitlines()) == 2
    fonts = subprocess.run(["pdffonts", path], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert fonts and all("DejaVu" in line and " yes yes " in line for line in fonts)


@pytest.mark.usefixtures("warnings_of_weasyprint")
def test_source_without_bytes(tmp_path: Path) -> None:
    """A source that reports no bytes is drawn by transactions; its traffic is unknown, never 0."""
    warehouse_fixture.build(tmp_path)
    said = text(pdf(tmp_path, sources=("endpoints",)).path)
    assert "Top apps" in said and "does not report bytes" in said and "App categories by transactions" in said
    assert "0 B" not in said.replace("0 Blocked", "")


@pytest.mark.usefixtures("warnings_of_weasyprint")
def test_empty_warehouse(tmp_path: Path) -> None:
    """Without data the PDF is one friendly page."""
    warehouse_fixture.empty(tmp_path)
    path = pdf(tmp_path).path
    assert pages(path) == 1 and "There is no data in this period yet" in text(path)


@pytest.mark.usefixtures("warnings_of_weasyprint")
def test_very_long_and_many(tmp_path: Path) -> None:
    """Forty sources, names of 300 characters and ninety days still make fewer than ten pages."""
    path = warehouse_fixture.build(tmp_path, devices=30)
    with duckdb.connect(str(path)) as con:
        con.execute("""
            insert into fct_usage_daily select f.* replace ('source ' || k || repeat('x', 80) as source, repeat('n', 280) || k as user_key)
            from (select * from fct_usage_daily where app_class = 'app' limit 50) f, range(40) r(k)""")
        con.execute("update dim_apps set app_name = repeat('Long name ', 30) where app_id = 'slack'")
        con.execute("delete from fct_coverage_daily")
        con.execute(warehouse_fixture.COVERAGE)
    assert pages(pdf(tmp_path, first=date(2026, 8, 22)).path) <= MOST_PAGES


@pytest.mark.usefixtures("warnings_of_weasyprint")
def test_nothing_is_fetched(tmp_path: Path) -> None:
    """A title or a host that is an address, or a tag that names one, fetches nothing and stays text."""
    path = warehouse_fixture.build(tmp_path, devices=5)
    with duckdb.connect(str(path)) as con:
        con.execute("update dim_apps set app_name = '<img src=\"http://192.0.2.1/x.png\">' where app_id = 'mega'")
    assert '<img src="http://192.0.2.1/x.png">' in text(pdf(tmp_path).path)


def test_what_cannot_be_printed_is_told(tmp_path: Path) -> None:
    """A document that cannot be written ends the report with its name; one printed before it is there."""
    good, bad = tmp_path / "good.pdf", tmp_path / "missing" / "bad.pdf"
    with pytest.raises(ReportError, match=r"bad\.pdf: cannot be printed \(FileNotFoundError"), Printer() as printer:
        printer.print("<p>good", good, "good")
        printer.print("<p>bad", bad, "bad")
    assert good.read_bytes().startswith(b"%PDF")


def test_a_printer_that_dies_is_told(tmp_path: Path) -> None:
    """The process may be killed for want of memory: that is an error, not an endless wait."""
    with pytest.raises(ReportError, match="the printing process ended"), Printer() as printer:
        printer.start().kill()
        printer.print("<p>late", tmp_path / "late.pdf", "late")


def test_a_printer_takes_the_process_that_was_started_ahead(tmp_path: Path) -> None:
    """It is started once, taken once, and one that has died is left alone."""
    printing.start_ahead()
    printing.start_ahead()
    (waiting,) = printing._ahead
    with Printer() as printer:
        assert printer.start() is waiting
        printer.print("<p>good", tmp_path / "good.pdf", "good")
    assert (tmp_path / "good.pdf").read_bytes().startswith(b"%PDF")
    printing.start_ahead()
    (dead,) = printing._ahead
    dead.kill()
    dead.communicate()
    with Printer() as printer:
        assert printer.start() is not dead
    assert printing._ahead == []
