"""Public suffixes from the list that the library `publicsuffixlist` bundles (Mozilla's Public Suffix List): no download.

Both sections are used: below `github.io` (private section) every name is somebody else's, as below `co.uk`. The catalog's own
domains come first, whatever this list says: a host under `github.io` is GitHub when the catalog holds `github.io`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import publicsuffixlist


def registrable_domain(host: str) -> str:
    """The registrable domain of a host; the host itself when it is a public suffix or has one label.

    The same rule as in the models' SQL: the longest rule wins, an exception ends all others, without a rule the last label
    is public.
    """
    labels = host.split(".")
    public = 1
    for start in range(len(labels)):
        suffix = ".".join(labels[start:])
        kinds = _by_suffix().get(suffix, "")
        depth = len(labels) - start
        if "e" in kinds:
            public = depth - 1
            break
        if "w" in kinds and start > 0:
            public = max(public, depth + 1)
        if "n" in kinds:
            public = max(public, depth)
    return ".".join(labels[-(public + 1) :])


def is_registry(name: str) -> bool:
    """Whether a name is a suffix of a registry (`co.uk`, `com`): nobody's domain, so no app's."""
    return _registries().is_public(name)  # type: ignore[no-any-return]


def is_shared(name: str) -> bool:
    """Whether a name is a suffix that its owner gives names under to others (`github.io`), and no registry's."""
    return "n" in _by_suffix().get(name, "") and not is_registry(name)


def rules() -> Iterator[tuple[str, str]]:
    """The list's rules as (suffix, kind): normal `co.uk`, wildcard `ck` for `*.ck`, exception `www.ck` for `!www.ck`.

    A rule in another script comes twice, as written and in ASCII (punycode): logs hold both.
    """
    for line in Path(publicsuffixlist.PSLFILE).read_text(encoding="utf-8").splitlines():
        rule = line.strip()
        if not rule or rule.startswith("//"):
            continue
        written = rule.split()[0]
        kind = "exception" if written.startswith("!") else "wildcard" if written.startswith("*.") else "normal"
        name = written.removeprefix("!").removeprefix("*.")
        yield name, kind
        if not name.isascii():
            yield name.encode("idna").decode(), kind


@lru_cache(maxsize=1)
def _by_suffix() -> dict[str, str]:
    """Suffix → first letters of its rules' kinds."""
    found: dict[str, str] = {}
    for suffix, kind in rules():
        found[suffix] = found.get(suffix, "") + kind[0]
    return found


@lru_cache(maxsize=1)
def _registries() -> publicsuffixlist.PublicSuffixList:
    return publicsuffixlist.PublicSuffixList(only_icann=True)
