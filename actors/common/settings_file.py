"""Reading a settings file: TOML onto the frozen dataclasses of settings.py, with errors that name the key and the line.

    mode = "open"
    [layout]
    port = 6000

An unknown key, a wrong type, or broken TOML raises SettingsError: `settings.toml, line 3: layout.port: expected a whole
number, got "x"`.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import tomllib
import types
import typing
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from actors.common import object_uri
from actors.common.settings import LEADS_A_LEASE, OPEN_LIMITS, OPEN_TOKEN_LIMITS, Settings

MODES = ("dsql", "open")
METHODS = ("trust", "scram-sha-256", "tokens")
TRANSPORTS = ("unix", "tls")
REGION = re.compile(r"[a-z0-9-]{1,63}")
PLACEMENTS = ("auto", "role", "az")


class SettingsError(Exception):
    """One line that a person can act on."""


Document = dict[str, Any]
"""Settings that are named, and no others: tables in tables, as TOML reads them."""
THE_COMMAND_LINE = "the command line"


def load_settings(path: Path | None, overrides: Document | None = None) -> Settings:
    """The settings of a file (None: the defaults), then `overrides` (as from command line flags)."""
    if path is None:
        return settings_from({}, "", THE_COMMAND_LINE, overrides)
    text, document = read_document(path)
    return settings_from(document, text, str(path), overrides)


def read_document(path: Path) -> tuple[str, Document]:
    """A settings file's text and what it names, unchecked. Raises SettingsError."""
    try:
        text = path.read_text()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8 text") from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from None


def settings_from(
    document: Document, text: str, source: str, overrides: Document | None = None, base: Document | None = None
) -> Settings:
    """The defaults, then `base` (what is remembered of a cluster), then `document` with its `text` and `source` for
    errors, then `overrides`. Raises SettingsError."""
    mode, method = "dsql", ""
    for named in (base, document, overrides):
        mode = (named or {}).get("mode", mode)
        authentication = (named or {}).get("authentication")
        method = authentication.get("method", method) if isinstance(authentication, dict) else method
    settings = Settings()
    if mode == "open":
        settings = replace(settings, limits=OPEN_TOKEN_LIMITS if method == "tokens" else OPEN_LIMITS)
    if base:
        settings = _apply(settings, base, "", "", "what this cluster was created with")
    settings = _apply(settings, document, "", text, source)
    if overrides:
        settings = _apply(settings, overrides, "", "", THE_COMMAND_LINE)
    assert isinstance(settings, Settings)
    if settings.mode not in MODES:
        raise SettingsError(_at(text, source, "mode", f"expected one of {', '.join(MODES)}, got {settings.mode!r}"))
    _check_layout(settings, text, source)
    _check_authentication(settings, text, source)
    _check_bus(settings, text, source)
    _check_regions(settings, text, source)
    _check_object_store(settings, text, source)
    return settings


