"""Provenance records: made of what Snakemake and git know, packed, found by content, given back to Snakemake."""
