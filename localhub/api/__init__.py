"""The Hub's HTTP API: accounts, repos, commits, references, discussions, and the routes to them."""
