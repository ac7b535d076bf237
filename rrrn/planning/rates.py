"""What one unit of work costs: seconds of a processor or a GPU, and bytes on disk, for each kind of work and database.

Units of size keep rates comparable between configurations: megapixels of the image, of the crop and of the face,
millions of numbers of a flow map, billions of floating-point operations of a network.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rrrn.running.stage import InputError

ANY = "any"  # database: the same for all
REFERENCES = {28: "reference_default.json", 224: "reference_paper.json"}  # by the side of the regions


@dataclass(frozen=True)
class Rates:
    """``values`` are {kind of work: {database: rate}}; ``machine`` says where they were measured, and on what."""

    machine: str
    values: Mapping[str, Mapping[str, float]]

    def of(self, kind: str, database: str = ANY) -> float:
        """Return a rate; for a database that was not measured, the mean of those that were.

        Raises InputError for a kind of work that was not measured: it takes some time, and not none.
        """
        known = self.values.get(kind, {})
        if not known:
            raise InputError(
                f"{kind} is not among the rates of {self.machine}; measure it: rrrn plan without --no-calibration and "
                "--rates, and with the method that needs it in the configuration's methods"
            )
        return known[database] if database in known else sum(known.values()) / len(known)

    def has(self, kind: str) -> bool:
        """Return whether a kind of work was measured."""
        return kind in self.values


def line(short: tuple[float, float], long: tuple[float, float]) -> tuple[float, float]:
    """Return what is fixed and what each unit adds, through two points (units, cost), neither below 0."""
    (few, low), (many, high) = short, long
    each = max((high - low) / (many - few), 0.0) if many > few else high / many
    return max(high - each * many, 0.0), each


def write(rates: Rates, path: Path) -> None:
    """Write rates which ``read`` returns to four digits."""
    data = asdict(rates)
    data["values"] = {
        kind: {name: float(f"{rate:.4g}") for name, rate in found.items()} for kind, found in rates.values.items()
    }
    path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read(path: Path) -> Rates:
    """Return stored rates; raises InputError, naming the file, if it holds none."""
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        values = {
            str(kind): {str(name): float(rate) for name, rate in found.items()}
            for kind, found in data["values"].items()
        }
        return Rates(str(data["machine"]), values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: holds no rates ({error}); write them anew with rrrn plan --write-rates") from None


def reference(config: Mapping[str, Any]) -> Rates:
    """Return the rates that are stored in the package: those for the default experiment or for the paper's.

    Small networks reach fewer operations per second than large ones, so the size of the regions decides, by
    the ratio.
    """
    side = min(REFERENCES, key=lambda known: abs(math.log(known / config["pack"]["size"])))
    return read(Path(__file__).with_name(REFERENCES[side]))
