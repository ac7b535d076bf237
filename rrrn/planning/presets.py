"""The presets: configurations that come with rrrn, each a size of the experiment, and what is laid over config.yaml."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rrrn.experiment import defaults
from rrrn.running import resources, workplace
from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Preset:
    """``files`` are laid over config.yaml in this order; ``cards`` says whether it is made for GPUs."""

    name: str
    about: str
    files: tuple[str, ...] = ()
    cards: bool = False

    def settings(self, over: Sequence[Path] = ()) -> dict[str, Any]:
        """Return its whole configuration, with a user's own files laid over it.

        Its files and its clip table are those of the working directory, or else those that come with rrrn. Raises
        InputError if this installation lost one, or if together they are no configuration.
        """
        found = defaults.whole([*(workplace.path(name) for name in self.files), *over])
        if not Path(found["clips"]).exists():
            with suppress(InputError):  # then the table is a user's, and who reads it says that it is not there
                found["clips"] = str(resources.path(found["clips"]))
        return found

    def gpus(self, named: int | None, here: int, measured: bool) -> int:
        """Return on how many GPUs it is planned, of so many ``named`` by the user, if any, and ``here``.

        What is not made for them is planned on GPUs only where they are measured: networks as small as its own are far
        from what their operations take.
        """
        if self.cards:
            return max(here, 1) if named is None else named
        return (here if named is None else named) if here and measured else 0


PRESETS = (
    Preset("default", "small networks, un-occluded training, one seed"),
    Preset("laptop", "the paper's clips and folds, small networks, un-occluded training", ("config/laptop.yaml",)),
    Preset("budget", "the paper's at half the size, for one card", ("config/paper.yaml", "config/budget.yaml"), True),
    Preset("paper", "the paper's configuration", ("config/paper.yaml",), True),
)
