"""`cloud-discovery format new`: a format proposed from a sample reads that sample, says what it guessed, and is detected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl.cli import app
from etl.errors import FormatError
from etl.intake import detect, formats, golden
from etl.intake.answers import answers
from etl.intake.parse import Parser
from etl.intake.proposing import Proposal, propose
from etl.intake.proposing.times import guess_time
from etl.settings import Intake

TABLE = """stamp{0}person{0}workstation ip{0}target{0}Bytes Out{0}Bytes In{0}decision{0}policy
20/11/2026 10:11:12{0}anna@example.com{0}10.0.0.1{0}www.example.org{0}512{0}1024{0}Permitted{0}p1
20/11/2026 10:11:13{0}bob@example.com{0}10.0.0.2{0}files.example.net{0}51200{0}24{0}Denied{0}p2
21/11/2026 10:11:14{0}{0}10.0.0.2{0}files.example.net{0}1{0}2{0}Permitted{0}p2
"""
FIRST = {
    "event_at": "2026-11-20T10:11:12Z",
    "user_name": "anna@example.com",
    "src_ip": "10.0.0.1",
    "dst_host": "www.example.org",
    "action": "allowed",
    "transactions": 1,
}
BYTES = {"uploaded_bytes": 512, "downloaded_bytes": 1024, "total_bytes": 1536}
REQUEST = {"dst_port": 443, "url_path": "/a", "http_method": "GET"}

SAMPLES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "comma.csv": ("csv", TABLE.format(","), FIRST | BYTES),
    "semicolon.csv": ("csv", TABLE.format(";"), FIRST | BYTES),
    "tab.tsv": ("csv", TABLE.format("\t"), FIRST | BYTES),
    "quoted.csv": ("csv", TABLE.format(",").replace("p1", '"p1, ""special"""'), FIRST | BYTES),
    "pairs.log": (
        "key_value",
        "<134>Nov 20 10:11:12 gw1 proxyd: ts=1795169472 usr=anna@example.com client=10.0.0.1 dest=www.example.org "
        'rule="let it, be" sent=512 rcvd=1024 verdict=pass\n'
        "<134>Nov 20 10:11:13 gw1 proxyd: ts=1795169473 usr=bob client=10.0.0.2 dest=files.example.net "
        'rule="no uploads" sent=51 rcvd=10 verdict=deny\n',
        FIRST | BYTES,
    ),
    "flat.json": (
        "json",
        '{"eventTime": "2026-11-20T11:11:12+01:00", "principal": "anna@example.com", "outcome": "ALLOW", "verb": "GET", '
        '"url": "https://www.example.org/a?b", "bytesOut": 512, "bytesIn": 1024, "clientIp": "10.0.0.1"}\n'
        '{"eventTime": "2026-11-20T11:11:13+01:00", "principal": null, "outcome": "BLOCK", "verb": "POST", '
        '"url": "https://files.example.net/a?b", "bytesOut": 1, "bytesIn": 2, "clientIp": "10.0.0.2"}\n',
        FIRST | BYTES | REQUEST,
    ),
    "nested.json": (
        "json",
        json.dumps(
            [
                {
                    "@t": 1795169472123,
                    "source": {"ip": "10.0.0.1", "bytes": 512},
                    "destination": {"bytes": 1024},
                    "user": {"name": "anna@example.com"},
                    "http": {"request": {"method": "GET", "url": ["https://www.example.org/a"]}},
                    "event": {"action": verdict},
                }
                for verdict in ("allowed", "denied")
            ]
        ),
        FIRST | BYTES | REQUEST | {"event_at": "2026-11-20T10:11:12.123000Z"},
    ),
    "plain.log": (
        "columns",
        "2026-11-20T10:11:12Z 10.0.0.1 anna@example.com GET https://www.example.org/a 200 5120 ALLOW\n"
        "2026-11-20T10:11:13Z 10.0.0.2 - CONNECT files.example.net:443 403 0 BLOCK\n"
        "2026-11-20T10:11:14Z 10.0.0.2 - POST https://files.example.net/b 200 77 ALLOW\n",
        FIRST | REQUEST | {"http_status": 200},
    ),
    "cells.log": (
        "csv",
        "2026-11-20 10:11:12|10.0.0.1|anna@example.com|www.example.org|allow\n"
        "2026-11-20 10:11:13|10.0.0.2||files.example.net|deny\n",
        FIRST,
    ),
    "mixed.log": (
        "regex",
        '10.0.0.1 anna@example.com [20/Nov/2026:11:11:12 +0100] "GET https://www.example.org/a HTTP/1.1" 200 "allow"\n'
        '10.0.0.2 - [20/Nov/2026:11:11:13 +0100] "POST https://files.example.net/b HTTP/1.1" 403 "deny"\n',
        FIRST | REQUEST | {"http_status": 200},
    ),
    "fields.log": (
        "w3c",
        "#Fields: x-day x-clock client x-person site x-say\n"
        "2026-11-20 10:11:12 10.0.0.1 anna@example.com www.example.org allow\n",
        FIRST,
    ),
    "own.cef": (
        "cef",
        "CEF:0|Own|Gate|1.0|7|request|3|rt=1795169472000 src=10.0.0.1 suser=anna@example.com dhost=www.example.org act=permit\n"
        "CEF:0|Own|Gate|1.0|7|request|3|rt=1795169473000 src=10.0.0.2 suser=bob dhost=files.example.net act=deny\n",
        FIRST,
    ),
}


