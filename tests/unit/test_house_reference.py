"""docs/columns.md and docs/cli.md are what the models and commands say."""

from __future__ import annotations

from functools import cache

import pytest

from scripts.reference import DOCS, PAGES


@cache
def written(name: str) -> str:
    """A page as it would be written now: the columns cost seconds, since every model is built over nothing."""
    return PAGES[name]()


@pytest.mark.parametrize("name", PAGES)
def test_reference_is_current(name: str) -> None:
    """The repair is one command."""
    assert (DOCS / name).read_text(encoding="utf-8") == written(name), "run: python -m scripts.reference"


def test_reference_names_what_is_published() -> None:
    """Every table that can be exported is described, with the day that partitions it."""
    text = written("columns.md")
    for table in ("fct_usage_daily", "dim_apps", "uploads", "rejects"):
        assert f"## `{table}`" in text
    assert "| `day` | day |" in text
