"""labdata: downloads a project's data from the Hugging Face Hub and publishes it back, without losing work.

Run it as ``python -m labdata`` from the project's folder; the Justfile's recipes are the short names.
"""
