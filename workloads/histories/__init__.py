"""Checkers of histories: what clients asked and were told, judged without a look into the database.

transactions.py   what a history is made of        edn.py            reads Jepsen's files
list_append.py    isolation, from lists that only grow (Elle)
observations.py   which reads and appends count, and the order of each list
cycles.py         the graph of dependencies, and its short cycles
"""
