from __future__ import annotations

import json
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actors.common.settings import ADMIN, OPEN_LIMITS, Authentication, Limits
from actors.common.settings_file import SettingsError, load_settings
from actors.postgres.scram import Verifier
from cluster.connection import connection_url
from cluster.credentials import check_certificate
from cluster.remembered import TRUST_NOTE, Resolution, resolve

PASSWORDS = '[authentication]\nmethod = "scram-sha-256"\n[authentication.users]\nadmin = "open sesame"\n'


class Folder:
    """cluster.json, and one `up` after the other on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cluster: dict[str, Any] | None = None

    def up(self, text: str | None = None, port: int | None = None, mode: str | None = None) -> Resolution:
        config = self.path / "settings.toml" if text is not None else None
        if config is not None and text is not None:
            config.write_text(text)
        resolution = resolve(self.cluster, config, port, mode)
        self.cluster = json.loads(json.dumps(resolution.cluster))
        return resolution


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def changed(resolution: Resolution) -> list[str]:
    return [note for note in resolution.notes if note.startswith("changed: ")]


def warned(resolution: Resolution) -> list[str]:
    return [note for note in resolution.notes if note.startswith("WARNING")]


def test_a_cluster_keeps_what_it_was_created_with(folder: Folder) -> None:
    text = (
        f'mode = "open"\n{PASSWORDS}[layout]\nplacement = "az"\nquery_processors = 3\nazs = '
        f'["x"]\n[limits]\ntransaction_rows_max = 7\n'
    )
    first = folder.up(text, port=6000)
    (folder.path / "settings.toml").unlink()
    again = folder.up()
    assert again.settings == first.settings and again.cluster == first.cluster and again.notes == ()
    assert again.settings.layout.port == 6000 and again.settings.limits.transaction_rows_max == 7
    other_port = folder.up(port=6001)
    assert (
        changed(other_port) == ["changed: layout.port 6001 (was 6000)"] and other_port.settings.layout.placement == "az"
    )
    assert other_port.settings.authentication == first.settings.authentication and not warned(other_port)
    assert (first.cluster["revision"], other_port.cluster["revision"]) == (1, 2)


def test_a_settings_file_changes_what_it_names_and_nothing_else(folder: Folder) -> None:
    folder.up(f'mode = "open"\n{PASSWORDS}[layout]\nplacement = "az"\n', port=6000)
    after = folder.up("[layout]\nquery_processors = 4\nport = 6000\n")
    assert changed(after) == ["changed: layout.query_processors 4 (was 2)"]
    assert (after.settings.mode, after.settings.layout.placement, after.settings.authentication.method) == (
        "open",
        "az",
        "scram-sha-256",
    )


def test_the_limits_go_with_the_mode_unless_they_were_named(folder: Folder) -> None:
    folder.up('mode = "open"\n[limits]\ntransaction_rows_max = 7\n')
    assert folder.up().settings.limits.transaction_bytes_max == OPEN_LIMITS.transaction_bytes_max
    after = folder.up(mode="dsql")
    assert after.settings.limits == Limits(transaction_rows_max=7) and changed(after) == [
        "changed: mode dsql (was open)"
    ]


@pytest.mark.parametrize(
    ("key", "value"), [("azs", '["a", "b", "d"]'), ("azs", '["a"]'), ("adjudicators", "3"), ("shards", "1")]
)
def test_what_the_data_depends_on_is_refused(folder: Folder, key: str, value: str) -> None:
    folder.up()
    kept = folder.cluster
    with pytest.raises(SettingsError, match=rf"settings\.toml: layout\.{key}: this cluster was created with"):
        folder.up(f"[layout]\n{key} = {value}\n")
    assert folder.cluster is kept


def test_passwords_are_kept_as_verifiers_only(folder: Folder) -> None:
    first = folder.up(PASSWORDS + 'bob = "other"\n')
    assert "sesame" not in json.dumps(folder.cluster) + repr(first)
    verifier = Verifier.parse(first.settings.authentication.users["admin"])
    assert Verifier.from_password("open sesame", verifier.salt, verifier.iterations) == verifier
    same = folder.up(PASSWORDS + 'bob = "other"\n')
    assert same.settings == first.settings and same.notes == ()
    new = folder.up(PASSWORDS.replace("open", "shut") + 'bob = "other"\n')
    assert changed(new) == ["changed: authentication.users: another password of admin"]
    fewer = folder.up(PASSWORDS)
    assert changed(fewer)[0].startswith("changed: authentication.users admin (was admin+bob)")
    made = Verifier.from_password("x", b"0123456789abcdef").format()
    assert folder.up(f'[authentication.users]\nadmin = "{made}"\n').settings.authentication.users == {"admin": made}


def test_authentication_is_weakened_by_its_name_only_and_loudly(folder: Folder) -> None:
    folder.up(PASSWORDS)
    for quiet in (
        folder.up(),
        folder.up('mode = "open"\n', port=7),
        folder.up('[authentication.users]\nadmin = "new"\n'),
        folder.up(mode="dsql"),
    ):
        assert quiet.settings.authentication.method == "scram-sha-256" and not warned(quiet)
    loud = folder.up('[authentication]\nmethod = "trust"\n')
    assert loud.settings.authentication.method == "trust" and len(warned(loud)) == 1 and TRUST_NOTE in loud.notes
    assert TRUST_NOTE in folder.up().notes and not warned(folder.up())
    assert not warned(folder.up('[authentication]\nmethod = "scram-sha-256"\n'))


def test_encryption_is_no_longer_required_loudly(folder: Folder) -> None:
    folder.up(
        PASSWORDS.replace(
            "[authentication.users]",
            'tls_certificate = "c.pem"\ntls_key = "k.pem"\ntls_required = true\n[authentication.users]',
        )
    )
    assert folder.up().settings.authentication.tls_certificate == str(folder.path / "c.pem")
    assert len(warned(folder.up("[authentication]\ntls_required = false\n"))) == 1


TOKENS = '[authentication]\nmethod = "tokens"\n'


def test_tokens_are_remembered_and_given_up_loudly(folder: Folder) -> None:
    first = folder.up(
        f'mode = "open"\n{TOKENS}hosts = ["db.example.org"]\nregion = "eu-west-1"\n[layout]\nhost = "0.0.0.0"\n'
    )
    assert first.notes == () and first.settings.authentication.is_encrypted
    for quiet in (
        folder.up(),
        folder.up("[querying]\ncolumn_threads = 1\n"),
        folder.up("[authentication]\ntls_required = false\n"),
    ):
        own = quiet.settings.authentication
        assert (own.method, own.hosts, own.region) == ("tokens", ("db.example.org",), "eu-west-1") and not warned(quiet)
    to_passwords = folder.up(PASSWORDS)
    assert warned(to_passwords) == [
        "WARNING: encryption is no longer required: authentication.tls_required is now false"
    ]
    folder.up(TOKENS)
    folder.up('[layout]\nhost = "localhost"\n')
    loud = folder.up('[authentication]\nmethod = "trust"\n')
    assert len(warned(loud)) == 2 and TRUST_NOTE in loud.notes


def test_a_session_that_showed_a_token_ends_in_open_mode_too_unless_told_otherwise(folder: Folder) -> None:
    assert folder.up(f'mode = "open"\n{TOKENS}').settings.limits == replace(OPEN_LIMITS, connection_age_s=3600)
    assert folder.up("[limits]\nconnection_age_s = 0\n").settings.limits == OPEN_LIMITS
    assert folder.up(mode="dsql").settings.limits == Limits(connection_age_s=0)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('hosts = ["https://db.example.org"]', "no host's name"),
        ('hosts = ["[::1]"]', "no host's name"),
        ('hosts = [""]', "no host's name"),
        ('hosts = ["bücher.example"]', "no host's name"),
        ("hosts = []", "expected a list of strings"),
        ('region = ""', "no region"),
        ('region = "us/east"', "no region"),
        ("failures_per_minute = -1", "must not be negative"),
    ],
)
def test_what_tokens_cannot_be_for(folder: Folder, line: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=rf"line 3: authentication\.{line.partition(' ')[0]}: .*{problem}"):
        folder.up(f"{TOKENS}{line}\n")


def test_where_clients_connect(folder: Folder) -> None:
    settings = folder.up(TOKENS, port=6000).settings
    assert connection_url(settings) == "postgresql://admin@localhost:6000/postgres?sslmode=require"
    made = connection_url(settings, ca=Path("/data of/ca.pem"))
    assert made == "postgresql://admin@localhost:6000/postgres?sslmode=verify-full&sslrootcert=/data%20of/ca.pem"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "::ffff:10.0.0.7", "example.com", "127.1", "localhost."])
def test_trust_listens_to_this_machine_only(folder: Folder, host: str) -> None:
    with pytest.raises(SettingsError, match=r"line 2: layout\.host: .*trust"):
        folder.up(f'[layout]\nhost = "{host}"\n')
    folder.up(f'{PASSWORDS}[layout]\nhost = "{host}"\n')
    with pytest.raises(SettingsError, match="trust"):
        folder.up('[authentication]\nmethod = "trust"\n')


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"])
def test_addresses_of_this_machine(folder: Folder, host: str) -> None:
    assert folder.up(f'[layout]\nhost = "{host}"\n').notes == (TRUST_NOTE,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[authentication]\nmethod = "md5"\n', "line 2: authentication.method"),
        ('[authentication]\nmethod = "scram-sha-256"\n', "at least one user"),
        ('[authentication]\nusers = {admin = ""}\n', "a name and a password"),
        ('[authentication]\ntls_certificate = "c.pem"\n', "needs tls_key"),
        ('[authentication]\ntls_key = "k.pem"\n', "tls_certificate"),
        ("[authentication]\ntls_required = true\n", "line 2: authentication.tls_required"),
        ('[authentication.users]\nadmin = "SCRAM-SHA-256$1:"\n', "not a SCRAM-SHA-256 verifier"),
        ('[layout]\nhost = ""\n', "line 2: layout.host"),
    ],
)
def test_settings_that_would_let_in_nobody_or_everybody(folder: Folder, text: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=expected.replace(".", r"\.")):
        folder.up(text)


def test_an_error_shows_no_password(folder: Folder) -> None:
    with pytest.raises(SettingsError) as caught:
        folder.up('[authentication.users]\nadmin = "sesame"\nbob = 5\n')
    assert "sesame" not in str(caught.value)


def test_a_folder_of_format_1_opens_with_the_settings_file_it_names(tmp_path: Path) -> None:
    config = tmp_path / "old.toml"
    config.write_text(PASSWORDS)
    layout = {
        "azs": ["a", "b", "c"],
        "query_processors": 3,
        "adjudicators": 2,
        "shards": 2,
        "port": 6000,
        "host": "127.0.0.1",
        "placement": "az",
    }
    old = {"format": 1, "layout": layout, "port": 6000, "mode": "open", "config": str(config)}
    opened = resolve(old, None, None, None)
    assert (opened.settings.layout.query_processors, opened.settings.mode) == (3, "open")
    assert opened.settings.authentication.method == "scram-sha-256" and "sesame" not in json.dumps(opened.cluster)
    assert resolve(old, config, None, None).notes == ()
    assert resolve({**old, "config": ""}, None, 7, None).settings.layout.port == 7
    config.unlink()
    with pytest.raises(SettingsError, match=r"old\.toml: No such file"):
        resolve(old, None, 6000, None)
    with pytest.raises(SettingsError, match="adjudicators"):
        (tmp_path / "new.toml").write_text("[layout]\nadjudicators = 1\n")
        resolve({**old, "config": ""}, tmp_path / "new.toml", None, None)


def test_how_to_connect(folder: Folder) -> None:
    assert connection_url(folder.up(port=1).settings) == f"postgresql://{ADMIN}@localhost:1/postgres"
    assert connection_url(folder.up('[layout]\nhost = "::1"\n').settings) == f"postgresql://{ADMIN}@[::1]:1/postgres"
    users = (
        '[authentication]\nmethod = "scram-sha-256"\n[authentication.users]\n"b/c" = "x"\n[layout]\nhost = "0.0.0.0"\n'
    )
    assert connection_url(folder.up(users).settings) == "postgresql://b%2Fc@localhost:1/postgres"


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    settings = Authentication(tls_certificate=str(certificate), tls_key=str(key))
    with pytest.raises(SettingsError, match=r"k\.pem: No such file"):
        check_certificate(settings)
    certificate.touch()
    key.touch()
    key.chmod(0o644)
    with pytest.raises(SettingsError, match="open to other users"):
        check_certificate(settings)
    key.chmod(0o600)
    with pytest.raises(SettingsError, match="cannot be used") as caught:
        check_certificate(settings)
    assert not isinstance(caught.value, ssl.SSLError)
    check_certificate(Authentication())


@pytest.mark.parametrize("name", ["dsql", "open", "packed"])
def test_the_files_in_configs(name: str) -> None:
    load_settings(Path(__file__).parents[3] / "configs" / f"{name}.toml")


def test_a_ray_that_was_joined_is_remembered_and_never_changed_for_ones_own() -> None:
    joined = resolve(None, None, 6000, None, "auto")
    assert (joined.address, joined.settings.bus.transport, joined.cluster["address"]) == ("auto", "tls", "auto")
    assert "bus" not in joined.cluster["settings"]
    kept = {**joined.cluster, "disks": {"a": "d1"}}
    again = resolve(kept, None, None, None)
    assert (again.address, again.settings.bus.transport, again.cluster) == ("auto", "tls", kept)
    elsewhere = resolve(kept, None, None, None, "10.0.0.5:6379")
    assert elsewhere.cluster == {**kept, "address": "10.0.0.5:6379"}
    own = resolve(None, None, 6000, None)
    assert (own.address, own.settings.bus.transport) == ("", "unix") and "address" not in own.cluster
    with pytest.raises(SettingsError, match="created on a Ray of its own"):
        resolve(own.cluster, None, None, None, "auto")
