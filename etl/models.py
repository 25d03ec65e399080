"""The models: which days of them are stale, and their building. What a model is: `etl.model_files`.

A partition is stale when its fingerprint differs from that of what it would be built from: the names of the day's event
files, the fingerprints of the partitions it reads, the SQL, the catalog, and the settings that matter. So an upload that
touches an old day rebuilds that day and no other, and a night costs what is new, whatever the history.

A partition's fingerprint is taken away before the partition is replaced and written after it: what a killed run leaves is
stale. One build runs at a time in a lake; a second one waits and finds the work done.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from etl import slices
from etl.errors import ModelError
from etl.headers import SQL, check_sql, code, read_header
from etl.inputs import INPUTS, Inputs
from etl.lake import Lake, replacing
from etl.model_files import Model, edges, model_order, models, origin
from etl.settings import Settings

if TYPE_CHECKING:
    from etl.compute import Engine, Session

__all__ = [
    "SQL",
    "Model",
    "ModelBuilt",
    "alone",
    "build_model",
    "build_on",
    "edges",
    "model_order",
    "models",
    "provide",
    "read_header",
    "stale_days",
]


@dataclass(frozen=True)
class ModelBuilt:
    """What one build of a model did: the days it wrote (ISO; `whole` for a model without day), rows, seconds."""

    model: str
    days: list[str]
    rows: int
    seconds: float


def stale_days(settings: Settings, lake: Lake, model: str | None = None) -> list[date]:
    """Days on which a daily model (by default: any) does not match its events. Costs directory listings."""
    inputs = Inputs(settings, lake)
    daily = [one for one in models().values() if one.kept == "day" and model in (None, one.name)]
    return [day for day in _days(lake, inputs) if any(_is_stale(one, day, lake, inputs) for one in daily)]


def build_model(
    settings: Settings, lake: Lake, name: str, days: Sequence[date] | None = None, *, everything: bool = False
) -> ModelBuilt:
    """Build one model for its stale days, or for the given days, or for all that have events. Raises ModelError."""
    from etl import compute

    if name not in model_order():
        raise ModelError(f"model: found {name!r}; expected one of {', '.join(model_order())}. Correct the name.")
    with alone(lake), compute.engine(settings) as engine:
        return build_on(engine, models()[name], lake, Inputs(settings, lake), days, everything=everything)


def build_on(
    engine: Engine,
    model: Model,
    lake: Lake,
    inputs: Inputs,
    days: Sequence[date] | None = None,
    *,
    everything: bool = False,
) -> ModelBuilt:
    """`build_model` on an engine that runs, for who holds the lock `alone`."""
    started = time.monotonic()
    rows, labels = 0, []
    for day in _wanted(model, days, lake, inputs):
        if everything or (day and days and day in days) or _is_stale(model, day, lake, inputs):
            rows += _build(model, day, lake, inputs, engine)
            labels.append(day.isoformat() if day else "whole")
    return ModelBuilt(model.name, labels, rows, time.monotonic() - started)


def _wanted(model: Model, days: Sequence[date] | None, lake: Lake, inputs: Inputs) -> Iterator[date | None]:
    if model.kept == "whole":
        return iter([None])
    return (day for day in _days(lake, inputs) if (days is None or day in days) and _is_ready(model, day, lake))


def _is_ready(model: Model, day: date, lake: Lake) -> bool:
    """Whether the day has what the model reads. A day that came in after this build began waits whole for the next one.

    A read model without any day was never built: then building goes on, and its error says what comes first.
    """
    read = [models()[origin(name)] for name in model.reads if origin(name) in models()]
    return all(
        _is_ready(one, day, lake)
        if one.kept == "view"
        else one.kept == "whole" or lake.partition(one.name, day).exists() or not lake.partitions(one.name)
        for one in read
    )


def _days(lake: Lake, inputs: Inputs) -> Iterator[date]:
    """Days that have events. A day whose events retention has removed keeps its facts as they are."""
    return (day for day in lake.event_days() if inputs.event_files(day))


def _is_stale(model: Model, day: date | None, lake: Lake, inputs: Inputs) -> bool:
    return lake.fingerprint(model.name, day) != _fingerprint(model, day, lake, inputs)


def _build(model: Model, day: date | None, lake: Lake, inputs: Inputs, engine: Engine) -> int:
    check_sql(model.path, model.sql, model.reads)
    mark = _fingerprint(model, day, lake, inputs)
    session = engine.session()
    try:
        provide(model.reads, day, session, lake, inputs, set())
        if lake.fingerprint(model.name, day):
            lake.write_fingerprint(model.name, day, "")  # stale from here on, whenever this run ends
        with replacing(lake.partition(model.name, day)) as temporary:
            rows = session.write(model.sql, temporary)
        lake.write_fingerprint(model.name, day, mark)
        return rows
    except ModelError as error:
        raise ModelError(f"{model.path} ({day or 'whole'}): {error}") from error
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
            continue
        other = models()[name]
        if day is not None and other.is_sliced and (found := slices.rows_of_day(lake, name, day)) is not None:
            session.table(name, found)
            continue
        if other.kept != "view":
            files = [lake.partition(name, day)] if day is not None and other.kept == "day" else lake.partitions(name)
            if files:
                session.files(name, files)
                continue
        # A view is its SQL. So is a model that has no partition yet: its SQL over nothing gives its columns.
        provide(other.reads, day, session, lake, inputs, done)
        session.view(name, other.sql)


def _fingerprint(model: Model, day: date | None, lake: Lake, inputs: Inputs) -> str:
    """What a partition would be built from, as a digest."""
    parts: list[object] = [model.name, code(model.sql)]
    for name in model.reads:
        if name in INPUTS:
            parts.append([name, inputs.mark(name, day)])
        elif (other := models()[name]).kept == "view":
            parts.append(_fingerprint(other, day, lake, inputs))
        elif day is not None and other.is_sliced:
            parts.append([name, slices.mark_of_day(lake, name, day)])
        elif day is not None and other.kept == "day":
            parts.append([name, lake.fingerprint(name, day)])
        elif other.kept == "day":
            parts.append([name, [(str(one), lake.fingerprint(name, one)) for one in lake.model_days(name)]])
        else:
            parts.append([name, lake.fingerprint(name)])
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


@contextmanager
def alone(lake: Lake) -> Iterator[None]:
    """Hold the lake's build lock: no second build may replace what this one has fingerprinted. It dies with the process."""
    path = lake.root / "locks" / "build.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
