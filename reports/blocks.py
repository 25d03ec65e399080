"""What a report consists of, read from folders: adding a page, a block, a list or a section edits no other file.

dashboard/NN_<page>/page.toml          title, lead and file name of a page of the HTML site
dashboard/NN_<page>/NN_<block>.html    a block: TOML in a comment (title, query, chart …), then its template
dashboard/drawers/<entity>/…           what the drill-down of an app, device, user or address shows
executive/NN_<block>.html              a section of the PDF, in the same form
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from etl.errors import ReportError

FOLDER = Path(__file__).parent
_KEYS = {"title", "query", "lead", "chart", "columns", "width", "link", "empty", "first", "whole", "also"}


@dataclass(frozen=True)
class Block:
    """One query and one template."""

    name: str
    template: str  # path below reports/, for the template loader
    title: str
    query: str | None = None
    lead: str = ""  # one sentence under the title
    chart: Mapping[str, Any] | None = None  # see reports.charts
    columns: tuple[str, ...] = ()  # a table of these columns of the query, in this order
    also: tuple[str, ...] = ()  # further queries whose answers the template shows
    width: str = "full"  # full | half
    link: str = ""  # the page that shows more
    empty: str = "Nothing in this period."
    whole: bool = False  # in print: never parted by the end of a page
    first: int = 0  # how many rows the template needs; 0 is all


@dataclass(frozen=True)
class Page:
    """One page of the HTML site."""

    name: str
    file: str
    title: str
    lead: str
    count: str  # the key figure beside its name in the navigation
    when_empty: bool  # has something to say about a period without a transaction
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class DrawerList:
    """One list within a drill-down."""

    name: str
    title: str
    query: str
    columns: tuple[str, ...]
    link: str = ""  # which drawer its rows open
    is_trend: bool = False  # drawn as bars by day instead of a table


@dataclass(frozen=True)
class Drawer:
    """The drill-down of one kind of thing."""

    entity: str  # app | device | user | ip
    key: str  # the column that identifies it
    queries: tuple[str, ...]  # whose rows describe it
    facts: tuple[str, ...]  # the columns of those rows that it shows
    lists: tuple[DrawerList, ...] = field(default=())


@cache
def pages() -> tuple[Page, ...]:
    """The pages of the HTML site in order."""
    found = []
    for folder in sorted((FOLDER / "dashboard").iterdir()):
        if not (folder / "page.toml").exists():
            continue
        about = _toml(folder / "page.toml", (folder / "page.toml").read_text(encoding="utf-8"))
        blocks = tuple(_block(path) for path in sorted(folder.glob("*.html")))
        found.append(
            Page(
                _plain(folder.name),
                about["file"],
                about["title"],
                about.get("lead", ""),
                about.get("count", ""),
                about.get("when_empty", False),
                blocks,
            )
        )
    return tuple(found)


@cache
def sections() -> tuple[Block, ...]:
    """The sections of the executive PDF in order."""
    return tuple(_block(path) for path in sorted((FOLDER / "executive").glob("[0-9]*.html")))


@cache
def drawers() -> tuple[Drawer, ...]:
    """The drill-downs."""
    found = []
    for folder in sorted((FOLDER / "dashboard" / "drawers").iterdir()):
        about = _toml(folder / "drawer.toml", (folder / "drawer.toml").read_text(encoding="utf-8"))
        lists = []
        for path in sorted(folder.glob("[0-9]*.toml")):
            entry = _toml(path, path.read_text(encoding="utf-8"))
            lists.append(
                DrawerList(
                    _plain(path.stem),
                    entry["title"],
                    entry["query"],
                    tuple(entry["columns"]),
                    entry.get("link", ""),
                    entry.get("trend", False),
                )
            )
        found.append(Drawer(folder.name, about["key"], tuple(about["queries"]), tuple(about["facts"]), tuple(lists)))
    return tuple(found)


def _plain(name: str) -> str:
    return name.lstrip("0123456789").removeprefix("_")


def _toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ReportError(f"{path}: found invalid TOML ({error}); expected key = value lines. Correct it.") from None


def _block(path: Path) -> Block:
    text = path.read_text(encoding="utf-8")
    if not text.startswith("{#"):
        raise ReportError(f"{path}: expected a comment {{# title = … #}} at the top. Write it; see CONTRIBUTING.md.")
    entries = _toml(path, text[2 : text.index("#}")])
    unknown = set(entries) - _KEYS
    if unknown:
        found, expected = ", ".join(sorted(unknown)), ", ".join(sorted(_KEYS))
        raise ReportError(f"{path}: found the keys {found}; expected some of {expected}. Correct it.")
    return Block(
        name=_plain(path.stem),
        template=path.relative_to(FOLDER).as_posix(),
        columns=tuple(entries.pop("columns", ())),
        also=tuple(entries.pop("also", ())),
        **entries,
    )
