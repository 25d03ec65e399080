"""docs/custom-formats.md is true: its sample gives what the page shows, and the steps that it names work."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl.cli import app
from etl.intake.logformat import compile_logformat

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "custom-formats.md").read_text(encoding="utf-8")
BLOCKS = [
    (kind, textwrap.dedent(text)) if indent else (kind, text)
    for indent, kind, text in re.findall(r"(?ms)^( *)```(\w+)\n(.*?)^ *```$", PAGE)
]


def _block(kind: str, start: str) -> str:
    return next(text for found, text in BLOCKS if found == kind and start in text)


def test_the_worked_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the sample to a tested format, in the page's own commands, with the page's own result."""
    monkeypatch.setenv("CLOUD_DISCOVERY_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "export.log").write_text(_block("text", "when;person"), encoding="utf-8")
    new = _block("sh", "format new").split()
    told = CliRunner().invoke(app, new[1:])
    assert told.exit_code == 0, told.output
    assert _block("text", "gate: table").strip() in told.output
    path = tmp_path / "my-formats" / "gate" / "format.toml"
    text = path.read_text(encoding="utf-8")
    assert _block("toml", "# GUESS by its name, sent") in text
    addition = _block("toml", "device_name").strip()
    text = re.sub(r"(?m)^(fields = \[[^\]]*)\]", r"\1, 'desk']", text).replace(
        "[provides]", f"{addition}\n\n[provides]"
    )
    path.write_text(text, encoding="utf-8")
    for line in _block("sh", "format test").splitlines():
        tested = CliRunner().invoke(app, line.partition("#")[0].split()[1:])
        assert tested.exit_code == 0 and "gate: agrees with 1 sample" in tested.output, tested.output
    parsed = CliRunner().invoke(app, ["parse", "export.log"])
    assert parsed.output.count('"format": "gate"') == 2 and '"device_name": "PC-17"' in parsed.output


def test_the_logformat_of_the_page_is_one() -> None:
    """The line can be compiled."""
    line = re.search(r"logformat = '(.*)'", _block("toml", "logformat"))
    assert line and compile_logformat(line[1], "page").event["event_at"]


def test_the_macros_of_the_page_exist() -> None:
    """Each macro that the page names is in macros.sql."""
    macros = (Path(__file__).resolve().parents[2] / "etl" / "intake" / "macros.sql").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)\([a-z, ]+\)`", PAGE))
    assert len(named) > 15
    assert {name for name in named if f"macro {name}(" not in macros} == set()
