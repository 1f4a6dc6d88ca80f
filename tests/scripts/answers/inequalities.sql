# !open !columns
# Numerics of any scale against each other: NaN is the greatest, 1.0 is 1.00, digits beyond a decimal's count.
CREATE TABLE sides (id int PRIMARY KEY, fixed numeric(8,2), free numeric);
INSERT INTO sides VALUES (1, 1.50, 1.5), (2, 1.50, 1.500000000000000000000000000000000000000000001), (3, -2, 'NaN'), (4, 7, '-Infinity'), (5, NULL, 1), (6, 3, NULL), (7, 1, 'NaN'), (8, 0, -0.0), (9, 5, 1e40), (10, 2.25, 2.2499999999999999999);
---
CREATE TABLE
INSERT 0 10

SELECT id, fixed < free, fixed <= free, fixed > free, fixed >= free, free < fixed, fixed = free FROM (SELECT * FROM sides) q ORDER BY id;
SELECT id, fixed < free, fixed > free FROM (SELECT * FROM sides WHERE id IN (1, 5, 6, 8, 10)) q ORDER BY id;
SELECT s.id FROM sides s JOIN (SELECT avg(fixed) AS mean FROM sides WHERE id <> 7) m ON s.fixed > m.mean WHERE s.id <> 7 ORDER BY 1;
---
id|?column?|?column?|?column?|?column?|?column?|?column?
1|f|t|f|t|f|t
2|t|t|f|f|f|f
3|t|t|f|f|f|f
4|f|f|t|t|t|f
5|NULL|NULL|NULL|NULL|NULL|NULL
6|NULL|NULL|NULL|NULL|NULL|NULL
7|t|t|f|f|f|f
8|f|t|f|t|f|t
9|t|t|f|f|f|f
10|f|f|t|t|t|f
SELECT 10
id|?column?|?column?
1|f|f
5|NULL|NULL
6|NULL|NULL
8|f|f
10|f|t
SELECT 5
id
4
6
9
SELECT 3
