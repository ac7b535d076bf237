"""What the reader of a plan must know of its figures: what was measured, what was counted, and what stands in."""

from pathlib import Path

from rrrn.experiment.methods import METHODS
from rrrn.planning.plan import Plan


def of(plan: Plan) -> list[str]:
    """Return one sentence for each thing to know, the source of the rates first."""
    measured = plan.asked.stored is False
    notes = [f"rates: {plan.costing.rates.machine}" + ("" if measured else " (stored, not measured here)")]
    if plan.trained:
        notes += [*_trainings(plan, measured), *_checkpoints(plan)]
    if plan.settings["flow"]["engine"] == "cuda" and not plan.costing.rates.has("flow.on_gpu"):
        notes.append("flow.engine is cuda, and its time was measured on a processor: on a GPU it is shorter")
    if plan.costing.guessed:
        notes.append(
            f"not measured: {', '.join(sorted(plan.costing.guessed))}; taken for the mean of those of rrrn, so "
            "calibrate (without --no-calibration and --rates) for better figures"
        )
    table = plan.table
    lost = sorted({clip.database for clip in table if clip.source != "synthetic" and not Path(clip.frames).is_dir()})
    if lost:
        notes.append(f"not on disk yet: frames of {', '.join(lost)}; drawn clips of the usual size stand in for them")
    return notes


def _trainings(plan: Plan, measured: bool) -> list[str]:
    """Say of which networks steps were timed, on what, and of which their operations were counted."""
    notes, rates, place = [], plan.costing.rates, "gpu" if plan.costing.on_gpu else "cpu"
    whole = int(plan.settings["train"]["batch_size"])
    names = [name for name in dict.fromkeys(plan.trained) if name not in plan.costing.counted]
    stepped = list(dict.fromkeys(_timed(plan, name) for name in names))
    batches = {name: int(rates.of(f"{place}.{name}.batch")) for name in stepped if rates.has(f"{place}.{name}.batch")}
    if measured and batches:
        smaller = {name: batch for name, batch in batches.items() if batch < whole}
        scaled = ", ".join(f"{name} by a batch of {batch}" for name, batch in smaller.items())
        where = "a GPU" if place == "gpu" else "a processor"
        compiled = plan.settings["train"]["compile"] != "none"
        notes.append(
            f"trainings: measured here on {where}, in steps of {', '.join(batches)}"
            + (f"; scaled up to batches of {whole}: {scaled}" if smaller else "")
            + ("; not compiled, as train.compile has it" if compiled else "")
        )
    if counted := plan.costing.counted:
        every = counted >= set(plan.trained)
        notes.append(
            f"GPU h{'' if every else ' of ' + ', '.join(sorted(counted))}: counted, not measured: the networks' "
            f"operations at {plan.asked.gflops / 1e3:g} TFLOP/s (--gpu-tflops); calibrate on a GPU for better ones"
        )
    return notes


def _timed(plan: Plan, name: str) -> str:
    """Return the network whose steps a network's time comes from: itself, or the one that it is like."""
    place = "gpu" if plan.costing.on_gpu else "cpu"
    return name if plan.costing.rates.has(f"{place}.{name}.gflop") else METHODS[name].like


def _checkpoints(plan: Plan) -> list[str]:
    if not plan.checkpoints:
        return []
    count = min(plan.at_once, len(plan.trained))
    return [
        f"while trainings run, results/checkpoints takes up to {_gigabytes(plan.checkpoints)} more, "
        f"{_gigabytes(plan.checkpoints / count)} for each of {count} at a time"
    ]


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e9:.2g} GB"
