"""`eagleray key` and `eagleray token`, on a data folder without a cluster, and on none."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from actors.query_processor.authentication.tokens import Refused, TokenVerifier
from cluster.access_keys import read_keys
from cluster.data_folder import DataFolder
from cluster.remembered import resolve
from eagleray.command.main import cli
from eagleray.command.options import OneLine
from eagleray.command.tokens import use_token

ARN = "arn:aws:iam::123456789012:role/app"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    made = DataFolder(tmp_path / "data")
    made.create()
    config = tmp_path / "settings.toml"
    config.write_text('[authentication]\nmethod = "tokens"\nhosts = ["db.example.org"]\nregion = "eu-west-1"\n')
    made.write_cluster(resolve(None, config, None, None).cluster)
    return made


def run(folder: DataFolder, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--data", str(folder.root)])


def verified(
    folder: DataFolder,
    token: str,
    user: str = "admin",
    host: str = "db.example.org",
    region: str = "eu-west-1",
    ahead_s: int = 0,
) -> str:
    """The id of the key that has signed it. Raises Refused."""
    verifier = TokenVerifier([host], region, "0" * 64)
    verifier.take_keys(read_keys(folder.access_keys))
    return verifier.verify(token.strip().encode(), user, time.time() + ahead_s).id


def test_a_key_is_printed_once_and_signs(folder: DataFolder) -> None:
    printed = run(folder, "key", "add").output
    found = re.fullmatch(r"AWS_ACCESS_KEY_ID=(EAGL[A-Z2-7]{16})\nAWS_SECRET_ACCESS_KEY=([\w-]{40})\n", printed)
    assert found is not None, printed
    (key,) = read_keys(folder.access_keys)
    assert (key.id, key.secret, key.owner, key.admin) == (*found.groups(), "admin", False)
    assert verified(folder, run(folder, "token").output) == key.id
    short = run(folder, "token", "--expires", "5").output
    assert verified(folder, short, ahead_s=3) == key.id
    with pytest.raises(Refused, match="expired"):
        verified(folder, short, ahead_s=10)
    other = run(folder, "token", "--host", "LOCALHOST", "--region", "us-west-2").output
    assert verified(folder, other, host="localhost", region="us-west-2") == key.id
    listed = run(folder, "key", "list").output
    assert key.id in listed and key.secret not in listed
    assert run(folder, "key", "remove", key.id).exit_code == 0 and read_keys(folder.access_keys) == ()


def test_whose_key_signs_for_whom(folder: DataFolder) -> None:
    for arguments in (("--arn", ARN), ("--user", "app"), ("--arn", f"{ARN}/x", "--admin")):
        assert run(folder, "key", "add", *arguments).exit_code == 0
    identity, app, powerful = (key.id for key in read_keys(folder.access_keys))
    assert verified(folder, run(folder, "token", "--user", "app").output, "app") == app
    assert verified(folder, run(folder, "token", "--user", "other").output, "other") in (identity, powerful)
    assert verified(folder, run(folder, "token").output) == powerful
    assert verified(folder, run(folder, "token", "--user", "app", "--key", identity).output, "app") == identity
    assert "as admin, too" in run(folder, "key", "list").output


def test_the_environments_pair(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = run(folder, "key", "add", "--from-environment")
    assert isinstance(missing.exception, SystemExit) and "are not set" in missing.output
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s" * 40)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "temporary/+")
    token = run(folder, "token").output
    assert "Credential=ASIAEXAMPLE%2F" in token and "X-Amz-Security-Token=temporary%2F%2B&" in token
    added = run(folder, "key", "add", "--from-environment")
    assert added.exit_code == 0 and added.output == "" and "temporary" in run(folder, "key", "list").output
    assert verified(folder, token) == "ASIAEXAMPLE"
    elsewhere = CliRunner().invoke(
        cli, ["token", "--data", str(folder.root / "nowhere"), "--host", "h", "--region", "r"]
    )
    assert elsewhere.output.startswith("h/?Action=DbConnectAdmin&")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("key", "add", "--user", "a", "--arn", ARN), "exclude each other"),
        (("key", "add", "--admin"), "--admin goes with --arn"),
        (("key", "add", "--user", ARN), "an identity is given with --arn"),
        (("key", "add", "--arn", "app"), "is no ARN"),
        (("key", "add", "--arn", "arn:with blanks"), "not an ARN"),
        (("key", "remove", "AKID"), "there is no access key AKID"),
        (("token",), "no access key that lets admin in"),
        (("token", "--key", "AKID"), "no access key AKID"),
        (("token", "--expires", "0"), "range"),
        (("token", "--expires", "604801"), "range"),
    ],
)
def test_what_is_refused_is_said_in_one_line(folder: DataFolder, arguments: tuple[str, ...], problem: str) -> None:
    done = run(folder, *arguments)
    assert done.exit_code != 0 and problem in done.output and "Traceback" not in done.output
    assert read_keys(folder.access_keys) == ()


def test_there_must_be_a_cluster_for_a_key(folder: DataFolder) -> None:
    done = CliRunner().invoke(cli, ["key", "add", "--data", str(folder.root / "nowhere")])
    assert done.exit_code == 1 and "no cluster on" in done.output


def test_programs_get_a_token_where_one_is_asked_for(folder: DataFolder) -> None:
    environment: dict[str, str] = {}
    use_token(folder.root, {"method": "trust"}, environment)
    assert not environment
    with pytest.raises(OneLine, match="no access key lets admin in"):
        use_token(folder.root, {"method": "tokens"}, environment)
    run(folder, "key", "add")
    use_token(folder.root, {"method": "tokens"}, environment)
    assert verified(folder, environment["PGPASSWORD"], ahead_s=6 * 24 * 3600)
    use_token(folder.root, {"method": "tokens"}, kept := {"PGPASSWORD": "own"})
    assert kept == {"PGPASSWORD": "own"}
