"""The run-time parameters that there are, the values that each takes, and how pg_settings shows them. A session keeps
what it has set."""
