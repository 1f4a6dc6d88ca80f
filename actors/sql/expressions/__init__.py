"""Scalar expressions: tree.py (typed nodes), functions.py (overloads), casts.py, compile.py (to Python),
environment.py."""
