"""Rows of PostgreSQL 18's catalog that say what operators there are: pg_operator, pg_cast, pg_opclass, pg_opfamily,
pg_amop and pg_amproc, of the types that there are here, for B-trees and hashes.

`system_rows.txt` has a line `== relation column column ...` before each relation's rows; tabs separate columns, an
empty one is NULL.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Rows(NamedTuple):
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@cache
def system_rows() -> dict[str, Rows]:
    """By relation."""
    found: dict[str, Rows] = {}
    for part in files("actors.sql.types").joinpath("system_rows.txt").read_text().split("== ")[1:]:
        heading, *lines = part.splitlines()
        relation, *columns = heading.split(" ")
        found[relation] = Rows(tuple(columns), tuple(tuple(line.split("\t")) for line in lines))
    return found
