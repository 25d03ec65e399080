"""What policies do besides alerting: they tag. (Mail is the report's matter: see sql/reports/policy_matches.sql.)"""

from __future__ import annotations

import pyarrow.parquet as pq

from etl.governance import tags
from etl.lake import Lake
from etl.settings import Settings

MATCHES = "int_policy_matches"


def tag_matches(settings: Settings, lake: Lake) -> list[tags.Entry]:
    """Tag the apps that policies with a tag action matched, within their daily caps; gives what was decided.

    A policy tags an app once: whatever a person decides later holds, although the policy may match again. Raises GovernanceError.
    """
    path = lake.partition(MATCHES)
    if not path.exists() or not any(one.tag and one.is_enabled for one in settings.policies):
        return []
    asking = {one.name: one.tag for one in settings.policies if one.tag and one.is_enabled}
    done = {(one.by, one.app_id, one.tag) for one in tags.history(settings) if one.via == "policy"}
    found: dict[tuple[str, str, str], tags.Entry] = {}
    columns = ["policy", "app_id", "day", "acts", "tag_action"]
    rows = sorted(
        pq.read_table(path, columns=columns).to_pylist(), key=lambda row: (row["day"], row["policy"], row["app_id"])
    )
    for row in rows:
        tag = row["tag_action"]
        key = (by_of(row["policy"]), row["app_id"], tag)
        if row["acts"] and tag and asking.get(row["policy"]) == tag and key not in done and key not in found:
            found[key] = tags.Entry(row["app_id"], tag, key[0], "policy", f"matched on {row['day']}")
    return tags.append(settings, list(found.values())) if found else []


def by_of(policy: str) -> str:
    """How the log of tags names a policy: with single blanks, as the log keeps names."""
    return "policy " + " ".join(policy.split())
