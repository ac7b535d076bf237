"""What jobs would stop at, hours into a run, and what can be told before: files, and clips too short or too few.

Asked by the Snakefile once, when a run starts. A Snakemake that makes environments for its jobs lacks the libraries
that drawings and descriptors need; what it cannot tell then, the jobs do.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rrrn.data.clips import Clip
from rrrn.descriptors import needs
from rrrn.experiment import conditions, control_conditions, folds, methods, outside, protocol
from rrrn.experiment.methods import METHODS
from rrrn.running.stage import InputError

_MOST_STRETCHED = 4  # times; beyond, three of four frames are made up in every clip


def check(config: Mapping[str, Any], clips: Sequence[Clip]) -> None:
    """Raise InputError that names the key and the remedy; for a configuration that is checked otherwise."""
    weights(config)
    art(config)
    descriptors(config, clips)
    machines(config, clips)


def weights(config: Mapping[str, Any]) -> None:
    """Raise InputError if a user's own file of weights is not there; what is in it, the job tells."""
    for name in protocol.compared(config):
        setting = methods.settings(config, name).get("pretrained")
        if isinstance(setting, Mapping) and not os.access(setting["path"], os.R_OK):
            raise InputError(
                f"configuration: {METHODS[name].section}.pretrained.path is {setting['path']}, which is not there or "
                "cannot be read; correct it, or copy the file there"
            )


def art(config: Mapping[str, Any]) -> None:
    """Raise InputError if a folder of one's own masks or sunglasses cannot be used; pixels are not decoded."""
    for kind in sorted({conditions.parse(control_conditions.base(name))[0] for name in config["conditions"]}):
        wanted = config["occlude"].get(kind, {}).get("art", "built_in")
        if conditions.KINDS[kind].pictures and wanted != "built_in":
            with suppress(ModuleNotFoundError):
                from rrrn.occlusion.kinds import own_art

                try:
                    own_art.read(Path(wanted))
                except InputError as error:
                    raise InputError(f"configuration: occlude.{kind}.art: {error}") from None


def descriptors(config: Mapping[str, Any], clips: Sequence[Clip]) -> None:
    """Raise InputError if faces have no room for a descriptor's blocks, or no clip has the frames that it needs.

    A clip that is too short is stretched, as its job's log says; if even the longest is far too short, the setting is
    wrong.
    """
    told = config["describe"]
    longest = max(clip.offset - clip.onset + 1 for clip in clips)
    for name in _compared(config):
        with suppress(ModuleNotFoundError):
            module, own = outside.load(METHODS[name].module), methods.settings(config, name)
            side, frames = needs.side(module, told["blocks"], own), needs.frames(module, own)
            described = ", ".join(f"{key} {value}" for key, value in own.items())
            if told["size"] < side:
                raise InputError(
                    f"configuration: describe.size is {told['size']}, and describe.{name} ({described}) with "
                    f"describe.blocks {told['blocks']} needs {side} pixels per side, for blocks of 4 x 4 pixels at "
                    "least that have all neighbours; raise the size, or lower blocks or radius"
                )
            if 0 < told["tim_frames"] < frames:
                raise InputError(
                    f"configuration: describe.tim_frames is {told['tim_frames']}, and describe.{name} ({described}) "
                    f"needs {frames} frames; set it to 0, which keeps all frames, or to {frames} at least"
                )
            if not told["tim_frames"] and _MOST_STRETCHED * longest < frames:
                raise InputError(
                    f"configuration: describe.{name} ({described}) needs {frames} frames, and the longest clip of "
                    f"{config['clips']} has {longest}; lower its radius in time, or set describe.tim_frames to "
                    f"{frames} if all clips are to be stretched"
                )


def machines(config: Mapping[str, Any], clips: Sequence[Clip]) -> None:
    """Raise InputError if a fold trains on too few subjects for the inner folds that the SVMs are to have."""
    told = config["svm"]
    if not _compared(config) or (told["C"] != "grid" and told["calibrate"] == "none"):
        return
    with suppress(ModuleNotFoundError):
        import numpy as np

        from rrrn.svm import inner

        for fold in dict.fromkeys(name for names in protocol.tables(config, clips)[0].values() for name in names):
            trained, _ = folds.split(clips, fold)
            try:
                splits = inner.splits([clip.subject for clip in trained])
                if told["calibrate"] != "none":
                    inner.complete(np.array([clip.objective_class for clip in trained]), splits)
            except InputError as error:
                raise InputError(f"configuration: fold {fold}: {error}") from None


def _compared(config: Mapping[str, Any]) -> list[str]:
    return [name for name in protocol.compared(config) if METHODS[name].kind == "descriptor"]
