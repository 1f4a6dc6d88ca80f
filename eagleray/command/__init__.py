"""The `eagleray` command: one module for a group of verbs; each imports what it needs only when it runs."""
