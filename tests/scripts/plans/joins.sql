# !open
CREATE TABLE customers (id int PRIMARY KEY, name text UNIQUE, city text);
CREATE TABLE orders (id int PRIMARY KEY, customer int, total numeric(8,2));
CREATE INDEX orders_customer ON orders (customer);
INSERT INTO customers VALUES (1, 'ann', 'Rome'), (2, 'bob', 'Oslo'), (3, 'cid', NULL);
INSERT INTO orders VALUES (10, 1, 5.00), (11, 1, 7.50), (12, 2, 1.00), (13, NULL, 9.00), (14, 99, 2.00);
---
CREATE TABLE
CREATE TABLE
CREATE INDEX
INSERT 0 3
INSERT 0 5

# one row joined with the rows that an index finds
SELECT c.name, o.id, o.total FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1 ORDER BY o.id;
SELECT name, orders.id FROM customers, orders WHERE customer = customers.id AND name = 'ann' AND total > 6;
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer WHERE o.id IN (10, 12, 13) ORDER BY o.id DESC;
SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer WHERE o.id >= 12 ORDER BY o.id;
SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer AND c.city = 'Rome' WHERE o.id <= 12 ORDER BY 1 LIMIT 2;
SELECT o.id FROM orders o LEFT JOIN customers c ON c.id = o.customer WHERE o.id > 0 AND c.id IS NULL ORDER BY o.id;
SELECT c.*, o.id FROM customers c LEFT JOIN orders o ON o.customer = c.id WHERE c.id = 3;
---
name|id|total
ann|10|5.00
ann|11|7.50
SELECT 2
name|id
ann|11
SELECT 1
id|name
12|bob
10|ann
SELECT 2
id|name
12|bob
13|NULL
14|NULL
SELECT 3
id|name
10|ann
11|ann
SELECT 2
id
13
14
SELECT 2
id|name|city|id
3|cid|NULL|NULL
SELECT 1

# own writes are joined too
BEGIN;
INSERT INTO orders VALUES (15, 3, 3.00);
DELETE FROM orders WHERE id = 10;
SELECT c.name, o.id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 3;
SELECT c.name, o.id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1;
ROLLBACK;
---
BEGIN
INSERT 0 1
DELETE 1
name|id
cid|15
SELECT 1
name|id
ann|11
SELECT 1
ROLLBACK

SELECT id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1;
SELECT 1 FROM customers c JOIN orders c ON true WHERE c.id = 1;
SELECT customers.id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1;
---
ERROR 42702: column reference "id" is ambiguous
ERROR 42712: table name "c" specified more than once
ERROR 42P01: invalid reference to FROM-clause entry for table "customers"
  hint: Perhaps you meant to reference the table alias "c".

EXPLAIN SELECT c.name, o.id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1 ORDER BY o.id;
EXPLAIN SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer AND c.city = 'Rome' WHERE o.id >= 12 LIMIT 3;
EXPLAIN SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer;
EXPLAIN ANALYZE SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer WHERE o.id IN (10, 11, 13);
---
QUERY PLAN
Sort
  Sort Key: o.id
  -> Nested Loop
         -> Index Only Scan using customers_pkey on customers c
                Index Cond: (c.id = 1)
                -> Storage Lookup on customers_pkey
                       Projections: id, name, city
                       -> B-Tree Lookup on customers_pkey
                              Index Cond: (c.id = 1)
         -> Index Scan using orders_customer on orders o
                Index Cond: (o.customer = c.id)
                -> Storage Scan on orders_customer
                       -> B-Tree Scan on orders_customer
                              Index Cond: (o.customer = c.id)
                -> Storage Lookup on orders
                       Projections: id, customer, total
                       -> B-Tree Lookup on orders
EXPLAIN
QUERY PLAN
Limit
  -> Nested Loop Left Join
         -> Index Only Scan using orders_pkey on orders o
                Index Cond: (o.id >= 12)
                -> Storage Scan on orders_pkey
                       Projections: id, customer, total
                       -> B-Tree Scan on orders_pkey
                              Index Cond: (o.id >= 12)
         -> Index Only Scan using customers_pkey on customers c
                Index Cond: (c.id = o.customer)
                Filter: (c.city = 'Rome'::text)
                -> Storage Lookup on customers_pkey
                       Projections: id, name, city
                       -> B-Tree Lookup on customers_pkey
                              Index Cond: (c.id = o.customer)
EXPLAIN
QUERY PLAN
Row Operators
  -> Full Scan (btree-table) on orders o
         -> Storage Scan on orders_pkey
                Projections: id, customer, total
                -> B-Tree Scan on orders_pkey
  -> Full Scan (btree-table) on customers c
         -> Storage Scan on customers_pkey
                Projections: id, name, city
                -> B-Tree Scan on customers_pkey
EXPLAIN
QUERY PLAN
Nested Loop  (actual rows=2)
  -> Index Only Scan using orders_pkey on orders o  (actual rows=3)
         Index Cond: (o.id = ANY (10, 11, 13))
         -> Storage Lookup on orders_pkey  (rows=3)
                Projections: id, customer, total
                -> B-Tree Lookup on orders_pkey  (rows=3)
                       Index Cond: (o.id = ANY (10, 11, 13))
  -> Index Only Scan using customers_pkey on customers c  (actual rows=2)
         Index Cond: (c.id = o.customer)
         -> Storage Lookup on customers_pkey  (rows=1)
                Projections: id, name, city
                -> B-Tree Lookup on customers_pkey  (rows=1)
                       Index Cond: (c.id = o.customer)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
