# !open
# PostgreSQL 18's answers (tests/sql/statements/json.sql asks it). The row executor has what reads jt itself by no more than its key, the column executor the rest.
CREATE TABLE jt (id int PRIMARY KEY, j json, b jsonb, t text);
INSERT INTO jt VALUES (1, '{"a":  1, "a": 2}', '{"bb":1.50, "a":2, "a":[3,null,"x"]}', 'x'), (2, NULL, NULL, NULL), (3, '[1, 2.0]', '[1, 2.0, {"k": "v"}]', '{"q":1}');
SELECT * FROM jt ORDER BY id;
SELECT j -> 'a', b -> 'a', b ->> 'bb', b #> '{a,2}', b #>> '{a,0}' FROM jt ORDER BY id;
SELECT j -> 'a', b -> 'a', b ->> 'bb', b #> '{a,2}', b #>> '{a,0}' FROM (SELECT * FROM jt) q ORDER BY id;
SELECT id FROM jt WHERE b @> '{"a": [3]}';
SELECT id FROM jt WHERE b ? 'a' OR b ?& array['bb','a'];
SELECT id FROM (SELECT * FROM jt) q WHERE b @> '[1]';
---
CREATE TABLE
INSERT 0 3
id|j|b|t
1|{"a":  1, "a": 2}|{"a": [3, null, "x"], "bb": 1.50}|x
2|NULL|NULL|NULL
3|[1, 2.0]|[1, 2.0, {"k": "v"}]|{"q":1}
SELECT 3
?column?|?column?|?column?|?column?|?column?
2|[3, null, "x"]|1.50|"x"|3
NULL|NULL|NULL|NULL|NULL
NULL|NULL|NULL|NULL|NULL
SELECT 3
?column?|?column?|?column?|?column?|?column?
2|[3, null, "x"]|1.50|"x"|3
NULL|NULL|NULL|NULL|NULL
NULL|NULL|NULL|NULL|NULL
SELECT 3
id
1
SELECT 1
id
1
SELECT 1
id
3
SELECT 1

SELECT json_agg(id ORDER BY id), jsonb_agg(t ORDER BY id), json_agg(jt ORDER BY id), jsonb_agg(jt ORDER BY id DESC) FROM jt;
SELECT json_object_agg(id, t ORDER BY id), jsonb_object_agg(id, t) FROM jt;
SELECT row_to_json(jt) FROM jt ORDER BY id;
SELECT row_to_json(jt, true) FROM jt ORDER BY id;
SELECT row_to_json(ROW(1, 'a', NULL));
SELECT row_to_json(ROW(1, 'a', NULL)) FROM jt;
SELECT a.id, row_to_json(c) FROM jt a LEFT JOIN jt c ON c.id = a.id + 1 ORDER BY 1;
SELECT key, value FROM json_each('{"a":1,"b":"x","a":null}');
---
json_agg|jsonb_agg|json_agg|jsonb_agg
[1, 2, 3]|["x", null, "{\"q\":1}"]|[{"id":1,"j":{"a":  1, "a": 2},"b":{"a": [3, null, "x"], "bb": 1.50},"t":"x"}, 
 {"id":2,"j":null,"b":null,"t":null}, 
 {"id":3,"j":[1, 2.0],"b":[1, 2.0, {"k": "v"}],"t":"{\"q\":1}"}]|[{"b": [1, 2.0, {"k": "v"}], "j": [1, 2.0], "t": "{\"q\":1}", "id": 3}, {"b": null, "j": null, "t": null, "id": 2}, {"b": {"a": [3, null, "x"], "bb": 1.50}, "j": {"a": 2}, "t": "x", "id": 1}]
SELECT 1
json_object_agg|jsonb_object_agg
{ "1" : "x", "2" : null, "3" : "{\"q\":1}" }|{"1": "x", "2": null, "3": "{\"q\":1}"}
SELECT 1
row_to_json
{"id":1,"j":{"a":  1, "a": 2},"b":{"a": [3, null, "x"], "bb": 1.50},"t":"x"}
{"id":2,"j":null,"b":null,"t":null}
{"id":3,"j":[1, 2.0],"b":[1, 2.0, {"k": "v"}],"t":"{\"q\":1}"}
SELECT 3
row_to_json
{"id":1,
 "j":{"a":  1, "a": 2},
 "b":{"a": [3, null, "x"], "bb": 1.50},
 "t":"x"}
{"id":2,
 "j":null,
 "b":null,
 "t":null}
{"id":3,
 "j":[1, 2.0],
 "b":[1, 2.0, {"k": "v"}],
 "t":"{\"q\":1}"}
