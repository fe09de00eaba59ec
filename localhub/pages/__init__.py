"""The pages that a browser sees: repos, files, commits and pull requests, to look at only."""
