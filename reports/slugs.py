"""Names of sources as names of folders: a source's name is somebody's input."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable


def slugs(sources: Iterable[str]) -> dict[str, str]:
    """A folder's name for each source: lower-case ASCII letters, digits, `-` and `_`; never two alike."""
    found: dict[str, str] = {}
    for source in sorted(sources):
        plain = re.sub(r"[^a-z0-9_]+", "-", source.lower()).strip("-_")[:60]
        if not plain or plain != source or plain in found.values():
            plain = f"{plain or 'source'}-{hashlib.sha256(source.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        found[source] = plain
    return found
