"""A hostile drop set leaves the night green: each outcome explained, nothing executed, nothing lost."""

from __future__ import annotations

import csv
import gzip
import time
import zipfile
from pathlib import Path

import pytest

from etl import pipeline
from etl.lake import Lake, Receipt
from etl.settings import Settings
from reports.nightly import render_and_send

NOW = int(time.time()) - 7200
NAME = "'\"><svg onload=alert(2)>"  # of a source and of a file
Night = tuple[Settings, dict[str, Receipt], int]


def _line(host: str = "www.example.org", user: str = "alice", at: int = NOW, path: str = "/a") -> bytes:
    return f"{at}.000    10 192.0.2.10 TCP_MISS/200 100 GET http://{host}{path} {user} HIER_DIRECT/198.51.100.7 text/html\n".encode()


def _write(folder: Path) -> None:
    good = b"".join(_line(at=NOW + i) for i in range(20))
    files = {
        "binary.log": bytes(range(256)) * 400,
        "picture.log": b"\x89PNG\r\n\x1a\n" + bytes(1000),
        "empty.log": b"",
        "truncated.log.gz": gzip.compress(good * 500)[:-40],
        "long_line.log": good + b"x" * 10_000_000 + b"\n" + _line(),
        "bad_utf8.log": good + _line(user="caf\u00e9").decode().encode("latin-1") + b"\xff\xfe\xfd broken\n",
        "nuls.log": good + b"\x00\x00\x00\n" + _line(path="/nul\x00byte"),
        "script.log": good
        + _line(path="/<script>alert(1)</script>")
        + _line(user="<script>alert(1)</script>")
        + _line(host="<script>alert(1)</script>.example.org"),
        "formula.log": good + _line(user="=cmd()") + _line(user="@SUM(A1)") + _line(user="+1"),
        "long_host.log": good + _line(host="a" * 300 + ".example"),
        "dates.log": good + _line(at=0) + _line(at=4070908800) + _line(at=NOW - 86400 * 400),
        "deep.json": b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n",
        "crlf.log": good.replace(b"\n", b"\r\n") + b"\r\n\r\n",
    }
    for name, data in files.items():
        source = folder / name.partition(".")[0]
        source.mkdir(parents=True)
        (source / name).write_bytes(data)
    (folder / "zips").mkdir()
    with zipfile.ZipFile(folder / "zips" / "many.zip", "w") as archive:
        for number in range(1000):
            archive.writestr(f"{number}.log", good)
    with zipfile.ZipFile(folder / "zips" / "traversal.zip", "w") as archive:
        archive.writestr("../../../../tmp/cloud-discovery-escaped.log", good)
    with (
        zipfile.ZipFile(folder / "zips" / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.log", "w") as log,
    ):
        for _ in range(300):
            log.write(_line() * 11_000)
    (folder / "zips" / "zeros.gz").write_bytes(gzip.compress(bytes(300_000_000), 9))
    (folder / "zips" / "link.log").symlink_to("/etc/passwd")
    (folder / NAME).mkdir()
    (folder / NAME / f"{NAME}.log").write_bytes(good)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    home = tmp_path_factory.mktemp("hostile")
    settings = Settings.model_validate({"home": home, "intake": {"settle_seconds": 0}, "report": {"per_source": False}})
    _write(settings.folder("drops"))
    files = sum(1 for path in settings.folder("drops").rglob("*") if path.is_file() or path.is_symlink())
    done = pipeline.nightly(settings, render_and_send)
    return settings, {receipt.file_name: receipt for receipt in done.receipts}, files


def test_every_drop_has_a_receipt(night: Night) -> None:
    """No drop is lost, and no drop is left behind."""
    settings, receipts, files = night
    assert len(receipts) == files
    assert [path for path in settings.folder("drops").rglob("*") if not path.is_dir()] == []


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("binary.log", "quarantined", "unsupported_file_type"),
        ("picture.log", "quarantined", "unsupported_file_type"),
        ("empty.log", "quarantined", "empty"),
        ("truncated.log.gz", "quarantined", "corrupted"),
        ("many.zip", "quarantined", "too_large"),
        ("bomb.zip", "quarantined", "too_large"),
        ("zeros.gz", "quarantined", "unsupported_file_type"),
        ("link.log", "quarantined", "unsupported_file_type"),
        ("deep.json", "quarantined", "unknown_format"),
        ("traversal.zip", "loaded", None),
        ("long_line.log", "loaded_with_rejects", None),
        ("bad_utf8.log", "loaded_with_rejects", None),
        ("nuls.log", "loaded_with_rejects", None),
        ("script.log", "loaded_with_rejects", None),
        ("formula.log", "loaded", None),
        ("long_host.log", "loaded_with_rejects", None),
        ("dates.log", "loaded_with_rejects", None),
        ("crlf.log", "loaded", None),
        (f"{NAME}.log", "loaded", None),
    ],
)
def test_outcome(night: Night, name: str, outcome: str, reason: str | None) -> None:
    """Each file ends as it should; a refused one has words that a person can act on beside it."""
    settings, receipts, _ = night
    receipt = receipts[name]
    assert (receipt.outcome, receipt.reason) == (outcome, reason), receipt
    if outcome == "quarantined":
        note = settings.folder("quarantine") / receipt.source / receipt.upload_id / f"{name}.reason.txt"
        assert "expected" in note.read_text() and len(note.read_text()) > 60
    else:
        assert receipt.events >= 20
        assert receipt.records == receipt.events + sum(receipt.skips.values()) + sum(receipt.rejects.values())


