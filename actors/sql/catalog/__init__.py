"""What the catalog says: descriptors (schema.py) and how they are stored (encoding.py), every schema, table and
index at one moment (snapshot.py), and PostgreSQL's system catalogs made of one such moment (system_tables.py,
catalog_functions.py). How a process comes by a snapshot is query_processor/catalog's."""
