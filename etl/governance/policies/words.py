"""Are the words of policies words that there are? A policy whose words mean nothing would be silent for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from etl import catalog
from etl.catalog.catalog import Catalog
from etl.catalog.vocabulary import factors, words
from etl.context.datasets import Context
from etl.errors import GovernanceError
from etl.governance.policies.settings import Policy
from etl.settings import Settings

STATUSES = ("sanctioned", "unsanctioned", "monitored", "none")


def check(settings: Settings) -> None:
    """Raises GovernanceError naming every category, trait, factor, value and tag that policies name and that there is not."""
    problems = [problem for policy in settings.policies for problem in _unknown(policy)]
    if problems:
        raise GovernanceError("\n".join(problems))


def _unknown(policy: Policy) -> Iterable[str]:
    where, known = policy.where, factors()
    closed: list[tuple[str, Iterable[str], Collection[str]]] = [
        ("categories", (*where.categories, *where.not_categories), (*words("categories"), "unknown")),
        ("traits", (*where.traits, *where.not_traits), tuple(words("traits"))),
        ("factors", (*where.factors, *where.lacks), tuple(known)),
        ("tags", [one for one in (*where.tags, *where.not_tags) if not one.lower().startswith("label:")], STATUSES),
    ]
    for name, values in where.factors.items():
        factor = known.get(name.lower())
        if factor is not None and factor.points:
            closed.append((f"factors.{name}", values, (*factor.points, "unknown", "yes", "no")))
    for key, given, there in closed:
        by_lower = {one.lower(): one for one in there}
        for word in given:
            if word.lower() not in by_lower:
                near = get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5) or sorted(by_lower)
                meant = ", ".join(by_lower[one] for one in near)
                yield f"policy {policy.name!r}: {key}: found {word!r}; expected such as {meant}. Correct it."


def warnings(policy: Policy, catalog_: Catalog, context: Context) -> list[str]:
    """What a policy names and nobody or nothing is behind today: it may be so tomorrow, or be a slip."""
    where = policy.where
    apps = {one.lower() for app in catalog_.apps.values() for one in (app.app_id, app.app_name)}
    groups = {name.lower() for one in context.people for name in one.groups or ()}
    departments = {one.department.lower() for one in context.people if one.department}
    tags = {tag for one in context.ip_ranges for tag in one.tags}
    categories: set[str] = {one.category for one in context.ip_ranges}
    checked: list[tuple[str, Iterable[str], set[str]]] = [
        ("no app of the catalog is", (*where.apps, *where.not_apps), apps),
        ("nobody is in the group", (*where.groups, *where.not_groups), groups),
        ("nobody is in the department", (*where.departments, *where.not_departments), departments),
        ("no address range has the tag", (*where.ip_tags, *where.not_ip_tags), tags),
        ("no address range is of the category", (*where.ip_categories, *where.not_ip_categories), categories),
    ]
    return [
        f"{policy.name}: {what} {word!r}"
        for what, given, there in checked
        for word in given
        if word.lower() not in there and not word.lower().startswith("uncatalogued:")
    ]


def all_warnings(settings: Settings) -> list[str]:
    """The warnings of all policies. Raises GovernanceError, as `check` does, and ContextError."""
    from etl import context

    check(settings)
    if not settings.policies:
        return []
    known, ours = catalog.load(settings), context.load(settings)
    return [warning for policy in settings.policies for warning in warnings(policy, known, ours)]
