"""The devices, as their TOML files describe them."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from etl.errors import GovernanceError

FOLDER = Path(__file__).parent


class Device(BaseModel):
    """How a device's list is written.

    `header`, `line` and `footer` are str.format templates; header and footer know `serial`, a line the fields of
    `etl.governance.block_lists.render.fields`. The footer is left out of an empty list unless `always` says so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    document: str  # where the syntax comes from
    use: str  # what to do with the file
    file: str  # its usual name
    line: str = ""
    header: str = ""
    footer: str = ""
    always: bool = False
    comment: str = ""  # what begins a comment line; empty: the device knows none
    matches: Literal["suffix", "name"] = "suffix"  # whether a domain stands for what lies below it
    longest: int = 253  # characters of a domain
    caveat: str = ""  # what such a list cannot do; said to whoever writes one


@lru_cache(maxsize=1)
def devices() -> dict[str, Device]:
    """All devices by name. Raises GovernanceError for a file that is wrong."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}


def _read(path: Path) -> Device:
    try:
        return Device.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise GovernanceError(f"{path}: found a description that is wrong ({error}). Correct it.") from None
