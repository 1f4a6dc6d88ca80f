"""Expressions that the catalog keeps, as clients are shown them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog


def shown_text(text: str, catalog: Catalog) -> str:
    """With types under their names of now."""
    from actors.sql.binding.stored_names import SCHEMA
    from actors.sql.binding.stored_names import shown_text as with_names

    return with_names(text, catalog) if SCHEMA in text else text
