"""The address of an object store, as settings name it (`storing.object_store`).

    file:///mnt/shared/eagleray                                                     a folder that every node sees
    s3://bucket/prefix?region=eu-central-1                                          Amazon S3
    s3://bucket/prefix?endpoint_override=127.0.0.1:9000&scheme=http&region=us-east-1    another server of its protocol

Credentials are none of it: settings are kept, handed to processes and shown. They come from where AWS's own tools look
for them.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

S3_OPTIONS = ("region", "scheme", "endpoint_override", "tls_ca_file_path")
"""Of pyarrow.fs.S3FileSystem: what an address may say."""


class ObjectUri(NamedTuple):
    """`path`: bucket and prefix of S3, an absolute path of a folder. `options`: of S3_OPTIONS."""

    scheme: str
    path: str
    options: dict[str, str]


def parse(uri: str) -> ObjectUri:
    """Raises ValueError, which never shows the address: it may hold what does not belong there."""
    try:
        parts = urlsplit(uri)
        query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True) if parts.query else []
    except ValueError:
        raise ValueError("this is no URI") from None
    if parts.scheme not in ("file", "s3"):
        raise ValueError("expected file:///FOLDER or s3://BUCKET/PREFIX")
    if "@" in parts.netloc:
        raise ValueError(
            "credentials do not belong here: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials"
        )
    if parts.fragment:
        raise ValueError("an address has no #")
    path = unquote(parts.path)
    if any(part in (".", "..") for part in path.split("/")):
        raise ValueError("a path has no . or .. in it")
    if parts.scheme == "file":
        if parts.netloc or query or not path.strip("/"):
            raise ValueError("expected file:///FOLDER, an absolute path and nothing else")
        return ObjectUri("file", "/" + path.strip("/"), {})
    options = dict(query)
    unknown = sorted(options.keys() - set(S3_OPTIONS))
    if unknown:
        raise ValueError(f"unknown option {unknown[0]} (known: {', '.join(S3_OPTIONS)})")
    if options.get("scheme", "https") not in ("http", "https"):
        raise ValueError("the option scheme is http or https")
    if not parts.netloc or len(options) != len(query):
        raise ValueError("expected s3://BUCKET/PREFIX, and each option once")
    return ObjectUri("s3", "/".join(filter(None, [parts.netloc, *path.split("/")])), options)


def below(uri: str, folder: str) -> str:
    """The address of a folder in it."""
    place, question, options = uri.partition("?")
    return f"{place.rstrip('/')}/{folder}{question}{options}"
