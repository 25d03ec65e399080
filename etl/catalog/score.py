"""The risk score: 0 to 10, ten is safe. docs/catalog.md publishes the formula; this module is the formula.

Facts give points (0 to 10) with a weight. The score is the weighted mean of the known ones, pulled towards the middle (5)
by the weight of what is unknown, then capped by traits that no certificate outweighs. Confidence is the known share of the weight.
"""

from __future__ import annotations

from dataclasses import dataclass

MIDDLE = 5.0
THIS_YEAR = 2026
BANDS = ((4.0, "high"), (7.0, "medium"), (10.1, "low"))  # a score below the number has this risk

# factor: (group, weight, points when it holds, points when it is known not to hold)
FACTORS: dict[str, tuple[str, float, float, float]] = {
    "holding": ("general", 1, 8, 5),
    "mfa": ("security", 3, 10, 0),
    "saml": ("security", 2, 10, 2),
    "encryption_at_rest": ("security", 1, 10, 0),
    "admin_audit": ("security", 1, 10, 2),
    "breach": ("security", 3, 0, 10),
    "soc2": ("compliance", 3, 10, 2),
    "iso27001": ("compliance", 3, 10, 2),
    "hipaa": ("compliance", 0.5, 10, 5),
    "fedramp": ("compliance", 0.5, 10, 5),
    "pci_dss": ("compliance", 0.5, 10, 5),
    "gdpr_statement": ("legal", 2, 10, 2),
}
# What an app is for can outweigh everything: the score is at most this.
CAPS: dict[str, float] = {"anonymiser": 2.0, "anonymous_use": 3.0, "paste": 3.0, "remote_access": 6.0}


@dataclass(frozen=True)
class Part:
    """One line of a score: a factor, what is known of it, its points, its weight."""

    group: str
    factor: str
    value: str
    points: float
    weight: float


@dataclass(frozen=True)
class Score:
    """How an app's score came about. `value` is null when nothing at all is known."""

    value: float | None
    band: str
    confidence: float
    parts: tuple[Part, ...]


def score(facts: dict[str, str], traits: tuple[str, ...]) -> Score:
    """Score an app by its facts (factor to value) and traits."""
    parts = [part for factor in FACTORS if (part := _part(factor, facts)) is not None]
    known = sum(part.weight for part in parts)
    total = sum(weight for _, weight, _, _ in FACTORS.values())
    caps = [Part("purpose", trait, "at most", CAPS[trait], 0.0) for trait in traits if trait in CAPS]
    if not parts and not caps:
        return Score(None, "unknown", 0.0, ())
    mean = (sum(part.points * part.weight for part in parts) + MIDDLE * (total - known) / 2) / (
        known + (total - known) / 2
    )
    value = min([mean, *(cap.points for cap in caps)])
    return Score(value, band(value), known / total, (*parts, *caps))


def _part(factor: str, facts: dict[str, str]) -> Part | None:
    group, weight, yes, no = FACTORS[factor]
    value = facts.get(factor)
    if value is None:
        return None
    if factor == "breach":
        # An old breach weighs less than a new one: one point a year.
        points = min(10.0, float(THIS_YEAR - int(value)))
        return Part(group, factor, value, points, weight)
    return Part(group, factor, value, no if value == "no" else yes, weight)


def band(value: float | None) -> str:
    """The risk band of a score: high below 4, medium below 7, else low; unknown without a score."""
    if value is None:
        return "unknown"
    return next(name for limit, name in BANDS if value < limit)