SELECT 3
row_to_json
{"f1":1,"f2":"a","f3":null}
SELECT 1
row_to_json
{"f1":1,"f2":"a","f3":null}
{"f1":1,"f2":"a","f3":null}
{"f1":1,"f2":"a","f3":null}
SELECT 3
id|row_to_json
1|{"id":2,"j":null,"b":null,"t":null}
2|{"id":3,"j":[1, 2.0],"b":[1, 2.0, {"k": "v"}],"t":"{\"q\":1}"}
3|NULL
SELECT 3
key|value
a|1
b|"x"
a|null
SELECT 3

SELECT * FROM jsonb_each('{"a":1,"b":"x","c":null}');
SELECT * FROM jsonb_each_text('{"a":1,"b":"x","c":null}') WITH ORDINALITY;
SELECT json_each('{"a":1,"b":"x y"}');
SELECT (jsonb_each(b)).key, (jsonb_each(b)).value FROM jt WHERE id = 1;
SELECT id, jsonb_array_elements(b) FROM jt WHERE id = 3;
SELECT id, e FROM jt, jsonb_array_elements(b) e WHERE id = 3;
SELECT id, e FROM jt, jsonb_array_elements_text(b) WITH ORDINALITY AS x(e, n) WHERE id = 3;
SELECT json_object_keys('{"a":1,"b":2}');
---
key|value
a|1
b|"x"
c|null
SELECT 3
key|value|ordinality
a|1|1
b|x|2
c|NULL|3
SELECT 3
json_each
(a,1)
(b,"""x y""")
SELECT 2
key|value
a|[3, null, "x"]
bb|1.50
SELECT 2
id|jsonb_array_elements
3|1
3|2.0
3|{"k": "v"}
SELECT 3
id|e
3|1
3|2.0
3|{"k": "v"}
SELECT 3
id|e
3|{"k": "v"}
3|2.0
3|1
SELECT 3
json_object_keys
a
b
SELECT 2

SELECT jsonb_object_keys(b) FROM jt WHERE id = 1;
SELECT jsonb_object_keys(b) FROM jt;
SELECT jsonb_array_elements(b) FROM jt;
SELECT json_array_elements('{"a":1}');
SELECT json_array_elements('1');
SELECT jsonb_array_elements('1');
SELECT json_each('[1]');
SELECT json_each('1');
---
jsonb_object_keys
a
bb
SELECT 2
ERROR 22023: cannot call jsonb_object_keys on an array
ERROR 22023: cannot extract elements from an object
ERROR 22023: cannot call json_array_elements on a non-array
ERROR 22023: cannot call json_array_elements on a scalar
ERROR 22023: cannot extract elements from a scalar
ERROR 22023: cannot deconstruct an array as an object
ERROR 22023: cannot deconstruct a scalar

SELECT jsonb_each('[1]');
SELECT * FROM json_to_record('{"a":1,"b":[1,2],"c":[1,"x"],"d":"t","e":null}') AS x(a int, b text, c text[], d text, e int, f int);
SELECT * FROM jsonb_to_recordset('[{"a":1,"b":"foo"},{"a":"2","c":"bar"}]') AS x(a int, b text);
SELECT b FROM jt ORDER BY b;
SELECT b FROM (SELECT * FROM jt) q ORDER BY b DESC NULLS LAST;
SELECT b, count(*) FROM jt GROUP BY b ORDER BY 1;
SELECT DISTINCT b FROM (VALUES ('1'::jsonb), ('1.0'), ('"a"'), ('[]'), ('{}'), ('null'), ('true'), ('false'), ('[1]'), ('{"a":1}')) v(b) ORDER BY b;
SELECT j FROM jt ORDER BY j;
---
ERROR 22023: cannot call jsonb_each on a non-object
a|b|c|d|e|f
1|[1,2]|{1,x}|t|NULL|NULL
SELECT 1
a|b
1|foo
2|NULL
SELECT 2
b
[1, 2.0, {"k": "v"}]
{"a": [3, null, "x"], "bb": 1.50}
NULL
SELECT 3
b
{"a": [3, null, "x"], "bb": 1.50}
[1, 2.0, {"k": "v"}]
NULL
SELECT 3
b|count
[1, 2.0, {"k": "v"}]|1
{"a": [3, null, "x"], "bb": 1.50}|1
NULL|1
SELECT 3
b
[]
null
"a"
1
false
true
[1]
{}
{"a": 1}
SELECT 9
ERROR 42883: could not identify an ordering operator for type json
  hint: Use an explicit ordering operator or modify the query.

SELECT DISTINCT j FROM jt;
SELECT j FROM jt GROUP BY j;
SELECT '1'::json = '1'::json;
SELECT max(b) FROM jt;
SELECT min(j) FROM jt;
SELECT jsonb_agg(DISTINCT t) FROM jt;
SELECT jsonb_agg(DISTINCT b) FROM jt;
SELECT json_agg(id ORDER BY id) FILTER (WHERE id > 1) FROM jt;
---
ERROR 42883: could not identify an equality operator for type json
ERROR 42883: could not identify an equality operator for type json
ERROR 42883: operator does not exist: json = json
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.
ERROR 42883: function max(jsonb) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42883: function min(json) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
jsonb_agg
["x", "{\"q\":1}", null]
SELECT 1
jsonb_agg
[[1, 2.0, {"k": "v"}], {"a": [3, null, "x"], "bb": 1.50}, null]
SELECT 1
json_agg
[2, 3]
SELECT 1

