"""One room for each program that is compared."""
