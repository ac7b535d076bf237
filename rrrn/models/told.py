"""What a model says of a clip, in words and as JSON."""

from collections.abc import Sequence
from typing import Any

from rrrn.face.region_names import REGIONS
from rrrn.models.predictor import Predicted


def words(predicted: Sequence[Predicted]) -> str:
    """Return what is said of one clip, a line or more for each condition."""
    first = predicted[0]
    times = ", ".join(f"{name} {getattr(first, name)}" for name in ("onset", "apex", "offset"))
    found = f" ({', '.join(first.spotted)} spotted)" if first.spotted else ""
    lines = [f"{first.clip}: {times}{found}", *(f"  note: {remark}" for remark in first.remarks)]
    wide = max(len(one.condition) for one in predicted)
    for one in predicted:
        shares = "  ".join(f"{name} {share:.3f}" for name, share in one.probabilities.items())
        lines.append(f"  {one.condition:<{wide}}  {one.named}   {shares}")
        pad = " " * (wide + 4)
        if one.regions:
            lines.append(f"{pad}regions: {', '.join(f'{name} {weight:.3f}' for name, weight in one.regions.items())}")
        if one.covered:
            units = ", ".join(map(str, one.covered.units)) or "none"
            lines.append(
                f"{pad}covered: {one.covered.area_share:.0%} of the face box by {one.covered.occluder}; action units "
                f"of which half or more is hidden: {units}"
            )
    return "\n".join(lines)


def as_json(one: Predicted) -> dict[str, Any]:
    """Return a prediction as JSON can say it."""
    covered: dict[str, Any] | None = None
    if one.covered:
        visible = dict(zip(REGIONS, map(float, one.covered.visible), strict=True))
        covered = {
            "occluder": one.covered.occluder,
            "area_share": one.covered.area_share,
            "visible": visible,
            "units": list(one.covered.units),
        }
    return {
        "clip": one.clip,
        "condition": one.condition,
        "class": one.named,
        "probabilities": one.probabilities,
        "regions": one.regions or None,
        "covered": covered,
        "onset": one.onset,
        "apex": one.apex,
        "offset": one.offset,
        "spotted": list(one.spotted),
        "remarks": list(one.remarks),
    }
