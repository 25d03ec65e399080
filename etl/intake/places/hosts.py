"""Hosts and URLs that are written plainly, told apart from those that only the engine reads.

A plain host is a name in lower case as nearly all are: letters, digits, `-`, `_` and dots, a letter first, no dot at its end. It
is no address, and no character of it is wrong in a host. A plain URL has such a host, a port of digits or none, no user and no
escapes. What they give is what the macros of `etl/intake/macros.sql` give (`plain_host`, `is_ip`, `host_flaw`, `url_rest` …).
"""

from __future__ import annotations

import numpy as np

from etl.intake.places.compiled import Bytes, Places, compiled, until

SLASH, COLON, DOT, QUESTION, HASH, QUOTE, BACKSLASH = 47, 58, 46, 63, 35, 34, 92
MOST_HOST = 253  # RFC 1035
MOST_SCHEME = 23
NO_PORT, ODD = -1, -2
# Lower-case words that logs write for nothing (`known` of the macros, and what `statement` takes for no host).
NOTHING = np.zeros((5, 9), np.uint8)
for _row, _word in enumerate((b"none", b"null", b"nil", b"unknown", b"undefined")):
    NOTHING[_row, : len(_word)] = np.frombuffer(_word, np.uint8)
SCHEMES = np.zeros((5, 5), np.uint8)
for _row, _word in enumerate((b"http", b"https", b"ws", b"wss", b"ftp")):
    SCHEMES[_row, : len(_word)] = np.frombuffer(_word, np.uint8)
IN_HOST = np.array([chr(byte) in "abcdefghijklmnopqrstuvwxyz0123456789-_." for byte in range(256)])
PORTS = np.array([80, 443, 80, 443, 21])


@compiled
def _host_end(data: Bytes, at: int, end: int) -> int:
    """Where the plain host that begins there ends, or ODD."""
    start = at
    if at == end or not 97 <= data[at] <= 122:
        return ODD
    while at < end and IN_HOST[data[at]]:
        at += 1
    if data[at - 1] == DOT or at - start > MOST_HOST or _which(data, start, at, NOTHING) >= 0:
        return ODD
    return at


@compiled
def _which(data: Bytes, start: int, end: int, words: Bytes) -> int:
    """Which of the words the bytes are, or -1."""
    length = end - start
    if length > words.shape[1]:
        return -1
    for row in range(words.shape[0]):
        nth = 0
        while nth < length and data[start + nth] == words[row, nth]:
            nth += 1
        if nth == length and (nth == words.shape[1] or words[row, nth] == 0):
            return row
    return -1


@compiled
def note_host(data: Bytes, start: int, end: int, starts: Places, ends: Places) -> None:
    """If the whole text is a plain host, note it as the fourth place from the end."""
    if _host_end(data, start, end) == end:
        starts[-4], ends[-4] = start, end


@compiled
def note_url(data: Bytes, start: int, end: int, starts: Places, ends: Places) -> int:
    """If the text is a plain URL, `host:port` or `host/path`, note its host and its path as the fourth and third place from the end.

    Gives the port, of the scheme where none is written, or NO_PORT.
    """
    slash = until(data, start, end, SLASH, SLASH)
    at, port = start, NO_PORT
    if slash + 1 < end and slash > start and data[slash - 1] == COLON and data[slash + 1] == SLASH:
        if not 1 <= slash - 1 - start <= MOST_SCHEME:
            return NO_PORT
        for place in range(start, slash - 1):
            if not (97 <= data[place] <= 122 or 48 <= data[place] <= 57):
                return NO_PORT
        scheme = _which(data, start, slash - 1, SCHEMES)
        port = PORTS[scheme] if scheme >= 0 else NO_PORT
        at = slash + 2
    host = at
    at = host_end = _host_end(data, host, end)
    if at < 0:
        return NO_PORT
    if at < end and data[at] == COLON:
        number, port = at + 1, 0
        at = number
        while at < end and 48 <= data[at] <= 57:
            port = min(port * 10 + int(data[at]) - 48, 65536)
            at += 1
        if at == number or port > 65535 or at - number > 5:
            return NO_PORT
    if at < end and data[at] != SLASH:
        return NO_PORT
    path, path_end = at, end
    while at < end:
        if data[at] == QUOTE or data[at] == BACKSLASH:
            return NO_PORT
        if path_end == end and (data[at] == QUESTION or data[at] == HASH):
            path_end = at
        at += 1
    starts[-4], ends[-4] = host, host_end
    if path < end:
        starts[-3], ends[-3] = path, path_end
    return port
