"""A plain module of PyTorch as a network: maps of flow in, logits out, trained by cross-entropy.

For a network that is not written for this package. A plugin's ``build`` returns ``Plain(module, n_classes, side)``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rrrn.networks import strain
from rrrn.networks.network import REGIONS, Network, Output
from rrrn.running.stage import InputError

Sees = Literal["flow", "strain", "regions"]
SEES: tuple[Sees, ...] = get_args(Sees)
CHANNELS: Mapping[Sees, int] = {"flow": 2, "strain": 3, "regions": 2}  # of the maps that a module sees
_TRIED = 2  # samples, the least that batch normalisation takes


def _whole(x: Tensor) -> Tensor:
    return x[:, 0]


def _with_strain(x: Tensor) -> Tensor:
    return torch.cat([x[:, 0], strain.magnitude(x[:, 0])], dim=1)


def _all(x: Tensor) -> Tensor:
    return x


_VIEWS: Mapping[Sees, Callable[[Tensor], Tensor]] = {"flow": _whole, "strain": _with_strain, "regions": _all}


class Plain(Network[Output]):
    """A module whose ``forward`` takes one float32 tensor and returns logits (B, ``n_classes``).

    ``sees`` says what it is given, ``side`` is the side of the maps:

    - ``flow``: u and v of the uncropped face, (B, 2, side, side), from -1 to 1 (``flow.norm``);
    - ``strain``: these and optical strain (``rrrn.networks.strain``), (B, 3, side, side);
    - ``regions``: u and v of the uncropped face and of RRRN's five crops of it, (B, 6, 2, side, side).

    It is tried on maps of zeros, which leaves no trace in its weights and in what PyTorch draws next; layers that are
    lazy get their weights then. Raises InputError for a module that cannot be trained so: which takes no such maps,
    returns something else, or has no weights.
    """

    def __init__(self, module: nn.Module, n_classes: int, side: int, sees: Sees = "flow") -> None:
        super().__init__()
        if not isinstance(module, nn.Module):
            raise InputError(f"{type(module).__name__} is no module of PyTorch; give one to Plain")
        if sees not in SEES:
            raise InputError(f"sees is {sees!r}; it must be one of {', '.join(SEES)}")
        self.regions = range(REGIONS) if sees == "regions" else (0,)
        self.module = module
        self._n_classes = n_classes
        self._view = _VIEWS[sees]
        self._try(side)

    def forward(self, x: Tensor) -> Output:
        """Classify x (B, R, 2, side, side), of one region or all six."""
        maps = self._view(x)
        return Output(self._checked(self.module(maps), maps))

    def loss(self, output: Output, target: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy, mean over the batch."""
        return {"total": F.cross_entropy(output.logits, target)}

    def _try(self, side: int) -> None:
        weights = list(self.module.parameters())
        x = torch.zeros(_TRIED, len(self.regions), 2, side, side, device=weights[0].device if weights else None)
        training = self.module.training
        self.module.eval()
        try:
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                self(x)
        except InputError:
            raise
        except Exception as error:  # of a user's code
            said = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(".: ")
            raise InputError(f"{self._takes(self._view(x))}, which fails: {said}; correct its layers") from error
        self.module.train(training)
        if not any(weight.requires_grad for weight in self.module.parameters()):
            raise InputError(f"{self._name} has no weights that can be trained; give a module that has some")

    def _checked(self, said: Any, maps: Tensor) -> Tensor:
        """Return the logits that a module says of maps; raises InputError for what are none."""
        wanted = (len(maps), self._n_classes)
        if isinstance(said, Tensor) and said.is_floating_point() and tuple(said.shape) == wanted:
            return said
        found = f"{said.dtype} {tuple(said.shape)}" if isinstance(said, Tensor) else type(said).__name__
        raise InputError(
            f"{self._takes(maps)}, and returns {found.removeprefix('torch.')}; it must return logits, float {wanted}, "
            f"one for each of {self._n_classes} classes"
        )

    def _takes(self, maps: Tensor) -> str:
        return f"{self._name} is given maps float32 {tuple(maps.shape)}"

    @property
    def _name(self) -> str:
        return type(self.module).__name__