def test_records_are_explained(night: Night) -> None:
    """The odd records carry their own reasons."""
    _, receipts, _ = night
    assert receipts["long_line.log"].rejects == {"record longer than 1,048,576 bytes": 1}
    assert receipts["script.log"].rejects == {"found the character '<' in the host; expected a name or an address": 1}
    assert receipts["long_host.log"].rejects == {"host name longer than 253 characters": 1}
    assert receipts["dates.log"].skips == {"too old": 1}
    assert set(receipts["dates.log"].rejects) == {
        "time lies before 1995; the clock was not set",
        "time lies in the future",
    }
    assert receipts["bad_utf8.log"].events == 21


def test_nothing_escapes(night: Night) -> None:
    """No path of an archive reaches the file system, and a link is not followed."""
    settings, receipts, _ = night
    assert not Path("/tmp/cloud-discovery-escaped.log").exists()  # noqa: S108 - where the archive pointed
    link = settings.folder("quarantine") / "zips" / receipts["link.log"].upload_id / "link.log"
    assert link.is_symlink() and str(link.readlink()) == "/etc/passwd"
    roots = (settings.folder("archive"), settings.folder("quarantine"), settings.folder("lake"))
    assert all(
        path.resolve().is_relative_to(settings.home)
        for root in roots
        for path in root.rglob("*")
        if not path.is_symlink()
    )


def test_nothing_is_markup(night: Night) -> None:
    """Hosts, paths, sources and files that look like markup are text on every page and in the mail."""
    output = night[0].folder("output")
    pages = [path for path in output.rglob("*") if path.suffix in (".html", ".js", ".eml")]
    assert len(pages) > 8
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "<script>alert(1)" not in text, page
        assert "<svg onload" not in text, page
    assert "svg onload" in (output / "uploads.html").read_text(encoding="utf-8") + "".join(
        page.read_text(encoding="utf-8") for page in pages if page.suffix == ".js"
    )


def test_no_cell_is_a_formula(night: Night) -> None:
    """A spreadsheet finds no formula in any export: such cells begin with an apostrophe."""
    found = []
    for table in night[0].folder("output").rglob("*.csv"):
        with table.open(encoding="utf-8-sig", newline="") as handle:
            found += [cell for row in csv.reader(handle) for cell in row if cell]
    assert {"'=cmd()", "'@sum(a1)", "'+1"} <= set(found)
    assert [
        cell for cell in found if cell[0] in "=+@\t\r" or (cell[0] == "-" and not cell[1:].replace(".", "").isdigit())
    ] == []


def test_users_keep_their_text_in_the_warehouse(night: Night) -> None:
    """Neutralising happens at the edge: the warehouse holds what was logged."""
    import sqlalchemy as sa

    from etl import warehouse

    settings, _, _ = night
    with warehouse.reading(settings) as connection:
        users = {row[0] for row in connection.execute(sa.text("select user_key from dim_users"))}
    assert {"=cmd()", "@sum(a1)", "+1", "café"} <= users
    assert len(list(Lake(settings.folder("lake")).receipts())) > 0
