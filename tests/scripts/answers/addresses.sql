# !open
# Answers that PostgreSQL 18 gives: addresses.sql in tests/sql/statements.

select hashint2(7::int2);
select hashint2extended(7::int2, 0);
select hashint2extended(7::int2, 2356064425258417221), hashint2extended(v, -5) from (values (7::int2)) t(v);
select hashint2('-3'::int2);
select hashint2extended('-3'::int2, 0);
select hashint2extended('-3'::int2, 3306906422018949273), hashint2extended(v, -5) from (values ('-3'::int2)) t(v);
select hashint4(0);
select hashint4extended(0, 0);
---
hashint2
-978793473
SELECT 1
hashint2extended
-3288951424994980865
SELECT 1
hashint2extended|hashint2extended
2946823489796535080|-9199122087633085898
SELECT 1
hashint2
-1044245375
SELECT 1
hashint2extended
-7676986921448237951
SELECT 1
hashint2extended|hashint2extended
4938862492969904963|-6666693960386677967
SELECT 1
hashint4
-272711505
SELECT 1
hashint4extended
4154612158245552303
SELECT 1

select hashint4extended(0, 2297105310323561332), hashint4extended(v, -5) from (values (0)) t(v);
select hashint4(5);
select hashint4extended(5, 0);
select hashint4extended(5, 478261842605716053), hashint4extended(v, -5) from (values (5)) t(v);
select hashint4(-3);
select hashint4extended(-3, 0);
select hashint4extended(-3, 1446698121926109755), hashint4extended(v, -5) from (values (-3)) t(v);
select hashint4(2147483647);
---
hashint4extended|hashint4extended
5455848506096676279|-2100514859832682438
SELECT 1
hashint4
-1330264708
SELECT 1
hashint4extended
-9138765687874534020
SELECT 1
hashint4extended|hashint4extended
-6281204713271121643|584955767555709694
SELECT 1
hashint4
-1044245375
SELECT 1
hashint4extended
-7676986921448237951
SELECT 1
hashint4extended|hashint4extended
7386573432508525875|-6666693960386677967
SELECT 1
hashint4
-96758253
SELECT 1

select hashint4extended(2147483647, 0);
select hashint4extended(2147483647, 3429188471858335990), hashint4extended(v, -5) from (values (2147483647)) t(v);
select hashint8(5::int8);
select hashint8extended(5::int8, 0);
select hashint8extended(5::int8, 3511871918638589352), hashint8extended(v, -5) from (values (5::int8)) t(v);
select hashint8(12345678901);
select hashint8extended(12345678901, 0);
select hashint8extended(12345678901, 940547825265273192), hashint8extended(v, -5) from (values (12345678901)) t(v);
---
hashint4extended
-9109110466470504941
SELECT 1
hashint4extended|hashint4extended
-3006019678510604081|-6338950646891332599
SELECT 1
hashint8
-1330264708
SELECT 1
hashint8extended
-9138765687874534020
SELECT 1
hashint8extended|hashint8extended
-7044224454520086860|584955767555709694
SELECT 1
hashint8
-431047693
SELECT 1
hashint8extended
-9000078242344944653
SELECT 1
hashint8extended|hashint8extended
9159476749186922571|6212220108250877957
SELECT 1

select hashint8('-7'::int8);
select hashint8extended('-7'::int8, 0);
select hashint8extended('-7'::int8, 2299669992623165253), hashint8extended(v, -5) from (values ('-7'::int8)) t(v);
select hashint8(9223372036854775807);
select hashint8extended(9223372036854775807, 0);
select hashint8extended(9223372036854775807, 3764529034759477922), hashint8extended(v, -5) from (values (9223372036854775807)) t(v);
select hashoid(23::oid);
select hashoidextended(23::oid, 0);
---
hashint8
-82204417
SELECT 1
hashint8extended
-4284878795861022465
SELECT 1
hashint8extended|hashint8extended
4713787934719409170|-9138492745606393513
SELECT 1
hashint8
-1524351049
SELECT 1
hashint8extended
1977219185673256887
SELECT 1
hashint8extended|hashint8extended
1456389712238425825|5695659297123186832
SELECT 1
hashoid
1671777080
SELECT 1
hashoidextended
9211008348099791672
SELECT 1

select hashoidextended(23::oid, 1679351558469068829), hashoidextended(v, -5) from (values (23::oid)) t(v);
select hashoid(4294967295::oid);
select hashoidextended(4294967295::oid, 0);
select hashoidextended(4294967295::oid, 3591925236477891909), hashoidextended(v, -5) from (values (4294967295::oid)) t(v);
select hashfloat4(0::float4);
select hashfloat4extended(0::float4, 0);
select hashfloat4extended(0::float4, 663453170823975767), hashfloat4extended(v, -5) from (values (0::float4)) t(v);
select hashfloat4(1.5::float4);
---
hashoidextended|hashoidextended
3584725658467388834|6161274331907508196
SELECT 1
hashoid
385747274
SELECT 1
hashoidextended
-1888257769727981238
SELECT 1
hashoidextended|hashoidextended
-6692232054766237560|4310501961400380362
SELECT 1
hashfloat4
0
SELECT 1
hashfloat4extended
0
SELECT 1
hashfloat4extended|hashfloat4extended
663453170823975767|-5
SELECT 1
hashfloat4
630860146
SELECT 1

select hashfloat4extended(1.5::float4, 0);
select hashfloat4extended(1.5::float4, 4102885086885666379), hashfloat4extended(v, -5) from (values (1.5::float4)) t(v);
select hashfloat4('NaN'::float4);
select hashfloat4extended('NaN'::float4, 0);
select hashfloat4extended('NaN'::float4, 1219706648875981926), hashfloat4extended(v, -5) from (values ('NaN'::float4)) t(v);
select hashfloat8(0::float8);
select hashfloat8extended(0::float8, 0);
select hashfloat8extended(0::float8, 49005069488906666), hashfloat8extended(v, -5) from (values (0::float8)) t(v);
---
hashfloat4extended
6158159405676898674
SELECT 1
hashfloat4extended|hashfloat4extended
-2917100285684512981|-4803506200600324
SELECT 1
hashfloat4
-1275764840
SELECT 1
hashfloat4extended
4719788943832604568
SELECT 1
hashfloat4extended|hashfloat4extended
-6317663426872895541|-8436150248869783306
SELECT 1
hashfloat8
0
SELECT 1
hashfloat8extended
0
SELECT 1
hashfloat8extended|hashfloat8extended
49005069488906666|-5
SELECT 1

select hashfloat8('-0'::float8);
select hashfloat8extended('-0'::float8, 0);
select hashfloat8extended('-0'::float8, 1529755668725101367), hashfloat8extended(v, -5) from (values ('-0'::float8)) t(v);
select hashfloat8(1.5::float8);
select hashfloat8extended(1.5::float8, 0);
select hashfloat8extended(1.5::float8, 1535548282054778240), hashfloat8extended(v, -5) from (values (1.5::float8)) t(v);
select hashfloat8('NaN'::float8);
select hashfloat8extended('NaN'::float8, 0);
---
hashfloat8
0
SELECT 1
hashfloat8extended
0
SELECT 1
hashfloat8extended|hashfloat8extended
1529755668725101367|-5
SELECT 1
hashfloat8
630860146
SELECT 1
hashfloat8extended
6158159405676898674
SELECT 1
hashfloat8extended|hashfloat8extended
2396101069028982771|-4803506200600324
SELECT 1
hashfloat8
-1275764840
SELECT 1
hashfloat8extended
4719788943832604568
SELECT 1

select hashfloat8extended('NaN'::float8, 2892923245492692829), hashfloat8extended(v, -5) from (values ('NaN'::float8)) t(v);
select hashfloat8('Infinity'::float8);
select hashfloat8extended('Infinity'::float8, 0);
select hashfloat8extended('Infinity'::float8, 1834430237612665842), hashfloat8extended(v, -5) from (values ('Infinity'::float8)) t(v);
select hash_numeric(0.0);
select hash_numeric_extended(0.0, 0);
select hash_numeric_extended(0.0, 1675597679422107179), hash_numeric_extended(v, -5) from (values (0.0)) t(v);
select hash_numeric(1.10);
---
hashfloat8extended|hashfloat8extended
-8036424730276528866|-8436150248869783306
SELECT 1
hashfloat8
-2133226302
SELECT 1
hashfloat8extended
-4973912021728129854
SELECT 1
hashfloat8extended|hashfloat8extended
-3055396278218611090|3643075843079094548
SELECT 1
hash_numeric
-1
SELECT 1
hash_numeric_extended
-1
SELECT 1
hash_numeric_extended|hash_numeric_extended
1675597679422107178|-6
SELECT 1
hash_numeric
1865467032
SELECT 1

