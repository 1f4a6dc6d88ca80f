"""`tpcc`: an order-entry system after the TPC Benchmark C, revision 5.11. Scale 1: one warehouse (100,000 items,
30,000 customers).

All five transactions in the specification's mix, its key distributions, its rollbacks (1 % of new orders) and eleven
of its consistency conditions. Not an audited result and not comparable with one: no keying or think times, no
terminals, no deferred queue for deliveries (each is one transaction of ten districts), clients stay at one warehouse.
Stock level is two statements, the items of the last orders and then the stock of these, not one join.
Below scale 1 one warehouse has proportionally fewer items, customers and orders than the specification asks for.

    schema.py        nine tables, two indexes              transactions.py  the five transactions
    population.py    their first rows (4.3.3)              consistency.py   the conditions (3.3.2)
"""

from workloads.tpcc.transactions import TpcC

__all__ = ["TpcC"]
