"""The models: SQL files that say what they read. This module orders them, says which days are stale, and builds them.

A partition is stale when its fingerprint differs from that of what it would be built from: the names of the day's event
files, the fingerprints of the partitions it reads, the SQL text, the catalog, and the settings that matter. So an upload
that touches an old day rebuilds that day and no other, and a night costs what is new, whatever the history.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import ModelError
from etl.inputs import INPUTS, Inputs
from etl.lake import Lake, replacing
from etl.settings import Settings

if TYPE_CHECKING:
    from etl.compute import Session

SQL = Path(__file__).parent.parent / "sql"
HEADER_KEYS = ("grain", "reads", "kept", "units", "adds up", "caveat")
KEPT = ("view", "day", "whole")


@dataclass(frozen=True)
class Model:
    """One SQL file under sql/models."""

    name: str
    path: Path
    what: str
    header: dict[str, str]
    sql: str

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.header["reads"].split(",") if name.strip())

    @property
    def kept(self) -> str:
        return self.header["kept"]


@dataclass(frozen=True)
class ModelBuilt:
    """What one build of a model did: the days it wrote (ISO; `whole` for a model without day), rows, seconds."""

    model: str
    days: list[str]
    rows: int
    seconds: float


def read_header(path: Path) -> tuple[str, dict[str, str]]:
    """The name-and-purpose line and the keyed lines of an SQL file's header. Raises ModelError."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    title = re.match(r"^(\w+): (.+)$", lines[0]) if lines else None
    if title is None or title[1] != path.stem:
        raise ModelError(
            f"{path}:1: found no header; expected `-- {path.stem}: what it is`. Add it; see CONTRIBUTING.md."
        )
    header: dict[str, str] = {}
    key = ""
    for line in lines[1:]:
        found = re.match(r"^([a-z ]+):\s*(.*)$", line)
        if found and found[1] in (*HEADER_KEYS, "severity", "params"):
            key = found[1]
            header[key] = found[2]
        elif key:
            header[key] += " " + line
    return title[2], header


@lru_cache(maxsize=1)
def models() -> dict[str, Model]:
    """All models by name, each after those that it reads. Raises ModelError for a bad header or a cycle."""
    found: dict[str, Model] = {}
    for path in sorted((SQL / "models").glob("*/*.sql")):
        what, header = read_header(path)
        missing = [key for key in HEADER_KEYS if key not in header]
        if missing or header["kept"] not in KEPT:
            raise ModelError(
                f"{path}: header: found no {', '.join(missing) or 'kept of ' + str(KEPT)}; expected all keys. Add it."
            )
        found[path.stem] = Model(path.stem, path, what, header, path.read_text(encoding="utf-8"))
    for model in found.values():
        for name in model.reads:
            if name not in found and name not in INPUTS:
                known = ", ".join(sorted({*found, *INPUTS}))
                raise ModelError(f"{model.path}: reads: found {name!r}; expected one of {known}. Correct the header.")
    try:
        order = TopologicalSorter(
            {name: [r for r in model.reads if r in found] for name, model in found.items()}
        ).static_order()
        return {name: found[name] for name in order}
    except CycleError as error:
        raise ModelError(
            f"sql/models: found a cycle {' → '.join(error.args[1])}; expected none. Take one read away."
        ) from None


def model_order() -> list[str]:
    """Names of the models that are kept, each after those that it reads."""
    return [name for name, model in models().items() if model.kept != "view"]


def stale_days(settings: Settings, lake: Lake) -> list[date]:
    """Days on which some daily model does not match its events."""
    inputs = Inputs(settings, lake)
    daily = [model for model in models().values() if model.kept == "day"]
    return [
        day
        for day in lake.event_days()
        if any(lake.fingerprint(m.name, day) != _fingerprint(m, day, lake, inputs) for m in daily)
    ]


def build_model(
    settings: Settings, lake: Lake, name: str, days: Sequence[date] | None = None, *, everything: bool = False
) -> ModelBuilt:
    """Build one model for its stale days, or for the given days, or for all of them."""
    if name not in model_order():
        raise ModelError(f"model: found {name!r}; expected one of {', '.join(model_order())}. Correct the name.")
    started = time.monotonic()
    model, inputs = models()[name], Inputs(settings, lake)
    wanted = _wanted(model, days, lake)
    chosen = [
        (day, mark)
        for day, mark in ((day, _fingerprint(model, day, lake, inputs)) for day in wanted)
        if everything or (days is not None and day in days) or lake.fingerprint(name, day) != mark
    ]
    rows = 0
    for day, mark in chosen:
        rows += _build(model, day, mark, settings, lake, inputs)
    labels = ["whole" if day is None else day.isoformat() for day, _ in chosen]
    return ModelBuilt(name, labels, rows, time.monotonic() - started)


def _wanted(model: Model, days: Sequence[date] | None, lake: Lake) -> list[date | None]:
    if model.kept == "whole":
        return [None]
    # A day whose events retention has removed keeps its facts: only days with events are looked at.
    known = [day for day in lake.event_days() if lake.event_files(day)]
    return [day for day in known if days is None or day in days]


def _build(model: Model, day: date | None, mark: str, settings: Settings, lake: Lake, inputs: Inputs) -> int:
    from etl import compute

    session = compute.session(settings)
    try:
        provide(model.reads, day, session, lake, inputs, set())
        path = lake.partition(model.name, day)
        with replacing(path) as temporary:
            rows = session.write(model.sql, temporary)
        lake.write_fingerprint(model.name, day, mark)
        return rows
    finally:
        session.close()


def provide(
    reads: Sequence[str], day: date | None, session: Session, lake: Lake, inputs: Inputs, done: set[str]
) -> None:
    """Give the session everything that is read; views are given with what they read. `done` grows by the names given."""
    for name in reads:
        if name in done:
            continue
        done.add(name)
        if name in INPUTS:
            inputs.provide(session, name, day)
        elif (other := models()[name]).kept == "view":
            provide(other.reads, day, session, lake, inputs, done)
            session.view(name, other.sql)
        elif day is not None and other.kept == "day":
            session.files(name, [lake.partition(name, day)])
        else:
            session.files(name, lake.partitions(name), empty=inputs.schema_of(name))


def _fingerprint(model: Model, day: date | None, lake: Lake, inputs: Inputs) -> str:
    """What a partition would be built from, as a digest."""
    parts: list[object] = [model.name, model.sql]
    for name in model.reads:
        if name in INPUTS:
            parts.append([name, inputs.mark(name, day)])
        elif (other := models()[name]).kept == "view":
            parts.append(_fingerprint(other, day, lake, inputs))
        elif day is not None and other.kept == "day":
            parts.append([name, lake.fingerprint(name, day)])
        elif other.kept == "day":
            parts.append([name, [(str(one), lake.fingerprint(name, one)) for one in lake.model_days(name)]])
        else:
            parts.append([name, lake.fingerprint(name)])
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
