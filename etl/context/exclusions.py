"""Exclusions as models read them: keys of users and devices, and ranges of addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from etl.context.addresses import range_keys
from etl.context.directory import Person, user_key
from etl.context.settings import Exclusion
from etl.errors import ContextError


@dataclass(frozen=True)
class Excluded:
    """One key that is excluded. kind: `user`, `device` (key) or `ip` (first_key to last_key). position: from 1."""

    position: int
    exclusion: str
    comment: str
    since: date
    kind: str
    key: str | None = None
    first_key: str | None = None
    last_key: str | None = None


def resolve(exclusions: Sequence[Exclusion], people: Sequence[Person], domains: Sequence[str]) -> list[Excluded]:
    """The keys behind the exclusions, a group as its members of today.

    Raises ContextError for a group that nobody is in: a group that is spelled otherwise must not include its members.
    """
    found: list[Excluded] = []
    for position, one in enumerate(exclusions, 1):
        label, comment, since = one.label, one.comment, one.since
        if one.ip is not None:
            first, last = range_keys(one.ip)
            found.append(Excluded(position, label, comment, since, "ip", None, first, last))
        elif one.device is not None:
            found.append(Excluded(position, label, comment, since, "device", device_key(one.device)))
        else:
            found += [Excluded(position, label, comment, since, "user", key) for key in _users(one, people, domains)]
    return found


def device_key(name: str) -> str:
    """The key that models know a device by (sql/models/intermediate/int_usage_daily.sql): the first label of its name, lower case."""
    text = name.strip().lower()
    return text if not text.strip("0123456789.") else text.partition(".")[0] or text


def _users(one: Exclusion, people: Sequence[Person], domains: Sequence[str]) -> list[str]:
    if one.user is not None:
        return [user_key(one.user, domains)]
    group = str(one.group).lower()
    keys = [person.user_key for person in people if group in (name.lower() for name in person.groups or ())]
    if not keys:
        raise ContextError(
            f"context.exclusions: found the group {one.group!r}, which nobody of [context.users] is in; "
            "expected one that has members. Correct its name, or give [context.users] a path."
        )
    return keys
