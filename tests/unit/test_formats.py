"""Every format in its folder: samples agree with expected results, detection is certain, the spec is tidy."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from etl.errors import FormatError
from etl.intake import detect, formats, golden
from etl.intake.answers import parser_for
from etl.intake.parse import Parser
from etl.intake.reading import chunks
from etl.settings import Intake

FOLDERS = sorted(path.parent for path in formats.BUILT_IN.glob("*/format.toml"))
CASES = [case for folder in FOLDERS for case in golden.cases(folder)]
PUBLIC_ADDRESS = re.compile(r"(?<![\d.:])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}(?![\d.])")


def _name(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.name}" if path.is_file() else path.name


def test_formats_are_found() -> None:
    """The walk over the folders finds formats and samples, so that the tests below cannot pass by finding none."""
    assert len(FOLDERS) >= 11
    assert len(CASES) >= len(FOLDERS)


@cache
def _parser(timezone: str, received_at: str) -> Parser:
    """One for all cases on the same stage, as one intake has one for all its drops."""
    return parser_for(timezone, datetime.fromisoformat(received_at))


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_sample_agrees_with_expected(case: Path) -> None:
    """Answer N is for record N; the message names the command that accepts a difference."""
    stage, _ = golden.read_expected(case)
    assert golden.differences(case, _parser(stage["timezone"], stage["received_at"])) == []


def _events(folder: Path) -> list[dict[str, Any]]:
    found = [answer for case in golden.cases(folder) for answer in golden.read_expected(case)[1]]
    return [answer["event"] for answer in found if answer["outcome"] == "event"]


@pytest.mark.parametrize("folder", FOLDERS, ids=_name)
def test_samples_show_the_usual_cases(folder: Path) -> None:
    """Typical, blocked, no user, an address as destination, malformed; what cannot occur has its reason in `[without]`."""
    events = _events(folder)
    outcomes = {answer["outcome"] for case in golden.cases(folder) for answer in golden.read_expected(case)[1]}
    cases = {
        "typical": any(event["action"] == "allowed" for event in events),
        "blocked": any(event["action"] == "blocked" for event in events),
        "no user": any("user_name" not in event for event in events),
        "address": any(":" in event.get("dst_ip", "") or "dst_host" not in event for event in events),
        "malformed": "reject" in outcomes,
    }
    missing = {case for case, is_shown in cases.items() if not is_shown}
    excused = set(formats.read(folder).without)
    assert missing == excused, f"{folder.name}: add samples, or a reason in [without]; or take back a needless reason"


@pytest.mark.parametrize("folder", FOLDERS, ids=_name)
def test_samples_show_what_is_the_vendors_own(folder: Path) -> None:
    """Every reason to skip and every action that a format knows occurs in its samples."""
    spec = formats.read(folder)
    reasons = {answer.get("reason") for case in golden.cases(folder) for answer in golden.read_expected(case)[1]}
    assert set(spec.skip) <= reasons, "add a sample that is skipped for the reason, or take the reason out"
    known = set(re.findall(r"'(allowed|blocked|warned|bypassed|failed)'", spec.event.get("action", "")))
    assert known <= {event["action"] for event in _events(folder)}, (
        "add a sample with the action, or take the action out"
    )


@pytest.fixture(scope="module")
def parser() -> Parser:
    return Parser()


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_sample_is_detected_as_its_format_and_no_other(case: Path, parser: Parser) -> None:
    """`auto` picks the format of the folder that a sample lies in."""
    stage, _ = golden.read_expected(case)
    if stage.get("format", case.parent.parent.name) == "auto" or "undetected" in case.name:
        pytest.skip("the case says that it is mixed or cannot be told")
    if not any(answer["outcome"] == "event" for answer in golden.read_expected(case)[1]):
        pytest.skip("a sample without an event proves no format")
    head = next(iter(chunks(case, Intake())))
    found = detect.detect(head, list(formats.available().values()), parser, case.name, 1 << 20)
    assert found[0].id == case.parent.parent.name
    assert {spec.id for spec in found[1:]} <= set(found[0].detect.companions), "companions may stand by, no other"


@pytest.mark.parametrize("folder", FOLDERS, ids=_name)
def test_declared_fields_are_used(folder: Path) -> None:
    """A field that no expression names is noise in the file."""
    spec = formats.read(folder)
    text = " ".join([*spec.let.values(), *spec.event.values(), *spec.skip, *spec.skip.values(), *spec.reject.values()])
    unused = [name for name in spec.field_names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]
    is_by_position = spec.frame.type in ("csv", "columns", "w3c")  # the names before a used one must be there
    assert is_by_position or set(unused) <= {"syslog_time", "syslog_host"}, unused


@pytest.mark.parametrize("folder", FOLDERS, ids=_name)
def test_format_opens_with_the_vendors_line(folder: Path) -> None:
    """The head comment quotes the vendor's line and names the document."""
    text = (folder / "format.toml").read_text(encoding="utf-8")
    head = "\n".join(line for line in text.split("\ntitle")[0].splitlines() if line.startswith("#"))
    assert len(head.splitlines()) >= 3, folder.name
    assert "Document:" in head or "document" in head.lower(), (
        f"{folder.name}: name the vendor's document in the comment"
    )


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_samples_hold_documentation_addresses_only(case: Path) -> None:
    """No real address lies in a sample: private and documentation ranges only."""
    text = case.read_bytes().decode("latin-1")
    for first, second, third in PUBLIC_ADDRESS.findall(text):
        one, two, three = int(first), int(second), int(third)
        is_private = (
            one in (0, 10, 127, 255) or (one == 172 and 16 <= two <= 31) or (one == 192 and two == 168) or one >= 224
        )
        is_documentation = (one, two, three) in ((192, 0, 2), (198, 51, 100), (203, 0, 113)) or (
            one == 169 and two == 254
        )
        is_version = one < 20 or (two, three) == (0, 0)  # 7.0.5730.13 and 130.0.0.0 are versions of programs
        assert is_private or is_documentation or is_version or (one == 100 and 64 <= two <= 127), (
            f"{first}.{second}.{third}"
        )


def test_unknown_column_is_refused(tmp_path: Path) -> None:
    """A wrong format.toml says which key, what was found and what was expected."""
    folder = tmp_path / "mine"
    folder.mkdir()
    text = (formats.BUILT_IN / "squid_native" / "format.toml").read_text(encoding="utf-8")
    (folder / "format.toml").write_text(text.replace("src_ip =", "source_ip ="), encoding="utf-8")
    with pytest.raises(FormatError, match="found column 'source_ip'; expected one of"):
        formats.read(folder)


def test_user_format_wins_over_ours(tmp_path: Path) -> None:
    """A user's own folder takes precedence where an id is in both."""
    folder = tmp_path / "squid_native"
    folder.mkdir()
    text = (formats.BUILT_IN / "squid_native" / "format.toml").read_text(encoding="utf-8")
    (folder / "format.toml").write_text(text.replace('title = "Squid native', 'title = "Our native'), encoding="utf-8")
    assert formats.available(tmp_path)["squid_native"].title.startswith("Our native")


def test_formats_page_is_current() -> None:
    """docs/formats.md is what the folders say; the repair is one command."""
    from etl.intake.formats_page import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m etl.intake.formats_page"
