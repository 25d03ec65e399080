"""A Squid `logformat` line in a source's configuration becomes a format that reads what such a Squid writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from etl import settings
from etl.errors import SettingsError
from etl.intake import formats, golden
from etl.intake.answers import answers
from etl.intake.drops import find
from etl.intake.logformat import CODES, PREDEFINED, compile_logformat, of_sources
from etl.intake.upload import Intake
from etl.lake import Lake

NATIVE = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt"
TUNNEL = {"dst_host": "files.example.org", "dst_port": 443, "http_method": "CONNECT", "action": "allowed"}

LINES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bars, quotes and a TLS name": (
        '%tl|%>a|%>A|%un|%>st|%<st|%rm|%ru|%tls::>sni|%"{User-Agent}>h|%Ss/%03>Hs|%6tr',
        "20/Nov/2026:11:11:12 +0100|192.0.2.1|pc1.example.com|ann a%25|10|20|CONNECT|203.0.113.9:443|files.example.org|"
        r"Moz \"x\"|TCP_TUNNEL/200|    45",
        TUNNEL
        | {
            "event_at": "2026-11-20T10:11:12Z",
            "src_ip": "192.0.2.1",
            "device_name": "pc1.example.com",
            "user_name": "ann a%",
            "user_agent": 'Moz "x"',
            "uploaded_bytes": 10,
            "downloaded_bytes": 20,
            "total_bytes": 30,
            "duration_ms": 45,
            "http_status": 200,
        },
    ),
    "a time of one's own, left aligned": (
        "%{%Y-%m-%d %H:%M:%S}tg %-15>a %>p %>rd %>rP %>rp %>Hs",
        "2026-11-20 10:11:12 192.0.2.1       5000 www.example.org 443 /a?secret 200",
        {
            "event_at": "2026-11-20T10:11:12Z",
            "src_ip": "192.0.2.1",
            "src_port": 5000,
            "dst_host": "www.example.org",
            "dst_port": 443,
            "url_path": "/a",
            "http_status": 200,
        },
    ),
    "argument behind the code, old names": (
        'logformat mine [%tl{%d/%b/%Y:%H:%M:%S %z}] %http::>a %ul "%rm %#ru HTTP/%rv" %Hs %st "%>h{User-Agent}" %%',
        '[20/Nov/2026:10:11:12 +0000] 192.0.2.1 - "GET http://www.example.org/ HTTP/1.1" 502 77 "Moz (a \\"b\\")" %',
        {
            "event_at": "2026-11-20T10:11:12Z",
            "src_ip": "192.0.2.1",
            "dst_host": "www.example.org",
            "dst_port": 80,
            "url_path": "/",
            "http_method": "GET",
            "http_status": 502,
            "action": "failed",
            "total_bytes": 77,
            "user_agent": 'Moz (a "b")',
        },
    ),
    "seconds only, headers last": (
        "%ts %>a %Ss %rm %ru %{Host}>h %{X-Note}>h",
        "1795169472 192.0.2.1 TCP_DENIED GET http://192.0.2.9/ www.example.org any words here",
        {
            "event_at": "2026-11-20T10:11:12Z",
            "src_ip": "192.0.2.1",
            "dst_host": "www.example.org",
            "dst_port": 80,
            "url_path": "/",
            "http_method": "GET",
            "action": "blocked",
        },
    ),
    "field names of a W3C log": (
        "date time c-ip cs-username cs-host cs-method sc-bytes cs-bytes",
        '2026-11-20 10:11:12 192.0.2.1 "ann a" www.example.org GET 20 10',
        {
            "event_at": "2026-11-20T10:11:12Z",
            "src_ip": "192.0.2.1",
            "user_name": "ann a",
            "dst_host": "www.example.org",
            "http_method": "GET",
            "uploaded_bytes": 10,
            "downloaded_bytes": 20,
            "total_bytes": 30,
        },
    ),
}


def _read(tmp_path: Path, logformat: str, text: str) -> list[dict[str, Any]]:
    path = tmp_path / "access.log"
    path.write_text(text + "\n", encoding="utf-8")
    known = formats.available()
    if "%" not in logformat:
        known = {"given": compile_logformat(logformat, "here")}
    return [golden._short(one) for one in answers(path, known, logformat if "%" in logformat else "given")]


@pytest.mark.parametrize("case", LINES)
def test_a_line_is_read_by_its_logformat(tmp_path: Path, case: str) -> None:
    """Encodings, widths, arguments and namespaces are understood; a value is decoded once; what is not logged is unknown."""
    logformat, line, expected = LINES[case]
    (answer,) = _read(tmp_path, logformat, line)
    assert answer["outcome"] == "event", answer
    assert answer["event"] == {"action": "unknown", "transactions": 1} | expected


@pytest.mark.parametrize(
    ("name", "folder"), [("squid", "squid_native"), ("common", "squid_common"), ("combined", "squid_combined")]
)
def test_squids_own_logformats_read_as_our_formats_do(name: str, folder: str) -> None:
    """The typical samples of the three built-in names give the same events, whether by folder or by logformat."""
    case = next(one for one in golden.cases(formats.BUILT_IN / folder) if "typical" in one.name)
    stage, expected = golden.read_expected(case)
    found = [golden._short(one) for one in answers(case, formats.available(), PREDEFINED[name], stage["timezone"])]
    for one, other in zip(found, expected, strict=True):
        one.pop("format", None)
        other.pop("format", None)
        assert one == other


def test_native_is_read_as_columns() -> None:
    """Where every field is a word, the fast frame is chosen."""
    assert compile_logformat(NATIVE, "here").frame.type == "columns"
    assert compile_logformat("squid", "here").event == compile_logformat(NATIVE, "here").event


VALUES = {
    "ts": "1795169472",
    "tl": "20/Nov/2026:10:11:12 +0000",
    "ru": "http://www.example.org/",
    ">ru": "http://www.example.org/",
}


@pytest.mark.parametrize("divider", [" ", "|"])
def test_every_code_is_compiled(tmp_path: Path, divider: str) -> None:
    """A line of all codes is read: words and numbers between blanks as columns, all codes between bars by an expression."""
    codes = [code for code in sorted(CODES) if divider == "|" or CODES[code] != "text"]
    logformat = divider.join(f"%{code}" for code in codes)
    assert compile_logformat(logformat, "here").frame.type == ("regex" if divider == "|" else "columns")
    (answer,) = _read(
        tmp_path,
        logformat,
        divider.join(VALUES.get(code, "192" if CODES[code] == "number" else code) for code in codes),
    )
    event = answer["event"]
    assert event["event_at"] == "2026-11-20T10:11:12Z"
    assert (event["user_name"], event["http_method"], event["duration_ms"]) == ("un", "RM", 192)
    assert (event["uploaded_bytes"], event["downloaded_bytes"], event["http_status"]) == (192, 192, 192)


@pytest.mark.parametrize(
    ("logformat", "said"),
    [
        ("%ts %zz %ru", "found '%zz %ru' at character 5; expected one of Squid's format codes: <A "),
        ("%>a %ru", "found no time; expected one of %ts"),
        ("%ts %>a", "found no code for the destination; expected %ru"),
        ("access.log", "found 'access.log'; expected Squid's format codes"),
        ("date time", "found 'date time'; expected Squid's format codes"),
    ],
)
def test_what_cannot_be_a_logformat_is_refused(logformat: str, said: str) -> None:
    """The key, what was found and what is known."""
    with pytest.raises(SettingsError) as refused:
        compile_logformat(logformat, "[sources.a] logformat")
    assert "[sources.a] logformat: " in str(refused.value) and said in str(refused.value)


def test_two_sources_may_have_two_logformats(tmp_path: Path) -> None:
    """Each drop is read by its source's logformat, in one run; the receipt says that nothing was detected."""
    (tmp_path / "cloud-discovery.toml").write_text(
        "[intake]\nsettle_seconds = 0.0\nmax_age_days = 30000\nmax_future_days = 30000\n"
        "[sources.a]\nlogformat = '%ts %>a %ru'\n[sources.b]\nlogformat = '%>a %ts %ru'\n",
        encoding="utf-8",
    )
    for source, line in (("a", "1795169472 192.0.2.1"), ("b", "192.0.2.1 1795169472")):
        (tmp_path / "drops" / source).mkdir(parents=True)
        (tmp_path / "drops" / source / "x.log").write_text(f"{line} http://{source}.example.org/\n", encoding="utf-8")
    configured = settings.load(home=tmp_path)
    run = Intake(configured, Lake(configured.folder("lake")))
    receipts = [run.take(drop) for drop in find(configured)[0]]
    run.close()
    assert [(one.outcome, one.log_format, one.is_detected) for one in receipts if one] == [
        ("loaded", "squid_logformat", False)
    ] * 2


def test_a_format_and_a_logformat_exclude_each_other(tmp_path: Path) -> None:
    """Two answers to one question are refused when the configuration is used."""
    text = "[sources.a]\nformat = 'squid_native'\nlogformat = '%ts %>a %ru'\n"
    (tmp_path / "cloud-discovery.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="found both format = 'squid_native' and a logformat"):
        of_sources(settings.load(home=tmp_path))
