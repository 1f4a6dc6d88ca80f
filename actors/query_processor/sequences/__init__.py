"""Sequences: where their values come from (allocation.py), and how an expression gets one (calls.py).

A sequence's state is one row, of a table that can be read under its name and is written by nobody's transaction but the
allocator's: a value that was taken stays taken, whatever becomes of the transaction that took it. Whose decision is
what:

- values are held by the query processor, not by the session: the sessions of one query processor share a block of CACHE
  values, so that few are lost; PostgreSQL gives each session a block. Between query processors the order of values is
  not the order of their use, unless CACHE is 1. DSQL says the same of its sessions;
- currval and lastval are the session's, and go with it where it is parked;
- CACHE 1 holds nothing: exactly as many values are taken as are used, so that values ascend in the order in which they
  were taken;
- a query processor that ends loses what it holds.
"""
