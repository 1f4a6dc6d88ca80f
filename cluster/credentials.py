"""What clients are asked for, made ready before a cluster starts: SCRAM verifiers instead of passwords, and
certificate files that can be used and are kept safe; and what the controller hands to the query processors."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

from actors.common.messages import Credentials
from actors.common.settings import Authentication
from actors.common.settings_file import SettingsError
from cluster.data_folder import DataFolder

KEY_ADVICE = "(0600 where it is yours, 0640 at most where it is root's)"


def without_passwords(authentication: Authentication, before: Authentication | None = None) -> Authentication:
    """Verifiers for passwords; the one that `before` has where the password is still the same. Raises SettingsError
    for a verifier that is none."""
    from actors.postgres.scram import SALT_BYTES, Verifier

    users: dict[str, str] = {}
    for user, text in authentication.users.items():
        known = before.users.get(user) if before is not None else None
        try:
            if text.startswith("SCRAM-SHA-256$"):
                users[user] = Verifier.parse(text).format()
                continue
            users[user] = Verifier.from_password(text, os.urandom(SALT_BYTES)).format()
            if known is not None:
                kept = Verifier.parse(known)
                if Verifier.from_password(text, kept.salt, kept.iterations) == kept:
                    users[user] = known
        except ValueError:
            raise SettingsError(f"authentication.users: {user}: not a SCRAM-SHA-256 verifier") from None
    return replace(authentication, users=users)


def check_certificate(authentication: Authentication) -> None:
    """Raises SettingsError where TLS is asked for and its files cannot be used, or the key is open to others. The
    key's rule is PostgreSQL's."""
    if not authentication.tls_certificate:
        return
    from actors.postgres.tls import TlsSettings

    path = authentication.tls_key
    try:
        key = os.stat(path)
        if key.st_uid not in (0, os.geteuid()):
            raise SettingsError(f"authentication.tls_key: {path} belongs to another user (uid {key.st_uid})")
        open_to = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO if key.st_uid == 0 else stat.S_IRWXG | stat.S_IRWXO
        if key.st_mode & open_to:
            raise SettingsError(f"authentication.tls_key: {path} is open to other users: close it {KEY_ADVICE}")
        TlsSettings(authentication.tls_certificate, path)
    except OSError as error:  # ssl.SSLError is one
        where = (
            f"{error.filename}: {error.strerror}" if error.filename else f"{authentication.tls_certificate}: {error}"
        )
        raise SettingsError(f"authentication: the certificate cannot be used: {where}") from None
    except ValueError as error:
        raise SettingsError(f"authentication: the certificate cannot be used: {error}") from None


def read_credentials(root: Path) -> Credentials:
    """What query processors let clients in with, as it lies in the data folder. Raises OSError, KeysError."""
    from cluster.access_keys import read_keys
    from cluster.server_certificate import read_certificate

    folder = DataFolder(root)
    return Credentials(0, read_keys(folder.access_keys), read_certificate(folder.tls))
