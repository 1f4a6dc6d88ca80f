"""`key` and `token`: access keys, and connection tokens signed with them (docs/security.md).

    eagleray key add                              for admin; prints the pair once, as a shell's or a file's lines
    eagleray key add --arn arn:aws:iam::123456789012:role/app      for the roles that AWS IAM GRANT gives to it
    PGPASSWORD=$(eagleray token) psql "$URL"

A token is made here, without the cluster: with a key of the data folder that may connect as that user, else with the
one in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN), as AWS's own tools would.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eagleray.command.options import OneLine, data_option

if TYPE_CHECKING:
    from actors.common.access_key import AccessKey
    from actors.common.settings import Authentication

KEY_ID_PREFIX = "EAGL"
KEY_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
KEY_ID_RANDOM = 16
SECRET_BYTES = 30
TELL_S_MAX = 15.0
WEEK_S = 7 * 24 * 3600


@click.group()
def key() -> None:
    """Access keys: what clients sign connection tokens with, where authentication.method is tokens."""


@key.command("add")
@data_option
@click.option("--user", default=None, help="The database user whom the key lets in (default: admin).")
@click.option("--arn", default=None, help="Or the identity: it is let in as the roles that AWS IAM GRANT gives to it.")
@click.option("--admin", is_flag=True, help="With --arn: as admin, too.")
@click.option(
    "--from-environment", is_flag=True, help="The pair in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not a new one."
)
def add_key(data: Path, user: str | None, arn: str | None, admin: bool, from_environment: bool) -> None:
    """Let in who signs with a key pair: a new one, which is printed this once."""
    from actors.common.access_key import AccessKey
    from actors.common.settings import ADMIN
    from cluster import access_keys

    if (user and arn) or (admin and not arn):
        raise OneLine("--user and --arn exclude each other, and --admin goes with --arn")
    if user and user.startswith("arn:"):
        raise OneLine("--user names a database user; an identity is given with --arn")
    if arn and not arn.startswith("arn:"):
        raise OneLine(f"--arn: {arn!r} is no ARN")
    owner = arn or user or ADMIN
    if from_environment:
        own = _of_environment()
        if own is None:
            raise OneLine("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
        made = AccessKey(own.id, own.secret, owner, admin, own.session_token)
    else:
        key_id = KEY_ID_PREFIX + "".join(secrets.choice(KEY_ID_LETTERS) for _ in range(KEY_ID_RANDOM))
        made = AccessKey(key_id, secrets.token_urlsafe(SECRET_BYTES), owner, admin)
    try:
        access_keys.add_key(_folder(data).access_keys, made)
    except access_keys.KeysError as error:
        raise OneLine(str(error)) from None
    if not from_environment:
        click.echo(f"AWS_ACCESS_KEY_ID={made.id}\nAWS_SECRET_ACCESS_KEY={made.secret}")
    _tell(data)


@key.command("list")
@data_option
def list_keys(data: Path) -> None:
    """Show the keys' ids and whom they let in; never a secret."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("access key id", "lets in"):
        table.add_column(column, overflow="fold")
    for one in _keys(data):
        whom = f"{one.owner}, as admin, too" if one.admin else one.owner
        table.add_row(one.id, f"{whom} (temporary)" if one.session_token else whom)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@key.command("remove")
@data_option
@click.argument("key_id")
def remove_key(data: Path, key_id: str) -> None:
    """Let nobody in any more who signs with KEY_ID. Sessions that have begun go on."""
    from cluster import access_keys

    try:
        access_keys.remove_key(_folder(data).access_keys, key_id)
    except access_keys.KeysError as error:
        raise OneLine(str(error)) from None
    _tell(data)


