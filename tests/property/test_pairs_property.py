"""key=value by plain replacements gives what the regular expression gives, whatever the record."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.intake import formats, pairs
from etl.intake.frames import body_sql, fields_sql
from etl.intake.framing import Records
from etl.intake.parse import Parser, _batch

PARSER = Parser()
NAMES = ("a", "b", "c")
PAIRS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([*NAMES, "d-e"]), st.sampled_from(["{}", '"{}"']), st.text("xy z=:/,é{\t", max_size=4)
        ).map(lambda one: f"{one[0]}={one[1].format(one[2])}"),
        st.text('ab =",\\]', max_size=3),
    ),
    min_size=3,
    max_size=6,
)


def _read(lines: list[str], separator: str) -> list[dict[str, str | None]]:
    frame = formats.Frame(type="key_value", fields=NAMES, separator=separator, least=1)
    spec = formats.available()["fortigate"].model_copy(update={"frame": frame})
    PARSER._con.register("batch", _batch(Records(1, pa.array(lines, pa.string())), None))
    query = f"with body_ as ({body_sql(spec)}) select a, b, c, unframed_ from ({fields_sql(spec, None)})"
    rows: list[dict[str, str | None]] = PARSER._con.sql(query).to_arrow_table().to_pylist()
    return rows


@pytest.mark.parametrize("separator", ["", ",", "\t"])
@settings(max_examples=20, deadline=None)
@given(records=st.lists(PAIRS, min_size=40, max_size=40))
def test_both_ways_agree(separator: str, records: list[list[str]]) -> None:
    """Quotes, blanks, empty values, repeated names, texts that are no pairs: the fast way gives way or agrees."""
    lines = [(separator or " ").join(parts) for parts in records]
    fast = _read(lines, separator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "_plain_text", lambda spec: "null::varchar")
        slow = _read(lines, separator)
    for line, one, other in zip(lines, fast, slow, strict=True):
        assert one == other, line


@pytest.mark.parametrize(
    ("separator", "line"), [("\t", "\ta=: \t"), ("", '" =" a='), ("", '=" a= "'), (",", "a=1 ,b=2"), ("", 'a="x=" b=1')]
)
def test_odd_records_agree(separator: str, line: str) -> None:
    """Blanks at the end of a value, quotes that open nothing, pairs without a name: each was once read two ways."""
    fast = _read([line], separator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "_plain_text", lambda spec: "null::varchar")
        assert fast == _read([line], separator)
