"""A member's day: what moved, whether all is well, and what the data take up."""
