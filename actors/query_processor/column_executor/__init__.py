"""The column executor: every SELECT that the row executor leaves, run by DuckDB on Arrow data of one snapshot.

    plan_columns(bound statement, parameters, reason) -> Plan

1. from_clause.py, select.py, grouping.py, calls.py and aggregates.py write the bound query (sql/binding/query.py) as
   DuckDB's SQL. All types are decided by then, so the text that DuckDB gets is fully typed: emit.py writes expressions,
   in DuckDB's own words where DuckDB does as PostgreSQL does (direct.py), else as a call of our own function inside
   DuckDB (udf.py).
2. sources.py finds what each base table must deliver: only the columns used, rows filtered by the conjuncts that
   storage can evaluate.
3. feeding.py reads storage at start_ts (own uncommitted writes merged in), as far as DuckDB scans.
4. scanning.py does without DuckDB where storage has the answer and columns are wanted.
5. stream.py runs DuckDB in steps, in threads (workers.py) and a database of its own for each statement (instance.py),
   as fast as the client takes the rows; engine.py bounds how many statements are open.

Every column reference in the generated text is `r<n>.c<m>`: aliases and names of our own, so that quoting and DuckDB's
own name rules play no part.
"""
