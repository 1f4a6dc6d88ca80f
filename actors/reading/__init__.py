"""Reads at a timestamp, from storage: what transactions and bulk readers share. This package knows no
session."""
