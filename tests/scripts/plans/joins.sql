# !open
CREATE TABLE customers (id int PRIMARY KEY, name text UNIQUE, city text);
CREATE TABLE orders (id int PRIMARY KEY, customer int, total numeric(8,2));
CREATE INDEX orders_customer ON orders (customer);
INSERT INTO customers VALUES (1, 'ann', 'Rome'), (2, 'bob', 'Oslo'), (3, 'cid', NULL);
INSERT INTO orders VALUES (10, 1, 5.00), (11, 1, 7.50), (12, 2, 1.00), (13, NULL, 9.00), (14, 99, 2.00);
---

# one row joined with the rows that an index finds
SELECT c.name, o.id, o.total FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1 ORDER BY o.id;
SELECT name, orders.id FROM customers, orders WHERE customer = customers.id AND name = 'ann' AND total > 6;
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer WHERE o.id IN (10, 12, 13) ORDER BY o.id DESC;
SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer WHERE o.id >= 12 ORDER BY o.id;
SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer AND c.city = 'Rome' WHERE o.id <= 12 ORDER BY 1 LIMIT 2;
SELECT o.id FROM orders o LEFT JOIN customers c ON c.id = o.customer WHERE o.id > 0 AND c.id IS NULL ORDER BY o.id;
SELECT c.*, o.id FROM customers c LEFT JOIN orders o ON o.customer = c.id WHERE c.id = 3;
---

# own writes are joined too
BEGIN;
INSERT INTO orders VALUES (15, 3, 3.00);
DELETE FROM orders WHERE id = 10;
SELECT c.name, o.id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 3;
SELECT c.name, o.id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1;
ROLLBACK;
---

SELECT id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1;
SELECT 1 FROM customers c JOIN orders c ON true WHERE c.id = 1;
SELECT customers.id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1;
---

EXPLAIN SELECT c.name, o.id FROM customers c JOIN orders o ON o.customer = c.id WHERE c.id = 1 ORDER BY o.id;
EXPLAIN SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer AND c.city = 'Rome' WHERE o.id >= 12 LIMIT 3;
EXPLAIN SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer;
EXPLAIN ANALYZE SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer WHERE o.id IN (10, 11, 13);
---