SELECT json_agg(id) FROM jt WHERE false;
SELECT id, json_agg(id) OVER (ORDER BY id) FROM jt;
SELECT json_agg(ARRAY[id, 1] ORDER BY id) FROM jt;
SELECT json_build_object('n', id, 'doc', b, 'row', jt) FROM jt WHERE id = 3;
SELECT jsonb_build_object('a', 1, 'b');
SELECT json_build_object(NULL, 1);
SELECT jsonb_build_object(NULL, 1);
SELECT json_build_array(), jsonb_build_array(1, 'x', NULL, now() IS NULL, 1.50, 'NaN'::float8, date '2024-01-01');
---
json_agg
NULL
SELECT 1
id|json_agg
1|[1]
2|[1, 2]
3|[1, 2, 3]
SELECT 3
json_agg
[[1,1], 
 [2,1], 
 [3,1]]
SELECT 1
json_build_object
{"n" : 3, "doc" : [1, 2.0, {"k": "v"}], "row" : {"id":3,"j":[1, 2.0],"b":[1, 2.0, {"k": "v"}],"t":"{\"q\":1}"}}
SELECT 1
ERROR 22023: argument list must have even number of elements
  hint: The arguments of jsonb_build_object() must consist of alternating keys and values.
ERROR 22004: null value not allowed for object key
ERROR 22023: argument 1: key must not be null
json_build_array|jsonb_build_array
[]|[1, "x", null, false, 1.50, "NaN", "2024-01-01"]
SELECT 1

