import hashlib
import subprocess
import sys

import h5py
import numpy as np
import pytest

from rrrn.data import store
from rrrn.running.stage import InputError


def write(path, values):
    with store.create(path) as file:
        group = file.create_group("clip")
        store.put(group, "values", values, compress=True)
        store.put(group, "raw", values)
        store.put_names(file, "names", ["sub01", "süb 02"])


@pytest.fixture
def values():
    return np.random.default_rng(0).integers(0, 256, (5, 40, 30), dtype=np.uint8)


def test_round_trip_and_equal_bytes(tmp_path, values):
    for name in ("a.h5", "b.h5"):
        write(tmp_path / name, values)
    with store.reading(tmp_path / "a.h5") as file:
        assert np.array_equal(file["clip/values"][()], values)
        assert file["clip/values"].chunks == (1, 40, 30)
        assert store.names(file, "names") == ["sub01", "süb 02"]
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_seal_is_the_checksum_of_the_rest(tmp_path, values):
    write(tmp_path / "a.h5", values)
    data = (tmp_path / "a.h5").read_bytes()
    assert data[512:520] == b"\x89HDF\r\n\x1a\n"
    first, _, rest = data.partition(b"\n")
    assert first.endswith(hashlib.blake2b(rest, digest_size=16).hexdigest().encode())
    assert rest.startswith(b"by hand\n ")
    assert store.verified(tmp_path / "a.h5") == data[:512]


def test_other_programs_read_it(tmp_path, values):
    write(tmp_path / "a.h5", values)
    with h5py.File(tmp_path / "a.h5") as file:
        assert np.array_equal(file["clip/raw"][()], values)


def of_another_program(path, values):
    with h5py.File(path, "w") as file:
        file["clip/raw"] = values


@pytest.mark.parametrize(
    "damage",
    [
        lambda path, values: path.write_bytes(path.read_bytes()[:-1]),
        lambda path, values: path.write_bytes(path.read_bytes()[:3000]),
        lambda path, values: path.write_bytes(path.read_bytes()[:512]),
        lambda path, values: path.write_bytes(path.read_bytes()[:100]),
        lambda path, values: path.write_bytes(b""),
        lambda path, values: path.write_bytes(path.read_bytes() + b"\0"),
        lambda path, values: path.write_bytes(bytes(path.stat().st_size)),
        lambda path, values: path.write_bytes(bytes(512) + path.read_bytes()[512:]),
        lambda path, values: path.write_bytes(path.read_bytes().replace(values[2].tobytes(), bytes(values[2].size))),
        lambda path, values: path.write_bytes(path.read_bytes().replace(b"OHDR", b"XHDR").replace(b"TREE", b"XREE")),
        lambda path, values: path.write_text("<html>503 Service Unavailable</html>\n" * 100),
        of_another_program,
        lambda path, values: (path.unlink(), path.mkdir()),
    ],
    ids=[
        *("last byte", "3000 bytes", "seal only", "half a seal", "empty", "longer", "zeros", "no seal", "zeroed data"),
        *("metadata", "text", "of another program", "directory"),
    ],
)
def test_damage_is_an_error_that_names_the_file(tmp_path, values, damage):
    write(tmp_path / "a.h5", values)
    damage(tmp_path / "a.h5", values)
    with pytest.raises(InputError, match=r"a\.h5: .*delete it and run again"), store.reading(tmp_path / "a.h5") as file:
        file["clip/raw"][()]


def test_replaced_after_it_was_verified(tmp_path, values):
    path = tmp_path / "a.h5"
    write(path, values)
    seal = store.verified(path)
    write(path, values + 1)
    with pytest.raises(InputError, match=r"a\.h5: replaced or damaged since"), store.reading(path, seal):
        pass


def test_a_job_verifies_a_file_once(tmp_path, values, monkeypatch):
    write(tmp_path / "a.h5", values)
    seal = store.verified(tmp_path / "a.h5")
    monkeypatch.setattr(store, "_line_of_rest", lambda file: pytest.fail("verified again"))
    for _ in range(2):
        with store.reading(tmp_path / "a.h5", seal) as file:
            assert np.array_equal(file["clip/values"][()], values)


def test_a_file_has_its_name_only_with_its_seal(tmp_path, values, monkeypatch):
    def fail(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_line_of_rest", fail)
    with pytest.raises(InputError, match=r"a\.h5: cannot be written \(No space left"):
        write(tmp_path / "a.h5", values)
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from rrrn.data import store
from rrrn.running import stage

values = np.random.default_rng(0).integers(0, 256, (5, 40, 50), dtype=np.uint8)

def main(args):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    with store.create(Path(sys.argv[1])) as file:
        for k in range(8):
            group = file.create_group(f"clip{k}")
            store.put(group, "packed", values, compress=True)
            store.put(group, "raw", values)

stage.run(main, stage.command(""), [])
"""


@pytest.mark.parametrize("limit", [100, 1000, 20_000, 90_000, 160_000])
def test_where_nothing_more_can_be_written_the_file_is_named_and_nothing_stays(tmp_path, limit):
    """HDF5 by itself ends the process with a segmentation fault."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "a.h5"), str(limit)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {tmp_path}/a.h5: cannot be written (File too large); make room or correct the permissions, and run "
        "again\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.h5"), store.reading(tmp_path / "nothing.h5"):
        pass


def test_error_of_the_writer_is_not_blamed_on_the_reader(tmp_path, values):
    write(tmp_path / "a.h5", values)
    with pytest.raises(OSError, match="No space left"), store.reading(tmp_path / "a.h5"):
        raise OSError(28, "No space left on device")


def test_output_that_cannot_be_made_is_named_and_not_the_input(tmp_path, values, monkeypatch):
    write(tmp_path / "in.h5", values)

    def refuse(path, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store, "_Sink", refuse)
    with (
        pytest.raises(InputError, match=r"out\.h5: cannot be written"),
        store.reading(tmp_path / "in.h5"),
        store.create(tmp_path / "out.h5"),
    ):
        pass


def test_nothing_is_left_of_a_failed_write(tmp_path):
    with pytest.raises(ZeroDivisionError), store.create(tmp_path / "a.h5") as file:
        file["x"] = 1 / 0
    assert list(tmp_path.iterdir()) == []
