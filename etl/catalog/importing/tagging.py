"""Tags that an import of another product brings, as decisions of `via = import`.

A person's decision stays: an imported tag is set only where none holds, or where an import set it. Statuses are the three that
we know as well; every other tag becomes a label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from etl import catalog
from etl.catalog.entries import Foreign
from etl.governance import tags
from etl.governance.tags import Entry, Tagged
from etl.settings import Settings

STATUSES = ("sanctioned", "unsanctioned", "monitored")


def tag(settings: Settings) -> int:
    """Append what imports say and does not hold yet; gives how many decisions. Raises GovernanceError."""
    entries = decisions(catalog.load(settings).entries.overrides, tags.current(settings))
    if entries:
        tags.append(settings, entries)
    return len(entries)


def decisions(overrides: Mapping[str, Foreign], current: Mapping[str, Tagged]) -> list[Entry]:
    """The decisions that bring tags to what imports say, by app."""
    found = []
    for app_id, foreign in sorted(overrides.items()):
        held = current.get(app_id, Tagged(app_id, None))
        status = next((one for one in STATUSES if one in foreign.tags), None)
        if status and held.tag != status and (held.tag is None or held.via == "import"):
            found.append(Entry(app_id, status, foreign.source, "import"))
        labels = {label for one in foreign.tags if one not in STATUSES and (label := _label(one))}
        found += [
            Entry(app_id, f"label:{label}", foreign.source, "import") for label in sorted(labels - set(held.labels))
        ]
    return found


def _label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:63]
