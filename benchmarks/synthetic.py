"""Measure how true to nature the synthetic clips are: python -m benchmarks.synthetic, in the repository's root."""

import argparse
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
import threadpoolctl
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.experiment import metrics, seeds
from rrrn.face import landmarks
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.synthetic import preview
from rrrn.synthetic.databases import layouts, sheet
from rrrn.synthetic.painting import action_units, motion, shape
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.face import Face
from rrrn.synthetic.painting.presets import PRESETS, Preset

FRAMES_A_SECOND = 200
EYE_DISTANCE = 108.0  # pixels in a 640x480 image, to which all lengths in pixels are brought
SEARCHED = 10  # frames per clip in which the detector looks for a face
NEIGHBOURS = 16  # consecutive frames per clip of which noise and flicker are measured
WALL = 40  # columns at each side of an image that show nothing but the background
SIDE = 28  # of the flow maps that the probe sees
PERMUTATIONS = 10
PARTS = {
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}
EYE_UNITS = frozenset({"1", "2", "4", "5", "6", "7"})
VISIBLE = 0.005  # IOD by which lids or pupils move in a blink or glance
COVERS = {
    "nothing": "true flow",
    "eyes": "true flow, eyes and brows covered",
    "upper": "true flow, eyes, brows and forehead covered",
    "mouth": "true flow, mouth and nose covered",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Filmed:
    """What was measured in the frames of one clip, in pixels of a 640x480 image and grey levels."""

    doublings: list[int | None]  # of each searched frame, until a face was found
    errors: Floats  # (n, 68), of the landmarks in IOD, where a face was found
    noise: float
    flicker: float  # relative amplitude
    drift: float  # of the head from onset to offset, seen in the frames
    true_drift: float


@dataclass(frozen=True)
class Drawn:
    """What was drawn for one clip."""

    clip: Clip
    aus: frozenset[str]  # of its class
    stray: bool  # whether an action unit that does not belong to the class moves too
    motion: float  # 95th percentile over the face of the expression's motion at the apex, pixels
    peak: float
    blinks: bool
    glances: bool
    chance: Floats  # (D,), all that moves by chance, for the check that it has no class
    maps: dict[str, NDArray[np.float32]]  # the true flow onset to apex, under each of COVERS
    filmed: Filmed | None


@dataclass(frozen=True)
class Task:
    """One probe: features (N, D) and class indices (N,) of clips whose subjects are ``groups``."""

    features: NDArray
    classes: NDArray[np.intp]
    groups: Sequence[str]


# ------------------------------------------------------------------------------------------------- one subject


def measure_subject(rows: list[Clip], n_filmed: int, preset: Preset, seed: int) -> list[Drawn]:
    """Draw the clips of one subject, and film the first ``n_filmed`` of them."""
    layout = layouts.of_database(rows[0].database)
    face = faces.paint(seed, rows[0].subject, layout.eye_distance, 1.0)
    to_pixels = EYE_DISTANCE / layout.eye_distance
    drawn = []
    for i, row in enumerate(rows):
        clip = SyntheticClip(face, row, layout, preset, seed)
        of_class = [unit for unit in clip.expression if unit.of_class]
        speed = expression_motion(face, of_class, row.apex - int(clip.numbers[0])) * to_pixels
        drawn.append(
            Drawn(
                clip=row,
                aus=frozenset(unit.au for unit in of_class),
                stray=len(of_class) < len(clip.expression),
                motion=float(np.percentile(speed, 95)),
                peak=float(speed.max()),
                blinks=bool(clip.blink.max() > VISIBLE),
                glances=bool(np.hypot(np.ptp(clip.head_motion.gaze_x), np.ptp(clip.head_motion.gaze_y)) > VISIBLE),
                chance=chance_motion(row, clip, preset, seed),
                maps=flow_maps(clip, row),
                filmed=film(clip, row, to_pixels, layout.gray) if i < n_filmed else None,
            )
        )
    return drawn


def expression_motion(face: Face, activations: Iterable[motion.Activation], t: int) -> NDArray[np.float32]:
    """Return how far each point of the face, on a grid, is moved in frame ``t`` by action units, in image pixels."""
    points = shape.landmarks(face.identity)
    x, y = np.meshgrid(np.arange(-1.3, 1.3, 0.02, dtype=np.float32), np.arange(-0.8, 2.2, 0.02, dtype=np.float32))
    outline = np.concatenate([points[:17], points[26:16:-1]]).astype(np.float32)
    inside = np.zeros(x.shape, np.uint8)
    cv2.fillPoly(inside, [np.rint((outline + (1.3, 0.8)) / 0.02).astype(np.int32)], 1)
    total = np.zeros((2, *x.shape), np.float32)
    for unit in activations:
        field = action_units.displacement(face.identity, unit.au, x, y, unit.sides)
        total += np.stack(field) * unit.intensity[t]
    return np.hypot(*total)[inside > 0] * np.float32(face.image_density)


def chance_motion(row: Clip, clip: SyntheticClip, preset: Preset, seed: int) -> Floats:
    """Return all that happens by chance until the apex: times, lids, head, gaze, light, stray unit and tremors."""
    onset, apex = (number - int(clip.numbers[0]) for number in (row.onset, row.apex))
    courses = [clip.blink, *(getattr(clip.head_motion, field.name) for field in fields(clip.head_motion))]
    values: list[float] = [row.onset, row.apex - row.onset, row.offset - row.apex]
    values += [course[apex] - course[onset] for course in courses]
    values += [np.abs(course).max() for course in courses]
    stray = {unit.au: unit.intensity[apex] for unit in clip.expression if not unit.of_class}
    values += [stray.get(au, 0.0) for au in action_units.KERNELS]
    for tremor in motion.draw_tremors(seed, row, preset, clip.numbers):
        moved = tremor.displacement[apex]
        values += [*tremor.centre, moved * np.cos(tremor.direction), moved * np.sin(tremor.direction)]
    return np.array(values, np.float64)


def flow_maps(clip: SyntheticClip, row: Clip) -> dict[str, NDArray[np.float32]]:
    """Return the true flow from onset to apex on the face, float32 (2, SIDE, SIDE) in IOD, under each of COVERS.

    What moves with the whole head is taken off as the median of what can be seen; covered skin then rests, as under
    something that the head wears.
    """
    points = clip.landmarks(row.onset)
    window = preview.face_window(points, above=0.75)
    points = points - (window[1].start, window[0].start)
    distance = np.linalg.norm(points[42:48].mean(0) - points[36:42].mean(0))
    flow = clip.flow(row.onset, row.apex)[(slice(None), *window)] / np.float32(distance)
    maps = {}
    for name in COVERS:
        covered = cover(name, points, flow.shape[1:])
        middle = np.median(flow[:, ~covered], axis=1)
        seen = np.where(covered, 0, flow - middle[:, None, None]).astype(np.float32)
        maps[name] = np.stack([cv2.resize(plane, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for plane in seen])
    return maps


def cover(name: str, points: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where an image of ``size`` (H, W) is covered: nowhere, at the eyes, up from the eyes, or at the mouth."""
    mask = np.zeros(size, np.uint8)
    if name in ("eyes", "upper"):
        about = points[np.r_[17:27, 36:48]]
        margin = 0.1 * np.ptp(about[:, 0])
        (left, top), (right, bottom) = about.min(0) - margin, about.max(0) + margin
        top = 0 if name == "upper" else max(0, round(top))
        mask[top : round(bottom) + 1, max(0, round(left)) : round(right) + 1] = 1
    elif name == "mouth":
        hull = cv2.convexHull(points[[*range(2, 15), 29]].astype(np.float32))
        cv2.fillConvexPoly(mask, np.rint(hull).astype(np.int32), 1)
    return mask > 0


def film(clip: SyntheticClip, row: Clip, to_pixels: float, gray: bool) -> Filmed:
    """Render frames of a clip and measure in them what a camera and a detector would see."""
    doublings: list[int | None] = []
    errors = []
    for number in np.linspace(row.onset, row.offset, SEARCHED).round().astype(int).tolist():
        image = clip.render(number)
        image = image if gray else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        box, used = None, None
        for used in (0, 1):
            box = landmarks.detect(image, used, retries=0)
            if box is not None:
                break
        doublings.append(used if box is not None else None)
        if box is not None:
            true = clip.landmarks(number)
            distance = np.linalg.norm(true[42:48].mean(0) - true[36:42].mean(0))
            errors.append(np.linalg.norm(landmarks.fit(image, box) - true, axis=1) / distance)
    walls = np.stack([wall(clip.render(n)) for n in range(row.onset, row.onset + NEIGHBOURS)])
    brightness = walls.reshape(NEIGHBOURS, -1).mean(1)
    even = walls * (brightness.mean() / brightness).reshape(-1, *[1] * (walls.ndim - 1))
    relative = brightness / brightness.mean()
    alternating = (relative[1:-1] - (relative[:-2] + relative[2:]) / 2) / 2  # slow changes cancel
    first, last = clip.landmarks(row.onset)[17:], clip.landmarks(row.offset)[17:]
    return Filmed(
        doublings=doublings,
        errors=np.array(errors).reshape(-1, 68),
        noise=float(np.diff(even, axis=0).std() / np.sqrt(2)),
        flicker=float(alternating.std() * np.sqrt(2)),
        drift=seen_drift(clip, row) * to_pixels,
        true_drift=float(np.linalg.norm((last - first).mean(0))) * to_pixels,
    )


def wall(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the upper half of the image's left and right border."""
    top = image[: image.shape[0] // 2].astype(np.float32)
    return np.concatenate([top[:, :WALL], top[:, -WALL:]], axis=1)


def seen_drift(clip: SyntheticClip, row: Clip) -> float:
    """Return by how many image pixels the middle of the face moves from the onset frame to the offset frame."""
    points = clip.landmarks(row.onset)
    window = preview.face_window(points, above=0.5)
    pair = [clip.render(number)[window] for number in (row.onset, row.offset)]
    onset, offset = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image for image in pair)
    points = points - (window[1].start, window[0].start)
    mask = np.zeros(onset.shape, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(cv2.convexHull(points[17:].astype(np.float32))).astype(np.int32), 255)
    for eye in (points[36:42], points[42:48]):  # which blink and glance
        x, y = eye.mean(0).round().astype(int).tolist()
        width = float(np.ptp(eye[:, 0]))
        cv2.ellipse(mask, (x, y), (round(0.75 * width), round(0.5 * width)), 0, 0, 360, 0, -1)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-5)
    still = np.eye(2, 3, dtype=np.float32)
    _, warp = cv2.findTransformECC(onset, offset, still, cv2.MOTION_EUCLIDEAN, stop, mask, 5)
    middle = np.array([*points[17:].mean(0), 1])
    return float(np.linalg.norm(warp @ middle - middle[:2]))


# ------------------------------------------------------------------------------------------------- probes


def left_out(task: Task) -> NDArray[np.intp]:
    """Return the class (N,) that a linear probe gives each clip when trained on all other subjects' clips."""
    features, groups = task.features.reshape(len(task.features), -1), np.array(task.groups)
    predicted = np.empty_like(task.classes)
    for subject in sorted(set(task.groups)):
        test = groups == subject
        n_components = min(60, features.shape[1], int((~test).sum()))
        probe = make_pipeline(
            PCA(n_components, svd_solver="full"),
            StandardScaler(),
            LogisticRegression(C=0.05, class_weight="balanced", max_iter=2000),
        )
        predicted[test] = probe.fit(features[~test], task.classes[~test]).predict(features[test])
    return predicted


def class_f1(true: NDArray[np.intp], predicted: NDArray[np.intp]) -> Floats:
    """Return the F1 of each class; 0 for one that is neither there nor predicted."""
    counts = metrics.confusion(true, predicted, len(sheet.CLASSES))
    said = counts.sum(0) + counts.sum(1)
    return np.divide(2 * np.diag(counts), said, out=np.zeros(len(counts)), where=said > 0)


def permuted(task: Task, i: int) -> Task:
    """Return the probe with its labels dealt anew."""
    return replace(task, classes=seeds.generator("permutation", i).permutation(task.classes))


# ------------------------------------------------------------------------------------------------- speed


def frame_milliseconds(seed: int, preset: Preset, table: Sequence[Clip], n_frames: int = 120) -> float:
    """Return the median time to render a 640x480 frame on one core."""
    cv2.setNumThreads(1)
    times = []
    firsts = {row.subject: row for row in table if not layouts.of_database(row.database).gray}
    layout = layouts.LAYOUTS["casme2"]
    for row in itertools.islice(firsts.values(), 3):
        face = faces.paint(seed, row.subject, layout.eye_distance, 1.0)
        clip = SyntheticClip(face, row, layout, preset, seed)
        for number in np.resize(clip.numbers, n_frames // 3).tolist():
            start = time.perf_counter()
            clip.render(number)
            times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


# ------------------------------------------------------------------------------------------------- report


def quantiles(values: Iterable[float], form: str = ".2f") -> str:
    """Return median and the range of the middle 90 per cent, as text."""
    low, middle, high = np.percentile(np.array(list(values)), (5, 50, 95))
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def share(flags: Iterable[bool]) -> str:
    """Return a share in per cent, as text."""
    return f"{np.mean(list(flags)):.1%}"


def within(motions: Iterable[float]) -> str:
    """Return the share of motions, in pixels, that are as large as those of micro-expressions, as text."""
    return share(0.3 <= pixels <= 3 for pixels in motions)


def extent(n_frames: Iterable[int]) -> str:
    """Return median and full range of durations given in frames, as text in seconds."""
    seconds = np.array(list(n_frames)) / FRAMES_A_SECOND
    return f"{np.median(seconds):.2f} ({seconds.min():.2f} to {seconds.max():.2f}, all)"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def image_table(drawn: list[Drawn], milliseconds: float) -> str:
    """Return the table of what frames and clips look like."""
    filmed = [clip.filmed for clip in drawn if clip.filmed is not None]
    doublings = [used for clip in filmed for used in clip.doublings]
    errors = np.concatenate([clip.errors for clip in filmed])
    inner = errors[:, 17:].mean(1)
    by_part = ", ".join(f"{name} {errors[:, part].mean():.3f}" for name, part in PARTS.items())
    motions, peaks = [clip.motion for clip in drawn], [clip.peak for clip in drawn]
    rows_of = [clip.clip for clip in drawn]
    rows = [
        ("frames with a face found, at most one doubling", share(used is not None for used in doublings), "≥ 99.5%"),
        ("of them without doubling", share(used == 0 for used in doublings), ""),
        ("frames searched", str(len(doublings)), ""),
        ("landmark error, 51 inner points, IOD", f"{inner.mean():.3f} (worst frame {inner.max():.3f})", ""),
        ("landmark error by part, IOD", by_part, ""),
        ("motion at the apex: fastest point of the face, px", quantiles(peaks), "0.3 to 3"),
        ("motion at the apex: 95th percentile over the face, px", quantiles(motions), "0.3 to 3"),
        ("clips with these between 0.3 and 3 px", f"{within(peaks)} and {within(motions)}", ""),
        ("onset to offset, s", extent(clip.offset - clip.onset for clip in rows_of), "0.12 to 0.70"),
        ("onset to apex, s", extent(clip.apex - clip.onset for clip in rows_of), ""),
        ("sensor noise, sd, grey levels", quantiles(clip.noise for clip in filmed), ""),
        ("flicker of the lamps, relative amplitude", quantiles((clip.flicker for clip in filmed), ".4f"), ""),
        ("head drift from onset to offset, px", quantiles(clip.drift for clip in filmed), ""),
        ("the same from the truth, px", quantiles(clip.true_drift for clip in filmed), ""),
        ("clips with a blink", share(clip.blinks for clip in drawn), ""),
        ("clips with a glance", share(clip.glances for clip in drawn), ""),
        ("clips with a stray action unit", share(clip.stray for clip in drawn), ""),
        ("rendering a 640x480 frame, one core, ms", f"{milliseconds:.0f}", "≤ 100"),
    ]
    return markdown(("measure", "value", "aim"), rows)


def probe_table(drawn: list[Drawn], run: Callable[[Iterable[Task]], list[NDArray[np.intp]]]) -> str:
    """Return the table of the linear probes; ``run`` solves several of them at once."""
    classes = np.array([sheet.CLASSES.index(clip.clip.objective_class) for clip in drawn])
    groups = [clip.clip.subject for clip in drawn]
    about_eyes = np.array([set(clip.aus) <= EYE_UNITS for clip in drawn])
    about_mouth = np.array([not set(clip.aus) & EYE_UNITS for clip in drawn])
    tasks = {name: Task(np.stack([clip.maps[name] for clip in drawn]), classes, groups) for name in COVERS}
    chance = Task(np.stack([clip.chance for clip in drawn]), classes, groups)
    shuffled = [permuted(task, i) for task in (tasks["nothing"], chance) for i in range(PERMUTATIONS)]
    found = run([*tasks.values(), chance, *shuffled])

    def row(title: str, predicted: NDArray[np.intp]) -> list[str]:
        f1, hit = class_f1(classes, predicted), predicted == classes
        return [title, *(f"{value:.2f}" for value in (f1.mean(), *f1, hit[about_eyes].mean(), hit[about_mouth].mean()))]

    def dealt_anew(title: str, first: int) -> list[str]:
        pairs = zip(shuffled[first : first + PERMUTATIONS], found[len(COVERS) + 1 + first :], strict=False)
        values = [class_f1(task.classes, predicted).mean() for task, predicted in pairs]
        text = f"{np.mean(values):.2f} ± {np.std(values):.2f} (at most {max(values):.2f})"
        return [title, text, *[""] * (len(sheet.CLASSES) + 2)]

    rows = [row(title, predicted) for title, predicted in zip(COVERS.values(), found, strict=False)]
    rows.append(dealt_anew(f"true flow, labels permuted {PERMUTATIONS} times", 0))
    rows.append(row("motion by chance only", found[len(COVERS)]))
    rows.append(dealt_anew(f"motion by chance only, labels permuted {PERMUTATIONS} times", PERMUTATIONS))
    counts = [str(int((classes == i).sum())) for i in range(len(sheet.CLASSES))]
    rows.append(["clips", str(len(drawn)), *counts, str(about_eyes.sum()), str(about_mouth.sum())])
    columns = ("probe", "macro-F1", *(f"F1 of {name}" for name in sheet.CLASSES))
    return markdown((*columns, "right, AUs at the eyes", "right, AUs below"), rows)


def _prepare() -> None:
    cv2.setNumThreads(1)
    threadpoolctl.threadpool_limits(1)


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    table = sheet.paper_shape(args.seed)
    subjects = list(dict.fromkeys(clip.subject for clip in table))
    if not 2 <= args.subjects <= len(subjects):
        raise InputError(f"--subjects {args.subjects}: the table has {len(subjects)}, and the probe needs 2 at least")
    if args.clips < 1:
        raise InputError(f"--clips {args.clips}: at least one clip of each subject must be looked at")
    spread = np.linspace(0, len(subjects) - 1, args.subjects).round().astype(int)
    chosen = [clips.of_subject(table, subjects[i]) for i in spread]
    preset = PRESETS[args.preset]
    start = time.perf_counter()
    milliseconds = frame_milliseconds(args.seed, preset, table)
    with ProcessPoolExecutor(args.jobs, initializer=_prepare) as pool:
        futures = [pool.submit(measure_subject, rows, args.clips, preset, args.seed) for rows in chosen]
        drawn = [clip for future in futures for clip in future.result()]
        print(image_table(drawn, milliseconds), "\n", sep="")
        print(probe_table(drawn, lambda tasks: list(pool.map(left_out, tasks))))
    n_filmed = sum(clip.filmed is not None for clip in drawn)
    print(
        f"\nPreset {args.preset}, seed {args.seed}: {args.subjects} subjects, {len(drawn)} clips, {n_filmed} of them "
        "filmed. Values are medians, in brackets the middle 90% of the clips, unless said otherwise."
    )
    print(f"{time.perf_counter() - start:.0f} s on {args.jobs} processes", file=sys.stderr)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--subjects", type=int, default=47, help="how many, of both databases (default: all 47)")
    parser.add_argument("--clips", type=int, default=2, help="clips of each subject whose frames are looked at")
    parser.add_argument("--preset", choices=list(PRESETS), default="default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    stage.run(main, parser)
