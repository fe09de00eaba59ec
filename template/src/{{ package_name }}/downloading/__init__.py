"""Bringing data from where they were first published."""
