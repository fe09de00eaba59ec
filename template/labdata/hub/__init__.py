"""The only wing that speaks to the Hub: its client, small requests, downloads and uploads."""
