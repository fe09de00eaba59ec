"""How fast the data tool is, next to what people would use instead: `python -m benchmarks`."""
