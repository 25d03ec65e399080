"""All models in one go: on one engine, and two at a time where neither reads the other.

The engine uses all processors for what is large. While it plans, writes a file, or sums up a few rows, one is idle: that is when
a second model is built beside the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import date
from graphlib import TopologicalSorter

from etl.inputs import Inputs
from etl.lake import Lake
from etl.models import ModelBuilt, alone, build_on, edges, model_order, models
from etl.settings import Settings

AT_ONCE = 2


def build_all(
    settings: Settings,
    lake: Lake,
    days: Sequence[date] | None = None,
    *,
    everything: bool = False,
    told: Callable[[int, int, str], None],
) -> list[ModelBuilt]:
    """Every model after those that it reads, for stale days, the given days, or everything. Raises ModelError.

    `told(done, total, name)` is called as each model begins. What is being built when another model fails is built to its end.
    """
    from etl import compute

    known, order = models(), model_order()
    waiting = TopologicalSorter(edges(known))
    waiting.prepare()
    ready: list[str] = []
    running: dict[Future[ModelBuilt], str] = {}
    built: dict[str, ModelBuilt] = {}
    with alone(lake), compute.engine(settings) as engine, ThreadPoolExecutor(AT_ONCE, "model") as hands:
        inputs = Inputs(settings, lake)  # one for all: the days of the history are listed once
        while waiting.is_active():
            for name in waiting.get_ready():
                if known[name].kept == "view":
                    waiting.done(name)
                else:
                    ready.append(name)
            ready.sort(key=order.index)
            while ready and len(running) < AT_ONCE:
                name = ready.pop(0)
                told(len(built), len(order), name)
                running[hands.submit(build_on, engine, known[name], lake, inputs, days, everything=everything)] = name
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(done)
                built[name] = done.result()
                waiting.done(name)
    return [built[name] for name in order]
