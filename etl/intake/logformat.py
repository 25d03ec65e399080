"""A Squid `logformat` line as a format: `[sources.NAME] logformat = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt"`.

Codes, quoting and widths after Squid's configuration directive "logformat" (versions 2.7 to 7): `%`, an encoding (`"` `[` `'` `#`
`/`), `-`, a width, `{argument}` before or behind the code. Without an encoding of its own a code inside quotes of the line is
backslash-escaped, elsewhere percent-encoded. Where every field is a word the frame is `columns`, which is read fastest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.errors import SettingsError
from etl.intake.formats import Detect, Format, Frame, Provides, available
from etl.intake.logformat_meaning import meaning
from etl.intake.sql import literal
from etl.settings import Settings

FORMAT_ID = "squid_logformat"
PREDEFINED = {
    "squid": "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt",
    "common": '%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st %Ss:%Sh',
    "combined": '%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh',
}
# Kinds of values. A text may hold blanks.
_CODES = {
    "number": """ts tu tr dt >p <p >lp <lp lp >Hs <Hs Hs >st <st st >sh <sh <sH <sS <bs <pt <tt busy_time sn >rP <rP request_attempts
        icap::tt icap::tr icap::tio icap::>st icap::<st icap::<bs icap::Hs""",
    "word": """tS >a >A <a <A >la <la la oa >eui >qos <qos >nfmark <nfmark rm >rm <rm ru >ru <ru rp >rp <rp >rs <rs >rd <rd rv >rv <rv >v
        rG mt Ss Sh un ul ui ue us et err_code err_detail credentials master_xaction byte transport::>connection_id adapt::all_trs
        adapt::sum_trs icap::<A icap::<service_name icap::ru icap::rm icap::to ssl::bump_mode ssl::>sni ssl::>negotiated_version
        ssl::<negotiated_version ssl::>negotiated_cipher ssl::<negotiated_cipher ssl::>received_hello_version
        ssl::<received_hello_version ssl::>received_supported_version ssl::<received_supported_version""",
    "text": """tl tg >h <h >ha ea note >handshake adapt::<last_h icap::>h icap::<h icap::<last_h proxy_protocol::>h ssl::>cert_subject
        ssl::>cert_issuer ssl::<cert_subject ssl::<cert_issuer ssl::<cert_errors ssl::<cert""",
}
CODES = {code: kind for kind, codes in _CODES.items() for code in codes.split()}
LONGEST_FIRST = "|".join(re.escape(code) for code in sorted(CODES, key=len, reverse=True))
FIELD_NAME = re.compile(r"[a-z]+(?:-[\w-]+)*(?:\([^)\s]*\))?")
CODE = re.compile(
    rf"%(?P<encoding>[\"\['#/])?(?P<left>-)?(?P<width>\d*(?:\.\d+)?)(?:\{{(?P<before>[^}}]*)\}})?(?:http::)?"
    rf"(?P<code>{LONGEST_FIRST})(?:\{{(?P<behind>[^}}]*)\}})?"
)


@dataclass(frozen=True)
class Piece:
    """A part of the line: literal `text`, or a `code` with its argument. `escape`: how its value is written (`"` `[` `'` `#` `/`)."""

    text: str = ""
    code: str = ""
    argument: str = ""
    escape: str = ""
    within: str = ""  # the literal quote or bracket that it stands in
    padded: str = ""  # "left" or "right": where blanks fill up the width

    @property
    def key(self) -> str:
        """`>h:user-agent` of a header, else the code."""
        return (
            f"{self.code}:{self.argument.lower()}" if self.code in (">h", "<h", ">ha") and self.argument else self.code
        )


def compile_logformat(line: str, where: str) -> Format:
    """The format that reads lines written by this logformat; also one of Squid's own names: squid, common, combined.

    A line without `%` is read as the field list of a W3C log without `#Fields` lines, as ProxySG writes on request.
    Raises SettingsError with `where`, what was found and the codes that are known.
    """
    line = re.sub(r"^\s*logformat\s+\S+\s+", "", line).strip()
    if "%" not in line and line not in PREDEFINED:
        return _field_list(line, where)
    pieces = list(_pieces(PREDEFINED.get(line, line), where))
    codes = [piece for piece in pieces if piece.code]
    if not codes:
        raise SettingsError(
            f"{where}: found {line!r}; expected Squid's format codes, such as {PREDEFINED['squid']}. Correct it."
        )
    frame, values = _columns(pieces) or _regex(pieces)
    told = meaning({piece.key: piece for piece in reversed(codes)}, values, where)
    return Format(
        id=FORMAT_ID,
        folder=Path(where),
        title=f"Squid access log, logformat {line}",
        vendor="Squid",
        document="Squid configuration manual, directive logformat",
        confidence="from the vendor's document",
        time=told.time,
        frame=frame,
        detect=Detect(),
        let=told.let,
        event=told.event,
        skip=told.skip,
        provides=Provides(entities=told.entities, bytes=told.bytes),
    )


def of_sources(settings: Settings) -> dict[str, Format]:
    """The formats of sources whose configuration gives a logformat. Raises SettingsError."""
    found: dict[str, Format] = {}
    for name, source in settings.sources.items():
        if source.logformat and source.format != "auto":
            raise SettingsError(
                f"[sources.{name}]: found both format = {source.format!r} and a logformat; expected one of them. Take one out."
            )
        if source.logformat:
            found[name] = compile_logformat(source.logformat, f"[sources.{name}] logformat")
    return found


def _field_list(line: str, where: str) -> Format:
    names = re.sub(r"(?i)^#\s?fields:", "", line).split()
    spec = available()["bluecoat_proxysg"]
    unlike = [name for name in names if not FIELD_NAME.fullmatch(name)]
    if (
        unlike
        or not {"c-ip", "cs-username", "cs-user", "c-dns"} & set(names)
        or not {"cs-host", "cs-uri", "r-ip"} & set(names)
    ):
        raise SettingsError(
            f"{where}: found {(unlike or [line])[0]!r}; expected Squid's format codes, such as {PREDEFINED['squid']}, or the field names "
            "of a W3C log, such as date time c-ip cs-username cs-host sc-bytes. Correct it."
        )
    frame = spec.frame.model_copy(update={"default_fields": tuple(names)})
    return spec.model_copy(update={"frame": frame, "folder": Path(where)})


def _pieces(line: str, where: str) -> Iterator[Piece]:
    within, position = "", 0
    while position < len(line):
        if line[position] != "%":
            end = line.find("%", position) if "%" in line[position:] else len(line)
            yield Piece(text=line[position:end])
            within = _within(line[position:end], within)
            position = end
        elif line.startswith("%%", position):
            yield Piece(text="%")
            position += 2
        else:
            found = CODE.match(line.replace("tls::", "ssl::"), position)
            if found is None:
                raise SettingsError(
                    f"{where}: found {line[position : position + 16]!r} at character {position + 1}; expected one of Squid's format codes: "
                    f"{' '.join(sorted(CODES))}. Correct it, or copy the line from squid.conf."
                )
            argument = found["before"] or found["behind"] or ""
            width = (found["width"] or "").split(".")[0]
            padded = "" if not width or width.startswith("0") else "left" if found["left"] else "right"
            escape = found["encoding"] or within or "["
            yield Piece("", found["code"], argument, escape, within, padded)
            position = found.end()


def _within(text: str, before: str) -> str:
    """The quote or bracket that is open behind a literal text."""
    for char in text:
        if char == '"':
            before = "" if before == '"' else before or '"'
        elif char == "[":
            before = before or "["
        elif char == "]" and before == "[":
            before = ""
    return before


def _columns(pieces: list[Piece]) -> tuple[Frame, dict[str, str]] | None:
    """Fields divided by blanks, when each is a word of one code or of two with a sign between them; else None."""
    if any(piece.code and (CODES[piece.code] == "text" or piece.within == '"') for piece in pieces):
        return None
    words: list[list[Piece]] = [[]]
    for piece in pieces:
        parts = re.split(r"[ \t]+", piece.text) if piece.text else [""]
        if piece.code:
            words[-1].append(piece)
        for place, part in enumerate(parts):
            if place:
                words.append([])
            if part:
                words[-1].append(Piece(text=part))
    words = [word for word in words if word]
    values: dict[str, str] = {}
    for number, word in enumerate(words, 1):
        kinds = "".join("c" if piece.code else "t" for piece in word)
        name = f"c{number}"
        if kinds == "ctc":
            sign = literal(word[1].text)
            values.setdefault(word[0].key, f"split_part({name}, {sign}, 1)")
            values.setdefault(word[2].key, f"substr({name}, strpos({name}, {sign}) + {len(word[1].text)})")
            values.setdefault("".join(piece.key or piece.text for piece in word), name)
        elif kinds == "c":
            values.setdefault(word[0].key, name)
        elif kinds != "t":
            return None
    frame = Frame(type="columns", fields=tuple(f"c{number}" for number in range(1, len(words) + 1)))
    return frame, values


def _regex(pieces: list[Piece]) -> tuple[Frame, dict[str, str]]:
    """One group a code, between the literal texts."""
    pattern = "^" + ("" if pieces[0].padded != "right" else " *")
    values: dict[str, str] = {}
    for number, piece in enumerate(pieces):
        if piece.text:
            pattern += re.sub(r"(?:\\?[ \t])+", r"[ \\t]+", re.escape(piece.text))
            continue
        behind = "".join(one.text for one in pieces[number + 1 : number + 2])
        name = f"c{number}"
        fill = " *" if piece.padded else ""
        group = f"(?P<{name}>{_value(piece, behind)})"
        pattern += f"{fill}{group}" if piece.padded == "right" else f"{group}{fill}"
        values.setdefault(piece.key, name)
    both = re.search(r"\(\?P<(c\d+)>\\d\+\)\\\.\(\?P<(c\d+)>\\d\+\)", pattern)
    if both:  # seconds and milliseconds
        values["ts.tu"] = f"{both[1]} || '.' || {both[2]}"
    return Frame(type="regex", pattern=pattern), values


def _value(piece: Piece, behind: str) -> str:
    """What a code's value looks like, given the literal text behind it."""
    if piece.code in ("ts", "tu"):
        return r"\d+"
    if CODES[piece.code] == "number":
        return r"-?\d+|-"
    if piece.within == '"' and behind[:1] == '"' and piece.escape in ('"', "/"):
        return r'(?:[^"\\]|\\.)*'
    if piece.within == "[" and behind[:1] == "]":
        return r"[^\]]*"
    if CODES[piece.code] == "word":
        sign = re.escape(behind[:1]) if behind[:1].strip() else ""
        return f"[^{sign}]*" if sign else r"\S*"  # a blank in a user's name is not encoded
    if piece.code in ("tl", "tg") and not piece.argument:
        return r"\S+(?: [+-]\d{4})?"
    if behind[:1].strip():
        return f"[^{re.escape(behind[0])}]*"
    return ".*?" if behind else ".*"
