"""Which of the occluders of a kind a clip wears."""

from collections.abc import Sequence

from rrrn.experiment import seeds


def choose(names: Sequence[str], seed: int, subject: str, kind: str, rank: int) -> str:
    """Return the occluder of the subject's clip number ``rank``, counted by name from 0.

    Each subject goes through all occluders in an order of its own before one comes again, so that a subject's clips
    use them as evenly as can be. A clip's choice depends on the names of the subject's clips and on nothing else.
    """
    turn, place = divmod(rank, len(names))
    order = seeds.generator(seed, subject, kind, "occluder", turn).permutation(len(names))
    return names[order[place]]