def is_loopback(host: str) -> bool:
    """Whether a listening address is reached from this machine only. A name, which may mean any address, is none,
    except for localhost."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _check_layout(settings: Settings, text: str, source: str) -> None:
    layout = settings.layout
    for key in ("query_processors", "adjudicators", "shards"):
        if getattr(layout, key) < 1:
            raise SettingsError(_at(text, source, f"layout.{key}", "must be at least 1"))
    if len(layout.azs) % 2 == 0:
        raise SettingsError(
            _at(text, source, "layout.azs", "must be an odd number of availability zones (a majority must exist)")
        )
    if not 0 <= layout.port <= 65535:
        raise SettingsError(_at(text, source, "layout.port", "must lie between 0 and 65535"))
    if layout.placement not in PLACEMENTS:
        raise SettingsError(
            _at(text, source, "layout.placement", f"expected auto, role or az, got {layout.placement!r}")
        )
    if not layout.host:
        raise SettingsError(_at(text, source, "layout.host", "must be an address to listen on"))


def _check_authentication(settings: Settings, text: str, source: str) -> None:
    authentication = settings.authentication
    if authentication.method not in METHODS:
        raise SettingsError(
            _at(
                text,
                source,
                "authentication.method",
                f"expected one of {', '.join(METHODS)}, got {authentication.method!r}",
            )
        )
    if authentication.method == "trust" and not is_loopback(settings.layout.host):
        problem = (
            f'{settings.layout.host!r} can be reached from other machines, which authentication.method = "trust" '
            f"would let in: use scram-sha-256 or tokens"
        )
        raise SettingsError(_at(text, source, "layout.host", problem))
    if authentication.method == "scram-sha-256" and not authentication.users:
        raise SettingsError(
            _at(text, source, "authentication.users", "scram-sha-256 needs at least one user with a password")
        )
    for user, password in authentication.users.items():
        if not user or not password:
            raise SettingsError(_at(text, source, "authentication.users", f"user {user!r} needs a name and a password"))
    for host in authentication.hosts:
        if not host or not host.isascii() or set(host) & set("/?#@[] "):
            raise SettingsError(_at(text, source, "authentication.hosts", f"{host!r} is no host's name or address"))
    if not REGION.fullmatch(authentication.region):
        raise SettingsError(
            _at(text, source, "authentication.region", f"{authentication.region!r} is no region: us-east-1 is one")
        )
    if bool(authentication.tls_certificate) != bool(authentication.tls_key):
        raise SettingsError(
            _at(
                text, source, "authentication.tls_certificate", "a certificate needs tls_key, and a key tls_certificate"
            )
        )
    if authentication.tls_required and not authentication.tls_certificate:
        raise SettingsError(_at(text, source, "authentication.tls_required", "needs tls_certificate and tls_key"))


def _check_bus(settings: Settings, text: str, source: str) -> None:
    for key in ("transport", "within_host"):
        if (value := getattr(settings.bus, key)) not in TRANSPORTS:
            raise SettingsError(_at(text, source, f"bus.{key}", f"expected {' or '.join(TRANSPORTS)}, got {value!r}"))
    if address := settings.bus.address:
        try:
            usable = not ipaddress.ip_address(address).is_unspecified
        except ValueError:
            usable = False
        if not usable:
            raise SettingsError(
                _at(text, source, "bus.address", f"expected an IP address that peers can connect to, got {address!r}")
            )


def _check_regions(settings: Settings, text: str, source: str) -> None:
    regions, azs = settings.regions, settings.layout.azs
    if not regions.zones:
        for key in ("witnesses", "delay_ms"):
            if getattr(regions, key):
                raise SettingsError(_at(text, source, f"regions.{key}", "needs regions.zones"))
        return
    if set(regions.zones) != set(azs):
        raise SettingsError(
            _at(text, source, "regions.zones", f"must say of each zone in which region it lies: {', '.join(azs)}")
        )
    there = set(regions.zones.values())
    for name in there:
        if not REGION.fullmatch(name):
            raise SettingsError(_at(text, source, "regions.zones", f"{name!r} is no region's name: east is one"))
    if len(there) % 2 == 0:
        raise SettingsError(
            _at(text, source, "regions.zones", "must have an odd number of regions (a majority must exist)")
        )
    for witness in regions.witnesses:
        if witness not in there:
            raise SettingsError(_at(text, source, "regions.witnesses", f"no zone lies in {witness!r}"))
    if isinstance(regions.lead_ms, int) and settings.adjudication.lease_ms < LEADS_A_LEASE * regions.lead_ms:
        raise SettingsError(
            _at(
                text, source, "regions.lead_ms", f"adjudication.lease_ms must be {LEADS_A_LEASE} times as long at least"
            )
        )
    if regions.is_ahead and not regions.push_ms:
        raise SettingsError(_at(text, source, "regions.push_ms", "must be at least 1"))
    if there <= set(regions.witnesses):
        raise SettingsError(_at(text, source, "regions.witnesses", "must leave a region that has storage"))
    if regions.delay_ms:
        _check_delays(settings, text, source)
    if settings.layout.query_processors < (serving := len(there - set(regions.witnesses))):
        problem = f"must be at least {serving}: each region that serves has clients"
        raise SettingsError(_at(text, source, "layout.query_processors", problem))


def _check_delays(settings: Settings, text: str, source: str) -> None:
    there = sorted(set(settings.regions.zones.values()))
    pairs = [frozenset(pair) for pair in combinations(there, 2)]
    named = [frozenset(key.split()) if len(key.split()) == 2 else key for key in settings.regions.delay_ms]
    if len(named) != len(pairs) or set(named) != set(pairs):
        wanted = ", ".join(f'"{" ".join(sorted(pair))}"' for pair in pairs)
        raise SettingsError(_at(text, source, "regions.delay_ms", f"must name each pair of regions once: {wanted}"))
    if settings.bus.within_host != "unix":
        raise SettingsError(_at(text, source, "regions.delay_ms", 'needs bus.within_host = "unix"'))


def _check_object_store(settings: Settings, text: str, source: str) -> None:
    if uri := settings.storing.object_store:
        try:
            object_uri.parse(uri)
        except ValueError as error:
            raise SettingsError(_at(text, source, "storing.object_store", str(error))) from None


def _apply(target: Any, document: dict[str, Any], prefix: str, text: str, source: str) -> Any:
    hints = typing.get_type_hints(type(target))
    changes: dict[str, Any] = {}
    for key, value in document.items():
        full = f"{prefix}{key}"
        if key not in hints:
            known = ", ".join(sorted(hints))
            raise SettingsError(_at(text, source, full, f"unknown key (known here: {known})"))
        current = getattr(target, key)
        if dataclasses.is_dataclass(current):
            if not isinstance(value, dict):
                raise SettingsError(_at(text, source, full, f"expected a table, got {value!r}"))
            changes[key] = _apply(current, value, f"{full}.", text, source)
        else:
            changes[key] = _convert(hints[key], value, text, source, full)
    return replace(target, **changes)


def _convert(hint: Any, value: Any, text: str, source: str, key: str) -> Any:
    names = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        number, word = typing.get_args(hint)
        if value in (words := typing.get_args(word)):
            return value
        if isinstance(value, str):
            expected = f"{names[number]}, or {' or '.join(words)}"
            raise SettingsError(_at(text, source, key, f"expected {expected}, got {value!r}"))
        hint = number
    if hint in names:
        if hint is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not hint:
            raise SettingsError(_at(text, source, key, f"expected {names[hint]}, got {value!r}"))
        if hint in (int, float) and value < 0:
            raise SettingsError(_at(text, source, key, f"must not be negative, got {value!r}"))
        return value
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise SettingsError(_at(text, source, key, f"expected a list of strings, got {value!r}"))
        return tuple(value)
    of_numbers = typing.get_args(hint)[1] is float
    if isinstance(value, dict) and of_numbers:
        return {name: _convert(float, item, text, source, f"{key}.{name}") for name, item in value.items()}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        kind = "numbers" if of_numbers else "strings"
        raise SettingsError(
            _at(text, source, key, f"expected a table of {kind}")
        )  # not what was got: it may hold passwords
    return dict(value)


def _at(text: str, source: str, key: str, problem: str) -> str:
    line = _line_of(text, key)
    place = f"{source}, line {line}" if line else source
    return f"{place}: {key}: {problem}"


def _line_of(text: str, key: str) -> int:
    """The line where a dotted key is set, 0 when it cannot be told."""
    *tables, last = key.split(".")
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        header = re.fullmatch(r"\[([^\[\]]+)\]\s*(#.*)?", stripped)
        if header:
            table = header.group(1).replace(" ", "").replace('"', "")
            if table == key:
                return number
            continue
        name = re.match(r'"?([A-Za-z0-9_.-]+)"?\s*=', stripped)
        if name and ".".join(filter(None, [table, name.group(1)])) == key:
            return number
        if name and tables and ".".join(filter(None, [table, name.group(1)])) == ".".join(tables) and last in stripped:
            return number
    return 0
