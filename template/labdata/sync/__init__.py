"""Get and put: gather a snapshot, decide, apply or push; and what shows how things stand."""