select hash_numeric_extended(1.10, 0);
select hash_numeric_extended(1.10, 1815888660769138967), hash_numeric_extended(v, -5) from (values (1.10)) t(v);
select hash_numeric(1.1);
select hash_numeric_extended(1.1, 0);
select hash_numeric_extended(1.1, 3534612862717411634), hash_numeric_extended(v, -5) from (values (1.1)) t(v);
select hash_numeric('-12.345'::numeric);
select hash_numeric_extended('-12.345'::numeric, 0);
select hash_numeric_extended('-12.345'::numeric, 198950093389131248), hash_numeric_extended(v, -5) from (values ('-12.345'::numeric)) t(v);
---
hash_numeric_extended
8555130231893050520
SELECT 1
hash_numeric_extended|hash_numeric_extended
3010935767685719949|6517096214565559730
SELECT 1
hash_numeric
1865467032
SELECT 1
hash_numeric_extended
8555130231893050520
SELECT 1
hash_numeric_extended|hash_numeric_extended
-9104949737275188550|6517096214565559730
SELECT 1
hash_numeric
1099342017
SELECT 1
hash_numeric_extended
6924744453538619585
SELECT 1
hash_numeric_extended|hash_numeric_extended
4111079831445334822|-1347332749888671382
SELECT 1

select hash_numeric(100);
select hash_numeric_extended(100, 0);
select hash_numeric_extended(100, 3826838986391220618), hash_numeric_extended(v, -5) from (values (100)) t(v);
select hash_numeric(10000);
select hash_numeric_extended(10000, 0);
select hash_numeric_extended(10000, 2433235716978554980), hash_numeric_extended(v, -5) from (values (10000)) t(v);
select hash_numeric(1234567890123.4567);
select hash_numeric_extended(1234567890123.4567, 0);
---
hash_numeric
1186574835
SELECT 1
hash_numeric_extended
2026427994494054899
SELECT 1
hash_numeric_extended|hash_numeric_extended
-169347814029753322|-4435277877589003512
SELECT 1
hash_numeric
1324868425
SELECT 1
hash_numeric_extended
-7507508252608306359
SELECT 1
hash_numeric_extended|hash_numeric_extended
-4562420347821881432|-1005212662700174980
SELECT 1
hash_numeric
-356458308
SELECT 1
hash_numeric_extended
8550539618301305020
SELECT 1

select hash_numeric_extended(1234567890123.4567, 3060817394486017792), hash_numeric_extended(v, -5) from (values (1234567890123.4567)) t(v);
select hash_numeric(0.00012);
select hash_numeric_extended(0.00012, 0);
select hash_numeric_extended(0.00012, 608949617253443769), hash_numeric_extended(v, -5) from (values (0.00012)) t(v);
select hash_numeric('NaN'::numeric);
select hash_numeric_extended('NaN'::numeric, 0);
select hash_numeric_extended('NaN'::numeric, 3277537738736887591), hash_numeric_extended(v, -5) from (values ('NaN'::numeric)) t(v);
select hash_numeric('Infinity'::numeric);
---
hash_numeric_extended|hash_numeric_extended
-8011169847823406685|-3119070943987699578
SELECT 1
hash_numeric
1267246686
SELECT 1
hash_numeric_extended
-1262723763896015266
SELECT 1
hash_numeric_extended|hash_numeric_extended
1151481662074855178|4009774244148817508
SELECT 1
hash_numeric
0
SELECT 1
hash_numeric_extended
0
SELECT 1
hash_numeric_extended|hash_numeric_extended
3277537738736887591|-5
SELECT 1
hash_numeric
0
SELECT 1

select hash_numeric_extended('Infinity'::numeric, 0);
select hash_numeric_extended('Infinity'::numeric, 2822944512388261530), hash_numeric_extended(v, -5) from (values ('Infinity'::numeric)) t(v);
select hash_numeric(100000000000.0001);
select hash_numeric_extended(100000000000.0001, 0);
select hash_numeric_extended(100000000000.0001, 1704232317055652159), hash_numeric_extended(v, -5) from (values (100000000000.0001)) t(v);
select hashtext(''::text);
select hashtextextended(''::text, 0);
select hashtextextended(''::text, 4358396998591783135), hashtextextended(v, -5) from (values (''::text)) t(v);
---
hash_numeric_extended
0
SELECT 1
hash_numeric_extended|hash_numeric_extended
2822944512388261530|-5
SELECT 1
hash_numeric
-1579490618
SELECT 1
hash_numeric_extended
976694983373021894
SELECT 1
hash_numeric_extended|hash_numeric_extended
-4537346250091920601|3979529550653811967
SELECT 1
hashtext
-1477818771
SELECT 1
hashtextextended
-6939563903564495251
SELECT 1
hashtextextended|hashtextextended
-8940629531485387036|276691182281719003
SELECT 1

select hashtext('abc'::text);
select hashtextextended('abc'::text, 0);
select hashtextextended('abc'::text, 1624421067473105490), hashtextextended(v, -5) from (values ('abc'::text)) t(v);
select hashtext('Äb cdefghijklmnop'::text);
select hashtextextended('Äb cdefghijklmnop'::text, 0);
select hashtextextended('Äb cdefghijklmnop'::text, 2362860379645123827), hashtextextended(v, -5) from (values ('Äb cdefghijklmnop'::text)) t(v);
select hashtext(repeat('x',100));
select hashtextextended(repeat('x',100), 0);
---
hashtext
-785388649
SELECT 1
hashtextextended
-6747756470228489321
SELECT 1
hashtextextended|hashtextextended
5151818593071119261|6598607941938570015
SELECT 1
hashtext
-1223115121
SELECT 1
hashtextextended
-1192642230966763889
SELECT 1
hashtextextended|hashtextextended
-7064241294076319310|8033470861786193588
SELECT 1
hashtext
1174826790
SELECT 1
hashtextextended
-6927006773748011226
SELECT 1

select hashtextextended(repeat('x',100), 3298684252625998081), hashtextextended(v, -5) from (values (repeat('x',100))) t(v);
select hashbpchar('ab'::char(5));
select hashbpcharextended('ab'::char(5), 0);
select hashbpcharextended('ab'::char(5), 3728954776827338042), hashbpcharextended(v, -5) from (values ('ab'::char(5))) t(v);
select hashname('abc'::name);
select hashnameextended('abc'::name, 0);
select hashnameextended('abc'::name, 3862999434579752870), hashnameextended(v, -5) from (values ('abc'::name)) t(v);
select hashchar('a'::"char");
---
hashtextextended|hashtextextended
8262954222268266885|6711586757454247779
SELECT 1
hashbpchar
1718550461
SELECT 1
hashbpcharextended
2833316173711343549
SELECT 1
hashbpcharextended|hashbpcharextended
8374523930710864461|-51021568542156563
SELECT 1
hashname
-785388649
SELECT 1
hashnameextended
-6747756470228489321
SELECT 1
hashnameextended|hashnameextended
-2280586274266652534|6598607941938570015
SELECT 1
hashchar
463612535
SELECT 1

select hashcharextended('a'::"char", 0);
select hashcharextended('a'::"char", 3471358244268426249), hashcharextended(v, -5) from (values ('a'::"char")) t(v);
select hashchar(''::"char");
select hashcharextended(''::"char", 0);
select hashcharextended(''::"char", 4176548141380859413), hashcharextended(v, -5) from (values (''::"char")) t(v);
select hashbytea('\x00ff'::bytea);
select hashbyteaextended('\x00ff'::bytea, 0);
select hashbyteaextended('\x00ff'::bytea, 1097770874080018049), hashbyteaextended(v, -5) from (values ('\x00ff'::bytea)) t(v);
---
hashcharextended
-6420269537691555209
SELECT 1
hashcharextended|hashcharextended
-8119511569444504027|-3154452972376283770
SELECT 1
hashchar
-272711505
SELECT 1
hashcharextended
4154612158245552303
SELECT 1
hashcharextended|hashcharextended
-156305093257929688|-2100514859832682438
SELECT 1
hashbytea
-389432742
SELECT 1
hashbyteaextended
-9220388254744200614
SELECT 1
hashbyteaextended|hashbyteaextended
6538813786829520888|-7285681191590408550
SELECT 1

