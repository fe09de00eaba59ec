"""The code that notebooks and the pipeline share."""
