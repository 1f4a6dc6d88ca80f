"""`AccessKey`: a key pair with which connection tokens are signed (connection_token.py), and whom it lets in."""

from __future__ import annotations

import re

import msgspec

KEY_ID = re.compile(r"[A-Za-z0-9_]{1,128}")
ARN = re.compile(r"arn:[!-~]{1,2000}")
SECRET_CHARACTERS_MIN = 16


class AccessKey(msgspec.Struct, frozen=True):
    """`owner`: a database user, whom alone the key lets in; or an identity (`arn:...`), which is let in as the roles
    that `AWS IAM GRANT` has given it, and as admin where `admin` says so. `session_token`: tokens must carry it
    (X-Amz-Security-Token), as those of temporary credentials do."""

    id: str
    secret: str
    owner: str
    admin: bool = False
    session_token: str = ""

    @property
    def is_identity(self) -> bool:
        return self.owner.startswith("arn:")

    def __repr__(self) -> str:
        """Never the secret: messages and errors are logged."""
        return f"AccessKey({self.id!r}, owner={self.owner!r})"


def problem_of(key: AccessKey) -> str:
    """Why there can be no such key; "" where there can."""
    if not KEY_ID.fullmatch(key.id):
        return "an access key id is 1 to 128 letters, digits and underscores"
    if len(key.secret) < SECRET_CHARACTERS_MIN:
        return f"a secret access key has at least {SECRET_CHARACTERS_MIN} characters"
    if not key.owner or "\0" in key.owner:
        return "an access key belongs to a database user, or to an ARN"
    if key.is_identity and not ARN.fullmatch(key.owner):
        return "not an ARN"
    return ""
