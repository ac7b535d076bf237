"""Whether frames are still those that were imported or rendered."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rrrn.data import digested, identity, listing
from rrrn.data.clips import Clip
from rrrn.running.stage import InputError


def check(clip: Clip) -> None:
    """Raise InputError if the frames of a clip, from onset to offset, are not those that were imported or rendered.

    Clips whose row has no digest pass.
    """
    if not clip.frames_digest:
        return
    images = listing.between(listing.listing(Path(clip.frames)), clip.onset, clip.offset)
    if listing.digest(images) != clip.frames_digest:
        raise InputError(
            f"{clip.frames}: the frames {clip.onset} to {clip.offset} of clip {clip.subject}/{clip.clip} are not those "
            "that were imported or rendered; restore them, or import again (delete the folder of rendered ones)"
        )


def with_digests(table: Sequence[Clip], rendered: Sequence[Path]) -> list[Clip]:
    """Return the clips with the digests that their frames had when they were rendered, if they were."""
    rows = [row for folder in rendered for row in digested.read(folder / identity.FRAMES)]
    digests = {row["clip"]: row["frames_digest"] for row in rows}
    return [replace(clip, frames_digest=digests.get(clip.clip, clip.frames_digest)) for clip in table]