select hashdate(date '2024-02-29');
select hashdateextended(date '2024-02-29', 0);
select hashdateextended(date '2024-02-29', 2269750027154354451), hashdateextended(v, -5) from (values (date '2024-02-29')) t(v);
select time_hash(time '13:45:06.789');
select time_hash_extended(time '13:45:06.789', 0);
select time_hash_extended(time '13:45:06.789', 4263092024165124294), time_hash_extended(v, -5) from (values (time '13:45:06.789')) t(v);
select timetz_hash(timetz '13:45:06.789+02');
select timetz_hash_extended(timetz '13:45:06.789+02', 0);
---
hashdate
1456914585
SELECT 1
hashdateextended
8051018284886573209
SELECT 1
hashdateextended|hashdateextended
9017562397497005156|5250457295318217321
SELECT 1
time_hash
796139830
SELECT 1
time_hash_extended
2393577883218223414
SELECT 1
time_hash_extended|time_hash_extended
-850174169721431475|-6095112313881435235
SELECT 1
timetz_hash
878493052
SELECT 1
timetz_hash_extended
2941511024737303932
SELECT 1

select timetz_hash_extended(timetz '13:45:06.789+02', 2314088270638799824), timetz_hash_extended(v, -5) from (values (timetz '13:45:06.789+02')) t(v);
select timestamp_hash(timestamp '2024-02-29 12:34:56.789');
select timestamp_hash_extended(timestamp '2024-02-29 12:34:56.789', 0);
select timestamp_hash_extended(timestamp '2024-02-29 12:34:56.789', 4269035566698195805), timestamp_hash_extended(v, -5) from (values (timestamp '2024-02-29 12:34:56.789')) t(v);
select timestamptz_hash(timestamptz '1900-01-01 00:00:00+05:30');
select timestamptz_hash_extended(timestamptz '1900-01-01 00:00:00+05:30', 0);
select timestamptz_hash_extended(timestamptz '1900-01-01 00:00:00+05:30', 3387718856156318769), timestamptz_hash_extended(v, -5) from (values (timestamptz '1900-01-01 00:00:00+05:30')) t(v);
select interval_hash(interval '1 month');
---
timetz_hash_extended|timetz_hash_extended
7418006730088092249|-2504387027126002748
SELECT 1
timestamp_hash
671739013
SELECT 1
timestamp_hash_extended
-4717336522405581691
SELECT 1
timestamp_hash_extended|timestamp_hash_extended
-4351648821746064404|-5187943122890584162
SELECT 1
timestamptz_hash
-1740727618
SELECT 1
timestamptz_hash_extended
-2508997841683309890
SELECT 1
timestamptz_hash_extended|timestamptz_hash_extended
-969956460014715465|6111153612244790327
SELECT 1
interval_hash
1574789525
SELECT 1

select interval_hash_extended(interval '1 month', 0);
select interval_hash_extended(interval '1 month', 2728861969751010647), interval_hash_extended(v, -5) from (values (interval '1 month')) t(v);
select interval_hash(interval '30 days');
select interval_hash_extended(interval '30 days', 0);
select interval_hash_extended(interval '30 days', 3993505044889645033), interval_hash_extended(v, -5) from (values (interval '30 days')) t(v);
select interval_hash(interval '-3 days 04:05');
select interval_hash_extended(interval '-3 days 04:05', 0);
select interval_hash_extended(interval '-3 days 04:05', 1922919917520654430), interval_hash_extended(v, -5) from (values (interval '-3 days 04:05')) t(v);
---
interval_hash_extended
-5311538516690378347
SELECT 1
interval_hash_extended|interval_hash_extended
5614486764504909002|1378707480916289352
SELECT 1
interval_hash
1574789525
SELECT 1
interval_hash_extended
-5311538516690378347
SELECT 1
interval_hash_extended|interval_hash_extended
3542328696166327091|1378707480916289352
SELECT 1
interval_hash
-1093237549
SELECT 1
interval_hash_extended
-6788184821599927085
SELECT 1
interval_hash_extended|interval_hash_extended
-3084471755662582773|6257029736690158172
SELECT 1

