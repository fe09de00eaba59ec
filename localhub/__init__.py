"""A Hub on this machine: a stand-in for tests, the tour and practice. See README.md beside this file."""
