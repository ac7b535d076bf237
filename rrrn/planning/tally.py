"""The plan: what each rule costs in all, and the whole."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rrrn.planning.jobs import Job
from rrrn.planning.model import Cost

ORDER = (
    "render", "faces", "anchor", "jitter", "art", "occlude", "occlude_jittered", "augment", "shift", "flow", "within",
    "pack", "weights", "train", "tune", "cross", "describe", "svm", "cross_svm", "split", "score", "table", "summary",
    "ranking", "compare", "oracle", "poison", "poison_svm", "leak", "matrix", "visible", "attention", "faithfulness",
    "ablation", "compare_ablation", "answers", "strips", "figures", "report",
)  # fmt: skip
TRAININGS = ("train", "tune")  # rules that train networks
AFTERWARDS = (  # rules that no training waits for
    "cross", "svm", "cross_svm", "split", "score", "table", "summary", "ranking", "compare", "oracle", "poison",
    "poison_svm", "leak", "matrix", "visible", "attention", "faithfulness", "ablation", "compare_ablation", "answers",
    "strips", "figures", "report",
)  # fmt: skip
_KEPT = 3  # files that each job leaves beside its outputs: log, times, Snakemake's record
_KEPT_BYTES = 4096.0  # of each, a block of most file systems


@dataclass(frozen=True)
class Stage:
    """A rule: its jobs, their files, bytes, and seconds of processors and GPUs; ``longest`` is one job's, at most."""

    rule: str
    jobs: int = 0
    files: int = 0
    bytes: float = 0.0
    cpu: float = 0.0
    gpu: float = 0.0
    longest: float = 0.0


def stages(jobs: Sequence[Job], costs: Sequence[Cost]) -> list[Stage]:
    """Return the costs of each rule in the order of the chain, then those of logs and records."""
    found: dict[str, Stage] = {}
    for job, cost in zip(jobs, costs, strict=True):
        had = found.get(job.rule, Stage(job.rule))
        found[job.rule] = Stage(
            job.rule,
            had.jobs + 1,
            had.files + (cost.files or len(job.outputs)),
            had.bytes + cost.bytes,
            had.cpu + cost.cpu,
            had.gpu + cost.gpu,
            max(had.longest, cost.cpu, cost.gpu),
        )
    listed = sorted(found.values(), key=lambda stage: ORDER.index(stage.rule))
    kept = Stage("logs", 0, _KEPT * len(jobs), _KEPT * _KEPT_BYTES * len(jobs))
    return [*listed, kept] if jobs else listed


def before(listed: Sequence[Stage]) -> list[Stage]:
    """Return the rules of the chain before training, descriptors included."""
    return [stage for stage in listed if stage.rule not in (*TRAININGS, *AFTERWARDS, "logs")]


def training(listed: Sequence[Stage]) -> list[Stage]:
    """Return the rules that train networks."""
    return [stage for stage in listed if stage.rule in TRAININGS]


def total(listed: Sequence[Stage]) -> Stage:
    """Return the sum over rules."""
    names = ("jobs", "files", "bytes", "cpu", "gpu")
    sums = {name: sum(getattr(stage, name) for stage in listed) for name in names}
    return replace(Stage("total", longest=max((stage.longest for stage in listed), default=0.0)), **sums)
