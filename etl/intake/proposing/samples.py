"""Records of a log by field, with the frame that cut them: what proposals are guessed from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LEAST_SHARE = 0.9  # of the lines that must have the shape
LEAST_FIELDS = 3
Record = dict[str, str]


@dataclass(frozen=True)
class Sample:
    """Records of a log by field, with the frame that cut them.

    `frame` and `detect`: keys of format.toml. `by_position`: fields have no names of their own. `text`: the first lines as
    they are kept beside the format, in a file that ends in `suffix`. `described`: the frame in words.
    """

    frame: dict[str, Any]
    detect: dict[str, Any]
    records: list[Record]
    described: str
    suffix: str
    text: str
    by_position: bool = False
    is_syslog: bool = False
    paths: dict[str, str] = field(default_factory=dict)  # JSON: field name → path

    def values(self, name: str) -> list[str]:
        """What a field holds, without empty values and placeholders."""
        found = (record.get(name, "").strip() for record in self.records)
        return [value for value in found if value not in ("", "-", "N/A", "null", "None")]

    @property
    def names(self) -> list[str]:
        """All fields in order of their first occurrence."""
        return list(dict.fromkeys(name for record in self.records for name in record))
