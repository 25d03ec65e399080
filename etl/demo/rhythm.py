"""When people and machines are active: the density of transactions over the minutes of a local day."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from etl.demo.organisation import BENCH, DESKTOP, KIOSK, LAPTOP, LINUX, MAC

Floats = npt.NDArray[np.float64]
MINUTES = np.arange(1440, dtype=np.float64)

# Visits and background requests a day of a device of average activity, on a working day and at the weekend.
VISITS = {LAPTOP: (36, 5), MAC: (36, 6), LINUX: (36, 5), DESKTOP: (30, 0.6), KIOSK: (22, 7), BENCH: (30, 10)}
BACKGROUND = {LAPTOP: (52, 16), MAC: (44, 16), LINUX: (20, 8), DESKTOP: (52, 40), KIOSK: (60, 50), BENCH: (40, 40)}


def _hump(hour: float, width: float, height: float) -> Floats:
    density: Floats = height * np.exp(-0.5 * ((MINUTES / 60 - hour) / width) ** 2)
    return density


OFFICE = _hump(10.2, 1.3, 1.0) + _hump(14.6, 1.6, 0.95) + _hump(8.6, 0.5, 0.35) + _hump(20.7, 1.2, 0.14) + 0.004
WEEKEND = _hump(11.0, 2.0, 0.6) + _hump(20.5, 1.8, 1.0) + 0.01
SHIFTS = 0.05 + 0.9 * ((MINUTES >= 6 * 60) & (MINUTES < 22 * 60)) - 0.5 * (np.abs(MINUTES - 14 * 60) < 12)
LAB = _hump(13.5, 3.0, 1.0) + _hump(2.0, 0.4, 1.2) + 0.05
ALWAYS = np.ones(1440)


def is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def minutes(rng: np.random.Generator, kinds: npt.NDArray[np.int8], day: date, *, background: bool) -> Floats:
    """A local minute of the day, with fraction, for each record of a device of that kind."""
    found = np.zeros(len(kinds))
    people = WEEKEND if is_weekend(day) else OFFICE
    awake = people + 0.12 if background else people
    for kind, density in (
        (LAPTOP, awake),
        (MAC, awake),
        (LINUX, awake),
        (DESKTOP, awake),
        (KIOSK, SHIFTS),
        (BENCH, LAB),
    ):
        chosen = np.flatnonzero(kinds == kind)
        always = background and kind in (DESKTOP, KIOSK, BENCH)
        cumulated = np.cumsum(ALWAYS if always else density)
        drawn = rng.random(len(chosen)) * cumulated[-1]
        found[chosen] = np.searchsorted(cumulated, drawn, side="right").clip(0, 1439) + rng.random(len(chosen))
    return found


def rates(kinds: npt.NDArray[np.int8], day: date, *, background: bool) -> Floats:
    """Expected visits (or background requests) of each device on a day, before its own activity."""
    table = BACKGROUND if background else VISITS
    by_kind = np.array([table[kind][is_weekend(day)] for kind in range(len(table))])
    chosen: Floats = by_kind[kinds]
    return chosen
