# !open
# Answers that PostgreSQL 18 gives: keywords.sql in tests/sql/statements.

SELECT word, catcode, barelabel, catdesc, baredesc FROM pg_get_keywords() WHERE word IN ('select', 'abort', 'int', 'left', 'as', 'between', 'year') ORDER BY word;
SELECT count(*) > 400, bool_and(word = lower(word)) FROM pg_catalog.pg_get_keywords() k;
SELECT catcode FROM pg_get_keywords() AS w WHERE word = 'grant';
CREATE TABLE zy (a int CHECK (a > 0), b bool CHECK (b), CHECK (coalesce(a, 1) > 0), CHECK (NOT b), CHECK (b IS NOT NULL));
SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true), pg_get_constraintdef(oid, false), pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conrelid = 'zy'::regclass ORDER BY 1;
SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_name LIKE 'zy%' ORDER BY 1;
---
word|catcode|barelabel|catdesc|baredesc
abort|U|t|unreserved|can be bare label
as|R|f|reserved|requires AS
between|C|t|unreserved (cannot be function or type name)|can be bare label
int|C|t|unreserved (cannot be function or type name)|can be bare label
left|T|t|reserved (can be function or type name)|can be bare label
select|R|t|reserved|can be bare label
year|U|f|unreserved|requires AS
SELECT 7
?column?|bool_and
t|t
SELECT 1
catcode
R
SELECT 1
CREATE TABLE
conname|pg_get_constraintdef|pg_get_constraintdef|pg_get_constraintdef|pg_get_expr
zy_a_check|CHECK ((a > 0))|CHECK (a > 0)|CHECK ((a > 0))|(a > 0)
zy_a_check1|CHECK ((COALESCE(a, 1) > 0))|CHECK (COALESCE(a, 1) > 0)|CHECK ((COALESCE(a, 1) > 0))|(COALESCE(a, 1) > 0)
zy_b_check|CHECK (b)|CHECK (b)|CHECK (b)|b
zy_b_check1|CHECK ((NOT b))|CHECK (NOT b)|CHECK ((NOT b))|(NOT b)
zy_b_check2|CHECK ((b IS NOT NULL))|CHECK (b IS NOT NULL)|CHECK ((b IS NOT NULL))|(b IS NOT NULL)
SELECT 5
constraint_name|check_clause
zy_a_check|(a > 0)
zy_a_check1|(COALESCE(a, 1) > 0)
zy_b_check|b
zy_b_check1|(NOT b)
zy_b_check2|(b IS NOT NULL)
SELECT 5
