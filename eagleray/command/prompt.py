"""`sql`: psql where it is installed; else a small prompt of our own over psycopg."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from eagleray.command.connect import state_of
from eagleray.command.options import OneLine
from eagleray.command.tokens import use_token


def run_prompt(data: Path, statement: str | None, region: str | None) -> int:
    """The exit status: 0, or 1 after a failed statement. Raises OneLine where no cluster runs, or it has no such
    region."""
    state = state_of(data)
    use_token(data, state, os.environ)
    url = state["url"] if region is None else _door(state["regions"], region)
    psql = shutil.which("psql")
    if psql is not None:
        return subprocess.call([psql, url, *(["-c", statement] if statement is not None else [])])
    return _own_prompt(url, statement)


def _door(urls: dict[str, str], region: str) -> str:
    if region not in urls:
        raise OneLine(f"no region {region!r} takes clients: {', '.join(urls) or 'this cluster has one region'}")
    return urls[region]


def _own_prompt(url: str, statement: str | None) -> int:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        if statement is not None:
            return _run(connection, statement)
        buffer = ""
        while True:
            try:
                buffer += input("eagleray=> " if not buffer else "eagleray-> ") + "\n"
            except EOFError:
                return 0
            if buffer.strip() in ("\\q", "exit", "quit"):
                return 0
            if buffer.rstrip().endswith(";") or not buffer.strip():
                if buffer.strip():
                    _run(connection, buffer)
                buffer = ""


def _run(connection: Any, statement: str) -> int:
    import psycopg

    try:
        cursor = connection.execute(statement)
    except psycopg.Error as error:
        click.echo(f"{error.sqlstate or 'error'}: {error}", err=True)
        return 1
    if cursor.description is None:
        click.echo(cursor.statusmessage)
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(*[column.name for column in cursor.description], box=None)
    for row in cursor:
        table.add_row(*["" if value is None else str(value) for value in row])
    Console(width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "120"))).print(table)
    return 0
