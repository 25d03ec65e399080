"""The page about the endpoint chunk says what the format does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from etl.intake import formats
from etl.intake.answers import answers

PAGE = Path(__file__).parents[2] / "docs" / "endpoint-chunk.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)[0]


@pytest.mark.parametrize("is_one_line", [False, True])
def test_example_is_read_as_the_page_says(tmp_path: Path, is_one_line: bool) -> None:
    """The example of the page is detected, takes its device from the envelope and gives its bytes, pretty or in one line."""
    path = tmp_path / "chunk.json"
    path.write_text(json.dumps(json.loads(EXAMPLE)) if is_one_line else EXAMPLE, encoding="utf-8")
    first, second = (answer["event"] for answer in answers(path, formats.available()))
    assert first["log_format"] == "endpoint_chunk" and first["source_kind"] == "endpoint"
    assert (first["device_id"], first["device_name"]) == ("d0042", "lt-0042.corp.example.com")
    assert (first["dst_host"], first["uploaded_bytes"], first["downloaded_bytes"]) == (
        "files.example.net",
        5242880,
        1200,
    )
    assert (second["dst_ip"], second["action"], second["total_bytes"]) == ("2001:db8:ff::1", "failed", None)


def test_every_member_that_is_read_is_on_the_page() -> None:
    """The page names each member of a record, of the envelope and of the chunk's place that the format looks at."""
    spec = formats.available()["endpoint_chunk"]
    assert isinstance(spec.frame.fields, dict) and spec.chunk is not None
    paths = [*spec.frame.fields.values(), *spec.frame.envelope.values(), *spec.chunk.model_dump().values()]
    named = set(re.findall(r"`([\w.]+)`", TEXT))
    assert {path.removeprefix("$.") for path in paths} - named == set()


@pytest.mark.parametrize("envelope", ["{", "[1]", '{"device": 1, "chunk_id": {}}', "[" * 100_000, '{"a":' * 100_000])
def test_hostile_envelope_is_no_chunk(envelope: str) -> None:
    """An envelope that is no JSON object, or one nested beyond measure, says nothing of a chunk and ends nothing."""
    chunk = formats.Chunk(device="$.device.id", chunk_id="$.chunk_id.id", sequence="$.sequence")
    assert chunk.of(envelope) == {"device": None, "chunk_id": None, "sequence": None}
