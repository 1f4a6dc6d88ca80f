"""Connection tokens: what a client of Aurora DSQL shows instead of a password. It is a URL without its scheme,
presigned with AWS Signature Version 4 for the service `dsql`; nobody ever requests it.

    HOST/?Action=DbConnectAdmin                   DbConnect for any user but admin
        &X-Amz-Algorithm=AWS4-HMAC-SHA256
        &X-Amz-Credential=KEY/20261129/REGION/dsql/aws4_request
        &X-Amz-Date=20261129T200000Z
        &X-Amz-Expires=900                        seconds that it is valid for from that date on, a week at most
        &X-Amz-SignedHeaders=host
        [&X-Amz-Security-Token=...]               of temporary credentials
        &X-Amz-Signature=64 hexadecimal digits

`sign` makes one, as AWS's tools do (botocore's generate_db_connect_admin_auth_token); authentication/tokens.py of the
query processor checks them. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

from actors.common.access_key import AccessKey
from actors.common.settings import ADMIN

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "dsql"
TERMINATION = "aws4_request"
SIGNED_HEADERS = "host"
EXPIRES_S = 900
EXPIRES_S_MAX = 7 * 24 * 3600
EMPTY_BODY = hashlib.sha256(b"").hexdigest()


def action_for(user: str) -> str:
    """What a token must ask for, to connect as `user`."""
    return "DbConnectAdmin" if user == ADMIN else "DbConnect"


def date_text(at_s: float) -> str:
    """As X-Amz-Date has it; `at_s` since 1970."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%dT%H%M%SZ")


def sign(key: AccessKey, host: str, region: str, user: str, now_s: float, expires_s: int = EXPIRES_S) -> str:
    """A token with which `user` can connect to `host`. `now_s` since 1970."""
    date = date_text(now_s)
    parameters = [
        ("Action", action_for(user)),
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", f"{key.id}/{scope_of(date, region)}"),
        ("X-Amz-Date", date),
        ("X-Amz-Expires", str(expires_s)),
        ("X-Amz-SignedHeaders", SIGNED_HEADERS),
    ]
    if key.session_token:
        parameters.append(("X-Amz-Security-Token", key.session_token))
    query = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in parameters)
    genuine = signature(
        key.secret,
        host.lower(),
        date,
        region,
        canonical_query((encoded(name), encoded(value)) for name, value in parameters),
    )
    return f"{host}/?{query}&X-Amz-Signature={genuine}"


def canonical_query(parameters: Iterable[tuple[str, str]]) -> str:
    """`parameters`: names and values as `encoded` has them, without the signature."""
    return "&".join(f"{name}={value}" for name, value in sorted(parameters))


def signature(secret: str, host: str, date: str, region: str, query: str) -> str:
    """In hexadecimal digits. `host`: the header's value; `query`: the canonical one."""
    request = f"GET\n/\n{query}\nhost:{host}\n\n{SIGNED_HEADERS}\n{EMPTY_BODY}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    signing_key = f"AWS4{secret}".encode()
    for part in (date[:8], region, SERVICE, TERMINATION):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    return hmac.digest(signing_key, f"{ALGORITHM}\n{date}\n{scope_of(date, region)}\n{digest}".encode(), "sha256").hex()


def scope_of(date: str, region: str) -> str:
    return f"{date[:8]}/{region}/{SERVICE}/{TERMINATION}"


def encoded(text: str) -> str:
    """Percent-encoded by Signature Version 4's rule: all but letters, digits and -._~"""
    return quote(text, safe="")
