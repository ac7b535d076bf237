"""A model that is loaded once, and asked for many clips."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rrrn.data.clips import Clip
from rrrn.experiment import methods, outside, registry
from rrrn.experiment.conditions import CLEAR
from rrrn.face.region_names import REGIONS
from rrrn.models import linear, saved
from rrrn.models.saved import Saved
from rrrn.models.seeing import Covered, Gray, Seen
from rrrn.occlusion.holding import anchoring
from rrrn.running import full_gpu, typed
from rrrn.running.stage import InputError
from rrrn.stages import augment, faces, flow, pack
from rrrn.svm.settings import Settings as SvmSettings

if TYPE_CHECKING:
    from rrrn.networks.network import Network

WITHOUT_GPU = (
    "end what else computes on it, or do without: the environment variable CUDA_VISIBLE_DEVICES, set to nothing before "
    "the start, leaves all to the processor"
)


@dataclass(frozen=True)
class Predicted:
    """What a model says of a clip under a condition.

    ``probabilities`` by class, in the order of the model's classes; ``named`` is the likeliest. ``regions`` are the
    weights of the six regions of the face, of networks that have them. ``covered`` is what a laid-on occluder hides;
    what the person wears is not known. ``onset``, ``apex`` and ``offset`` are frame numbers; ``spotted`` names those
    that were found and not given. ``remarks`` are what its reader should know.
    """

    clip: str
    condition: str
    named: str
    probabilities: dict[str, float]
    regions: dict[str, float]
    covered: Covered | None
    onset: int
    apex: int
    offset: int
    spotted: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Predictor:
    """A model, ready to be asked. ``plugins`` are files of methods and occluders of one's own (docs/extending.md).

    Raises InputError for a model of a method that there is none of here, or whose arrays do not fit it.
    """

    def __init__(self, model: Saved, plugins: Sequence[Path] = (), where: str = "the model") -> None:
        for path in plugins:
            if not outside.is_file(str(path)):
                raise InputError(f"{path}: is no file of Python; that of a plugin ends in .py")
            registry.add(str(path))
        self.about, self._where = model.about, where
        self._module = self._found()
        self._check_settings()
        self._own: Mapping[str, Any] = model.about.settings.get("own", {})
        self._arrays = model.arrays
        self._network = self._built(model) if model.about.kind == "network" else None
        if self._network is None:
            try:
                linear.check(model.arrays, len(model.about.classes))
            except InputError as error:
                raise InputError(f"{where}: {error}; make it again with rrrn fit") from None

    @classmethod
    def load(cls, path: str | Path, plugins: Sequence[Path] = ()) -> "Predictor":
        """Return the model of a file that ``rrrn fit`` wrote; raises InputError as ``saved.read``, too."""
        return cls(saved.read(Path(path)), plugins, str(path))

    @property
    def max_missing(self) -> int:
        """Return how many frames in a row may be missing on disk inside of a clip."""
        return int(self.about.settings["faces"]["max_missing"])

    @property
    def upsample(self) -> int:
        """Return how often a frame is doubled before a face is searched."""
        return int(self.about.settings["faces"]["upsample"])

    def predict(self, seen: Seen, condition: str = CLEAR, rank: int = 0) -> tuple[Predicted, Gray]:
        """Return what the model says of a clip under a condition, and the frames that it saw.

        ``rank`` is the clip's place among those of its subject, by which an occluder is chosen. Raises InputError for
        a condition that cannot be laid over it, and for numbers that are not finite.
        """
        gray = seen.gray(condition, rank)
        shares, alpha = self._of_flow(seen, gray) if self._network is not None else self._of_vector(seen, gray)
        if not np.isfinite([*shares, *alpha]).all():
            raise InputError(f"{self._where}: says what is no number; its training diverged")
        classes = self.about.classes
        return Predicted(
            clip=seen.clip.clip,
            condition=condition,
            named=classes[int(np.argmax(shares))],
            probabilities=dict(zip(classes, map(float, shares), strict=True)),
            regions=dict(zip(REGIONS, map(float, alpha), strict=True)) if len(alpha) else {},
            covered=gray.covered,
            onset=seen.clip.onset,
            apex=seen.clip.apex,
            offset=seen.clip.offset,
        ), gray

    def seen(self, clip: Clip, images: Sequence[NDArray[np.uint8]], numbers: Sequence[int], where: str) -> Seen:
        """Return a clip as this model sees it; raises InputError where no face is found."""
        return Seen(clip, images, numbers, self.about, where)

    def _found(self) -> str:
        """Return the module of the model's method: registered here, whatever the file says."""
        method = methods.METHODS.get(self.about.base)
        if method is None or method.kind != self.about.kind:
            raise InputError(
                f"{self._where}: is of the method {self.about.base!r}, which is none here; name its file with --plugin"
            )
        return method.module

    def _check_settings(self) -> None:
        """Raise InputError, naming the file and no clip, for settings that the stages do not take as they are here."""
        told = self.about.settings
        try:
            typed.section(faces.Settings, told, "faces")
            typed.section(anchoring.Settings, told, "anchor")
            if self.about.kind == "network":
                typed.section(augment.Settings, told, "augment")
                typed.section(pack.Settings, told, "pack")
                flow.Settings.of(told["flow"])
            else:
                typed.section(SvmSettings, told, "svm")
        except InputError as error:
            raise InputError(f"{self._where}: {error}; another version made it: make it again with rrrn fit") from None

    def _built(self, model: Saved) -> "Network[Any]":
        import torch

        from rrrn.training import devices, precision

        settings = dict(self._own) | ({"pretrained": "none"} if "pretrained" in self._own else {})
        size = int(self.about.settings["pack"]["size"])
        network: Network[Any] = outside.load(self._module).build(settings, len(self.about.classes), size, None)
        try:
            network.load_state_dict({name: torch.from_numpy(values) for name, values in model.arrays.items()})
        except (RuntimeError, TypeError):
            raise InputError(
                f"{self._where}: its weights do not fit {self.about.method} as it is here; another version made it"
            ) from None
        told = self.about.settings["train"]
        device = devices.choose("cpu" if told["device"] == "cpu" else "auto")
        with full_gpu.told(WITHOUT_GPU):
            devices.place(network, device, precision.channels_last(told["precision"], device))
        return network

    def _of_flow(self, seen: Seen, gray: Gray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from rrrn.training import devices, engine, precision
        from rrrn.training.samples import Samples

        assert self._network is not None
        device = next(self._network.parameters()).device
        with full_gpu.told(WITHOUT_GPU), devices.kept():
            views = seen.flow(gray.frames, self.about.view == "tta_mean")
            devices.make_reproducible(0, device)
            precision.prepare("fp32", device)
            samples = Samples([(views, None, place) for place in range(len(views))], np.inf, device)
            rows: Iterator[Any] = engine.predict(
                self._network, samples, int(self.about.settings["train"]["batch_size"])
            )
            shares, alpha = zip(*rows, strict=True)
        return np.mean(shares, axis=0), np.mean(alpha, axis=0)

    def _of_vector(self, seen: Seen, gray: Gray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        vector = seen.vector(gray.frames, self.about.method, self._own, self._module)
        settings = typed.section(SvmSettings, self.about.settings, "svm")
        return linear.probabilities(self._arrays, vector, len(self.about.classes), settings)[0], np.empty(0)