SELECT json_object('{a,1,b,2}'), jsonb_object('{{a,1},{b,2}}'), json_object('{a,b}', '{1,2}');
SELECT to_json(1.50), to_json('x"y'::text), to_json(true), to_json(timestamp '2024-01-31 10:00'), to_json(timestamptz '2024-01-31 10:00+00'), to_json('{1,NULL,3}'::int[]), to_json('{{1,2},{3,4}}'::int[]), to_json('NaN'::float8), to_jsonb(interval '1 day'), to_json('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid), to_json(date '0044-03-15 BC'), to_json(time '10:00'), to_json('\x01'::bytea), to_json(23::oid), to_json('infinity'::timestamp);
SELECT jsonb_set('{"a":{"b":1}}', '{a,b}', '2'), jsonb_set('{"a":1}', '{b}', '2'), jsonb_set('{"a":1}', '{b}', '2', false), jsonb_set('[1,2]', '{5}', '3'), jsonb_set('[1,2]', '{-5}', '3'), jsonb_set('{"a":1}', '{b,c}', '2');
SELECT jsonb_set('[1,2]', '{a}', '3');
SELECT jsonb_set('1', '{a}', '3');
SELECT jsonb_set('{"a":1}', ARRAY[NULL], '3');
SELECT jsonb_insert('[1,2]', '{1}', '9'), jsonb_insert('[1,2]', '{1}', '9', true), jsonb_insert('{"a":1}', '{b}', '9'), jsonb_insert('[]', '{0}', '1');
SELECT jsonb_insert('{"a":1}', '{a}', '9');
---
json_object|jsonb_object|json_object
{"a" : "1", "b" : "2"}|{"a": "1", "b": "2"}|{"a" : "1", "b" : "2"}
SELECT 1
to_json|to_json|to_json|to_json|to_json|to_json|to_json|to_json|to_jsonb|to_json|to_json|to_json|to_json|to_json|to_json
1.50|"x\"y"|true|"2024-01-31T10:00:00"|"2024-01-31T10:00:00+00:00"|[1,null,3]|[[1,2],[3,4]]|"NaN"|"1 day"|"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"|"0044-03-15 BC"|"10:00:00"|"\\x01"|"23"|"infinity"
SELECT 1
jsonb_set|jsonb_set|jsonb_set|jsonb_set|jsonb_set|jsonb_set
{"a": {"b": 2}}|{"a": 1, "b": 2}|{"a": 1}|[1, 2, 3]|[3, 1, 2]|{"a": 1}
SELECT 1
ERROR 22P02: path element at position 1 is not an integer: "a"
ERROR 22023: cannot set path in scalar
ERROR 22004: path element at position 1 is null
jsonb_insert|jsonb_insert|jsonb_insert|jsonb_insert
[1, 9, 2]|[1, 2, 9]|{"a": 1, "b": 9}|[1]
SELECT 1
ERROR 22023: cannot replace existing key
  hint: Try using the function jsonb_set to replace key value.

SELECT jsonb_strip_nulls('{"a":null,"b":[1,null,{"c":null}]}'), json_strip_nulls('{"a":null, "b":[1, null,{"c":null}], "d": "\u0041"}');
SELECT jsonb_pretty('{"a":[1,{"b":null},[]],"c":{}}');
SELECT jsonb_typeof('1'), jsonb_typeof('null'), json_typeof('[1]'), json_typeof(' {}'), jsonb_typeof('"a"'), jsonb_typeof('true');
SELECT jsonb_array_length('[1,2]'), json_array_length('[1,2,[3]]');
SELECT jsonb_array_length('{}');
SELECT json_array_length('1');
SELECT '{"a":1,"b":2}'::jsonb - 'a', '["a","b"]'::jsonb - 'a', '[1,2,3]'::jsonb - 1, '[1,2,3]'::jsonb - -1, '{"a":1,"b":2}'::jsonb - '{a,b}'::text[];
SELECT '1'::jsonb - 'a';
---
jsonb_strip_nulls|json_strip_nulls
{"b": [1, null, {}]}|{"b":[1,null,{}],"d":"A"}
SELECT 1
jsonb_pretty
{
    "a": [
        1,
        {
            "b": null
        },
        [
        ]
    ],
    "c": {
    }
}
SELECT 1
jsonb_typeof|jsonb_typeof|json_typeof|json_typeof|jsonb_typeof|jsonb_typeof
number|null|array|object|string|boolean
SELECT 1
jsonb_array_length|json_array_length
2|3
SELECT 1
ERROR 22023: cannot get array length of a non-array
ERROR 22023: cannot get array length of a scalar
?column?|?column?|?column?|?column?|?column?
{"b": 2}|["b"]|[1, 3]|[1, 2]|{}
SELECT 1
ERROR 22023: cannot delete from scalar

SELECT '{"a":1}'::jsonb - 1;
SELECT '{"a":{"b":1,"c":2}}'::jsonb #- '{a,b}', '[1,[2,3]]'::jsonb #- '{1,-1}';
SELECT '[1]'::jsonb || '2', '{"a":1}'::jsonb || '{"b":2}', '{"a":1}'::jsonb || '[1]', '1'::jsonb || '2', '[]'::jsonb || '{"a":1}', '{"a":1}'::jsonb || '2';
SELECT '{"a":1}'::jsonb @> '{}', '[1,2,[3]]'::jsonb @> '[[3]]', '[1]'::jsonb @> '1', '1'::jsonb @> '[1]', '{"a":[1,{"b":2}]}'::jsonb @> '{"a":[{"b":2}]}', 'true'::jsonb @> '1', '[1,1.0]'::jsonb <@ '[1.00]';
SELECT '"a"'::jsonb ? 'a', '["a"]'::jsonb ? 'a', '{"a":1}'::jsonb ?| '{b,a}', '{"a":1}'::jsonb ?& '{b,a}';
SELECT '1'::jsonb = '1.0', '1'::jsonb::text, '{"a":1}'::jsonb < '[1]', '[]'::jsonb < 'null', '"b"'::jsonb > '"a"', '{"a":1,"b":2}'::jsonb > '{"c":1}';
SELECT '1.5'::jsonb::int, '1'::jsonb::numeric, 'true'::jsonb::bool, '1.25'::jsonb::float8, 'null'::jsonb::int;
SELECT '"a"'::jsonb::int;
---
ERROR 22023: cannot delete from object using integer index
?column?|?column?
{"a": {"c": 2}}|[1, [2]]
SELECT 1
?column?|?column?|?column?|?column?|?column?|?column?
[1, 2]|{"a": 1, "b": 2}|[{"a": 1}, 1]|[1, 2]|[{"a": 1}]|[{"a": 1}, 2]
SELECT 1
?column?|?column?|?column?|?column?|?column?|?column?|?column?
t|t|t|f|t|f|t
SELECT 1
?column?|?column?|?column?|?column?
t|t|t|f
SELECT 1
?column?|text|?column?|?column?|?column?|?column?
t|1|f|t|t|t
SELECT 1
int4|numeric|bool|float8|int4
2|1|t|1.25|NULL
SELECT 1
ERROR 22023: cannot cast jsonb string to type integer

SELECT '[1]'::jsonb::bool;
SELECT 'true'::jsonb::int8;
SELECT ('{"a":[1,{"b":5}]}'::jsonb)['a'][1]['b'], ('{"a":1}'::jsonb)['x'];
SELECT ('{"a":1}'::jsonb)['a':'b'];
SELECT ('{"a":1}'::jsonb)[1.5];
SELECT '1' IS JSON, 'x' IS JSON, '{"a":1}' IS JSON OBJECT, '[1]' IS NOT JSON ARRAY, '1' IS JSON SCALAR, '{"a":1,"a":2}' IS JSON WITH UNIQUE KEYS, NULL IS JSON;
SELECT json_extract_path('{"a":{"b":[1,2]}}', 'a', 'b', '1'), jsonb_extract_path_text('{"a":{"b":"x"}}', 'a', 'b'), json_extract_path_text('{"a":null}', 'a');
SELECT '{"a": }'::json;
---
ERROR 22023: cannot cast jsonb array to type boolean
ERROR 22023: cannot cast jsonb boolean to type bigint
jsonb|jsonb
5|NULL
SELECT 1
ERROR 42804: jsonb subscript does not support slices
ERROR 42804: subscript type numeric is not supported
  hint: jsonb subscript must be coercible to either integer or text.
?column?|?column?|?column?|?column?|?column?|?column?|?column?
t|f|t|f|t|f|NULL
SELECT 1
json_extract_path|jsonb_extract_path_text|json_extract_path_text
2|x|NULL
SELECT 1
ERROR 22P02: invalid input syntax for type json
  detail: Expected JSON value, but found "}".

SELECT '{"a":1'::jsonb;
SELECT '"\u0000"'::jsonb, '1'::json;
SELECT '"\u0000"'::json;
SELECT '"\ud800"'::jsonb;
SELECT '["\ud800"]'::json ->> 0;
SELECT 'NaN'::json;
SELECT '1e1000000'::jsonb;
SELECT '1e1000000'::json;
---
ERROR 22P02: invalid input syntax for type json
  detail: The input string ended unexpectedly.
ERROR 22P05: unsupported Unicode escape sequence
  detail: \u0000 cannot be converted to text.
json
"\u0000"
SELECT 1
ERROR 22P02: invalid input syntax for type json
  detail: Unicode low surrogate must follow a high surrogate.
ERROR 22P02: invalid input syntax for type json
  detail: Unicode low surrogate must follow a high surrogate.
ERROR 22P02: invalid input syntax for type json
  detail: Token "NaN" is invalid.
ERROR 22003: value overflows numeric format
json
1e1000000
SELECT 1

SELECT pg_typeof(b), pg_typeof(j), pg_typeof(b -> 'a'), pg_typeof(b ->> 'a') FROM jt LIMIT 1;
SELECT coalesce(b, '{}') FROM jt ORDER BY id;
SELECT coalesce(b, j) FROM jt;
SELECT greatest('1'::jsonb, '2'), nullif('1'::jsonb, '1.0'), CASE WHEN true THEN '1'::jsonb ELSE '2' END;
SELECT '{"a":1}'::jsonb IN ('{"a":1.0}', '1'), '1'::jsonb = ANY('{1,2}'::jsonb[]), '{1,"{\"a\":2}"}'::jsonb[];
SELECT ARRAY['1'::jsonb, '{"a":"b c"}'], array_agg(b) FROM jt;
UPDATE jt SET b = jsonb_set(b, '{z}', '1') WHERE id = 1;
UPDATE jt SET b['q'] = '5' WHERE id = 1;
---
pg_typeof|pg_typeof|pg_typeof|pg_typeof
jsonb|json|jsonb|text
SELECT 1
coalesce
{"a": [3, null, "x"], "bb": 1.50}
{}
[1, 2.0, {"k": "v"}]
SELECT 3
ERROR 42846: COALESCE could not convert type json to jsonb
greatest|nullif|case
2|NULL|1
SELECT 1
?column?|?column?|jsonb
t|t|{1,"{\"a\": 2}"}
SELECT 1
array|array_agg
{1,"{\"a\": \"b c\"}"}|{"{\"a\": [3, null, \"x\"], \"bb\": 1.50}",NULL,"[1, 2.0, {\"k\": \"v\"}]"}
SELECT 1
UPDATE 1
UPDATE 1

UPDATE jt SET b['q'][2] = '5', t = 'u' WHERE id = 2;
SELECT b FROM jt ORDER BY id;
INSERT INTO jt VALUES (4, '{', NULL, NULL);
INSERT INTO jt VALUES (4, to_json(1), to_jsonb('x'::text), NULL) RETURNING b, j;
INSERT INTO jt (id, b) SELECT 10 + id, j::jsonb FROM jt WHERE id < 4;
INSERT INTO jt (id, b) VALUES (20, 1);
DELETE FROM jt WHERE b @> '"x"' RETURNING id;
SELECT id, b FROM jt WHERE b IS NOT NULL ORDER BY id;
---
UPDATE 1
b
{"a": [3, null, "x"], "q": 5, "z": 1, "bb": 1.50}
{"q": [null, null, 5]}
[1, 2.0, {"k": "v"}]
SELECT 3
ERROR 22P02: invalid input syntax for type json
  detail: The input string ended unexpectedly.
b|j
"x"|1
INSERT 0 1
INSERT 0 3
ERROR 42804: column "b" is of type jsonb but expression is of type integer
  hint: You will need to rewrite or cast the expression.
id
4
DELETE 1
id|b
1|{"a": [3, null, "x"], "q": 5, "z": 1, "bb": 1.50}
2|{"q": [null, null, 5]}
3|[1, 2.0, {"k": "v"}]
11|{"a": 2}
13|[1, 2.0]
SELECT 5

SELECT a.id, c.id FROM jt a JOIN jt c ON a.b = c.b ORDER BY 1, 2;
SELECT count(DISTINCT b) FROM jt;
SELECT b FROM jt UNION SELECT '1.0'::jsonb ORDER BY 1;
SELECT string_agg(b::text, ',' ORDER BY id) FROM jt;
SELECT typname, typcategory, typlen, typarray FROM pg_type WHERE typname IN ('json', 'jsonb', '_json', '_jsonb') ORDER BY 1;
SELECT json_agg(x) FROM (SELECT id, b FROM jt WHERE id = 3) x;
SELECT json_agg(json_build_object('id', id) ORDER BY id) FROM jt;
SELECT (SELECT json_agg(y) FROM (SELECT id FROM jt WHERE id < 3 ORDER BY id) y);
---
id|id
1|1
2|2
3|3
11|11
13|13
SELECT 5
count
5
SELECT 1
b
1.0
[1, 2.0]
[1, 2.0, {"k": "v"}]
{"a": 2}
{"q": [null, null, 5]}
{"a": [3, null, "x"], "q": 5, "z": 1, "bb": 1.50}
NULL
SELECT 7
string_agg
{"a": [3, null, "x"], "q": 5, "z": 1, "bb": 1.50},{"q": [null, null, 5]},[1, 2.0, {"k": "v"}],{"a": 2},[1, 2.0]
SELECT 1
typname|typcategory|typlen|typarray
_json|A|-1|0
_jsonb|A|-1|0
json|U|-1|199
jsonb|U|-1|3807
SELECT 4
json_agg
[{"id":3,"b":[1, 2.0, {"k": "v"}]}]
SELECT 1
json_agg
[{"id" : 1}, {"id" : 2}, {"id" : 3}, {"id" : 11}, {"id" : 12}, {"id" : 13}]
SELECT 1
json_agg
[{"id":1}, 
 {"id":2}]
SELECT 1

SELECT jsonb_object_agg(k, v) FROM (VALUES ('a', 1), ('b', NULL), ('a', 3)) t(k, v);
SELECT json_object_agg(k, v) FROM (VALUES ('a', 1), (NULL, 2)) t(k, v);
SELECT jsonb_object_agg(k, v) FROM (VALUES ('a', 1), (NULL, 2)) t(k, v);
SELECT json_object_agg_unique(k, v) FROM (VALUES ('a', 1), ('a', 2)) t(k, v);
SELECT json_agg_strict(v), jsonb_agg_strict(v) FROM (VALUES (1), (NULL), (2)) t(v);
SELECT jsonb '{"a":1}' -> 'a', json '[1]' -> 0;
SELECT b || jsonb_build_object('n', id) FROM jt WHERE id = 1;
SELECT json_build_object('a', ARRAY[1,2], 'b', ROW(1,2));
---
jsonb_object_agg
{"a": 3, "b": null}
SELECT 1
ERROR 22004: null value not allowed for object key
ERROR 22023: field name must not be null
ERROR 22030: duplicate JSON object key value: "a"
json_agg_strict|jsonb_agg_strict
[1, 2]|[1, 2]
SELECT 1
?column?|?column?
1|1
SELECT 1
?column?
{"a": [3, null, "x"], "n": 1, "q": 5, "z": 1, "bb": 1.50}
SELECT 1
json_build_object
{"a" : [1,2], "b" : {"f1":1,"f2":2}}
SELECT 1

SELECT jsonb_set_lax('{"a":1}', '{a}', NULL), jsonb_set_lax('{"a":1}', '{a}', NULL, true, 'delete_key');
---
jsonb_set_lax|jsonb_set_lax
{"a": null}|{}
SELECT 1

CREATE TABLE jd (id int PRIMARY KEY, b jsonb DEFAULT '{}' NOT NULL, CHECK (b ? 'a' OR b = '{}'));
INSERT INTO jd (id) VALUES (1);
INSERT INTO jd VALUES (2, '{"b":1}');
SELECT * FROM jd;
---
CREATE TABLE
INSERT 0 1
ERROR 23514: new row for relation "jd" violates check constraint "jd_b_check"
  detail: Failing row contains (2, {"b": 1}).
  schema=public table=jd constraint=jd_b_check
id|b
1|{}
SELECT 1

CREATE TABLE ju (id int PRIMARY KEY, j json, b jsonb, t text);
INSERT INTO ju VALUES (1, '{"a":  1, "a": 2}', '{"bb":1.50, "a":2, "a":[3,null,"x"]}', 'x'), (2, NULL, NULL, NULL), (3, '[1, 2.0]', '[1, 2.0, {"k": "v"}]', '{"q":1}');
SELECT j FROM ju ORDER BY j;
SELECT j FROM (SELECT * FROM ju) q ORDER BY j;
SELECT DISTINCT j FROM ju;
SELECT j FROM ju GROUP BY j;
SELECT count(DISTINCT j) FROM ju;
SELECT j FROM ju UNION SELECT j FROM ju;
---
CREATE TABLE
INSERT 0 3
ERROR 42883: could not identify an ordering operator for type json
  hint: Use an explicit ordering operator or modify the query.
ERROR 42883: could not identify an ordering operator for type json
  hint: Use an explicit ordering operator or modify the query.
ERROR 42883: could not identify an equality operator for type json
ERROR 42883: could not identify an equality operator for type json
ERROR 42883: could not identify an equality operator for type json
ERROR 42883: could not identify an equality operator for type json

SELECT max(b) FROM ju;
SELECT jsonb_agg(DISTINCT t) FROM ju;
SELECT jsonb_agg(DISTINCT t ORDER BY t DESC) FROM ju;
SELECT json_agg(DISTINCT id % 2) FROM ju;
SELECT jsonb_agg(DISTINCT b) FROM ju;
SELECT jsonb_agg(DISTINCT x) FROM (VALUES (1.0), (1.00), (0.5)) t(x);
UPDATE ju SET b['q'] = '5' WHERE id = 1;
UPDATE ju SET b['q'][2] = '5', t = 'u' WHERE id = 2;
---
ERROR 42883: function max(jsonb) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
jsonb_agg
["x", "{\"q\":1}", null]
SELECT 1
jsonb_agg
[null, "{\"q\":1}", "x"]
SELECT 1
json_agg
[0, 1]
SELECT 1
jsonb_agg
[[1, 2.0, {"k": "v"}], {"a": [3, null, "x"], "bb": 1.50}, null]
SELECT 1
jsonb_agg
[0.5, 1.0]
SELECT 1
UPDATE 1
UPDATE 1

UPDATE ju SET b['q'] = '1', b['r'] = '2', b['q'] = '7' WHERE id = 1;
UPDATE ju SET t['q'] = '1';
UPDATE ju SET b['a']['x']['y'] = '1' WHERE id = 1;
UPDATE ju SET b['bb']['x'] = '1' WHERE id = 1;
UPDATE ju SET b[0]['z'] = '1' WHERE id = 3;
UPDATE ju SET b[-1] = '"last"' WHERE id = 3;
UPDATE ju SET b[-10] = '"last"' WHERE id = 3;
UPDATE ju SET b[5] = NULL WHERE id = 3;
---
UPDATE 1
ERROR 42804: cannot assign to a part of column t because its type text does not support subscripting
ERROR 22P02: path element at position 2 is not an integer: "x"
ERROR 22023: cannot replace existing key
  detail: The path assumes key is a composite object, but it is a scalar value.
ERROR 22023: cannot replace existing key
  detail: The path assumes key is a composite object, but it is a scalar value.
UPDATE 1
ERROR 22023: path element at position 1 is out of range: -10
UPDATE 1

SELECT b FROM ju ORDER BY id;
SELECT json_build_object('a', ARRAY[1,2], 'b', ROW(1,2));
SELECT to_jsonb(ROW(1,'x'));
SELECT to_json(ju.*) FROM ju WHERE id = 2;
SELECT json_agg(q.*) FROM (SELECT id, t FROM ju ORDER BY id) q;
SELECT a.id, json_agg(c.*) FROM ju a LEFT JOIN ju c ON c.id = a.id + 1 GROUP BY a.id ORDER BY 1;
SELECT '[1,2]'::json -> -1, '[1,2]'::json -> 5, '1'::json -> 0, '"a"'::json ->> 0;
SELECT '{"a":1,"b":{"c":[true,false]}}'::jsonb #>> '{b,c,0}', '{"a":1}'::json #> '{}', ' {"a":1} '::json #>> '{}';
---
b
{"a": [3, null, "x"], "q": 7, "r": 2, "bb": 1.50}
{"q": [null, null, 5]}
[1, 2.0, "last", null, null, null]
SELECT 3
json_build_object
{"a" : [1,2], "b" : {"f1":1,"f2":2}}
SELECT 1
to_jsonb
{"f1": 1, "f2": "x"}
SELECT 1
to_json
{"id":2,"j":null,"b":{"q": [null, null, 5]},"t":"u"}
SELECT 1
json_agg
[{"id":1,"t":"x"}, 
 {"id":2,"t":"u"}, 
 {"id":3,"t":"{\"q\":1}"}]
SELECT 1
id|json_agg
1|[{"id":2,"j":null,"b":{"q": [null, null, 5]},"t":"u"}]
2|[{"id":3,"j":[1, 2.0],"b":[1, 2.0, "last", null, null, null],"t":"{\"q\":1}"}]
3|[null]
SELECT 3
?column?|?column?|?column?|?column?
2|NULL|NULL|NULL
SELECT 1
?column?|?column?|?column?
true|{"a":1}|{"a":1}
SELECT 1

SELECT 'x' || '{"a":1}'::jsonb;
SELECT '{"a":1}'::jsonb || NULL;
SELECT NULL::jsonb -> 'a';
SELECT '1'::json::jsonb, '{"b":1,"a":2}'::json::jsonb, '{"b":1,"a":2}'::jsonb::json, '{"a":1}'::jsonb::varchar(3);
SELECT '[[[[1]]]]'::jsonb @> '[[[[1]]]]', repeat('[', 100)::text || repeat(']', 100) IS JSON;
SELECT jsonb_agg(x) -> 0 FROM (SELECT 1 a) x;
SELECT t ->> 'q' FROM ju;
SELECT (t::jsonb) ->> 'q' FROM ju WHERE id = 3;
---
ERROR 22P02: invalid input syntax for type json
  detail: Token "x" is invalid.
?column?
NULL
SELECT 1
?column?
NULL
SELECT 1
jsonb|jsonb|json|varchar
1|{"a": 2, "b": 1}|{"a": 2, "b": 1}|{"a
SELECT 1
?column?|?column?
t|t
SELECT 1
?column?
{"a": 1}
SELECT 1
ERROR 42883: operator does not exist: text ->> unknown
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.
?column?
1
SELECT 1

SELECT j ->> 0 FROM ju WHERE id = 3;
SELECT * FROM ju WHERE b ->> 'a' = 'x';
SELECT id FROM ju WHERE (b ->> 'q')::int = 7;
SELECT * FROM jsonb_object_keys('{"z":1,"aa":2}');
SELECT * FROM json_array_elements_text('["a",null,1.0,{"x": 1}]');
SELECT * FROM jsonb_array_elements('[1,"a",null]') AS x;
SELECT value ->> 'k' FROM jsonb_array_elements('[{"k":1},{"k":"z"}]');
SELECT id, k.key, k.value FROM ju, jsonb_each(b) k WHERE id = 1 ORDER BY 2;
---
?column?
1
SELECT 1
id|j|b|t
SELECT 0
ERROR 22P02: invalid input syntax for type integer: "[null, null, 5]"
jsonb_object_keys
z
aa
SELECT 2
value
a
NULL
1.0
{"x": 1}
SELECT 4
value
1
"a"
null
SELECT 3
?column?
1
z
SELECT 2
id|key|value
1|a|[3, null, "x"]
1|bb|1.50
1|q|7
1|r|2
SELECT 4

SELECT id FROM ju WHERE EXISTS (SELECT 1 FROM jsonb_array_elements_text(b) e WHERE e = 'last');
SELECT json_array_elements(j) FROM ju WHERE id = 3;
SELECT json_array_elements(b) FROM ju WHERE id = 3;
SELECT jsonb_array_elements('x');
SELECT '{"a":1}'::jsonb = '{"a":1}'::json;
SELECT CASE WHEN id = 1 THEN b END FROM ju ORDER BY id;
SELECT jsonb_build_object('k', b -> 'q', 'n', NULL, 'arr', jsonb_build_array(id, t)) FROM ju ORDER BY id;
SELECT json_build_object(1, 2, 'a'::varchar, 3), jsonb_build_object(true, 1), json_build_object('{"a":1}'::json, 1);
---
ERROR 22023: cannot extract elements from an object
json_array_elements
1
2.0
SELECT 2
ERROR 42883: function json_array_elements(jsonb) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 22P02: invalid input syntax for type json
  detail: Token "x" is invalid.
ERROR 42883: operator does not exist: jsonb = json
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.
case
{"a": [3, null, "x"], "q": 7, "r": 2, "bb": 1.50}
NULL
NULL
SELECT 3
jsonb_build_object
{"k": 7, "n": null, "arr": [1, "x"]}
{"k": [null, null, 5], "n": null, "arr": [2, "u"]}
{"k": null, "n": null, "arr": [3, "{\"q\":1}"]}
SELECT 3
ERROR 22023: key value must be scalar, not array, composite, or json

SELECT jsonb_build_object(date '2024-01-01', 1, 1.5, 2);
---
jsonb_build_object
{"1.5": 2, "2024-01-01": 1}
SELECT 1

# A scalar is an array of it alone to ->, if it is all of a jsonb.
SELECT '"a"'::jsonb -> 0, '"a"'::jsonb -> -1, '"a"'::jsonb -> 1, '"a"'::jsonb ->> 0, '5'::jsonb -> 0, 'null'::jsonb -> 0, 'null'::jsonb ->> 0, '{"a":1}'::jsonb -> 0, '[["a"]]'::jsonb -> 0 -> 0, '"a"'::jsonb #> '{0}';
---
?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
"a"|"a"|NULL|a|5|null|NULL|NULL|"a"|NULL
SELECT 1
