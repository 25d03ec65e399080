"""The whole system as prose: intake → build → check → act → publish, and the night that does them all.

Airflow and the command line call these and nothing beneath. Every call may be repeated at any time: what is done is not
done again, and what a killed run left behind is overwritten or ignored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from etl import maintenance
from etl.errors import CatalogError, CheckFailed
from etl.lake import Lake, Receipt
from etl.settings import Settings

if TYPE_CHECKING:
    from etl.checks import CheckResult
    from etl.maintenance import Maintained
    from etl.models import ModelBuilt
    from etl.warehouse import Published


class Progress(Protocol):
    """Told how far long work has come."""

    def __call__(self, what: str, done: int, total: int, detail: str = "") -> None: ...


def silent(what: str, done: int, total: int, detail: str = "") -> None:
    """The progress of a caller that does not care."""


@dataclass
class Night:
    """What one run of the whole job did."""

    receipts: list[Receipt] = field(default_factory=list)
    built: list[ModelBuilt] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    tagged: list[str] = field(default_factory=list)
    published: Published | None = None
    reports: list[str] = field(default_factory=list)
    seconds: float = 0.0


def lake_of(settings: Settings) -> Lake:
    return Lake(settings.folder("lake"))


def find_drops(settings: Settings, *, wait: bool = False) -> list[str]:
    """Complete drops as `source/file`, oldest first. `wait`: give those still settling the time they need."""
    from etl.intake import drops

    found, seconds = drops.find(settings)
    if wait and seconds:
        time.sleep(seconds + 0.1)
        found, _ = drops.find(settings)
    return found


def drop_groups(settings: Settings, each: Literal["drop", "source"] = "drop") -> list[list[str]]:
    """Complete drops in groups that may be taken side by side: one for each drop (several when there are very many) or source."""
    from etl.intake import drops

    found = find_drops(settings, wait=True)
    return drops.by_source(found) if each == "source" else drops.in_groups(found)


def intake(
    settings: Settings,
    drops: Sequence[str] | None = None,
    progress: Progress = silent,
    meanwhile: Callable[[], object] | None = None,
) -> list[Receipt]:
    """Take drops in: all complete ones by default. One receipt for each; a drop that another run took gives none.

    `meanwhile` is called beside, once, when the first records are read: before, all hands make ready to read.
    """
    from etl.intake.upload import Intake

    names = find_drops(settings, wait=True) if drops is None else list(drops)
    run = Intake(settings, lake_of(settings))
    receipts: list[Receipt] = []
    waiting = [meanwhile] if meanwhile else []
    with closing(run), ThreadPoolExecutor(1, "meanwhile") as beside:
        for number, name in enumerate(names):

            def told(read: int, records: int, number: int = number, name: str = name) -> None:
                if waiting:
                    beside.submit(waiting.pop())
                progress("intake", number, len(names), f"{name}: {records:,} records")

            progress("intake", number, len(names), name)
            receipt = run.take(name, told)
            if receipt is not None:
                receipts.append(receipt)
        progress("intake", len(names), len(names))
    return receipts


def model_order(settings: Settings) -> list[str]:
    """The models that are kept, in the order that their SQL declares."""
    from etl import models

    return models.model_order()


def stale_days(settings: Settings) -> list[date]:
    """Days whose models do not match their events."""
    from etl import models

    return models.stale_days(settings, lake_of(settings))


def build_model(
    settings: Settings, model: str, days: Sequence[date] | None = None, *, everything: bool = False
) -> ModelBuilt:
    """One model, for its stale days or the given ones."""
    from etl import models

    prepare(settings)
    return models.build_model(settings, lake_of(settings), model, days=days, everything=everything)


def build(
    settings: Settings, days: Sequence[date] | None = None, *, everything: bool = False, progress: Progress = silent
) -> list[ModelBuilt]:
    """All models in order: for stale days, for the given days, or for everything."""
    from etl import building, models

    def told(done: int, total: int, name: str) -> None:
        progress("build", done, total, name)

    told(0, len(models.model_order()), "")
    prepare(settings)
    built = building.build_all(settings, lake_of(settings), days, everything=everything, told=told)
    progress("build", len(built), len(built))
    return built


def prepare(settings: Settings) -> None:
    """Put what models read besides events into the lake: the catalog, the context. What has not changed costs nothing."""
    from etl import catalog, context
    from etl.governance.policies import words

    words.check(settings)
    lake = lake_of(settings)
    catalog.bring(settings, lake)
    context.load(settings).write(lake)


def check(settings: Settings, days: Sequence[date] | None = None) -> list[CheckResult]:
    """Run all checks. Raises CheckFailed when one of severity *fail* found rows."""
    from etl import checks

    results = checks.run(settings, lake_of(settings), days)
    failed = [result for result in results if result.severity == "fail" and result.found]
    if failed:
        raise CheckFailed("\n".join(result.sentence for result in failed))
    return results


def settle(settings: Settings) -> list[str]:
    """Build what has come in since the models were built, check, and let policies act; what was found and tagged, in sentences."""
    build(settings)
    found = [result.sentence for result in check(settings) if result.found]
    return found + act(settings)


def act(settings: Settings) -> list[str]:
    """Let policies tag what they matched, and build what depends on tags; a sentence for each app tagged."""
    from etl.governance.policies.actions import tag_matches

    entries = tag_matches(settings, lake_of(settings))
    if entries:
        build(settings)
        check(settings)
    return [f"{entry.app_id}: {entry.tag}, by {entry.by} ({entry.note})" for entry in entries]


def publish(settings: Settings, settled: Callable[[], bool] | None = None) -> Published:
    """Bring the warehouse up to the lake; readers are never locked out. `settled`: see `etl.warehouse.publish`."""
    from etl import warehouse

    return warehouse.publish(settings, lake_of(settings), settled)


def maintain(settings: Settings) -> Maintained:
    """Retention, what killed runs left behind, and the imports of [catalog.sources]. Raises CatalogError when one failed."""
    from etl.catalog.importing.refresh import refresh

    done = maintenance.run(settings, lake_of(settings))
    refreshed, failed = refresh(settings)
    if failed:  # all others are done
        raise CatalogError("\n".join(failed))
    return replace(done, imports=[one.sentence for one in refreshed])


def nightly(
    settings: Settings,
    report: Callable[[Settings], list[str]] | None = None,
    progress: Progress = silent,
    ahead: Callable[[Settings], None] | None = None,
) -> Night:
    """The night: intake, build, check, act on policies, publish, then `report`, which renders and sends and names what it wrote.

    `ahead` loads what the report needs, from when half of the models are built.
    """
    started = time.monotonic()
    night = Night()
    # What fails in `prepare` fails again in `build`, which says so.
    night.receipts = intake(settings, progress=progress, meanwhile=partial(prepare, settings))
    with ThreadPoolExecutor(1, "ahead") as beside:
        waiting = [ahead] if ahead else []

        def told(what: str, done: int, total: int, detail: str = "") -> None:
            if waiting and 2 * done >= total > 0:  # before, models need the memory for themselves
                beside.submit(waiting.pop(), settings)  # what it cannot load, the report will miss, and say so
            progress(what, done, total, detail)

        night.built = build(settings, progress=told)
        progress("publish", 0, 1)
        _check_and_publish(settings, night)
    progress("publish", 1, 1)
    if report is not None:
        progress("report", 0, 1)
        night.reports = report(settings)
        progress("report", 1, 1)
    night.seconds = time.monotonic() - started
    return night


def _check_and_publish(settings: Settings, night: Night) -> None:
    """Bring the warehouse up while checks run; readers see it when they have found nothing, and policies have acted."""
    with ThreadPoolExecutor(1, "checks") as beside:
        checking = beside.submit(check, settings)

        def settled() -> bool:
            night.checks = checking.result()
            night.tagged = act(settings)
            return bool(night.tagged)

        try:
            night.published = publish(settings, settled)
        except Exception:
            checking.result()  # when checks failed as well, they come first
            raise
