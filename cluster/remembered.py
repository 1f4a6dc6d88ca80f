"""What a cluster remembers of itself (cluster.json), and what an `up` makes of that and of what it names.

    {"format": 2, "revision": 3, "settings": {"mode": "open", "layout": {...}, "authentication": {...},
     "limits": {"transaction_rows_max": 5000}}}
    ... "identity": "5f2c..."                                   where its checkpoints lie in an object store, too
    ... "address": "auto", "disks": {"a": "4f1c...", ...}, "seats": {"b": 1}}      where it lies on the nodes of a Ray
                                                                                   that it has joined (joined_ray.py)

Remembered is every setting that was ever named, by a settings file or a flag, and the whole layout and authentication
even where nothing was named: a newer version's defaults must not change what the data lies in, or who may come in.
Settings that nobody named follow the version's defaults. A later `up` changes what it names, and nothing else; it is
told what that is (`Resolution.notes`). Refused is a change of what the data depends on (FIXED). Authentication
becomes weaker only where the settings file itself names the weaker setting.

Of passwords only SCRAM verifiers are kept, here and in what the processes are handed. Format 1 named the settings
file alone: it is read once more, and kept whole from then on.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from actors.common.settings import Settings
from actors.common.settings_file import (
    THE_COMMAND_LINE,
    Document,
    SettingsError,
    is_loopback,
    read_document,
    settings_from,
)
from cluster.credentials import without_passwords
from cluster.data_folder import FORMAT

FIXED = ("layout.azs", "layout.adjudicators", "layout.shards", "regions.zones", "regions.witnesses")
"""Which journals there are, on whose disks, and which key lies where."""
LIE = ("disks", "seats")
"""On which disk each zone of a joined Ray lies, and how many a zone had before (actors/journal/seats.py)."""
JOINED = ("address", *LIE)
IDENTITY = "identity"
"""The cluster's own number, by which an object store knows it (object_store.py)."""
RESTORING = "restoring"
"""It begins with another cluster's data, and has not started yet (restoring.py)."""
FILES = ("tls_certificate", "tls_key")
USERS = "authentication.users"
WHOLE = (USERS, "regions.zones", "regions.delay_ms")
"""Tables that are one value: naming one names all that is in it."""
TRUST_NOTE = (
    "authentication is trust: every user of this machine may connect, as admin and without a password "
    "(docs/security.md)"
)
CLEAR_NOTE = (
    "other machines can connect, and not all of it is encrypted: set authentication.tls_certificate, tls_key and "
    "tls_required"
)


@dataclass(frozen=True)
class Resolution:
    """`settings`: what the cluster runs with. `cluster`: what cluster.json is to hold. `notes`: what the person who
    starts it must know, a line each."""

    settings: Settings
    cluster: dict[str, Any]
    notes: tuple[str, ...]
    address: str = ""
    """Of the Ray cluster to join; "": it brings its own along."""


def resolve(
    cluster: dict[str, Any] | None, config: Path | None, port: int | None, mode: str | None, address: str | None = None
) -> Resolution:
    """From cluster.json (None: a new cluster), the settings file and the flags that `up` was given. Raises
    SettingsError."""
    if cluster is not None and address and "address" not in cluster:
        raise SettingsError(
            "this cluster was created on a Ray of its own, where all of its data lies: it cannot join "
            "another (--address)"
        )
    base = _remembered(cluster)
    text, document = read_document(config) if config is not None else ("", {})
    if config is not None:
        document = _absolute(document, config.absolute().parent)
    flags: Document = {}
    if port is not None:
        flags["layout"] = {"port": port}
    if mode is not None:
        flags["mode"] = mode
    source = str(config) if config is not None else THE_COMMAND_LINE
    settings = settings_from(document, text, source, flags, base)
    before = settings_from({}, "", THE_COMMAND_LINE, base=base) if cluster is not None else None
    if before is not None:
        for key in FIXED:
            kept, asked = attrgetter(key)(before), attrgetter(key)(settings)
            if kept != asked:
                raise SettingsError(
                    f"{source}: {key}: this cluster was created with {_shown(kept)}, and its data "
                    f"cannot be had with {_shown(asked)}"
                )
        before = replace(before, authentication=without_passwords(before.authentication))
    authentication = without_passwords(settings.authentication, before.authentication if before is not None else None)
    settings = replace(settings, authentication=authentication)
    kept = _merged(_merged(base, document), flags)
    kept = _merged(
        kept,
        {"mode": settings.mode, "layout": _plain(settings.layout), "authentication": _plain(settings.authentication)},
    )
    revision = cluster.get("revision", 0) if cluster is not None else 0
    unchanged = cluster is not None and cluster.get("settings") == kept
    joined = {key: cluster[key] for key in JOINED if key in cluster} if cluster is not None else {}
    joined |= {"address": address} if address else {}
    if "address" in joined:
        settings = replace(settings, bus=replace(settings.bus, transport="tls"))
    own = {key: cluster[key] for key in (IDENTITY, RESTORING) if key in cluster} if cluster is not None else {}
    named = [*_keys(document), *_keys(flags)]
    notes = [*_warnings(before, settings), *_changes(before, settings, named)]
    remembered = {"format": FORMAT, "revision": revision + (not unchanged), "settings": kept, **joined, **own}
    return Resolution(settings, remembered, tuple(notes), joined.get("address", ""))


