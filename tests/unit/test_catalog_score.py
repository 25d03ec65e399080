"""The score: a pure function of facts and settings, explained, with unknown handled by rule."""

from __future__ import annotations

import pytest

from etl.catalog.entries import App, Breach, Fact
from etl.catalog.score import band, edition, points_of, score
from etl.catalog.settings import ScoreSettings
from etl.catalog.vocabulary import category_weights, ceilings, factors, words

CERTIFIED = {"mfa": "hardware+totp", "saml": "yes", "soc2": "yes", "iso27001": "yes", "gdpr_statement": "yes"}


def app(
    facts: dict[str, str] | None = None, *traits: str, category: str = "Collaboration", breach: str | None = None
) -> App:
    known = {name: Fact(value, "vendor") for name, value in (facts or {}).items()}
    breaches = (Breach(breach, None, "public"),) if breach else ()
    return App("it", "It", category, ("it.example",), traits=traits, facts=known, breaches=breaches)


def value(one: App, settings: ScoreSettings | None = None) -> float:
    found = score(one, settings).value
    assert found is not None
    return found


def test_nothing_known_is_no_score() -> None:
    """Unknown is null, never a middle score."""
    found = score(app())
    assert (found.value, found.band, found.confidence) == (None, "unknown", 0.0)


def test_too_little_known_is_no_score() -> None:
    """The year of foundation alone says nothing of risk; the least confidence is configurable."""
    assert score(app({"founded": "1999"})).value is None
    assert score(app({"founded": "1999"}), ScoreSettings(minimum_confidence=0.0)).value is not None


def test_the_published_formula_by_hand() -> None:
    """Two known factors of security: the group's mean with a quarter of the unknown weight as 5, then the mean of the groups."""
    found = score(app({"mfa": "totp", "saml": "no"}))
    asked = (
        2 + 4 + 1 + 2 + 1 + 4 + 1 + 2 + 1
    )  # admin_audit breach bug_bounty encryption ip_restriction mfa passkeys saml sso_cost
    security = (9 * 4 + 2 * 2 + 5 * 0.25 * (asked - 6)) / (6 + 0.25 * (asked - 6))
    assert found.value == pytest.approx((5 * 2 + security * 4 + 5 * 2 + 5 * 2) / 10)
    assert found.confidence == pytest.approx(0.4 * 6 / asked)


@pytest.mark.parametrize(("rule", "order"), [("exclude", 1), ("worst", -1)])
def test_unknown_by_rule(rule: str, order: int) -> None:
    """Leaving unknown factors out raises a well-certified app's score, counting them as worst lowers it; confidence stays."""
    by_default, other = score(app(CERTIFIED)), score(app(CERTIFIED), ScoreSettings.model_validate({"unknown": rule}))
    assert by_default.value and other.value and (other.value - by_default.value) * order > 0
    assert by_default.confidence == other.confidence


def test_more_security_is_never_worse() -> None:
    """Each further certificate, and each better factor, raises the score or leaves it."""
    facts: dict[str, str] = {}
    before = 0.0
    for name, given in CERTIFIED.items():
        facts[name] = given
        now = value(app(facts), ScoreSettings(minimum_confidence=0.0))
        assert now >= before
        before = now
    assert value(app({**CERTIFIED, "mfa": "sms"})) < value(app(CERTIFIED))


def test_an_old_breach_weighs_less_than_a_new_one() -> None:
    """A breach of this year costs most; one of ten years ago is forgiven."""
    recent, older, old = (value(app(CERTIFIED, breach=day)) for day in ("2026-10-01", "2022-05-01", "2011-01-01"))
    assert recent < older < old


def test_the_best_second_factor_counts() -> None:
    """sms beside a hardware key is as good as the key."""
    assert points_of(factors()["mfa"], "hardware+sms", edition()) == 10
    assert points_of(factors()["mfa"], "none", edition()) == 0


def test_ceilings_outweigh_certificates() -> None:
    """No certificate makes an anonymiser safe, unless the configuration lifts the ceiling."""
    assert value(app(CERTIFIED)) > 7
    assert value(app(CERTIFIED, "anonymiser")) <= 2
    assert value(app(CERTIFIED, "anonymiser"), ScoreSettings(ceilings={"anonymiser": 10})) > 2


def test_category_decides_what_anonymous_use_weighs() -> None:
    """Anonymous use limits cloud storage and costs a news site nothing."""
    assert value(app(CERTIFIED, "anonymous_use", category="Cloud storage")) <= 3
    assert value(app(CERTIFIED, "anonymous_use", category="News and entertainment")) == value(
        app(CERTIFIED, category="News and entertainment")
    )


def test_weights_of_the_configuration() -> None:
    """An ignored factor and an ignored group change nothing any more; a heavier one pulls."""
    assert value(app({"mfa": "none", "saml": "yes"}), ScoreSettings(factors={"mfa": "ignored"})) > value(
        app({"mfa": "none", "saml": "yes"})
    )
    heavy = ScoreSettings(categories={"Collaboration": {"mfa": "very_high"}})
    assert value(app({"mfa": "none", "saml": "yes"}), heavy) < value(app({"mfa": "none", "saml": "yes"}))
    ignored = ScoreSettings.model_validate({"groups": {"security": "ignored"}})
    assert value(app({**CERTIFIED, "mfa": "none"}), ignored) == value(app(CERTIFIED), ignored)


def test_own_score_wins() -> None:
    """A score set by the user is taken as it is and says so."""
    found = score(App("it", "It", None, ("it.example",), own_score=9.5))
    assert (found.value, found.band, found.own) == (9.5, "low", True)


def test_bands_have_the_published_cut_offs() -> None:
    """High below 4, medium below 7, else low; unknown without a score; the configuration may move them."""
    assert [band(one) for one in (3.9, 4.0, 6.9, 7.0, 10.0, None)] == [
        "high",
        "medium",
        "medium",
        "low",
        "low",
        "unknown",
    ]
    assert band(4.5, ScoreSettings(high_below=5)) == "high"


def test_rules_name_what_exists() -> None:
    """Weights by category and ceilings point at factors, categories and traits that exist; traits that score are traits."""
    for category, weights in category_weights().items():
        assert category in words("categories") and set(weights) <= set(factors())
    for trait, category in ceilings():
        assert trait in words("traits") and category in {"", *words("categories")}
    assert {one.name for one in factors().values() if one.kind == "trait"} <= set(words("traits"))
    assert all(0 <= number <= 10 for one in factors().values() for number in one.points.values())
