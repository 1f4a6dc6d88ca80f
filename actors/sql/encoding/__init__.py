"""SQL values as bytes: keys that sort as their values do, rows, Arrow columns, and the program that storage runs over a
scan."""
