"""Which clips a fold trains on and which it tests: leave-one-subject-out, groups of subjects, and the two holdouts.

A fold is named by the subject it leaves out (``casme2-sub06``), by the group of subjects (``group-03-of-10``), or by
the databases it goes from and to (``casme2-to-samm``). Protocols: Section IV-B of the paper (arXiv 2107.05904), but for
the groups.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from rrrn.data.clips import Clip
from rrrn.experiment import grouped
from rrrn.running.stage import InputError


def leave_one_subject_out(clips: Sequence[Clip]) -> list[str]:
    """Return the names of the leave-one-subject-out folds over all databases: one per subject, sorted."""
    return sorted({clip.subject for clip in clips})


def over_subjects(clips: Sequence[Clip], setting: Literal["loso"] | Mapping[str, int]) -> list[str]:
    """Return the names of the folds that test every clip once, as the setting ``protocol.folds`` wants them."""
    return leave_one_subject_out(clips) if setting == "loso" else grouped.names(setting["grouped"])


def holdout(trained: str, tested: str) -> str:
    """Return the name of the fold that trains on one database and tests on another."""
    return f"{trained}-to-{tested}"


def check_names(clips: Sequence[Clip], trained: str, tested: str) -> None:
    """Raise InputError if the name of a holdout means a subject or other databases too."""
    databases = sorted({clip.database for clip in clips})
    for name in (holdout(trained, tested), holdout(tested, trained)):
        if any(clip.subject == name for clip in clips):
            raise InputError(f"subject {name!r} is called as the fold from one database to another; rename it")
        pairs = [(a, b) for a in databases for b in databases if holdout(a, b) == name]
        if len(pairs) > 1:
            raise InputError(
                f"fold {name!r} may be from {pairs[0][0]!r} to {pairs[0][1]!r} or from {pairs[1][0]!r} to "
                f"{pairs[1][1]!r}; rename a database"
            )


def split(clips: Sequence[Clip], fold: str) -> tuple[list[Clip], list[Clip]]:
    """Return the training and the test clips of a fold, both in table order.

    Raises InputError for an unknown fold, one without training clips, and one with a subject on both sides.
    """
    tested = {fold} if any(clip.subject == fold for clip in clips) else _group(clips, fold)
    if tested:
        train = [clip for clip in clips if clip.subject not in tested]
        test = [clip for clip in clips if clip.subject in tested]
    else:
        pairs = {holdout(a.database, b.database): (a.database, b.database) for a in clips for b in clips}
        if fold not in pairs or pairs[fold][0] == pairs[fold][1]:
            raise InputError(
                f"fold {fold!r} is neither a subject of the clip table nor a group of them nor a pair of its databases"
            )
        one, other = pairs[fold]
        train = [clip for clip in clips if clip.database == one]
        test = [clip for clip in clips if clip.database == other]
    if both := sorted({clip.subject for clip in train} & {clip.subject for clip in test}):
        raise InputError(
            f"fold {fold!r} trains on subject {both[0]!r}, whom it tests; name the subjects of databases apart"
        )
    if not train:
        raise InputError(f"fold {fold!r} leaves no clip to train on; the clip table needs two subjects at least")
    return train, test


def _group(clips: Sequence[Clip], fold: str) -> set[str]:
    """Return the subjects that a fold of grouped subjects tests; none for another fold."""
    found = grouped.of_name(fold)
    return set(grouped.subjects(clips, found[1])[found[0] - 1]) if found else set()
