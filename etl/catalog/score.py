"""The risk score: 0 to 10, ten is safe. docs/catalog.md publishes the formula; this module is the formula.

In each group (general, security, compliance, legal) the known factors give a weighted mean of their points; what is unknown
counts by rule (by default as 5 with a quarter of its weight). The score is the weighted mean of the groups, then limited by the
ceilings of what the app is for. Confidence is the known share of the weight, group by group. Pure: same facts and settings,
same score; age is counted to the catalog's edition, not to today.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from etl.catalog.entries import App
from etl.catalog.settings import ScoreSettings
from etl.catalog.vocabulary import DATA, GROUPS, LEVELS, Factor, category_weights, ceilings, factors

FORMULA = 2  # raised when this module gives other scores for the same facts and settings
MIDDLE = 5.0


@dataclass(frozen=True)
class Part:
    """One line of a score: a factor, what is known of it, its points (0–10), its weight within its group, who says so."""

    group: str
    factor: str
    value: str
    points: float
    weight: float
    source: str


@dataclass(frozen=True)
class GroupScore:
    """A group's points (unknown factors included by rule), its weight, and how much of it is known (0–1)."""

    group: str
    points: float
    weight: float
    confidence: float


@dataclass(frozen=True)
class Ceiling:
    """What limits a score."""

    trait: str
    highest: float


@dataclass(frozen=True)
class Score:
    """How an app's score came about. `value` is null when too little is known. `own` is true when the user set it."""

    value: float | None
    band: str
    confidence: float
    groups: tuple[GroupScore, ...] = ()
    parts: tuple[Part, ...] = ()
    ceilings: tuple[Ceiling, ...] = ()
    own: bool = False


@lru_cache(maxsize=1)
def edition() -> date:
    """The day to which the catalog's facts are counted."""
    return date.fromisoformat(tomllib.loads((DATA / "edition.toml").read_text(encoding="utf-8"))["as_of"])


class Weights:
    """How much each factor counts in a category, by group: worked out once for each category."""

    def __init__(self, settings: ScoreSettings) -> None:
        self._settings = settings
        self._known: dict[tuple[str | None, str], tuple[list[tuple[Factor, float]], float]] = {}

    def of(self, category: str | None, group: str) -> tuple[list[tuple[Factor, float]], float]:
        """The group's factors that count in the category, each with its weight, and the weight that is asked.

        Traits are not asked: they hold or do not.
        """
        key = (category, group)
        if key not in self._known:
            weighed = [
                (factor, LEVELS[level(factor, category, self._settings)])
                for factor in factors().values()
                if factor.group == group
            ]
            counting = [(factor, weight) for factor, weight in weighed if weight > 0]
            asked = sum((weight for factor, weight in counting if factor.kind != "trait"), 0.0)
            self._known[key] = counting, asked
        return self._known[key]


def score(app: App, settings: ScoreSettings | None = None, weights: Weights | None = None) -> Score:
    """Score an app by its facts, breaches and traits. `weights`: those of the settings, where many apps are scored."""
    settings = settings or ScoreSettings()
    weights = weights or Weights(settings)
    found: list[Part] = []
    groups: list[GroupScore] = []
    said = _said(app)
    for group in GROUPS:
        weighed, asked = weights.of(app.category, group)
        parts, known = _group_parts(said, group, weighed) if said else ([], 0.0)
        found += parts
        weight = LEVELS[settings.groups.get(group, "medium")]
        if asked + sum(part.weight for part in parts) > 0 and weight > 0:
            groups.append(
                GroupScore(group, _mean(parts, asked - known, settings), weight, known / asked if asked else 1.0)
            )
    limits = tuple(_ceilings(app, settings))
    if app.own_score is not None:
        return Score(app.own_score, band(app.own_score, settings), 1.0, tuple(groups), tuple(found), limits, own=True)
    total = sum(group.weight for group in groups)
    confidence = sum(group.confidence * group.weight for group in groups) / total if total else 0.0
    if confidence < settings.minimum_confidence and not limits:
        return Score(None, "unknown", confidence, tuple(groups), tuple(found))
    mean = sum(group.points * group.weight for group in groups) / total if total else MIDDLE
    value = min([mean, *(limit.highest for limit in limits)])
    return Score(value, band(value, settings), confidence, tuple(groups), tuple(found), limits)


def band(value: float | None, settings: ScoreSettings | None = None) -> str:
    """The risk band of a score: high below 4, medium below 7, else low (by default); unknown without a score."""
    settings = settings or ScoreSettings()
    if value is None:
        return "unknown"
    return "high" if value < settings.high_below else "medium" if value < settings.medium_below else "low"


def level(factor: Factor, category: str | None, settings: ScoreSettings) -> str:
    """The level of a factor: the configuration's for the category, the configuration's, the catalog's for the category, its own."""
    places = (
        settings.categories.get(category or "", {}),
        settings.factors,
        category_weights().get(category or "", {}),
    )
    return next((str(place[factor.name]) for place in places if factor.name in place), factor.level)


def points_of(factor: Factor, value: str, as_of: date) -> float | None:
    """The points of a value; null when the factor carries none or the value says nothing."""
    if factor.kind == "year":
        return min(10.0, max(0.0, float(as_of.year - int(value))))
    if factor.kind == "date":
        return min(10.0, max(0.0, (as_of - date.fromisoformat(value)).days // 365.25))
    if factor.kind == "best":
        return max((factor.points[one] for one in value.split("+") if one in factor.points), default=None)
    return factor.points.get(value)


def _group_parts(
    said: dict[str, tuple[str, str]], group: str, weighed: list[tuple[Factor, float]]
) -> tuple[list[Part], float]:
    """The parts of a group, and the weight that is known of what is asked."""
    parts, known = [], 0.0
    for factor, weight in weighed:
        if factor.name not in said:
            continue
        value, source = said[factor.name]
        points = points_of(factor, value, edition())
        if points is None:
            continue
        known += 0.0 if factor.kind == "trait" else weight
        parts.append(Part(group, factor.name, value, points, weight, source))
    return parts, known


def _said(app: App) -> dict[str, tuple[str, str]]:
    """What is known of an app, by factor: the value and its source. A breach counts by the day of the last one."""
    found = {name: (fact.value, fact.source) for name, fact in app.facts.items()}
    for name, factor in _not_facts().items():
        found.pop(name, None)
        if factor.kind == "trait" and name in app.traits:
            found[name] = ("yes", app.source)
        elif factor.kind == "date" and app.breaches:
            found[name] = (app.breaches[-1].date, app.breaches[-1].source)
    return found


@lru_cache(maxsize=1)
def _not_facts() -> dict[str, Factor]:
    return {name: factor for name, factor in factors().items() if factor.kind in ("trait", "date")}


def _mean(parts: list[Part], unknown: float, settings: ScoreSettings) -> float:
    share = {"middle": settings.unknown_share, "exclude": 0.0, "worst": 1.0}[settings.unknown]
    prior = 0.0 if settings.unknown == "worst" else MIDDLE
    weight = sum(part.weight for part in parts) + share * unknown
    if weight == 0:
        return MIDDLE
    return (sum(part.points * part.weight for part in parts) + prior * share * unknown) / weight


def _ceilings(app: App, settings: ScoreSettings) -> list[Ceiling]:
    limits = []
    for (trait, category), highest in sorted(ceilings().items()):
        if trait in app.traits and category in {"", app.category}:
            limits.append(Ceiling(trait, settings.ceilings.get(trait, highest)))
    return [limit for limit in limits if limit.highest < 10]
