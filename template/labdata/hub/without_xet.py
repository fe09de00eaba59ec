"""Whether contents move without Xet."""

from __future__ import annotations


def is_without_xet() -> bool:
    """Tell whether the environment switches Xet off, as the Hub's client reads it."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_DISABLE_XET)
