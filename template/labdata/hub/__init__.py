"""The only wing that speaks to the Hub: its client, small requests, downloads and uploads."""

TYPE = "dataset"
"""The kind of repo, on the Hub, that data live in."""
