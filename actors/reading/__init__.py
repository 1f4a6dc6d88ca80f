"""Reads at a timestamp, from storage: what the query processors' transactions and the bulk readers share. This package knows no
session."""
