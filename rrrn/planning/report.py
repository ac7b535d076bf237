"""Plans as tables for people and as JSON for programs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rrrn.planning import notes, tally
from rrrn.planning.plan import Plan
from rrrn.planning.presets import Preset
from rrrn.planning.tally import Stage
from rrrn.running.stage import InputError

_HEADER = ("stage", "jobs", "files", "GB", "CPU", "GPU", "longest job")
_PRESETS = ("preset", "clips", "trainings", "jobs", "before training", "training", "GB", "on 1", "on all", "what it is")


def table(listed: Sequence[Stage]) -> str:
    """Return the plan as aligned columns, a row per rule and the total."""
    lines = _aligned([_HEADER, *(_row(stage) for stage in [*listed, tally.total(listed)])])
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def presets(made: Mapping[Preset, Plan | InputError]) -> str:
    """Return all presets side by side, a row for each, or why it has none, and what is to be known of them."""
    plans = {preset: found for preset, found in made.items() if isinstance(found, Plan)}
    width = max(len(name) for name in (_PRESETS[0], *(preset.name for preset in made)))
    cells = [(_PRESETS[0].ljust(width), *_PRESETS[1:]), *(_preset(*one) for one in plans.items())]
    header, *lines = (line.rstrip() for line in _aligned(cells, left=(0, len(_PRESETS) - 1)))
    rows = dict(zip(plans, lines, strict=True))
    listed = [
        rows.get(preset, f"{preset.name.ljust(width)}  cannot be planned: {found}") for preset, found in made.items()
    ]
    rule = "-" * max(map(len, [header, *lines]))
    return "\n".join([header, rule, *listed, *(["", *_of_presets(plans)] if plans else [])])


def presets_as_json(made: Mapping[Preset, Plan | InputError]) -> dict[str, Any]:
    """Return all presets in plain types, or of each the ``error`` why it has no plan; times are in seconds."""
    return {
        preset.name: {"about": preset.about, "files": list(preset.files), **_preset_as_json(found)}
        for preset, found in made.items()
    }


def as_json(plan: Plan, told: Sequence[str]) -> dict[str, Any]:
    """Return the plan in plain types; times are in seconds."""
    time = plan.wall(plan.asked.cores, plan.gpus)
    return {
        "stages": {stage.rule: _plain(stage) for stage in plan.stages},
        "total": _plain(tally.total(plan.stages)),
        "checkpoint_bytes": round(plan.checkpoints),
        "cores": plan.asked.cores,
        "gpus": plan.gpus,
        "wall_seconds": round(time.total, 1),
        "longest_chain_seconds": round(time.chain, 1),
        "notes": list(told),
    }


def duration(seconds: float) -> str:
    """Return a time as people say it: 40 s, 12 min, 3.5 h, 20 days."""
    return hours(seconds) if seconds < 72 * 3600 else f"{seconds / 86400:.0f} days"


def hours(seconds: float) -> str:
    """Return an amount of work, which clusters bill in hours: 40 s, 12 min, 3.5 h, 2000 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 100 * 3600 else f"{seconds / 3600:.0f} h"


def _aligned(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Return rows as lines, their cells to the right but for those of the columns ``left``."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _preset(preset: Preset, plan: Plan) -> tuple[str, ...]:
    one, every = _walls(plan)
    return (
        preset.name,
        str(len(plan.table)),
        str(len(plan.trained)),
        str(len(plan.jobs)),
        _work(tally.before(plan.stages)),
        _work(tally.training(plan.stages), "GPU" if plan.gpus else "CPU"),
        f"{(tally.total(plan.stages).bytes + plan.checkpoints) / 1e9:.1f}",
        duration(one),
        duration(every),
        preset.about,
    )


def _walls(plan: Plan) -> tuple[float, float]:
    """Return the seconds on one GPU and on all, or if trainings are on processors on one of these and on all."""
    cores = plan.asked.cores
    if plan.gpus:
        return plan.wall(cores, 1).total, plan.wall(cores, plan.gpus).total
    return plan.wall(1, 0).total, plan.wall(cores, 0).total


def _work(listed: Iterable[Stage], only: str = "") -> str:
    """Return the hours of processors and GPUs that rules take, or of those that ``only`` names."""
    sums = tally.total(list(listed))
    told = {"CPU": sums.cpu, "GPU": sums.gpu}
    return " + ".join(
        f"{hours(seconds)} {unit}"
        for unit, seconds in told.items()
        if unit == (only or unit) and (seconds or unit == (only or "CPU"))
    )


def _of_presets(plans: Mapping[Preset, Plan]) -> list[str]:
    """Return what the columns mean, then of each preset what is to be known, equal sentences once."""
    cores = next(iter(plans.values())).asked.cores
    on: dict[str, list[str]] = {}
    for preset, plan in plans.items():
        where = f"GPU and {plan.gpus}, with {cores} cores" if plan.gpus else f"core and {cores}"
        on.setdefault(where, []).append(preset.name)
    places = "; ".join(f"{', '.join(names)} on 1 {where}" for where, names in on.items())
    said: dict[str, list[str]] = {}
    for preset, plan in plans.items():
        for note in notes.of(plan):
            said.setdefault(note, []).append(preset.name)
    return [
        "before training, training: the sum over jobs; GB: with the checkpoints of trainings that run at a time; on 1, "
        f"on all: {places}",
        *(f"{', '.join(names)}: {note}" for note, names in said.items()),
    ]


def _preset_as_json(found: Plan | InputError) -> dict[str, Any]:
    if isinstance(found, InputError):
        return {"error": str(found)}
    one, every = _walls(found)
    before = tally.total(tally.before(found.stages))
    trained = tally.total(tally.training(found.stages))
    return {
        "clips": len(found.table),
        "trainings": len(found.trained),
        "jobs": len(found.jobs),
        "before_training_cpu_seconds": round(before.cpu, 1),
        "before_training_gpu_seconds": round(before.gpu, 1),
        "training_cpu_seconds": round(trained.cpu, 1),
        "training_gpu_seconds": round(trained.gpu, 1),
        "bytes": round(tally.total(found.stages).bytes + found.checkpoints),
        "cores": found.asked.cores,
        "gpus": found.gpus,
        "wall_seconds_on_one": round(one, 1),
        "wall_seconds": round(every, 1),
        "notes": notes.of(found),
    }


def _row(stage: Stage) -> tuple[str, ...]:
    return (
        stage.rule,
        str(stage.jobs) if stage.jobs else "",
        str(stage.files),
        f"{stage.bytes / 1e9:.2f}" if stage.bytes >= 1e7 else f"{stage.bytes / 1e9:.1g}",
        hours(stage.cpu) if stage.cpu else "",
        hours(stage.gpu) if stage.gpu else "",
        duration(stage.longest) if stage.longest else "",
    )


def _plain(stage: Stage) -> dict[str, float]:
    values = {name: value for name, value in asdict(stage).items() if name != "rule"}
    return {name: round(value, 3) for name, value in values.items()}
