"""Public suffixes from the list that the library `publicsuffixlist` bundles (Mozilla's Public Suffix List): no download."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import publicsuffixlist


@lru_cache(maxsize=1)
def suffix_list() -> publicsuffixlist.PublicSuffixList:
    """The list, with its private section: every name below github.io is somebody else's."""
    return publicsuffixlist.PublicSuffixList()


def registrable_domain(host: str) -> str:
    """The registrable domain of a host; the host itself when it is a public suffix or has one label."""
    return suffix_list().privatesuffix(host) or host


def rules() -> Iterator[tuple[str, str]]:
    """The list's rules as (suffix, kind): normal `co.uk`, wildcard `ck` for `*.ck`, exception `www.ck` for `!www.ck`."""
    for line in Path(publicsuffixlist.PSLFILE).read_text(encoding="utf-8").splitlines():
        rule = line.strip()
        if not rule or rule.startswith("//"):
            continue
        name = rule.split()[0]
        kind = "exception" if name.startswith("!") else "wildcard" if name.startswith("*.") else "normal"
        yield (
            name.removeprefix("!").removeprefix("*.").encode("idna").decode()
            if not name.isascii()
            else name.removeprefix("!").removeprefix("*."),
            kind,
        )
