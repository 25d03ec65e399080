"""Policies as the tables that models read. The words of a policy are values in rows; they never become SQL.

policies         a row each: limits as typed columns (null: no limit)
policy_filters   a row for each word of each filter. scope: what it is about: `app`, `source`, `user` or `ip`.
                 rule: `any` (some row matches), `none` (no row does), `lacks` (not all rows do). field, value: what must be
                 equal, lower case. Users of groups are resolved to keys, address tags to ranges; a filter that nobody and
                 no address is behind keeps one row of nulls, so that it matches none instead of all
day_tags         app_id, tag: what was decided about apps when the day ended; labels as `label:<name>`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from etl.context.addresses import range_keys
from etl.context.datasets import Context
from etl.governance.policies.settings import Over, Policy, Where

TEXT, NUMBER = pa.string(), pa.int64()
POLICIES: dict[str, pa.Schema] = {
    "policies": pa.schema(
        {
            **dict.fromkeys(("policy", "severity", "tag_action", "once_per"), TEXT),
            **dict.fromkeys(("is_alert", "is_mail"), pa.bool_()),
            **dict.fromkeys(("daily_cap", "new_within_days", "learning_days"), NUMBER),
            "since": pa.date32(),
            **dict.fromkeys(("score_from", "score_below"), pa.float64()),
            "breached_within_months": NUMBER,
            **dict.fromkeys((f"over_{name}" for name in Over.model_fields), NUMBER),
            "filters": NUMBER,
        }
    ),
    "policy_filters": pa.schema(
        {
            "policy": TEXT,
            "filter_no": NUMBER,
            "row_no": NUMBER,
            **dict.fromkeys(("scope", "rule", "field", "value", "first_key", "last_key"), TEXT),
        }
    ),
    "day_tags": pa.schema([("app_id", TEXT), ("tag", TEXT)]),
}
APP_FIELDS = {
    "apps": "app",
    "classes": "class",
    "categories": "category",
    "vendors": "vendor",
    "countries": "country",
    "traits": "trait",
    "risk_bands": "risk_band",
    "tags": "tag",
}


@dataclass(frozen=True)
class Filter:
    """One filter: its rows are (field, value, first_key, last_key)."""

    scope: str
    rule: str
    rows: Sequence[tuple[str, str | None, str | None, str | None]]


def policy_row(policy: Policy, context: Context) -> dict[str, Any]:
    """The row of `policies`."""
    where = policy.where
    app_filters = [one for one in filters(policy, context) if one.scope == "app"]
    return {
        "policy": policy.name,
        "severity": policy.severity,
        "tag_action": policy.tag,
        "once_per": policy.once_per,
        "is_alert": "alert" in policy.actions,
        "is_mail": "mail" in policy.actions,
        "daily_cap": policy.daily_cap,
        "new_within_days": policy.new_within_days,
        "learning_days": policy.learning_days,
        "since": policy.since,
        "score_from": where.score_from,
        "score_below": where.score_below,
        "breached_within_months": where.breached_within_months,
        **{f"over_{name}": value for name, value in policy.over},
        "filters": len(app_filters),
    }


def filter_rows(policy: Policy, context: Context) -> Iterator[dict[str, Any]]:
    """The rows of `policy_filters`."""
    for filter_no, one in enumerate(filters(policy, context), 1):
        for row_no, (field, value, first, last) in enumerate(one.rows or [("nothing", None, None, None)], 1):
            yield {
                "policy": policy.name,
                "filter_no": filter_no,
                "row_no": row_no,
                "scope": one.scope,
                "rule": one.rule,
                "field": field,
                "value": value,
                "first_key": first,
                "last_key": last,
            }


def filters(policy: Policy, context: Context) -> list[Filter]:
    """All filters of a policy, in a fixed order."""
    where = policy.where
    found = [*_app_filters(where)]
    for wanted, words in _signed(where, "sources"):
        found.append(_of_words("source", wanted, "source", words))
    if where.source_kinds:
        found.append(_of_words("source", "any", "source_kind", where.source_kinds))
    for wanted, words in _signed(where, "groups"):
        found.append(Filter("user", wanted, _users(context, words, in_groups=True)))
    for wanted, words in _signed(where, "departments"):
        found.append(Filter("user", wanted, _users(context, words, in_groups=False)))
    for wanted, words in _signed(where, "ip_tags"):
        ranges = [one.cidr for one in context.ip_ranges if {word.lower() for word in words} & set(one.tags)]
        found.append(Filter("ip", wanted, _ranges(ranges)))
    for wanted, words in _signed(where, "ip_categories"):
        ranges = [one.cidr for one in context.ip_ranges if one.category in words]
        found.append(Filter("ip", wanted, _ranges(ranges)))
    return found


def _app_filters(where: Where) -> Iterator[Filter]:
    for name, field in APP_FIELDS.items():
        for rule, words in _signed(where, name):
            yield _of_words("app", rule, field, words)
    for factor, values in sorted(where.factors.items()):
        yield _of_words("app", "any", f"factor:{factor.lower()}", values)
    if where.lacks:
        yield _of_words("app", "lacks", "has", where.lacks)


def _signed(where: Where, name: str) -> Iterator[tuple[str, Sequence[str]]]:
    for rule, key in (("any", name), ("none", f"not_{name}")):
        words = getattr(where, key, ())
        if words:
            yield rule, words


def _of_words(scope: str, rule: str, field: str, words: Iterable[str]) -> Filter:
    return Filter(scope, rule, [(field, word, None, None) for word in dict.fromkeys(one.lower() for one in words)])


def _users(context: Context, words: Sequence[str], *, in_groups: bool) -> list[tuple[str, str | None, None, None]]:
    wanted = {word.lower() for word in words}
    return [
        ("user", one.user_key, None, None)
        for one in context.people
        if wanted & {name.lower() for name in ((one.groups or ()) if in_groups else (one.department or "",))}
    ]


def _ranges(cidrs: Iterable[str]) -> list[tuple[str, None, str, str]]:
    return [("ip", None, *range_keys(cidr)) for cidr in cidrs]


def tables(policies: Iterable[Policy], context: Context) -> dict[str, pa.Table]:
    """`policies` and `policy_filters` of those that are enabled."""
    enabled = [one for one in policies if one.is_enabled]
    rows = {
        "policies": [policy_row(one, context) for one in enabled],
        "policy_filters": [row for one in enabled for row in filter_rows(one, context)],
    }
    return {name: pa.Table.from_pylist(found, schema=POLICIES[name]) for name, found in rows.items()}
