"""The models as files: each SQL file under sql/models with what its header says, in the order in which they can be built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from etl.errors import ModelError
from etl.headers import SQL, Header, header
from etl.inputs import BEHIND_UPLOADS, INPUTS, UPLOADS

REQUIRED = ("grain", "reads", "kept", "units", "adds up", "caveat")
KEPT = ("view", "day", "whole")  # inlined, never stored; one partition a day; one file


@dataclass(frozen=True)
class Model:
    """One SQL file under sql/models."""

    header: Header
    sql: str

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def path(self) -> Path:
        return self.header.path

    @property
    def what(self) -> str:
        return self.header.what

    @property
    def reads(self) -> tuple[str, ...]:
        return self.header.reads

    @property
    def kept(self) -> str:
        return self.header.entries["kept"]

    @property
    def is_sliced(self) -> bool:
        """Kept whole, with a day in its grain: a daily model reads the rows of its own day."""
        return self.kept == "whole" and "day" in re.findall(r"\w+", self.header.entries["grain"])

    @property
    def is_published(self) -> bool:
        """Facts and dimensions are published to the warehouse; staging and intermediate models stay in the lake."""
        return self.name.startswith(("fct_", "dim_"))


@lru_cache(maxsize=8)
def models(folder: Path = SQL / "models") -> dict[str, Model]:
    """All models by name, each after those that it reads.

    Raises ModelError for a bad header, an unknown read or a cycle.
    """
    found: dict[str, Model] = {}
    for path in sorted(folder.glob("*/*.sql")):
        if path.stem in found:
            raise ModelError(f"{path}: found a second model of this name; expected one. Rename it.")
        found[path.stem] = _model(path)
    for model in found.values():
        for name in model.reads:
            if name not in found and name not in INPUTS:
                known = ", ".join(sorted({*found, *INPUTS}))
                raise ModelError(f"{model.path}: reads: found {name!r}; expected one of {known}. Correct the header.")
    try:
        return {name: found[name] for name in TopologicalSorter(edges(found)).static_order()}
    except CycleError as error:
        cycle = " → ".join(error.args[1])
        raise ModelError(f"{folder}: found a cycle {cycle}; expected none. Take one read away.") from None


def edges(among: Mapping[str, Model]) -> dict[str, list[str]]:
    """For each model the models that it reads."""
    return {name: [origin(read) for read in one.reads if origin(read) in among] for name, one in among.items()}


def origin(read: str) -> str:
    """The model that something read comes from."""
    return UPLOADS if read in BEHIND_UPLOADS else read


def _model(path: Path) -> Model:
    found = header(path)
    for key in REQUIRED:
        if not found.entries.get(key):
            raise ModelError(
                f"{path}: header: found no `{key}`; expected {', '.join(REQUIRED)}. Add the line `-- {key}: …`."
            )
    kept = found.entries["kept"]
    if kept not in KEPT:
        raise ModelError(f"{path}: kept: found {kept!r}; expected one of {', '.join(KEPT)}. Correct it.")
    if kept == "whole" and (daily := sorted(set(found.reads) & {"arrivals", *BEHIND_UPLOADS})):
        raise ModelError(
            f"{path}: reads: found {', '.join(daily)}, which belongs to a day; expected daily models. Read those."
        )
    return Model(found, path.read_text(encoding="utf-8"))


def model_order() -> list[str]:
    """Names of the models that are kept, each after those that it reads."""
    return [name for name, model in models().items() if model.kept != "view"]
