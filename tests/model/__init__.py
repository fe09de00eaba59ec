"""Random days in a lab, told to the real code, with the promises checked after every step."""