select uuid_hash('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid);
select uuid_hash_extended('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, 0);
select uuid_hash_extended('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, 3344629772052279710), uuid_hash_extended(v, -5) from (values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)) t(v);
select hashinet(inet '10.1.2.3/8');
select hashinetextended(inet '10.1.2.3/8', 0);
select hashinetextended(inet '10.1.2.3/8', 1366863467470373645), hashinetextended(v, -5) from (values (inet '10.1.2.3/8')) t(v);
select hashinet(inet '::1');
select hashinetextended(inet '::1', 0);
---
uuid_hash
1154666245
SELECT 1
uuid_hash_extended
7543054272012930821
SELECT 1
uuid_hash_extended|uuid_hash_extended
-9114902755621648010|-5048563310986287426
SELECT 1
hashinet
1966931979
SELECT 1
hashinetextended
-7588631448224202741
SELECT 1
hashinetextended|hashinetextended
2195741037036830846|-5799333997870097464
SELECT 1
hashinet
1984372031
SELECT 1
hashinetextended
-973879421452214977
SELECT 1

select hashinetextended(inet '::1', 2542665724963821168), hashinetextended(v, -5) from (values (inet '::1')) t(v);
select hashmacaddr(macaddr '08:00:2b:01:02:03');
select hashmacaddrextended(macaddr '08:00:2b:01:02:03', 0);
select hashmacaddrextended(macaddr '08:00:2b:01:02:03', 849226731680075598), hashmacaddrextended(v, -5) from (values (macaddr '08:00:2b:01:02:03')) t(v);
select hashmacaddr8(macaddr8 '08:00:2b:01:02:03:04:05');
select hashmacaddr8extended(macaddr8 '08:00:2b:01:02:03:04:05', 0);
select hashmacaddr8extended(macaddr8 '08:00:2b:01:02:03:04:05', 2823929707011624396), hashmacaddr8extended(v, -5) from (values (macaddr8 '08:00:2b:01:02:03:04:05')) t(v);
select hashbool(true);
---
hashinetextended|hashinetextended
1044282481771615229|6262263350191297540
SELECT 1
hashmacaddr
294987870
SELECT 1
hashmacaddrextended
6688292454251440222
SELECT 1
hashmacaddrextended|hashmacaddrextended
1932792299121963173|-474842381019234159
SELECT 1
hashmacaddr8
-445665214
SELECT 1
hashmacaddr8extended
-5218702474190278590
SELECT 1
hashmacaddr8extended|hashmacaddr8extended
2546287848966520640|9053151089233815257
SELECT 1
hashbool
-1905060026
SELECT 1

select hashboolextended(true, 0);
select hashboolextended(true, 2852822000855793376), hashboolextended(v, -5) from (values (true)) t(v);
select hashbool(false);
select hashboolextended(false, 0);
select hashboolextended(false, 4462209959532789006), hashboolextended(v, -5) from (values (false)) t(v);
select jsonb_hash('null'::jsonb);
select jsonb_hash_extended('null'::jsonb, 0);
select jsonb_hash_extended('null'::jsonb, 746707870236404285), jsonb_hash_extended(v, -5) from (values ('null'::jsonb)) t(v);
---
hashboolextended
-3670598878359251130
SELECT 1
hashboolextended|hashboolextended
-4845896859074105895|-814039061360804674
SELECT 1
hashbool
-272711505
SELECT 1
hashboolextended
4154612158245552303
SELECT 1
hashboolextended|hashboolextended
500514342678172625|-2100514859832682438
SELECT 1
jsonb_hash
-2147483647
SELECT 1
jsonb_hash_extended
-9223372034707292159
SELECT 1
jsonb_hash_extended|jsonb_hash_extended
-8476664164470887874|9223372034707292156
SELECT 1

select jsonb_hash('true'::jsonb);
select jsonb_hash_extended('true'::jsonb, 0);
select jsonb_hash_extended('true'::jsonb, 293547504457762567), jsonb_hash_extended(v, -5) from (values ('true'::jsonb)) t(v);
select jsonb_hash('[1,"a",null,{"b":1.50}]'::jsonb);
select jsonb_hash_extended('[1,"a",null,{"b":1.50}]'::jsonb, 0);
select jsonb_hash_extended('[1,"a",null,{"b":1.50}]'::jsonb, 3171298747477772031), jsonb_hash_extended(v, -5) from (values ('[1,"a",null,{"b":1.50}]'::jsonb)) t(v);
select jsonb_hash('"x"'::jsonb);
select jsonb_hash_extended('"x"'::jsonb, 0);
---
jsonb_hash
-2147483646
SELECT 1
jsonb_hash_extended
-9223372034707292158
SELECT 1
jsonb_hash_extended|jsonb_hash_extended
6629690389696722730|8409332977641454782
SELECT 1
jsonb_hash
-1318856811
SELECT 1
jsonb_hash_extended
2729996540480575381
SELECT 1
jsonb_hash_extended|jsonb_hash_extended
2602040972273718218|-427429875172205506
SELECT 1
jsonb_hash
-1072539511
SELECT 1
jsonb_hash_extended
8748526872512583817
SELECT 1

select jsonb_hash_extended('"x"'::jsonb, 2307769382904273488), jsonb_hash_extended(v, -5) from (values ('"x"'::jsonb)) t(v);
select hash_array('{1,2,NULL}'::int[]);
select hash_array_extended('{1,2,NULL}'::int[], 0);
select hash_array_extended('{1,2,NULL}'::int[], 1343190679344924948), hash_array_extended(v, -5) from (values ('{1,2,NULL}'::int[])) t(v);
select hash_array('{a,b}'::text[]);
select hash_array_extended('{a,b}'::text[], 0);
select hash_array_extended('{a,b}'::text[], 3082315292485499184), hash_array_extended(v, -5) from (values ('{a,b}'::text[])) t(v);
select hash_array('{1.10}'::numeric[]);
---
jsonb_hash_extended|jsonb_hash_extended
-6440269488640442587|-467721711726919177
SELECT 1
hash_array
-297298961
SELECT 1
hash_array_extended
-1719663175713451025
SELECT 1
hash_array_extended|hash_array_extended
-6503469473886236098|7027842130500308596
SELECT 1
hash_array
-1103066928
SELECT 1
hash_array_extended
-961955203756554032
SELECT 1
hash_array_extended|hash_array_extended
-7297401025800032200|8112192810791806369
SELECT 1
hash_array
1865467063
SELECT 1

select hash_array_extended('{1.10}'::numeric[], 0);
select hash_array_extended('{1.10}'::numeric[], 1909790420454559038), hash_array_extended(v, -5) from (values ('{1.10}'::numeric[])) t(v);
select hash_array('{}'::int[]);
select hash_array_extended('{}'::int[], 0);
select hash_array_extended('{}'::int[], 1224651572813103038), hash_array_extended(v, -5) from (values ('{}'::int[])) t(v);
select hashtext(c) % 8 from (values ('a'),('b')) t(c);
select inet '::5', text(inet '::5'), host(inet '::5'), abbrev(inet '::5'), network(inet '::5'), abbrev(network(inet '::5')), netmask('::5'), hostmask('::5'), broadcast('::5');
select inet '::1', text(inet '::1'), host(inet '::1'), abbrev(inet '::1'), network(inet '::1'), abbrev(network(inet '::1')), netmask('::1'), hostmask('::1'), broadcast('::1');
---
hash_array_extended
8555130231893050551
SELECT 1
hash_array_extended|hash_array_extended
-613211931685495500|6517096214565559761
SELECT 1
hash_array
1
SELECT 1
hash_array_extended
1
SELECT 1
hash_array_extended|hash_array_extended
1|1
SELECT 1
?column?
1
0
SELECT 2
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
::5|::5/128|::5|::5|::5/128|::5/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|::5
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
::1|::1/128|::1|::1|::1/128|::1/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|::1
SELECT 1

select inet '::', text(inet '::'), host(inet '::'), abbrev(inet '::'), network(inet '::'), abbrev(network(inet '::')), netmask('::'), hostmask('::'), broadcast('::');
select inet '::1.2.3.4', text(inet '::1.2.3.4'), host(inet '::1.2.3.4'), abbrev(inet '::1.2.3.4'), network(inet '::1.2.3.4'), abbrev(network(inet '::1.2.3.4')), netmask('::1.2.3.4'), hostmask('::1.2.3.4'), broadcast('::1.2.3.4');
select inet '::ffff:1.2.3.4', text(inet '::ffff:1.2.3.4'), host(inet '::ffff:1.2.3.4'), abbrev(inet '::ffff:1.2.3.4'), network(inet '::ffff:1.2.3.4'), abbrev(network(inet '::ffff:1.2.3.4')), netmask('::ffff:1.2.3.4'), hostmask('::ffff:1.2.3.4'), broadcast('::ffff:1.2.3.4');
select inet '::ffff:0:0', text(inet '::ffff:0:0'), host(inet '::ffff:0:0'), abbrev(inet '::ffff:0:0'), network(inet '::ffff:0:0'), abbrev(network(inet '::ffff:0:0')), netmask('::ffff:0:0'), hostmask('::ffff:0:0'), broadcast('::ffff:0:0');
select inet '1::', text(inet '1::'), host(inet '1::'), abbrev(inet '1::'), network(inet '1::'), abbrev(network(inet '1::')), netmask('1::'), hostmask('1::'), broadcast('1::');
select inet '2001:db8::1', text(inet '2001:db8::1'), host(inet '2001:db8::1'), abbrev(inet '2001:db8::1'), network(inet '2001:db8::1'), abbrev(network(inet '2001:db8::1')), netmask('2001:db8::1'), hostmask('2001:db8::1'), broadcast('2001:db8::1');
select inet '2001:0:0:1:0:0:0:1', text(inet '2001:0:0:1:0:0:0:1'), host(inet '2001:0:0:1:0:0:0:1'), abbrev(inet '2001:0:0:1:0:0:0:1'), network(inet '2001:0:0:1:0:0:0:1'), abbrev(network(inet '2001:0:0:1:0:0:0:1')), netmask('2001:0:0:1:0:0:0:1'), hostmask('2001:0:0:1:0:0:0:1'), broadcast('2001:0:0:1:0:0:0:1');
select inet '::1:0:0:0', text(inet '::1:0:0:0'), host(inet '::1:0:0:0'), abbrev(inet '::1:0:0:0'), network(inet '::1:0:0:0'), abbrev(network(inet '::1:0:0:0')), netmask('::1:0:0:0'), hostmask('::1:0:0:0'), broadcast('::1:0:0:0');
---
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
::|::/128|::|::|::/128|::/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|::
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
::1.2.3.4|::1.2.3.4/128|::1.2.3.4|::1.2.3.4|::1.2.3.4/128|::1.2.3.4/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|::1.2.3.4
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
::ffff:1.2.3.4|::ffff:1.2.3.4/128|::ffff:1.2.3.4|::ffff:1.2.3.4|::ffff:1.2.3.4/128|::ffff:1.2.3.4/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|::ffff:1.2.3.4
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
::ffff:0.0.0.0|::ffff:0.0.0.0/128|::ffff:0.0.0.0|::ffff:0.0.0.0|::ffff:0.0.0.0/128|::ffff:0.0.0.0/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|::ffff:0.0.0.0
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
1::|1::/128|1::|1::|1::/128|1::/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|1::
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
2001:db8::1|2001:db8::1/128|2001:db8::1|2001:db8::1|2001:db8::1/128|2001:db8::1/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|2001:db8::1
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
2001:0:0:1::1|2001:0:0:1::1/128|2001:0:0:1::1|2001:0:0:1::1|2001:0:0:1::1/128|2001:0:0:1::1/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|2001:0:0:1::1
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
::1:0:0:0|::1:0:0:0/128|::1:0:0:0|::1:0:0:0|::1:0:0:0/128|::1:0:0:0/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|::1:0:0:0
SELECT 1

select inet 'fe80::1/10', text(inet 'fe80::1/10'), host(inet 'fe80::1/10'), abbrev(inet 'fe80::1/10'), network(inet 'fe80::1/10'), abbrev(network(inet 'fe80::1/10')), netmask('fe80::1/10'), hostmask('fe80::1/10'), broadcast('fe80::1/10');
select inet '1:2:3:4:5:6:7:8/127', text(inet '1:2:3:4:5:6:7:8/127'), host(inet '1:2:3:4:5:6:7:8/127'), abbrev(inet '1:2:3:4:5:6:7:8/127'), network(inet '1:2:3:4:5:6:7:8/127'), abbrev(network(inet '1:2:3:4:5:6:7:8/127')), netmask('1:2:3:4:5:6:7:8/127'), hostmask('1:2:3:4:5:6:7:8/127'), broadcast('1:2:3:4:5:6:7:8/127');
select inet '::2:3', text(inet '::2:3'), host(inet '::2:3'), abbrev(inet '::2:3'), network(inet '::2:3'), abbrev(network(inet '::2:3')), netmask('::2:3'), hostmask('::2:3'), broadcast('::2:3');
select inet '::0102:0304', text(inet '::0102:0304'), host(inet '::0102:0304'), abbrev(inet '::0102:0304'), network(inet '::0102:0304'), abbrev(network(inet '::0102:0304')), netmask('::0102:0304'), hostmask('::0102:0304'), broadcast('::0102:0304');
select cidr '::5/128', abbrev(cidr '::5/128'), set_masklen(cidr '::5/128', 12);
select cidr '::/0', abbrev(cidr '::/0'), set_masklen(cidr '::/0', 12);
select cidr '::/16', abbrev(cidr '::/16'), set_masklen(cidr '::/16', 12);
select cidr '2001:db8::/48', abbrev(cidr '2001:db8::/48'), set_masklen(cidr '2001:db8::/48', 12);
---
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
fe80::1/10|fe80::1/10|fe80::1|fe80::1/10|fe80::/10|fe80::/10|ffc0::|3f:ffff:ffff:ffff:ffff:ffff:ffff:ffff|febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff/10
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
1:2:3:4:5:6:7:8/127|1:2:3:4:5:6:7:8/127|1:2:3:4:5:6:7:8|1:2:3:4:5:6:7:8/127|1:2:3:4:5:6:7:8/127|1:2:3:4:5:6:7:8/127|ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe|::1|1:2:3:4:5:6:7:9/127
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
::0.2.0.3|::0.2.0.3/128|::0.2.0.3|::0.2.0.3|::0.2.0.3/128|::0.2.0.3/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|::0.2.0.3
SELECT 1
inet|text|host|abbrev|network|abbrev|netmask|hostmask|broadcast
::1.2.3.4|::1.2.3.4/128|::1.2.3.4|::1.2.3.4|::1.2.3.4/128|::1.2.3.4/128|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|::|::1.2.3.4
SELECT 1
cidr|abbrev|set_masklen
::5/128|::5/128|::/12
SELECT 1
cidr|abbrev|set_masklen
::/0|::/0|::/12
SELECT 1
cidr|abbrev|set_masklen
::/16|::/16|::/12
SELECT 1
cidr|abbrev|set_masklen
2001:db8::/48|2001:db8::/48|2000::/12
SELECT 1

select cidr '2001::/16', abbrev(cidr '2001::/16'), set_masklen(cidr '2001::/16', 12);
select cidr '::ffff:1.2.3.0/120', abbrev(cidr '::ffff:1.2.3.0/120'), set_masklen(cidr '::ffff:1.2.3.0/120', 12);
select cidr '::1.2.3.0/120', abbrev(cidr '::1.2.3.0/120'), set_masklen(cidr '::1.2.3.0/120', 12);
select cidr '1:0:0:2::/64', abbrev(cidr '1:0:0:2::/64'), set_masklen(cidr '1:0:0:2::/64', 12);
select cidr '::1:0:0:0:0/80', abbrev(cidr '::1:0:0:0:0/80'), set_masklen(cidr '::1:0:0:0:0/80', 12);
select cidr '1:2:3:4:5:6:7:8/128', abbrev(cidr '1:2:3:4:5:6:7:8/128'), set_masklen(cidr '1:2:3:4:5:6:7:8/128', 12);
select cidr '::8/125', abbrev(cidr '::8/125'), set_masklen(cidr '::8/125', 12);
select cidr '0:0:0:1::/64', abbrev(cidr '0:0:0:1::/64'), set_masklen(cidr '0:0:0:1::/64', 12);
---
cidr|abbrev|set_masklen
2001::/16|2001::/16|2000::/12
SELECT 1
cidr|abbrev|set_masklen
::ffff:1.2.3.0/120|::ffff:1.2.3/120|::/12
SELECT 1
cidr|abbrev|set_masklen
::1.2.3.0/120|::1.2.3/120|::/12
SELECT 1
cidr|abbrev|set_masklen
1:0:0:2::/64|1::2/64|::/12
SELECT 1
cidr|abbrev|set_masklen
0:0:0:1::/80|::1:0/80|::/12
SELECT 1
cidr|abbrev|set_masklen
1:2:3:4:5:6:7:8/128|1:2:3:4:5:6:7:8/128|::/12
SELECT 1
cidr|abbrev|set_masklen
::8/125|::8/125|::/12
SELECT 1
cidr|abbrev|set_masklen
0:0:0:1::/64|::1/64|::/12
SELECT 1

select cidr '0:1::/32', abbrev(cidr '0:1::/32'), set_masklen(cidr '0:1::/32', 12);
select '1'::inet;
select '1'::cidr;
select '1.2'::inet;
select '1.2'::cidr;
select '1.2.3'::inet;
select '1.2.3'::cidr;
select '1.2.3.4'::inet;
---
cidr|abbrev|set_masklen
0:1::/32|::1/32|::/12
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "1"
cidr
1.0.0.0/8
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "1.2"
cidr
1.2.0.0/16
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "1.2.3"
cidr
1.2.3.0/24
SELECT 1
inet
1.2.3.4
SELECT 1

select '1.2.3.4'::cidr;
select '10.'::inet;
select '10.'::cidr;
select '10.0.0.0/8'::inet;
select '10.0.0.0/8'::cidr;
select '10.1/16'::inet;
select '10.1/16'::cidr;
select '128'::inet;
---
cidr
1.2.3.4/32
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "10."
ERROR 22P02: invalid input syntax for type cidr: "10."
inet
10.0.0.0/8
SELECT 1
cidr
10.0.0.0/8
SELECT 1
inet
10.1.0.0/16
SELECT 1
cidr
10.1.0.0/16
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "128"

select '128'::cidr;
select '192.1'::inet;
select '192.1'::cidr;
select '224.1'::inet;
select '224.1'::cidr;
select '240.1'::inet;
select '240.1'::cidr;
select '1.2.3.4/33'::inet;
---
cidr
128.0.0.0/16
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "192.1"
cidr
192.1.0.0/24
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "224.1"
cidr
224.1.0.0/16
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "240.1"
cidr
240.1.0.0/32
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "1.2.3.4/33"

select '1.2.3.4/33'::cidr;
select '1.2.3.4/'::inet;
select '1.2.3.4/'::cidr;
select '1.2.3.4/8'::inet;
select '1.2.3.4/8'::cidr;
select '256.1'::inet;
select '256.1'::cidr;
select '01.02'::inet;
---
ERROR 22P02: invalid input syntax for type cidr: "1.2.3.4/33"
ERROR 22P02: invalid input syntax for type inet: "1.2.3.4/"
ERROR 22P02: invalid input syntax for type cidr: "1.2.3.4/"
inet
1.2.3.4/8
SELECT 1
ERROR 22P02: invalid cidr value: "1.2.3.4/8"
  detail: Value has bits set to right of mask.
ERROR 22P02: invalid input syntax for type inet: "256.1"
ERROR 22P02: invalid input syntax for type cidr: "256.1"
ERROR 22P02: invalid input syntax for type inet: "01.02"

select '01.02'::cidr;
select '1.2.3.4.5'::inet;
select '1.2.3.4.5'::cidr;
select ' 1.2.3.4'::inet;
select ' 1.2.3.4'::cidr;
select '1.2.3.4 '::inet;
select '1.2.3.4 '::cidr;
select '::1/129'::inet;
---
cidr
1.2.0.0/16
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "1.2.3.4.5"
ERROR 22P02: invalid input syntax for type cidr: "1.2.3.4.5"
ERROR 22P02: invalid input syntax for type inet: " 1.2.3.4"
ERROR 22P02: invalid input syntax for type cidr: " 1.2.3.4"
ERROR 22P02: invalid input syntax for type inet: "1.2.3.4 "
ERROR 22P02: invalid input syntax for type cidr: "1.2.3.4 "
ERROR 22P02: invalid input syntax for type inet: "::1/129"

select '::1/129'::cidr;
select '::g'::inet;
select '::g'::cidr;
select '1.2.3/24'::inet;
select '1.2.3/24'::cidr;
select 'x'::inet;
select 'x'::cidr;
select ''::inet;
---
ERROR 22P02: invalid input syntax for type cidr: "::1/129"
ERROR 22P02: invalid input syntax for type inet: "::g"
ERROR 22P02: invalid input syntax for type cidr: "::g"
inet
1.2.3.0/24
SELECT 1
cidr
1.2.3.0/24
SELECT 1
ERROR 22P02: invalid input syntax for type inet: "x"
ERROR 22P02: invalid input syntax for type cidr: "x"
ERROR 22P02: invalid input syntax for type inet: ""

select ''::cidr;
select '10/8'::inet;
select '10/8'::cidr;
select '10.1.2.3/16'::inet;
select '10.1.2.3/16'::cidr;
select '/8'::inet;
select '/8'::cidr;
select '1/0'::inet;
---
ERROR 22P02: invalid input syntax for type cidr: ""
inet
10.0.0.0/8
SELECT 1
cidr
10.0.0.0/8
SELECT 1
inet
10.1.2.3/16
SELECT 1
ERROR 22P02: invalid cidr value: "10.1.2.3/16"
  detail: Value has bits set to right of mask.
ERROR 22P02: invalid input syntax for type inet: "/8"
ERROR 22P02: invalid input syntax for type cidr: "/8"
inet
1.0.0.0/0
SELECT 1

select '1/0'::cidr;
select '0/0'::inet;
select '0/0'::cidr;
select '1.2.3.4/08'::inet;
select '1.2.3.4/08'::cidr;
select '192.168.1'::inet;
select '192.168.1'::cidr;
select '::ffff:1.2.3.4/96'::inet;
---
ERROR 22P02: invalid cidr value: "1/0"
  detail: Value has bits set to right of mask.
inet
0.0.0.0/0
SELECT 1
cidr
0.0.0.0/0
SELECT 1
inet
1.2.3.4/8
SELECT 1
ERROR 22P02: invalid cidr value: "1.2.3.4/08"
  detail: Value has bits set to right of mask.
ERROR 22P02: invalid input syntax for type inet: "192.168.1"
cidr
192.168.1.0/24
SELECT 1
inet
::ffff:1.2.3.4/96
SELECT 1

select '::ffff:1.2.3.4/96'::cidr;
select '::%lo'::inet;
select '::%lo'::cidr;
select '08:00:2b:01:02:03'::macaddr;
select '08:00:2b:01:02:03'::macaddr8;
select '08-00-2b-01-02-03'::macaddr;
select '08-00-2b-01-02-03'::macaddr8;
select '08002b:010203'::macaddr;
---
ERROR 22P02: invalid cidr value: "::ffff:1.2.3.4/96"
  detail: Value has bits set to right of mask.
ERROR 22P02: invalid input syntax for type inet: "::%lo"
ERROR 22P02: invalid input syntax for type cidr: "::%lo"
macaddr
08:00:2b:01:02:03
SELECT 1
macaddr8
08:00:2b:ff:fe:01:02:03
SELECT 1
macaddr
08:00:2b:01:02:03
SELECT 1
macaddr8
08:00:2b:ff:fe:01:02:03
SELECT 1
macaddr
08:00:2b:01:02:03
SELECT 1

select '08002b:010203'::macaddr8;
select '08002b-010203'::macaddr;
select '08002b-010203'::macaddr8;
select '0800.2b01.0203'::macaddr;
select '0800.2b01.0203'::macaddr8;
select '0800-2b01-0203'::macaddr;
select '0800-2b01-0203'::macaddr8;
select '08002b010203'::macaddr;
---
macaddr8
08:00:2b:ff:fe:01:02:03
SELECT 1
macaddr
08:00:2b:01:02:03
SELECT 1
macaddr8
08:00:2b:ff:fe:01:02:03
SELECT 1
macaddr
08:00:2b:01:02:03
SELECT 1
macaddr8
08:00:2b:ff:fe:01:02:03
SELECT 1
macaddr
08:00:2b:01:02:03
SELECT 1
macaddr8
08:00:2b:ff:fe:01:02:03
SELECT 1
macaddr
08:00:2b:01:02:03
SELECT 1

select '08002b010203'::macaddr8;
select '8:0:2b:1:2:3'::macaddr;
select '8:0:2b:1:2:3'::macaddr8;
select '08:00:2b:01:02:03:04:05'::macaddr;
select '08:00:2b:01:02:03:04:05'::macaddr8;
select '08002b:0102030405'::macaddr;
select '08002b:0102030405'::macaddr8;
select '0800.2b01.0203.0405'::macaddr;
---
macaddr8
08:00:2b:ff:fe:01:02:03
SELECT 1
macaddr
08:00:2b:01:02:03
SELECT 1
ERROR 22P02: invalid input syntax for type macaddr8: "8:0:2b:1:2:3"
ERROR 22P02: invalid input syntax for type macaddr: "08:00:2b:01:02:03:04:05"
macaddr8
08:00:2b:01:02:03:04:05
SELECT 1
ERROR 22P02: invalid input syntax for type macaddr: "08002b:0102030405"
macaddr8
08:00:2b:01:02:03:04:05
SELECT 1
ERROR 22P02: invalid input syntax for type macaddr: "0800.2b01.0203.0405"

select '0800.2b01.0203.0405'::macaddr8;
select '08002b0102030405'::macaddr;
select '08002b0102030405'::macaddr8;
select '08:00:2b:01:02:0g'::macaddr;
select '08:00:2b:01:02:0g'::macaddr8;
select ''::macaddr;
select ''::macaddr8;
select '08:00:2b:01:02'::macaddr;
---
macaddr8
08:00:2b:01:02:03:04:05
SELECT 1
ERROR 22P02: invalid input syntax for type macaddr: "08002b0102030405"
macaddr8
08:00:2b:01:02:03:04:05
SELECT 1
ERROR 22P02: invalid input syntax for type macaddr: "08:00:2b:01:02:0g"
ERROR 22P02: invalid input syntax for type macaddr8: "08:00:2b:01:02:0g"
ERROR 22P02: invalid input syntax for type macaddr: ""
ERROR 22P02: invalid input syntax for type macaddr8: ""
ERROR 22P02: invalid input syntax for type macaddr: "08:00:2b:01:02"

select '08:00:2b:01:02'::macaddr8;
select '100:0:0:0:0:0'::macaddr;
select '100:0:0:0:0:0'::macaddr8;
select ' 08:00:2b:01:02:03 '::macaddr;
select ' 08:00:2b:01:02:03 '::macaddr8;
select '08:00-2b:01:02:03'::macaddr;
select '08:00-2b:01:02:03'::macaddr8;
select '0800:2b01:0203'::macaddr;
---
ERROR 22P02: invalid input syntax for type macaddr8: "08:00:2b:01:02"
ERROR 22003: invalid octet value in "macaddr" value: "100:0:0:0:0:0"
ERROR 22P02: invalid input syntax for type macaddr8: "100:0:0:0:0:0"
macaddr
08:00:2b:01:02:03
SELECT 1
macaddr8
08:00:2b:ff:fe:01:02:03
SELECT 1
ERROR 22P02: invalid input syntax for type macaddr: "08:00-2b:01:02:03"
ERROR 22P02: invalid input syntax for type macaddr8: "08:00-2b:01:02:03"
ERROR 22P02: invalid input syntax for type macaddr: "0800:2b01:0203"

select '0800:2b01:0203'::macaddr8;
select '101'::varbit;
select '101'::bit(3);
select bit '101';
select '101'::varbit(2), length('101'::varbit);
select 'b101'::varbit;
select 'b101'::bit(3);
select bit 'b101';
---
macaddr8
08:00:2b:ff:fe:01:02:03
SELECT 1
varbit
101
SELECT 1
bit
101
SELECT 1
bit
101
SELECT 1
varbit|length
10|3
SELECT 1
varbit
101
SELECT 1
bit
101
SELECT 1
bit
101
SELECT 1

select 'b101'::varbit(2), length('b101'::varbit);
select 'B101'::varbit;
select 'B101'::bit(3);
select bit 'B101';
select 'B101'::varbit(2), length('B101'::varbit);
select 'x1F'::varbit;
select 'x1F'::bit(3);
select bit 'x1F';
---
varbit|length
10|3
SELECT 1
varbit
101
SELECT 1
bit
101
SELECT 1
bit
101
SELECT 1
varbit|length
10|3
SELECT 1
varbit
00011111
SELECT 1
bit
000
SELECT 1
bit
00011111
SELECT 1

select 'x1F'::varbit(2), length('x1F'::varbit);
select 'X1f'::varbit;
select 'X1f'::bit(3);
select bit 'X1f';
select 'X1f'::varbit(2), length('X1f'::varbit);
select ''::bit(3);
select ''::varbit(2), length(''::varbit);
select '2'::varbit;
---
varbit|length
00|8
SELECT 1
varbit
00011111
SELECT 1
bit
000
SELECT 1
bit
00011111
SELECT 1
varbit|length
00|8
SELECT 1
bit
000
SELECT 1
varbit|length
|0
SELECT 1
ERROR 22P02: "2" is not a valid binary digit

select '2'::bit(3);
select bit '2';
select '2'::varbit(2), length('2'::varbit);
select 'b'::bit(3);
select 'b'::varbit(2), length('b'::varbit);
select 'x'::bit(3);
select 'x'::varbit(2), length('x'::varbit);
select '12'::varbit;
---
ERROR 22P02: "2" is not a valid binary digit
ERROR 22P02: "2" is not a valid binary digit
ERROR 22P02: "2" is not a valid binary digit
bit
000
SELECT 1
varbit|length
|0
SELECT 1
bit
000
SELECT 1
varbit|length
|0
SELECT 1
ERROR 22P02: "2" is not a valid binary digit

select '12'::bit(3);
select bit '12';
select '12'::varbit(2), length('12'::varbit);
select '0101 '::varbit;
select '0101 '::bit(3);
select bit '0101 ';
select '0101 '::varbit(2), length('0101 '::varbit);
select ' 1'::varbit;
---
ERROR 22P02: "2" is not a valid binary digit
ERROR 22P02: "2" is not a valid binary digit
ERROR 22P02: "2" is not a valid binary digit
ERROR 22P02: " " is not a valid binary digit
ERROR 22P02: " " is not a valid binary digit
ERROR 22P02: " " is not a valid binary digit
ERROR 22P02: " " is not a valid binary digit
ERROR 22P02: " " is not a valid binary digit

select ' 1'::bit(3);
select bit ' 1';
select ' 1'::varbit(2), length(' 1'::varbit);
select b'101';
select x'1F';
select b'102';
select x'1g';
select b'101'::int, b'101'::int8, (-5)::bit(8), 5::bit(2), 5::bit, 300::bit(40), (-1)::int8::bit(70);
---
ERROR 22P02: " " is not a valid binary digit
ERROR 22P02: " " is not a valid binary digit
ERROR 22P02: " " is not a valid binary digit
?column?
101
SELECT 1
?column?
00011111
SELECT 1
ERROR 22P02: "2" is not a valid binary digit
ERROR 22P02: "g" is not a valid hexadecimal digit
int4|int8|bit|bit|bit|bit|bit
5|5|11111011|01|1|0000000000000000000000000000000100101100|1111111111111111111111111111111111111111111111111111111111111111111111
SELECT 1

select b'101' || b'01', b'101' & b'011', b'101' # b'111', ~ b'101', b'101' << 1, b'101' >> 1, b'101' << -1;
select b'101'::bit(0);
select 1::bit(100000000);
select b'101'::bit varying(2), b'1'::bit(5);
select substring(b'10101' from 2 for 3), overlay(b'10101' placing b'11' from 2), position(b'01' in b'1001'), get_bit(b'101', 1), set_bit(b'101', 1, 1), bit_count(b'1101'), octet_length(b'101010101'), bit_length(b'1');
select get_bit(b'101', 3);
select b'101' & b'1';
select b'1' < b'10', b'1' = b'1'::varbit, max(b'1');
---
?column?|?column?|?column?|?column?|?column?|?column?|?column?
10101|001|010|010|010|010|010
SELECT 1
ERROR 22023: length for type bit must be at least 1
ERROR 22023: length for type bit cannot exceed 83886080
varbit|bit
10|10000
SELECT 1
substring|overlay|position|get_bit|set_bit|bit_count|octet_length|bit_length
010|11101|3|0|111|3|2|1
SELECT 1
ERROR 2202E: bit index 3 out of valid range (0..2)
ERROR 22026: cannot AND bit strings of different sizes
ERROR 42883: function max(bit) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.

select array[b'1', b'0']::varbit[], '{101,1}'::bit varying[], pg_typeof(b'1'), pg_typeof(array[inet '1.2.3.4']);
select '101'::bit(3)::text, '101'::text::bit(2), '1'::varchar::varbit;
select bit_and(b), bit_or(b), bit_xor(b), count(distinct b), min(b::text) from (values (b'101'), (b'110')) t(b);
select b, count(*) from (values (b'101'), (b'110'), (b'101')) t(b) group by b order by b desc;
select timetz '12:00+02', time '12:00'::timetz, timetz '12:00+02'::time, timestamptz '2024-01-01 12:00+00'::timetz, timetz '12:00+02' at time zone 'UTC', timetz '12:00+02' at time zone interval '-03:30';
select extract(timezone from timetz '12:00-03:30'), extract(timezone_hour from timetz '12:00-03:30'), extract(timezone_minute from timetz '12:00-03:30'), extract(epoch from timetz '12:00-03:30'), date_part('hour', timetz '12:00-03:30'), extract(second from timetz '12:00:01.5-03:30');
select extract(day from timetz '12:00+00');
select timetz '12:00', timetz '12:00 EST', timetz '2024-07-01 12:00 America/New_York', timetz '04:05 PM+1', timetz '040506+03', timetz 'allballs';
---
array|varbit|pg_typeof|pg_typeof
{1,0}|{101,1}|bit|inet[]
SELECT 1
text|bit|varbit
101|10|1
SELECT 1
bit_and|bit_or|bit_xor|count|min
100|111|011|2|101
SELECT 1
b|count
110|1
101|2
SELECT 2
timetz|timetz|time|timetz|timezone|timezone
12:00:00+02|12:00:00+00|12:00:00|12:00:00+00|10:00:00+00|06:30:00-03:30
SELECT 1
extract|extract|extract|extract|date_part|extract
-12600|-3|-30|55800.000000|12|1.500000
SELECT 1
ERROR 0A000: unit "day" not supported for type time with time zone
timetz|timetz|timetz|timetz|timetz|timetz
12:00:00+00|12:00:00-05|12:00:00-04|16:05:00+01|04:05:06+03|00:00:00+00
SELECT 1

select timetz '12:00 America/New_York';
select timetz '25:00+00';
select timetz '24:00+00', '12:00:00.123456789+00'::timetz(3);
select '12:00+16:00'::timetz;
select timetz '12:00+02' + interval '13 hours', interval '1 hour' + timetz '12:00+02', timetz '12:00+02' - interval '1 day 1 hour', date '2024-01-01' + timetz '12:00+02', timetz '12:00+02' + date '2024-01-01';
select timetz '12:00+00' < timetz '13:00+02', timetz '12:00+00' = timetz '14:00+02', timetz '12:00+00' > timetz '14:00+02';
select min(t), max(t) from (values (timetz '12:00+00'), (timetz '12:00+02')) t(t);
select (timetz '10:00+00', timetz '12:00+00') overlaps (timetz '11:00+00', timetz '13:00+00');
---
ERROR 22007: invalid input syntax for type time with time zone: "12:00 America/New_York"
ERROR 22008: date/time field value out of range: "25:00+00"
timetz|timetz
24:00:00+00|12:00:00.123+00
SELECT 1
ERROR 22009: time zone displacement out of range: "12:00+16:00"
?column?|?column?|?column?|?column?|?column?
01:00:00+02|13:00:00+02|11:00:00+02|2024-01-01 10:00:00+00|2024-01-01 10:00:00+00
SELECT 1
?column?|?column?|?column?
f|f|t
SELECT 1
min|max
12:00:00+02|12:00:00+00
SELECT 1
overlaps
t
SELECT 1

set timezone = 'America/New_York';
select timetz '12:00+00' at local, '2024-07-01 12:00'::timetz, timestamptz '2024-01-01 12:00+00'::timetz;
reset timezone;
select format('%s %L', inet '1.2.3.4', cidr '10/8'), concat(inet '1.2.3.4', '|', cidr '10/8'), inet '1.2.3.4' || '', inet '1.2.3.4/24'::varchar(5), to_json(inet '1.2.3.4'), to_json(b'101'), to_jsonb(timetz '12:00+02'), row_to_json(row(macaddr '08:00:2b:01:02:03'));
select inet '1.2.3.4/24' <<= cidr '1.2.3.0/24', cidr '1.2.3.0/24' >> inet '1.2.3.4', inet '1.2.3.4' && cidr '1.2/16', inet '1.2.3.4' + 5, 5 + inet '1.2.3.4', inet '1.2.3.4' - inet '1.2.3.0', ~ inet '1.2.3.4', inet '1.2.3.4' & inet '255.255.0.0', inet '1.2.3.4' | inet '0.0.0.255';
select inet '255.255.255.255' + 1;
select inet '1.2.3.4' - inet '::1';
select inet '1.2.3.4' = '1.2.3.4', cidr '10/8' = inet '10.0.0.0/8', inet_merge('192.168.1.5/24', '192.168.2.5/24'), inet_same_family('1.2.3.4','::1'), family('::1'), masklen('1.2.3.4/20');
---
SET
timezone|timetz|timetz
07:00:00-05|12:00:00-04|07:00:00-05
SELECT 1
RESET
format|concat|?column?|varchar|to_json|to_json|to_jsonb|row_to_json
1.2.3.4 '10.0.0.0/8'|1.2.3.4|10.0.0.0/8|1.2.3.4/32|1.2.3|"1.2.3.4"|"101"|"12:00:00+02"|{"f1":"08:00:2b:01:02:03"}
SELECT 1
?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
t|t|t|1.2.3.9|1.2.3.9|4|254.253.252.251|1.2.0.0|1.2.3.255
SELECT 1
ERROR 22003: result is out of range
ERROR 22023: cannot subtract inet values of different sizes
?column?|?column?|inet_merge|inet_same_family|family|masklen
t|t|192.168.0.0/22|f|6|20
SELECT 1

select a from (values (inet '10.0.0.1'), ('10.0.0.0/8'), ('9.0.0.0'), ('::1'), ('10.0.0.1/8')) t(a) order by a;
select a from (values (inet '10.0.0.1'), ('10.0.0.0/8'), ('9.0.0.0'), ('::1'), ('10.0.0.1/8')) t(a) order by a desc limit 3;
select max(a), min(a), count(distinct a), array_agg(a order by a) from (values (inet '10.0.0.1'), ('10.0.0.0/8')) t(a);
select a from (values (inet '10.0.0.1')) t(a) where a = any (array['10.0.0.1','1.1.1.1']::inet[]);
select * from (values (inet '10.0.0.1')) t(a) join (values (cidr '10.0.0.1/32')) u(b) on a = b;
select trunc(macaddr '12:34:56:78:90:ab'), macaddr8_set7bit(macaddr8 '00:34:56:ab:cd:ef'), ~ macaddr '12:34:56:78:90:ab', macaddr '12:34:56:78:90:ab' & macaddr 'ff:ff:ff:00:00:00', macaddr '12:34:56:78:90:ab'::macaddr8, macaddr8 '12:34:56:ff:fe:78:90:ab'::macaddr;
select macaddr8 '12:34:56:78:90:ab:cd:ef'::macaddr;
select null::inet, null::bit(3), null::timetz, coalesce(null, b'1'), case when true then inet '1.1.1.1' end, greatest(timetz '12:00+00', timetz '11:00+00'), nullif(inet '1.1.1.1', '1.1.1.1');
---
a
9.0.0.0
10.0.0.0/8
10.0.0.1/8
10.0.0.1
::1
SELECT 5
a
::1
10.0.0.1
10.0.0.1/8
SELECT 3
max|min|count|array_agg
10.0.0.1|10.0.0.0/8|2|{10.0.0.0/8,10.0.0.1}
SELECT 1
a
10.0.0.1
SELECT 1
a|b
10.0.0.1|10.0.0.1/32
SELECT 1
trunc|macaddr8_set7bit|?column?|?column?|macaddr8|macaddr
12:34:56:00:00:00|02:34:56:ff:fe:ab:cd:ef|ed:cb:a9:87:6f:54|12:34:56:00:00:00|12:34:56:ff:fe:78:90:ab|12:34:56:78:90:ab
SELECT 1
ERROR 22003: macaddr8 data out of range to convert to macaddr
  hint: Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.
inet|bit|timetz|coalesce|case|greatest|nullif
NULL|NULL|NULL|1|1.1.1.1|12:00:00+00|NULL
SELECT 1

create table kinds (id int primary key, tz timetz, tz2 timetz(2), b bit(3), v varbit(5), i inet, c cidr, m macaddr, m8 macaddr8, i_a int);
insert into kinds values (1, '12:00+02', '12:00:01.239+00', b'101', '11', '10.0.0.1/8', '10/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03', 1), (2, null, null, '111', b'1', '::1', '::/0', null, null, 2);
insert into kinds (id, b) values (3, b'1011');
insert into kinds (id, v) values (4, '101010');
insert into kinds (id, c) values (5, '10.0.0.1/8');
select * from kinds order by id;
select * from kinds where i = '10.0.0.1/8';
select id from kinds where i << '10/7' or tz > '11:00+02' order by id;
---
CREATE TABLE
INSERT 0 2
ERROR 22026: bit string length 4 does not match type bit(3)
ERROR 22001: bit string too long for type bit varying(5)
ERROR 22P02: invalid cidr value: "10.0.0.1/8"
  detail: Value has bits set to right of mask.
id|tz|tz2|b|v|i|c|m|m8|i_a
1|12:00:00+02|12:00:01.24+00|101|11|10.0.0.1/8|10.0.0.0/8|08:00:2b:01:02:03|08:00:2b:ff:fe:01:02:03|1
2|NULL|NULL|111|1|::1|::/0|NULL|NULL|2
SELECT 2
id|tz|tz2|b|v|i|c|m|m8|i_a
1|12:00:00+02|12:00:01.24+00|101|11|10.0.0.1/8|10.0.0.0/8|08:00:2b:01:02:03|08:00:2b:ff:fe:01:02:03|1
SELECT 1
id
1
SELECT 1

create index kinds_i on kinds (i);
create index kinds_b on kinds (b, tz);
create unique index kinds_m on kinds (m);
select id from kinds where i = '::1';
select id from kinds where i > '1.1.1.1' order by i desc;
select id from kinds where b = b'101' and tz = '12:00+02';
insert into kinds (id, m) values (7, '08:00:2b:01:02:03');
update kinds set i = i + 1, b = ~b, tz = tz + interval '1 hour' where id = 1 returning i, b, tz;
---
CREATE INDEX
CREATE INDEX
CREATE INDEX
id
2
SELECT 1
id
2
1
SELECT 2
id
1
SELECT 1
ERROR 23505: duplicate key value violates unique constraint "kinds_m"
  detail: Key (m)=(08:00:2b:01:02:03) already exists.
  schema=public table=kinds constraint=kinds_m
i|b|tz
10.0.0.2/8|010|13:00:00+02
UPDATE 1

select id, i, b from (select * from kinds) q order by i, b;
select count(*), max(i), min(tz), bit_or(b) from kinds;
select i, count(*) from kinds group by i order by 1;
select a.id from kinds a join kinds b on a.i = b.i order by 1;
select attname, format_type(atttypid, atttypmod), attlen from pg_attribute where attrelid = 'kinds'::regclass and attnum > 0 order by attnum;
create table keyed (i inet primary key, tz timetz unique, b varbit unique, m macaddr unique);
insert into keyed values ('10.0.0.1', '12:00+00', b'1', '08:00:2b:01:02:03');
insert into keyed values ('10.0.0.1', '12:00+01', b'10', '08:00:2b:01:02:04');
---
id|i|b
1|10.0.0.2/8|010
2|::1|111
SELECT 2
count|max|min|bit_or
2|::1|13:00:00+02|111
SELECT 1
i|count
10.0.0.2/8|1
::1|1
SELECT 2
id
1
2
SELECT 2
attname|format_type|attlen
id|integer|4
tz|time with time zone|12
tz2|time(2) with time zone|12
b|bit(3)|-1
v|bit varying(5)|-1
i|inet|-1
c|cidr|-1
m|macaddr|6
m8|macaddr8|8
i_a|integer|4
SELECT 10
CREATE TABLE
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "keyed_pkey"
  detail: Key (i)=(10.0.0.1) already exists.
  schema=public table=keyed constraint=keyed_pkey

insert into keyed values ('10.0.0.1/8', '14:00+02', b'', '08:00:2b:01:02:05');
select * from keyed order by i;
select * from keyed where i = '10.0.0.1';
select i from keyed where i in ('10.0.0.1','10.0.0.1/8') order by i;
alter table keyed add column x bit varying;
select '(1,2)'::inet;
select typname, typcategory, typlen, typarray from pg_type where typname in ('inet','cidr','bit','varbit','timetz','macaddr','macaddr8') order by 1;
---
INSERT 0 1
i|tz|b|m
10.0.0.1/8|14:00:00+02||08:00:2b:01:02:05
10.0.0.1|12:00:00+00|1|08:00:2b:01:02:03
SELECT 2
i|tz|b|m
10.0.0.1|12:00:00+00|1|08:00:2b:01:02:03
SELECT 1
i
10.0.0.1/8
10.0.0.1
SELECT 2
ALTER TABLE
ERROR 22P02: invalid input syntax for type inet: "(1,2)"
typname|typcategory|typlen|typarray
bit|V|-1|1561
cidr|I|-1|651
inet|I|-1|1041
macaddr|U|6|1040
macaddr8|U|8|775
timetz|D|12|1270
varbit|V|-1|1563
SELECT 7

SELECT cidr '1.2.3.4' IN (cidr '1.2.3.4', cidr '10.0.0.0/8');
SELECT x IN (cidr '1.2.3.4', NULL) FROM (VALUES (cidr '1.2.3.4'), (NULL)) v(x) ORDER BY 1;
---
?column?
t
SELECT 1
?column?
t
NULL
SELECT 2
