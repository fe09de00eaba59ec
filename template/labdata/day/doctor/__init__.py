"""``just doctor``: whether all that a member's work rests on is well, and the command that mends what is not."""