def _proposed(tmp_path: Path, file_name: str, text: str) -> Proposal:
    sample = tmp_path / file_name
    sample.write_text(text, encoding="utf-8")
    return propose("mine", sample, tmp_path / "formats", Intake())


@pytest.mark.parametrize("file_name", SAMPLES)
def test_a_proposal_reads_its_sample(tmp_path: Path, file_name: str) -> None:
    """Frame, time and columns are found; the first record's event holds exactly what the log says, nothing invented."""
    kind, text, expected = SAMPLES[file_name]
    proposal = _proposed(tmp_path, file_name, text)
    events = [answer["event"] for answer in proposal.answers if answer["outcome"] == "event"]
    assert formats.read(proposal.folder).frame.type == kind
    assert events[0] == expected
    assert all(answer["outcome"] != "reject" for answer in proposal.answers)
    assert golden.differences(golden.cases(proposal.folder)[0]) == []


@pytest.mark.parametrize("file_name", SAMPLES)
def test_a_proposal_is_detected_before_ours(tmp_path: Path, file_name: str) -> None:
    """With the user's folder, `auto` reads the sample by the user's format, whatever of ours could read it too."""
    _, text, _ = SAMPLES[file_name]
    proposal = _proposed(tmp_path, file_name, text)
    known = formats.available(proposal.folder.parent)
    parser = Parser()
    found = detect.detect(text.encode(), list(known.values()), parser, file_name, 1 << 20)
    parser.close()
    assert found[0].id == "mine"


def test_guesses_are_marked(tmp_path: Path) -> None:
    """Each guess says why it was made; what was not used is listed with a value."""
    proposal = _proposed(tmp_path, "comma.csv", SAMPLES["comma.csv"][1])
    text = (proposal.folder / "format.toml").read_text(encoding="utf-8")
    event = text.partition("[event]\n")[2].partition("\n\n")[0].splitlines()
    assert len(event) % 2 == 0
    assert all(line.startswith("# GUESS ") for line in event[::2])
    assert "# GUESS by its name, decision; CHECK: values that the sample does not show" in event
    assert "#   policy: p1" in text


