"""The only wing that touches ``data/`` and the state: scan, hash, place, recycle, SQLite."""
