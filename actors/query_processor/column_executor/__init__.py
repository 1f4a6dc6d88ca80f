"""The column executor: every SELECT that the row executor leaves, run by DuckDB on Arrow data of one snapshot.

    plan_columns(statement, catalog, parameter_types, ...) -> Plan

1. names.py, from_clause.py, select.py, calls.py translate PostgreSQL's parsed tree into DuckDB's SQL. Scalar expressions are typed by the same
   analyzer as the row executor's (PostgreSQL's overloads, casts and literals), so the text that DuckDB gets is fully typed: emit.py writes it. What
   DuckDB does not do as PostgreSQL does runs as our own function inside DuckDB (udf.py).
2. sources.py finds what each base table must deliver: only the columns used, rows filtered by the conjuncts that storage can evaluate.
3. plan.py scans storage at start_ts (own uncommitted writes merged in), hands the Arrow tables to DuckDB in a thread (engine.py) and turns the
   Arrow result into datums.

Every column reference in the generated text is `r<n>.c<m>`: aliases and names of our own, so that quoting and DuckDB's own name rules play no part.
"""
