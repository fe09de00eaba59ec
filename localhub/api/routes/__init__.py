"""The routes of the Hub, one module a topic."""
