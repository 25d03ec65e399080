"""What the codes of a Squid `logformat` mean for an event; the rules are those of `etl/formats/squid_native`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from etl.errors import SettingsError
from etl.intake.sql import literal

BYTES: tuple[tuple[Literal["uploaded", "downloaded", "total"], str], ...] = (
    ("uploaded", ">st"),  # received from the client, headers included
    ("downloaded", "<st"),  # sent to the client, headers included
    ("total", "st"),
)


class Coded(Protocol):
    """A code of the line: its argument, and how its value is escaped."""

    @property
    def argument(self) -> str: ...
    @property
    def escape(self) -> str: ...


@dataclass(frozen=True)
class Meaning:
    """The parts of a format that say what fields mean."""

    time: str
    let: dict[str, str]
    event: dict[str, str]
    skip: dict[str, str]
    entities: tuple[Literal["device", "user", "ip", "url", "app"], ...]
    bytes: tuple[Literal["uploaded", "downloaded", "total"], ...]


def meaning(codes: Mapping[str, Coded], values: dict[str, str], where: str) -> Meaning:
    """`codes` and `values` by key (`>a`, `>h:user-agent`): the code, and the SQL that gives its raw text.

    Raises SettingsError when the line tells no time, or neither a URL nor a host.
    """
    return _Line(codes, values, where).told()


class _Line:
    def __init__(self, codes: Mapping[str, Coded], values: dict[str, str], where: str) -> None:
        self.codes, self.values, self.where = codes, values, where
        self.let: dict[str, str] = {}

    def first(self, *keys: str) -> str | None:
        """The name of the first of these codes that the line has, decoded."""
        for key in keys:
            if key in self.values and key in self.codes:
                name = "v_" + "".join(char if char.islower() else f"_{ord(char)}_" for char in key)
                self.let[name] = self._decoded(key)
                return name
        return None

    def _decoded(self, key: str) -> str:
        """Decoded once, as its escape says. URLs stay as they were asked for."""
        value, escape = self.values[key], self.codes[key].escape
        if escape in ('"', "/"):
            return f"case when contains({value}, '\\') then replace(replace({value}, '\\\"', '\"'), '\\\\', '\\') else {value} end"
        is_url = key.lstrip("<>") in ("ru", "rp", "rd", "rm", "a", "mt", "Ss", "Sh")
        return value if is_url or escape == "'" else f"url_decode({value})"

    def told(self) -> Meaning:
        time, at = self._time()
        event = {"event_at": at}
        client, name = self.first(">a"), self.first(">A")
        user = [one for key in ("un", "ul", "ue", "ui", "us", "credentials") if (one := self.first(key))]
        url = self.first(">ru", "ru", "<ru")
        host, sni, asked = self.first(">rd", "<rd"), self.first("ssl::>sni"), self.first(">h:host")
        if not (url or host or sni or asked):
            raise SettingsError(
                f"{self.where}: found no code for the destination; expected %ru, %>ru, %>rd or %ssl::>sni. Add one to Squid's logformat."
            )
        status, result, method = self.first(">Hs", "Hs", "<Hs"), self.first("Ss"), self.first("rm", ">rm", "<rm")
        hierarchy, server, size = self.first("Sh"), self.first("<a"), self.first("<st")
        parts: dict[str, str | None] = {
            "src_ip": client,
            "src_port": self.first(">p"),
            "device_name": _device(client, name),
            "user_name": f"coalesce({', '.join(f'known({one})' for one in user)})" if user else None,
            "url": url,
            "dst_host": _host(url, host, sni, asked),
            "dst_port": self.first(">rP", "<rP"),
            "url_path": f"path_only({path})" if (path := self.first(">rp", "rp", "<rp")) else None,
            # a parent proxy or a cache is not the destination
            "dst_ip": f"case when contains({hierarchy}, 'DIRECT') or contains({hierarchy}, 'ORIGINAL_DST') then {server} end"
            if hierarchy and server
            else None,
            "http_method": method,
            "http_status": status,
            "content_type": self.first("mt", "<h:content-type"),
            "user_agent": self.first(">h:user-agent"),
            "action": _action(result, status, hierarchy),
            "duration_ms": f"whole({elapsed})" if (elapsed := self.first("tr")) else None,
        }
        sizes = tuple(size for size, key in BYTES if key in self.values)
        for one, key in BYTES:
            parts[f"{one}_bytes"] = f"whole({found})" if (found := self.first(key)) else None
        if size and "total_bytes" in parts and parts["total_bytes"] is None and ">st" not in self.values:
            parts["total_bytes"] = f"whole({size})"
        event |= {column: expression for column, expression in parts.items() if expression}
        knows: list[Literal["device", "user", "ip", "url", "app"]] = ["url"]
        knows += ["ip"] if client else []
        knows += ["user"] if user else []
        knows += ["device"] if name else []
        return Meaning(time, self.let, event, _skips(url, result, status, method, size), tuple(knows), sizes)

    def _time(self) -> tuple[str, str]:
        if "ts.tu" in self.values:
            return "seconds since 1970 with milliseconds (%ts.%03tu)", f"epoch_seconds({self.values['ts.tu']})"
        for key, words in (("ts", "seconds since 1970 (%ts)"), ("tS", "seconds since 1970 (%tS)")):
            if key in self.values:
                return words, f"epoch_seconds({self.values[key]})"
        for key, words in (("tl", "local time (%tl)"), ("tg", "GMT (%tg)")):
            if key not in self.values:
                continue
            value, pattern = self.values[key], self.codes[key].argument
            if not pattern:
                return f"{words}: DD/Mon/YYYY:HH:MM:SS +zone", f"clf_time({value})"
            if "%z" in pattern:
                return f"{words}: {pattern}", f"zoned_strptime({value}, {literal(pattern)})"
            macro = "local_strptime" if key == "tl" else "try_strptime"
            return f"{words}: {pattern}", f"{macro}({value}, {literal(pattern)})"
        raise SettingsError(
            f"{self.where}: found no time; expected one of %ts %ts.%03tu %tS %tl %tg among the codes. Add one to Squid's logformat."
        )


def _device(client: str | None, name: str | None) -> str | None:
    """The client's name, also where `log_fqdn` writes it for the address."""
    named = [f"case when {one} is not null and not is_ip({one}) then {one} end" for one in (name, client) if one]
    return f"coalesce({', '.join(named)})" if named else None


