"""Branches, pull requests, tags and history."""
