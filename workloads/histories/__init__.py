"""Checkers of histories: what clients asked and were told, judged without a look into the database.

transactions.py   what a history is made of        edn.py            reads Jepsen's files
list_append.py    isolation, from lists that only grow (Elle)
cycles.py         strongly connected components and short cycles
"""
