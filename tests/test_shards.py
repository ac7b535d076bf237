"""The reference of the HDF5 formats, held against the files of a finished run, in both directions."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from rrrn.data import shards

ONLY_SOMETIMES = {
    "CLIP@yaw",
    "CLIP@turn",
    "CLIP@registered_frames",
    "CLIP@landmark_residual",
    "CLIP@centre",
    "CLIP@size",
    "PICTURE/image",  # of glasses without straps, and of one's own pictures
}
Form = tuple[set[str], int]  # types, number of axes


def documented() -> dict[str, dict[str, Form]]:
    """The list in the module: {path with words in capitals: {name: form}}."""
    found: dict[str, dict[str, Form]] = {}
    for line in (shards.__doc__ or "").splitlines():
        if head := re.match(r"(results/\S+\.h5), by ``\w+``: ", line):
            found[head[1]] = {}
        elif item := re.fullmatch(r"    (\S+(?:, \S+)*): (\w+)( \([^)]*\))?( or \w+)?(?:[,;.:].*)?", line):
            types = {item[2], item[4].split()[-1]} if item[4] else {item[2]}
            axes = item[3].count(",") + 1 if item[3] else 0
            path = list(found)[-1]
            for name in item[1].split(", "):
                assert name not in found[path], f"{path}: {name} twice"
                found[path][name] = (types, axes)
    return found


def written(path: Path, word: str) -> list[tuple[str, str, int]]:
    """Name, type and number of axes of all that is in a file; its groups are called by a ``word``, if there is one."""
    found = []

    def note(name: str, value: object) -> None:
        dtype = getattr(value, "dtype", None)
        text = isinstance(value, str) or (dtype is not None and h5py.check_string_dtype(dtype) is not None)
        kind = "text" if text else str(dtype)
        found.append((name, kind, len(np.shape(value))))

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        head, _, rest = name.partition("/")
        in_group = bool(rest) or isinstance(item, h5py.Group)
        named = "/".join(filter(None, [word if word and head and in_group else head, rest]))
        if isinstance(item, h5py.Dataset):
            note(named, item)
        for key, value in item.attrs.items():
            note(f"{named}@{key}", value)

    with h5py.File(path, locking=False) as file:
        visit("", file)
        file.visititems(visit)
    return found


def group(forms: dict[str, Form]) -> str:
    """The word for the groups of a file."""
    (word,) = {found[0] for key in forms if (found := re.match("[A-Z]+", key))} or {""}
    return word


def family(path: str, known: dict[str, dict[str, Form]]) -> str:
    (found,) = [name for name in known if re.fullmatch(re.sub(r"[A-Z]+", "[^/]+", name), path)]
    return found


def test_the_reference_is_that_of_a_whole_run(done):
    known = documented()
    seen: dict[str, set[str]] = {name: set() for name in known}
    for path in sorted(done.glob("results/**/*.h5")):
        name = family(str(path.relative_to(done)), known)
        forms = known[name]
        for item, kind, axes in written(path, group(forms)):
            assert item in forms, f"{path}: {item} ({kind}, {axes} axes) is not in the reference"
            assert kind in forms[item][0] and axes == forms[item][1], f"{path}: {item} is {kind} of {axes} axes"
            seen[name].add(item)
    for name, forms in known.items():
        assert set(forms) - seen[name] <= ONLY_SOMETIMES, name


def test_every_line_of_the_reference_is_read():
    lines = [line for line in (shards.__doc__ or "").splitlines() if line.startswith("    ")]
    assert len(lines) > 40
    assert sum(map(len, documented().values())) == sum(line.split(": ")[0].count(",") + 1 for line in lines)


@pytest.mark.parametrize("path", ["results/anchor/a.h5", "results/flow/a.h5", "results/pack/none/a.h5"])
def test_a_file_of_no_family_is_seen(path):
    with pytest.raises(ValueError, match="unpack"):
        family(path, documented())
