"""The process's snapshots of the catalog (cache.py), and the ids that it gives to new tables, indexes and schemas
(allocation.py)."""