def _remembered(cluster: dict[str, Any] | None) -> Document:
    """Raises SettingsError where a folder of format 1 names a settings file that cannot be read any more: what it
    said of passwords would be lost."""
    if cluster is None:
        return {}
    if cluster["format"] != 1:
        settings = cluster.get("settings")
        if not isinstance(settings, dict):
            raise SettingsError("cluster.json holds no settings")
        return settings
    base: Document = {"mode": cluster["mode"], "layout": {**cluster["layout"], "port": cluster["port"]}}
    if not cluster.get("config"):
        return base
    config = Path(cluster["config"])
    try:
        return _merged(base, _absolute(read_document(config)[1], config.parent))
    except SettingsError as error:
        raise SettingsError(
            f"this cluster was created with a settings file, of which its folder keeps the name only: {error}"
        ) from None


def _absolute(document: Document, folder: Path) -> Document:
    """Files that a settings file names lie beside it; what is remembered must not depend on where the next `up` is
    run."""
    authentication = document.get("authentication")
    if not isinstance(authentication, dict):
        return document
    files = {
        key: os.path.join(folder, authentication[key])
        for key in FILES
        if isinstance(authentication.get(key), str) and authentication[key]
    }
    return {**document, "authentication": {**authentication, **files}}


def _warnings(before: Settings | None, settings: Settings) -> Iterator[str]:
    now = settings.authentication
    if before is not None:
        then = before.authentication
        if then.method != "trust" and now.method == "trust":
            yield (
                f"WARNING: passwords are no longer asked for: authentication.method is now trust, and was {then.method}"
            )
        if then.is_encrypted and not now.is_encrypted:
            yield "WARNING: encryption is no longer required: authentication.tls_required is now false"
    if now.method == "trust":
        yield TRUST_NOTE
    if not is_loopback(settings.layout.host) and not now.is_encrypted:
        yield CLEAR_NOTE


def _changes(before: Settings | None, settings: Settings, named: list[str]) -> Iterator[str]:
    """One line for all that this `up` changes; none where it changes nothing."""
    if before is None:
        return
    changes: list[str] = []
    for key in dict.fromkeys(named):
        then, now = _value(before, key), _value(settings, key)
        if then == now:
            continue
        if key == USERS:
            again = sorted(user for user in now if user in then and now[user] != then[user])
            changes.append(
                f"{key} {_shown(tuple(sorted(now)))} (was {_shown(tuple(sorted(then)))})"
                if set(now) != set(then)
                else ""
            )
            changes.append(f"{USERS}: another password of {', '.join(again)}" if again else "")
        else:
            changes.append(f"{key} {_shown(now)} (was {_shown(then)})")
    changes = [change for change in changes if change]
    if changes:
        yield f"changed: {', '.join(changes)}"


def _keys(document: Document, prefix: str = "") -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, dict) and f"{prefix}{key}" not in WHOLE:
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _value(settings: Settings, key: str) -> Any:
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _merged(lower: Document, upper: Document, prefix: str = "") -> Document:
    """`upper` over `lower`, table by table (WHOLE)."""
    merged = dict(lower)
    for key, value in upper.items():
        known, full = merged.get(key), f"{prefix}{key}"
        if isinstance(known, dict) and isinstance(value, dict) and full not in WHOLE:
            merged[key] = _merged(known, value, f"{full}.")
        else:
            merged[key] = value
    return merged


def _plain(settings: Any) -> Document:
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in dataclasses.asdict(settings).items()
    }


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value) if value else "none"
    return repr(value) if value == "" else str(value).lower() if isinstance(value, bool) else str(value)
