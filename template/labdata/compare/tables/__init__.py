"""Compare two tables: columns, rows by key, cells, and what happened to each column; in batches of columns."""
