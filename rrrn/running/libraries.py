"""Which libraries' versions are watched: those that compute what is in the files, by their first two numbers.

A minor version may give other numbers, and what is made with another one is made again; a patch mends faults and is
not compared. Watched is what a stage or anything that it imports takes from these libraries, and what its inputs did.

Not watched are h5py and hdf5plugin (what they store comes back bit by bit), pandas (lays tables out), PyAV (only reads
for ``rrrn import``, which keeps digests of what it read), and torchvision, triton and llvmlite, which come in the
versions that PyTorch and numba name.

Versions are those of the Python that runs Snakemake, which runs its jobs too. Jobs in environments of their own
(``--sdm conda``) have other libraries; there, Snakemake watches the environments' files, and nothing is compared here.

Imports none of the libraries. Read by the Snakefile in every job, hence the standard library only.
"""

import re
from functools import cache

ABSENT = "absent"
WATCHED = {  # what is imported, and the distributions that bring it: the first that is installed counts
    "PIL": ("pillow",),
    "cv2": ("opencv-contrib-python-headless", "opencv-contrib-python", "opencv-python-headless", "opencv-python"),
    "dlib": ("dlib-bin", "dlib"),
    "numba": ("numba",),
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "sklearn": ("scikit-learn",),
    "torch": ("torch",),
}


@cache
def told(modules: frozenset[str]) -> str:
    """Return watched libraries with their versions: ``cv2-5.0,numpy-2.4``."""
    return ",".join(f"{name}-{_short(_version(name))}" for name in sorted(modules))


def changed(before: str, now: str) -> list[tuple[str, str, str]]:
    """Return each library that two texts of ``told`` have in other versions, with both.

    One that is absent from either cannot be compared; nor can anything be where a text is empty, nothing being watched.
    """
    versions = dict(one.rsplit("-", 1) for one in now.split(",") if one)
    return [
        (name, version, versions[name])
        for name, version in (one.rsplit("-", 1) for one in before.split(",") if one)
        if name in versions and ABSENT not in (version, versions[name]) and version != versions[name]
    ]


def installed(told: str) -> str:
    """Return the libraries of a text of ``told`` with the versions that are installed now, whatever they were."""
    names = sorted(one.rsplit("-", 1)[0] for one in told.split(",") if one)
    return ",".join(f"{name}-{_short(_found(name))}" for name in names)


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])


@cache
def _version(module: str) -> str:
    return _found(module)


def _found(module: str) -> str:
    from importlib import metadata  # costs a stage more than all else here, and none asks for a version

    for name in WATCHED[module]:
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        # its property ``version`` reads the whole of it as an e-mail, which takes a millisecond
        line = re.search(r"^Version: *(\S+)", found.read_text("METADATA") or "", re.MULTILINE)
        return line[1] if line else found.version
    return ABSENT
