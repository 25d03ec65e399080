"""The `[context]` section of the configuration. Imports nothing of the project, so that `etl.settings` can mount it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

RangeCategory = Literal["corporate", "vpn", "administrative", "risky", "cloud_provider", "other"]
ENTITIES = ("user", "group", "ip", "device")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IpRange(_Section):
    """A range of client addresses that has a meaning."""

    cidr: str
    name: str = Field(min_length=1)
    category: RangeCategory = "other"
    tags: tuple[str, ...] = ()

    @field_validator("cidr")
    @classmethod
    def _is_network(cls, value: str) -> str:
        return str(network(value))

    @field_validator("tags")
    @classmethod
    def _are_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tags(value)


class UsersFile(_Section):
    """A CSV or LDIF file of people. Columns of the CSV, or attributes of the LDIF, by what they mean; empty: not there."""

    path: str = ""
    format: Literal["auto", "csv", "ldif"] = "auto"
    delimiter: str = Field(",", min_length=1, max_length=1)
    group_delimiter: str = Field(";", min_length=1, max_length=1)
    user: str = Field("user", min_length=1)
    upn: str = "upn"
    display_name: str = "display_name"
    department: str = "department"
    groups: str = "groups"
    max_bytes: int = Field(256 << 20, ge=1)


class Exclusion(_Section):
    """Someone or something whose events stay out of facts and reports, from a UTC day on; exactly one of ENTITIES."""

    user: str | None = Field(None, min_length=1)
    group: str | None = Field(None, min_length=1)
    ip: str | None = None
    device: str | None = Field(None, min_length=1)
    since: date
    comment: str = Field(min_length=1)

    @field_validator("ip")
    @classmethod
    def _is_network(cls, value: str | None) -> str | None:
        return None if value is None else str(network(value))

    @model_validator(mode="after")
    def _is_of_one_entity(self) -> Self:
        if sum(getattr(self, name) is not None for name in ENTITIES) != 1:
            raise ValueError(f"exactly one of {', '.join(ENTITIES)}")
        return self

    @property
    def label(self) -> str:
        """What is excluded, such as `user alice` or `ip 10.1.0.0/16`: the name of the exclusion in counts."""
        return next(f"{name} {value}" for name in ENTITIES if (value := getattr(self, name)) is not None)


class ContextSettings(_Section):
    """What the organisation knows of its addresses and people."""

    ip_ranges: tuple[IpRange, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    users: UsersFile = UsersFile()

    @field_validator("ip_ranges")
    @classmethod
    def _do_not_overlap(cls, value: tuple[IpRange, ...]) -> tuple[IpRange, ...]:
        found = overlaps(value)
        if found:
            pairs = "; ".join(f"{a.cidr} ({a.name}) and {b.cidr} ({b.name})" for a, b in found[:3])
            raise ValueError(f"ranges that do not overlap, so that an address has one meaning; these do: {pairs}")
        return value

    @field_validator("exclusions")
    @classmethod
    def _name_each_once(cls, value: tuple[Exclusion, ...]) -> tuple[Exclusion, ...]:
        labels = [one.label.lower() for one in value]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"each of them once; {', '.join(twice)} is there again")
        return value


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """An address or range as a network. Raises ValueError, which says what is wrong with it."""
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"an address range such as 10.1.0.0/16 or 2001:db8::/32 ({error})") from None


def tags(value: Sequence[str]) -> tuple[str, ...]:
    """Tags, lower case, each once. Raises ValueError for one that is empty or has a blank or comma in it."""
    for one in value:
        if not one or any(char.isspace() or char == "," or not char.isprintable() for char in one):
            raise ValueError(f"tags without blanks and commas, not {one!r}")
    return tuple(dict.fromkeys(one.lower() for one in value))


def overlaps(ranges: Sequence[IpRange]) -> list[tuple[IpRange, IpRange]]:
    """Pairs of ranges of which one holds the other: networks that overlap are nested."""
    by_version: dict[int, list[tuple[int, int, IpRange]]] = {}
    for one in ranges:
        net = network(one.cidr)
        by_version.setdefault(net.version, []).append((int(net[0]), int(net[-1]), one))
    found = []
    for listed in by_version.values():
        listed.sort(key=lambda item: (item[0], -item[1]))
        found += [(first[2], second[2]) for first, second in pairwise(listed) if second[0] <= first[1]]
    return found
