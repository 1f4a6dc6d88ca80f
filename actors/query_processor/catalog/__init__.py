"""The catalog: every schema, table and index at one moment, as an immutable snapshot, and the process's cache of snapshots."""

from actors.query_processor.catalog.cache import CatalogCache
from actors.query_processor.catalog.snapshot import Catalog, Schema

__all__ = ["Catalog", "CatalogCache", "Schema"]
