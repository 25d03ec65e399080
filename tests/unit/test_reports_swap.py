"""A report appears whole or not at all, and never in place of something that is not a report."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from etl.errors import ReportError
from reports.swap import MARK, replacing_folder

ROOT = Path(__file__).resolve().parents[2]


def write(out: Path, text: str) -> None:
    with replacing_folder(out) as folder:
        (folder / MARK).write_text(text, encoding="utf-8")
        (folder / "index.html").write_text(text, encoding="utf-8")


def leftovers(out: Path) -> list[str]:
    return [path.name for path in out.parent.iterdir() if path != out]


def test_new_report_takes_the_old_ones_place(tmp_path: Path) -> None:
    """After two reports only the second one is there, and nothing else."""
    out = tmp_path / "output"
    write(out, "one")
    (out / "report.eml").write_text("mail of one", encoding="utf-8")
    write(out, "two")
    assert sorted(path.name for path in out.iterdir()) == ["index.html", MARK]
    assert (out / "index.html").read_text(encoding="utf-8") == "two"
    assert leftovers(out) == []


def test_error_leaves_the_old_report(tmp_path: Path) -> None:
    """When rendering fails, the old report stays and the half of the new one goes."""
    out = tmp_path / "output"
    write(out, "one")
    with pytest.raises(ZeroDivisionError), replacing_folder(out) as folder:
        (folder / "index.html").write_text("half", encoding="utf-8")
        raise ZeroDivisionError
    assert (out / "index.html").read_text(encoding="utf-8") == "one"
    assert leftovers(out) == []


@pytest.mark.parametrize("name", ["thesis.odt", "index.html"])
def test_foreign_folder_is_refused(tmp_path: Path, name: str) -> None:
    """A folder that holds something else than a report is not replaced."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / name).write_text("mine", encoding="utf-8")
    with pytest.raises(ReportError, match="it would be lost"):
        write(tmp_path / "documents", "report")
    assert (tmp_path / "documents" / name).read_text(encoding="utf-8") == "mine"


def test_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """A file where the folder should be is named, and kept."""
    (tmp_path / "output").write_text("mine", encoding="utf-8")
    with pytest.raises(ReportError, match="found a file"):
        write(tmp_path / "output", "report")


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    """An empty folder, made by hand, is as good as none."""
    (tmp_path / "output").mkdir()
    write(tmp_path / "output", "one")
    assert (tmp_path / "output" / "index.html").exists()


def test_killed_run_leaves_nothing_half_done(tmp_path: Path) -> None:
    """kill -9 in the middle of rendering: the old report is whole, and the next run sweeps up."""
    out = tmp_path / "output"
    write(out, "one")
    code = f"""
import pathlib, time
from reports.swap import replacing_folder
with replacing_folder(pathlib.Path({str(out)!r})) as folder:
    (folder / "index.html").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGKILL)
    assert (out / "index.html").read_text(encoding="utf-8") == "one"
    assert len(leftovers(out)) == 1
    write(out, "two")
    assert (out / "index.html").read_text(encoding="utf-8") == "two"
    assert leftovers(out) == []


def test_reader_never_misses_the_report(tmp_path: Path) -> None:
    """While reports are exchanged again and again, a reader always finds one, complete."""
    out = tmp_path / "output"
    write(out, "0")
    code = f"""
import pathlib
from reports.swap import MARK, replacing_folder
for number in range(300):
    with replacing_folder(pathlib.Path({str(out)!r})) as folder:
        (folder / MARK).write_text("x")
        (folder / "index.html").write_text(str(number))
"""
    missing = reads = 0
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as process:
        while process.poll() is None:
            reads += 1
            missing += not (out / "index.html").exists()
            time.sleep(0)
    assert process.returncode == 0 and reads > 100 and missing == 0


def test_mounted_folder_is_filled_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount cannot be renamed; its entries are exchanged instead, and stale ones removed."""
    out = tmp_path / "output"
    write(out, "one")
    (out / "sources").mkdir()
    (out / "sources" / "old.html").write_text("old", encoding="utf-8")
    monkeypatch.setattr(Path, "is_mount", lambda path: path == out)
    before = out.stat().st_ino
    write(out, "two")
    assert out.stat().st_ino == before
    assert sorted(path.name for path in out.iterdir()) == ["index.html", MARK]
    assert (out / "index.html").read_text(encoding="utf-8") == "two"