def _host(url: str | None, host: str | None, sni: str | None, asked: str | None) -> str | None:
    """The name of the server: of a tunnel to an address, the one that the client named in its TLS greeting."""
    others = [f"known({one})" for one in (sni, asked) if one]
    if url is None:
        return f"coalesce({', '.join([*([f'known({host})'] if host else []), *others])})"
    return (
        f"case when is_ip(url_host({url})) or known({url}) is null then coalesce({', '.join(others)}) end"
        if others
        else None
    )


def _action(result: str | None, status: str | None, hierarchy: str | None) -> str | None:
    if result is None:
        return (
            f"case when {status} in ('000', '502', '503', '504') then 'failed' when {status} = '407' then 'blocked' end"
            if status
            else None
        )
    failed = f"contains({result}, 'TIMEDOUT')"
    if status:
        failed += f" or {status} in ('0', '000', '502', '503', '504')"
    if status and hierarchy:
        failed += f" or ({status} >= '500' and {hierarchy} in ('HIER_NONE', 'NONE'))"
    return f"case when contains({result}, 'DENIED') then 'blocked' when {failed} then 'failed' when {result} <> '-' then 'allowed' end"


def _skips(
    url: str | None, result: str | None, status: str | None, method: str | None, size: str | None
) -> dict[str, str]:
    skips: dict[str, str] = {}
    if url:
        skips["no request was made"] = f"starts_with({url}, 'error:')"
        skips["request to Squid itself"] = f"starts_with({url}, 'cache_object:') or contains({url}, '/squid-internal-')"
    if result:
        skips["question of another cache"] = f"starts_with({result}, 'UDP_')"
    if result and status and method and size:
        skips["tunnel opened for inspection; what passed is logged by itself"] = (
            f"{size} = '0' and {method} = 'CONNECT' and {status} = '200' and {result} in ('NONE_NONE', 'NONE', 'TAG_NONE')"
        )
    return skips
