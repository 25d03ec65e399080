"""What is to be blocked: the domains of unsanctioned apps, less those that must never be, with what the tags say of them."""

from __future__ import annotations

from dataclasses import dataclass

from etl import catalog as catalogs
from etl.governance import tags
from etl.governance.domains import enforceable, without_covered
from etl.settings import Settings


@dataclass(frozen=True)
class Blocked:
    """One app on a block list; `domains` are sorted."""

    app_id: str
    app_name: str
    note: str
    domains: tuple[str, ...]


@dataclass(frozen=True)
class Blocking:
    """All of a block list, sorted by app; `serial` is the second (Unix time) of the last decision, which only grows."""

    apps: tuple[Blocked, ...]
    warnings: tuple[str, ...]
    serial: int


def blocking(settings: Settings, *, by_name: bool = False) -> Blocking:
    """What the tags say is to be blocked. The same tags, catalog and configuration give the same. Raises GovernanceError.

    `by_name`: for a device that matches whole names; domains that lie below another one are then kept.
    """
    catalog, history = catalogs.load(settings), tags.history(settings)
    wanted = [one for one in tags.state(history).values() if one.tag == "unsanctioned"]
    ids = {one.app_id for one in wanted}
    plans = [enforceable(settings, catalog, one.app_id, ids) for one in wanted]
    given = {domain for plan in plans for domain in plan.domains}
    kept = given if by_name else set(without_covered(given))
    apps = []
    for one, plan in zip(wanted, plans, strict=True):
        domains = tuple(domain for domain in plan.domains if domain in kept)
        kept -= set(domains)  # a domain of two apps stands once
        if domains:
            apps.append(Blocked(one.app_id, plan.app_name, one.note or "", domains))
    serial = max((int(entry.at.timestamp()) for entry in history if entry.at), default=1)
    return Blocking(tuple(apps), tuple(warning for plan in plans for warning in plan.warnings), serial)
