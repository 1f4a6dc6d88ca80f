SELECT word, catcode, barelabel, catdesc, baredesc FROM pg_get_keywords() WHERE word IN ('select', 'abort', 'int', 'left', 'as', 'between', 'year') ORDER BY word;
SELECT count(*) > 400, bool_and(word = lower(word)) FROM pg_catalog.pg_get_keywords() k;
SELECT catcode FROM pg_get_keywords() AS w WHERE word = 'grant';
CREATE TABLE zy (a int CHECK (a > 0), b bool CHECK (b), CHECK (coalesce(a, 1) > 0), CHECK (NOT b), CHECK (b IS NOT NULL));
SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true), pg_get_constraintdef(oid, false), pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conrelid = 'zy'::regclass ORDER BY 1;
SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_name LIKE 'zy%' ORDER BY 1;
