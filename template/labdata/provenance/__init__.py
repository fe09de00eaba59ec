"""Where a file comes from, whether that is still true, and whether it can be made again."""
