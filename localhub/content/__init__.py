"""The content store: what Xet and Git LFS hold, by hash, without a word on repos or accounts."""
