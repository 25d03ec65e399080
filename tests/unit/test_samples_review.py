"""docs/samples-review.md says what the formats make of the public sample sets; where the sets are at hand it is held to that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import samples_review

PAGE = Path(__file__).parents[2] / "docs" / "samples-review.md"
READ = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| (\d*) ?\| (\d*) ?\| (\d*) ?\| ([^|]+) \|$", re.MULTILINE)
DIFFERS = re.compile(r"^\| `([^`]+)` \| (\w+) \| (\d+) \| ([^|]+) \|$", re.MULTILINE)


def _page() -> tuple[dict[str, tuple[str, ...]], dict[tuple[str, str], tuple[int, str]]]:
    text = PAGE.read_text(encoding="utf-8")
    read = {name: (formats, *counts) for name, formats, *counts, _ in READ.findall(text)}
    differs = {(name, column): (int(count), why) for name, column, count, why in DIFFERS.findall(text)}
    return read, differs


def test_page_gives_a_reason_for_every_file_and_difference() -> None:
    """Each row of both tables ends in words; a file without events, or with rejects, says why."""
    read, differs = _page()
    remarks = {name: remark for name, *_, remark in READ.findall(PAGE.read_text(encoding="utf-8"))}
    assert len(read) > 100 and len(differs) > 10
    assert all(why.strip() for _, why in differs.values())
    unexplained = [
        name for name, (formats, _, _, rejects) in read.items() if formats == "none" or rejects not in ("", "0")
    ]
    assert [name for name in unexplained if remarks[name].strip() in ("", "parsed")] == []


@pytest.mark.slow
@pytest.mark.skipif(not samples_review.SAMPLES.is_dir(), reason="the public sample sets are not at hand")
def test_samples_are_read_as_the_page_says() -> None:
    """Formats, events, skips, rejects and differences of every file agree with the page, and no file is missing."""
    found_read: dict[str, tuple[str, ...]] = {}
    found_differs: dict[tuple[str, str], int] = {}
    for sample in samples_review.samples():
        seen = samples_review.review(sample)
        if seen is None:
            found_read[sample.name] = ("none", "", "", "")
            continue
        counts = [str(seen.outcomes[outcome]) for outcome in ("event", "skip", "reject")]
        found_read[sample.name] = (", ".join(seen.formats) or "skips only", *counts)
        found_differs |= {(sample.name, column): count for column, (count, _) in seen.differences.items()}
    read, differs = _page()
    assert found_read == read
    assert found_differs == {key: count for key, (count, _) in differs.items()}