@pytest.mark.parametrize(
    ("values", "expression", "doubt"),
    [
        (["1795169472", "1795169473.5"], "epoch_seconds({x})", ""),
        (["1795169472123"], "epoch_milliseconds({x})", ""),
        (["1795169472123456"], "epoch_any({x})", ""),
        (["2026-11-20T10:11:12Z"], "iso_time({x})", ""),
        (["2026-11-20 10:11:12"], "iso_time({x})", "no zone"),
        (["Fri Nov 20 10:11:12 2026"], "local_strptime({x}, '%a %b %d %H:%M:%S %Y')", "no zone"),
        (["11/20/2026 1:11:12 PM"], "local_strptime({x}, '%m/%d/%Y %I:%M:%S %p')", "no zone"),
        (["20.11.2026 10:11"], "local_strptime({x}, '%d.%m.%Y %H:%M')", "no zone"),
        (["05/06/2026 10:11:12"], "local_strptime({x}, '%d/%m/%Y %H:%M:%S')", "which is the day"),
        (["Nov 20 10:11:12"], "syslog_time({x})", "no zone"),
    ],
)
def test_times_are_told_by_their_shape(values: list[str], expression: str, doubt: str) -> None:
    """What cannot be told, the zone or the order of day and month, is said."""
    found = guess_time(values)
    assert found is not None
    assert found.expression == expression
    assert doubt in found.doubt if doubt else not found.doubt


@pytest.mark.parametrize("values", [["512", "1024"], ["99999999999"], ["10:11:12"], ["abc"], []])
def test_numbers_and_words_are_no_times(values: list[str]) -> None:
    """A count of bytes is no instant."""
    assert guess_time(values) is None


def test_a_log_without_a_frame_is_refused(tmp_path: Path) -> None:
    """Prose is no log: what was expected is said, and no folder is left behind."""
    with pytest.raises(FormatError, match="found no frame that nine of ten lines have in common"):
        _proposed(tmp_path, "note.txt", "dear diary\nnothing, here is a log\nreally not one\nof any (kind) at all\n")
    assert not (tmp_path / "formats").exists()


def test_a_log_without_a_time_says_so(tmp_path: Path) -> None:
    """The proposal stands, each record is a reject, and the file says where to write the time."""
    proposal = _proposed(tmp_path, "x.csv", "who,host,verdict\nanna,www.example.org,allow\nbob,www.example.net,deny\n")
    assert {answer["outcome"] for answer in proposal.answers} == {"skip", "reject"}
    assert "FOUND NO TIME" in (proposal.folder / "format.toml").read_text(encoding="utf-8")


def test_hostile_names_stay_texts(tmp_path: Path) -> None:
    """Column names with quotes, newlines in cells and SQL in values become neither TOML nor SQL."""
    head = 'time,"a\'""\n]b",host;drop table x,"\'\'\'",user\\,line,User\n'
    row = "2026-11-20T10:11:12Z,\"x\ny\",www.example.org,''');--,anna,1,2\n"
    proposal = _proposed(tmp_path, "x.csv", head + row * 3)
    assert formats.read(proposal.folder).frame.header


def test_the_command_writes_shows_and_tells_what_to_configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default folder my-formats works without a setting; another one is named with the setting it needs."""
    monkeypatch.setenv("CLOUD_DISCOVERY_HOME", str(tmp_path))
    sample = tmp_path / "a.csv"
    sample.write_text(SAMPLES["comma.csv"][1], encoding="utf-8")
    told = CliRunner().invoke(app, ["format", "new", "mine", "--from", str(sample)])
    assert told.exit_code == 0, told.output
    assert "www.example.org" in told.output and "GUESS" in told.output and "not read yet" not in told.output
    assert "mine" in CliRunner().invoke(app, ["format", "list"]).output
    other = CliRunner().invoke(app, ["format", "new", "mine", "--from", str(sample), "--out", str(tmp_path / "b")])
    assert "under [paths] in cloud-discovery.toml" in other.output
    again = CliRunner().invoke(app, ["format", "new", "mine", "--from", str(sample)])
    assert again.exit_code != 0


def test_events_of_a_user_format_are_read_by_the_file_command(tmp_path: Path) -> None:
    """What `parse` answers for the sample comes from the user's format."""
    proposal = _proposed(tmp_path, "pairs.log", SAMPLES["pairs.log"][1])
    found = list(answers(tmp_path / "pairs.log", formats.available(proposal.folder.parent)))
    assert [answer.get("format") for answer in found] == ["mine", "mine"]
