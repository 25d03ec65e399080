"""What needs attention: every `sql/reports/finding_*.sql`, and what to do about it: every `recommendation_*.sql`.

The folder is the list. A finding's sentence is the `says` of its header: Jinja over the query's own columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from reports import wording
from reports.queries import Answers, header, names

if TYPE_CHECKING:
    from jinja2 import Environment, Template

SEVERITIES = ("high", "medium", "low", "info")


@dataclass(frozen=True)
class Finding:
    """One thing that a person should look at."""

    kind: str  # the query's name without `finding_`
    severity: str
    title: str
    sentence: str
    check: str  # what to do
    rule: str  # when this is reported
    day: date | None
    first_at: datetime | None
    last_at: datetime | None
    source: str | None
    user_key: str | None
    device_key: str | None
    app_id: str | None
    app_name: str | None
    file_name: str | None
    upload_id: str | None
    uploaded_bytes: int | None
    transactions: int | None


@dataclass(frozen=True)
class Group:
    """All findings of one kind, the worst first."""

    kind: str
    title: str
    severity: str
    check: str
    rule: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Recommendation:
    """One thing to do, from a rule over the period's numbers."""

    weight: float
    title: str
    sentence: str


def find(answers: Answers) -> list[Finding]:
    """All findings of the period, the worst first; those of one kind in the order of its query."""
    found = []
    for name in names("finding_"):
        about = header(name)
        for row in answers.rows(name):
            facts = row | {"who": wording.who(row)}
            known: dict[str, Any] = {key: row.get(key) for key in _FACTS}
            found.append(
                Finding(
                    kind=name.removeprefix("finding_"),
                    title=about["title"],
                    sentence=_sentence(name, facts),
                    check=about["check"],
                    rule=about["rule"],
                    **known,
                )
            )
    found.sort(key=lambda one: SEVERITIES.index(one.severity))
    return found


_FACTS = (
    "severity",
    "day",
    "first_at",
    "last_at",
    "source",
    "user_key",
    "device_key",
    "app_id",
    "app_name",
    "file_name",
    "upload_id",
    "uploaded_bytes",
    "transactions",
)


def grouped(findings: list[Finding]) -> list[Group]:
    """Findings by kind, so that a hundred of one kind do not hide the one of another."""
    kinds: dict[str, list[Finding]] = {}
    for one in findings:
        kinds.setdefault(one.kind, []).append(one)
    groups = [
        Group(kind, ones[0].title, ones[0].severity, ones[0].check, ones[0].rule, tuple(ones))
        for kind, ones in kinds.items()
    ]
    return sorted(groups, key=lambda group: SEVERITIES.index(group.severity))


def recommend(answers: Answers) -> list[Recommendation]:
    """What to do, the weightiest first."""
    found = []
    for name in names("recommendation_"):
        for row in answers.rows(name):
            found.append(Recommendation(float(row["weight"]), header(name)["title"], _sentence(name, row)))
    return sorted(found, key=lambda one: -one.weight)


def _sentence(name: str, row: dict[str, Any]) -> str:
    """Plain text on one line; it is escaped by whatever page shows it."""
    return _template(header(name)["says"]).render(row).translate(_ONE_LINE)


_ONE_LINE = dict.fromkeys((*range(32), *range(127, 160), 0x2028, 0x2029), " ")


@cache
def _template(says: str) -> Template:
    return _plain_text().from_string(says)


@cache
def _plain_text() -> Environment:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=False, undefined=StrictUndefined)  # noqa: S701 - plain text
    environment.filters.update(wording.FILTERS)
    return environment
