"""The guided tour: two members, one Hub on this machine, a whole day's work."""
