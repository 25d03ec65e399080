"""A host or URL that is told to be plain gives the event that the engine's macros give; what is odd is left to them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.intake import formats
from etl.intake.framing import Records
from etl.intake.parse import Parser

FRAME = formats.Frame(type="columns", fields=("a", "url", "c"), separator="\t", least=2)
EVENTS = {
    "url": {"url": "url"},
    "url_and_port": {"url": "known(url)", "dst_port": "c"},
    "host": {"dst_host": "url"},
    "host_known": {"dst_host": "known(url)", "url_path": "c"},
}
LABEL = st.one_of(
    st.text("ab1-_", min_size=1, max_size=5), st.sampled_from(["xn--a", "É", "A", "none", "unknown", "nil", ""])
)
HOST = st.one_of(
    st.lists(LABEL, min_size=1, max_size=4).map(".".join),
    st.sampled_from(
        [
            "10.1.2.3",
            "[2001:db8::1]",
            "2001:db8::1",
            "-",
            "a" * 253,
            "a" * 254,
            "null",
            "undefined",
            "a.",
            "a%zone",
            "a b",
        ]
    ),
)
SCHEMES = ("http://", "https://", "HTTP://", "ws://", "wss://", "ftp://", "h2://", "x-y://", "://", "//", "/", "")
SCHEME = st.sampled_from([*SCHEMES, "a" * 23 + "://", "a" * 24 + "://"])
PORT = st.sampled_from(["", "", ":443", ":0", ":65535", ":65536", ":123456", ":", ":a", ":80:80"])
USER = st.sampled_from(["", "", "", "me@", "me:pw@", "me:1@"])
PATH = st.one_of(
    st.just(""),
    st.text('/a?#"\\:@%.= é', max_size=8).map("/".__add__),
    st.sampled_from(["?a=/b", "#/x", "/a?b#c", "/a#b?c"]),
)
URL = st.tuples(SCHEME, USER, HOST, PORT, PATH).map("".join)


def _answers(event: str, lines: list[str], *, by_place: bool) -> list[dict[str, object]]:
    base = formats.available()["squid_native"]
    times = {"event_at": "timestamp '2026-11-20 10:00:00'"}
    update = {"id": event, "frame": FRAME, "let": {}, "skip": {}, "reject": {}, "event": times | EVENTS[event]}
    spec = base.model_copy(update=update)
    parser = Parser(threads=1)
    if not by_place:
        parser._placings[(f"{spec.folder}/{spec.id}", None)] = None
    batches = parser.place(Records(1, pa.array(lines, pa.string())), [spec])
    assert any("field_0" in batch.table.column_names for batch in batches) == by_place
    rows: list[dict[str, object]] = parser.answer(batches).to_pylist()
    parser.close()
    return rows


@pytest.mark.parametrize("event", EVENTS)
def test_both_ways_agree(event: str) -> None:
    @settings(max_examples=25, deadline=None)
    @given(texts=st.lists(st.one_of(URL, HOST), min_size=20, max_size=200))
    def agree(texts: list[str]) -> None:
        lines = [f"x\t{text}\t8080" for text in texts]
        for fast, engine in zip(
            _answers(event, lines, by_place=True), _answers(event, lines, by_place=False), strict=True
        ):
            assert fast == engine, lines[int(str(fast["record_no"])) - 1]

    agree()


def test_a_plain_url_is_told() -> None:
    """Else the test above compares the engine with itself."""
    spec = formats.available()["squid_native"]
    line = "1795392000.015 42 10.1.1.79 TCP_MISS/200 15789 GET https://www.example.com:8443/a/b?c me HIER_DIRECT/198.51.100.85 -"
    (batch,) = Parser(threads=1).place(Records(1, pa.array([line])), [spec])
    row = batch.table.to_pylist()[0]
    assert [row["field_10"], row["field_11"], row["plain_port_"]] == ["www.example.com", "/a/b", 8443]
