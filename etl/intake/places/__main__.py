"""Compile ahead what finds fields: `python -m etl.intake.places`. Else the first log of a kind waits some seconds for it."""

from __future__ import annotations

import sys
import time

import pyarrow as pa

from etl.intake.formats import Format, available
from etl.intake.places import placing
from etl.intake.places.pairs import find_bare


def main() -> None:
    """Let each way to find fields look at a text; what is compiled already costs nothing."""
    started = time.monotonic()
    kinds: dict[tuple[str, bool], Format] = {(one.frame.type, one.frame.bare): one for one in available().values()}
    found = [how for one in kinds.values() if (how := placing(one, tuple(one.frame.fields)))]
    assert any(how.find is find_bare for how in found)  # noqa: S101 - there is a format of each kind
    for how in found:
        list(how.found(pa.array(["x"])))
    sys.stderr.write(f"Compiled what finds fields in records ({time.monotonic() - started:.0f} s).\n")


if __name__ == "__main__":
    main()
