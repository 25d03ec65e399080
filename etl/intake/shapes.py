"""How far a text goes along with a regular expression: the position where they part, and what should stand there.

A pattern is cut into its top-level pieces; the longest run of them that matches tells the place. Groups without a repeat
are opened, so that `(?:a|b)c` parts inside the alternative that goes furthest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARS = 2000  # of a text that is looked at: patterns are written for whole records, a reason for a person is not
MAX_DEPTH = 4
LEAST_AROUND, LEAST_BEHIND = 6, 3  # pieces that must fit before one token is forgiven
ANYTHING = re.compile(r"\.[*+]\??")
DIVIDERS = (" ", ",", ";", r"\|", "|", r"\t", "\t", r"\s", r"\s+", r"\s*", " +", r"\b")
ZERO_WIDTH = ("^", "$", r"\b", r"\B")


@dataclass(frozen=True)
class Reach:
    """`share` of the pattern's pieces that fit, 0 to 1; `position`: where in the text the next piece should begin.

    `prefix`: the pattern up to there; `run`: what is missing, up to what divides fields; `rest`: the pattern behind
    that; `floating`: the run may stand anywhere behind the position.
    """

    share: float
    position: int
    prefix: str
    run: str
    rest: str
    floating: bool


def reach(pattern: str, text: str) -> Reach:
    """How far `text` goes along with `pattern` (regular expression, searched anywhere)."""
    flags = re.match(r"\(\?[a-zA-Z]+\)", pattern)
    head = flags[0] if flags else ""
    found = [_furthest(head, pieces(one), text[:MAX_CHARS], MAX_DEPTH) for one in branches(pattern[len(head) :])]
    return max(found, key=lambda one: (one.share, one.position))


def _furthest(prefix: str, parts: list[str], text: str, depth: int) -> Reach:
    low, high = 0, len(parts)
    while low < high:  # a run of pieces matches only if every shorter one does
        middle = (low + high + 1) // 2
        if _match(prefix + "".join(parts[:middle]), text):
            low = middle
        else:
            high = middle - 1
    fitting = prefix + "".join(parts[:low])
    match = _match(fitting, text)
    if low == len(parts):
        return Reach(1.0, match.end() if match else 0, fitting, "", "", False)
    floating = (low == 0 and not prefix.endswith("^")) or bool(low and ANYTHING.fullmatch(parts[low - 1]))
    if floating and low:  # what stands for anything has eaten the rest of the text
        match = _match(prefix + "".join(parts[: low - 1]), text)
    counted = [not part.startswith(ZERO_WIDTH) and not ANYTHING.fullmatch(part) for part in parts]
    total = max(sum(counted), 1)
    end = _run_end(parts, low)
    run, rest = "".join(parts[low:end]), "".join(parts[end:])
    own = Reach(sum(counted[:low]) / total, match.end() if match else 0, fitting, run, rest, floating)
    inner = _opened(parts[low]) if depth else None
    if inner is None:
        return own
    deeper = [_furthest(fitting, pieces(one), text, depth - 1) for one in branches(inner)]
    best = max(deeper, key=lambda one: (one.share, one.position))
    if best.share == 0:
        return own
    behind = best.rest + "".join(parts[low + 1 :])
    return Reach(own.share + best.share / total, best.position, best.prefix, best.run, behind, best.floating)


def fits_but_for(found: Reach, text: str, token: str) -> bool:
    """Whether all else of the pattern, and not little, fits when `token` (an expression) may stand where the two part."""
    if len(pieces(found.prefix + found.rest)) < LEAST_AROUND or len(pieces(found.rest)) < LEAST_BEHIND:
        return False
    return _match(f"{found.prefix}{token}{found.rest}", text[:MAX_CHARS]) is not None


def _match(pattern: str, text: str) -> re.Match[str] | None:
    try:
        return re.search(pattern, text)
    except re.error:  # a prefix that is no expression by itself, such as a reference to a group not yet closed
        return None


def _run_end(parts: list[str], start: int) -> int:
    """Where the pieces from `start` end: at the next one that divides fields or stands for anything."""
    end = start + 1
    while end < len(parts) and parts[end] not in DIVIDERS and not ANYTHING.fullmatch(parts[end]):
        end += 1
    return end


def _opened(part: str) -> str | None:
    """The inside of a group that stands exactly once."""
    match = re.fullmatch(r"\((?:\?:|\?P<\w+>)?(.*)\)", part, re.DOTALL)
    return match[1] if match and not part.startswith(("(?=", "(?!", "(?<")) else None


def branches(pattern: str) -> list[str]:
    """The alternatives at the top level."""
    found = [""]
    for part in pieces(pattern):
        if part == "|":
            found.append("")
        else:
            found[-1] += part
    return found


def pieces(pattern: str) -> list[str]:
    """Top-level pieces, each with its repeat: characters, classes, groups, and `|` by itself."""
    found: list[str] = []
    for part, is_repeat in _cut(pattern):
        if is_repeat and found:
            found[-1] += part
        else:
            found.append(part)
    return found


def _cut(pattern: str) -> Iterator[tuple[str, bool]]:
    position = 0
    while position < len(pattern):
        end = _end(pattern, position)
        part = pattern[position:end]
        yield part, part in ("*", "+", "?") or bool(re.fullmatch(r"\{\d*,?\d*\}", part))
        position = end


def _end(pattern: str, start: int) -> int:
    """The position behind the piece that begins at `start`."""
    char = pattern[start]
    if char == "\\":
        return start + 2
    if char == "[":
        end = start + (2 if pattern[start + 1 : start + 2] == "^" else 1)
        end += pattern[end : end + 1] == "]"  # the first one stands for itself
        while end < len(pattern) and pattern[end] != "]":
            end += 2 if pattern[end] == "\\" else 1
        return end + 1
    if char == "{":
        repeat = re.compile(r"\{\d*,?\d*\}").match(pattern, start)
        return repeat.end() if repeat else start + 1
    if char != "(":
        return start + 1
    end = start + 1
    while end < len(pattern) and pattern[end] != ")":
        end = _end(pattern, end)
    return end + 1


def names(run: str, limit: int = 4) -> list[str]:
    """Names that a part of a pattern spells out, as a person would write them: `src_?ip|source` is src_ip, source."""
    plain = re.sub(r"\[_ \]\??|_\?", "_", run)
    plain = re.sub(r"\(\?[:=!]|\[\^?[^\]]*\]|\\.", "|", plain)
    words = [word for word in re.findall(r"[A-Za-z][\w-]+", plain) if len(word) > 2]
    return list(dict.fromkeys(words))[:limit]
