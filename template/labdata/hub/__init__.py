"""The only wing that speaks to the Hub: its client, small requests, downloads and uploads."""

TYPE = "dataset"
"""The kind of repo, on the Hub, that data live in."""

SAMPLE = 512
"""Bytes of a file that the Hub wants to see to tell text from binary."""
