"""`cloud-discovery format test` and a user's folder: they read well, take precedence, and a broken format is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl.cli import app
from etl.errors import FormatError
from etl.intake import formats

TOML = """title = "Own"
vendor = "own"
document = "none"
confidence = "by convention"
time = "ISO 8601"
[frame]
type = "csv"
fields = ["time", "host"]
[detect]
pattern = '^20\\d\\d-'
[event]
event_at = "iso_time(time)"
dst_host = "host"
[provides]
entities = ["url"]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLOUD_DISCOVERY_HOME", str(tmp_path))
    folder = tmp_path / "my-formats" / "own"
    (folder / "samples").mkdir(parents=True)
    (folder / "format.toml").write_text(TOML, encoding="utf-8")
    (folder / "samples" / "typical.log").write_text(
        "2026-11-20T10:11:12Z,www.example.org\nno time,x\n", encoding="utf-8"
    )
    return tmp_path


def _run(*arguments: str) -> tuple[int, str]:
    told = CliRunner().invoke(app, ["format", *arguments])
    return told.exit_code, told.output + (str(told.exception) if isinstance(told.exception, FormatError) else "")


def test_expected_results_are_written_on_request_only(home: Path) -> None:
    """First a difference, which is shown and fails; after --write agreement, with the counts of outcomes."""
    folder = str(home / "my-formats" / "own")
    status, text = _run("test", folder)
    assert status == 1
    assert "found 2 records; expected 0" in text and f"cloud-discovery format test {folder} --write" in text
    assert _run("test", folder, "--write") == (0, "own: agrees with 1 sample (1 events, 1 rejects)\n")
    expected = home / "my-formats" / "own" / "samples" / "typical.expected.jsonl"
    expected.write_text(
        expected.read_text(encoding="utf-8").replace("www.example.org", "other.example"), encoding="utf-8"
    )
    status, text = _run("test", folder)
    assert status == 1 and "record 1:" in text and '"dst_host": "other.example"' in text


def test_a_folder_of_formats_is_tested_as_a_whole(home: Path) -> None:
    """The formats in it, one line each; a folder without any is refused."""
    _run("test", str(home / "my-formats"), "--write")
    assert _run("test", str(home / "my-formats"))[1].startswith("own: agrees with 1 sample")
    status, text = _run("test", str(home / "my-formats" / "own" / "samples"))
    assert status != 0 and "found no format.toml" in text


def test_the_default_folder_is_read_without_a_setting(home: Path) -> None:
    """my-formats in the home folder is there: its formats are listed, and win over ours of the same id."""
    assert "own" in _run("list")[1]
    (home / "my-formats" / "own").rename(home / "my-formats" / "squid_native")
    assert formats.available(home / "my-formats")["squid_native"].title == "Own"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('type = "csv"', 'type = "tsv"', "frame.type: found 'tsv'; expected"),
        ('title = "Own"', "", "title: found no such key; expected"),
        ("dst_host =", "host =", "[event]: found column 'host'; expected one of"),
        ("iso_time(time)", "iso_time(tme)", "found an expression that the engine refuses"),
        ("iso_time(time)", "read_text('/etc/passwd')", "found an expression that the engine refuses"),
        ("pattern = '^20", "pattern = '(^20", "[detect] pattern: found '(^20"),
        ("[provides]", "[provides", "found no readable TOML"),
    ],
)
def test_a_broken_format_is_refused_with_file_and_key(home: Path, old: str, new: str, said: str) -> None:
    """Whoever wrote it sees where, what was found and what was expected."""
    path = home / "my-formats" / "own" / "format.toml"
    path.write_text(TOML.replace(old, new), encoding="utf-8")
    status, text = _run("test", str(path.parent))
    assert status != 0
    assert str(path) in text and said in text
