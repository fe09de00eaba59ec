"""The lab's table of what storage costs: ``config/hub-prices.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.core.storage import TERABYTE, Prices
from labdata.local.text_files import read_text


def read_prices(root: Path) -> Prices | None:
    """Read the table; ``None`` where the lab has none. Raises ``LabdataError`` where it makes no sense."""
    path = root / "config" / "hub-prices.toml"
    if not path.exists():
        return None
    try:
        table = tomllib.loads(read_text(path).text)
        tiers = [(int(float(tier["from_tb"]) * TERABYTE), float(tier["per_tb_month"])) for tier in table["tiers"]]
        included = int(float(table["seats"]) * float(table["included_tb_per_seat"]) * TERABYTE)
        return Prices(str(table["date"]), str(table["currency"]), included, tiers)
    except (ValueError, KeyError, TypeError) as error:
        raise LabdataError(
            f"config/hub-prices.toml cannot be read ({type(error).__name__}: {error}). Nothing was done.",
            hints.MEND_LINE,
        ) from None