@click.command()
@data_option
@click.option("--user", default="admin", show_default=True, help="As whom to connect.")
@click.option("--expires", type=click.IntRange(1, WEEK_S), default=900, show_default=True, help="Seconds.")
@click.option(
    "--host", default=None, help="By which name clients reach the cluster (default: the first of authentication.hosts)."
)
@click.option("--region", default=None, help="Default: authentication.region.")
@click.option("--key", "key_id", default=None, help="The id of the key to sign with.")
def token(data: Path, user: str, expires: int, host: str | None, region: str | None, key_id: str | None) -> None:
    """Print a connection token: what clients give as their password. No cluster need run."""
    own = _of_environment()
    known = [one for one in _keys(data) if (one.id == key_id if key_id else _fits(one, user))]
    known.sort(key=lambda one: one.owner != user)
    if not known and own is not None and key_id in (None, own.id):
        known = [own]
    if not known:
        what = f"no access key {key_id}" if key_id else f"no access key that lets {user} in"
        raise OneLine(f"there is {what} (eagleray key add), nor is one in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    click.echo(_signed(_authentication(data), known[0], user, expires, host, region))


def use_token(data: Path, state: dict[str, Any], environment: Any) -> None:
    """Where the cluster asks for tokens: PGPASSWORD, by which libpq's and asyncpg's programs connect to it as admin,
    unless there is one. It is good for a week, since programs connect again. Raises OneLine where no key lets admin
    in."""
    if state.get("method") != "tokens" or "PGPASSWORD" in environment:
        return
    known = [one for one in _keys(data) if _fits(one, "admin")]
    if not known:
        raise OneLine(f"no access key lets admin in (eagleray key add --data {data})")
    environment["PGPASSWORD"] = _signed(_authentication(data), known[0], "admin", WEEK_S, None, None)


def _signed(
    settings: Authentication, signer: AccessKey, user: str, expires_s: int, host: str | None, region: str | None
) -> str:
    from actors.common.connection_token import sign

    return sign(signer, host or settings.hosts[0], region or settings.region, user, time.time(), expires_s)


def _fits(one: AccessKey, user: str) -> bool:
    """Whether it may let `user` in; which roles an identity has, the cluster knows."""
    return one.owner == user or (one.admin if user == "admin" else one.is_identity)


def _of_environment() -> AccessKey | None:
    from actors.common.access_key import AccessKey

    key_id, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    return AccessKey(key_id, secret, "", False, os.environ.get("AWS_SESSION_TOKEN", "")) if key_id and secret else None


def _folder(data: Path) -> Any:
    """Raises OneLine where there is no cluster's data folder."""
    from cluster.data_folder import DataFolder

    folder = DataFolder(data)
    if not folder.root.is_dir():
        raise OneLine(f"no cluster on {folder.root} (eagleray up --data {data} makes one)")
    return folder


def _keys(data: Path) -> tuple[AccessKey, ...]:
    """None where there is no data folder."""
    from cluster.access_keys import KeysError, read_keys
    from cluster.data_folder import DataFolder

    try:
        return read_keys(DataFolder(data).access_keys)
    except KeysError as error:
        raise OneLine(str(error)) from None


def _authentication(data: Path) -> Authentication:
    """As the cluster remembers it; the defaults where there is none here."""
    from actors.common.settings_file import SettingsError
    from cluster.data_folder import DataFolder, DataFolderError
    from cluster.remembered import resolve

    try:
        return resolve(DataFolder(data).read_cluster(), None, None, None).settings.authentication
    except (DataFolderError, SettingsError) as error:
        raise OneLine(str(error)) from None


def _tell(data: Path) -> None:
    """A cluster that runs goes by the new keys when this returns."""
    from actors.common.messages import KeysChanged
    from cluster.data_folder import DataFolder
    from eagleray.command.connect import ask_controller

    folder = DataFolder(data)
    state = folder.read_state()
    if state is None or not (folder.is_locked() or state.get("joined")):
        return
    if state.get("method") != "tokens":
        click.echo(
            f"eagleray: authentication.method is {state.get('method')}: this cluster asks for no tokens", err=True
        )
        return
    ask_controller(state, KeysChanged(), TELL_S_MAX)
