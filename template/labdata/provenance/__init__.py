"""Where a file comes from, and whether that is still true."""
