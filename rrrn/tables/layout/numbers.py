"""Numbers as tables print them."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd


def rounded(value: float) -> str:
    """Return three decimals, rounded half up as the paper's."""
    return str(Decimal(repr(float(value))).quantize(Decimal("0.001"), ROUND_HALF_UP))


def signed(value: float) -> str:
    """Return three decimals with their sign, a minus and no hyphen; 0.000 has none."""
    text = rounded(abs(value))
    return text if not float(text) else f"{'−' if value < 0 else '+'}{text}"


def interval(cell: Mapping[Any, Any]) -> str:
    """Return the interval of a cell, nothing if it has none."""
    return f"{rounded(cell['low'])}–{rounded(cell['high'])}" if pd.notna(cell["low"]) else ""


def spread(cell: Mapping[Any, Any]) -> str:
    """Return what follows the value of a cell: its deviation over seeds, if it has one."""
    return f" ± {rounded(cell['sd'])}" if pd.notna(cell["sd"]) else ""
