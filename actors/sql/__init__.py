"""SQL as a language: values, expressions, names and what the catalog says. Nothing here knows a role, a session, a
transaction or a message.

From the ground up, each part knowing those above it in this list only:

    types/         one module a family of types: a value's text and binary forms, its order and its limits
    patterns/      LIKE, SIMILAR TO and regular expressions
    expressions/   typed trees, the functions and operators, and their compilation to Python
    catalog/       descriptors of tables, a snapshot of the catalog, PostgreSQL's system catalogs made from one
    encoding/      keys, rows and Arrow columns; the program that storage runs over a scan
    settings/      the run-time parameters that there are
    binding/       the parser's trees to typed expressions: names, types and functions are resolved here
    results.py     what a statement hands to whoever shows it
"""
