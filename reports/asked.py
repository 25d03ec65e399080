"""What a report will ask, in the order in which it is written: so that it can be asked ahead."""

from __future__ import annotations

from collections.abc import Iterable

from reports.blocks import drawers, pages, sections
from reports.csvs import exported
from reports.queries import names

ALWAYS = ("sources", "counters", "freshness", "policy_matches")


def asked(formats: Iterable[str]) -> list[str]:
    """The names of the queries that the formats, given in the order in which they are written, need."""
    found = [*ALWAYS, *names("finding_")]
    for one in formats:
        found += _ASKED[one]()
    return list(dict.fromkeys(found))


def _of_document() -> list[str]:
    return [*(block.query for block in sections() if block.query), *names("recommendation_")]


def _of_site() -> list[str]:
    found = []
    for drawer in drawers():
        found += [*drawer.queries, *(entry.query for entry in drawer.lists)]
    return found + [block.query for page in pages() for block in page.blocks if block.query]


_ASKED = {"pdf": _of_document, "html": _of_site, "csv": exported}
