import h5py
import numpy as np
import pytest

from rrrn import store
from rrrn.stage import InputError


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


def test_flipped_bit_is_an_error_that_names_the_file(tmp_path, values):
    path = tmp_path / "a.h5"
    write(path, values)
    data = bytearray(path.read_bytes())
    data[data.rfind(values[2].tobytes()) + 7] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.h5.*damaged"), store.reading(path) as file:
        file["clip/raw"][()]


@pytest.mark.parametrize("keep", [0, 100, 3000])
def test_file_cut_short_is_an_error(tmp_path, values, keep):
    path = tmp_path / "a.h5"
    write(path, values)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"a\.h5.*delete it"), store.reading(path) as file:
        file["clip/raw"][()]


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.h5"), store.reading(tmp_path / "nothing.h5"):
        pass


def test_error_of_the_writer_is_not_blamed_on_the_reader(tmp_path, values):
    write(tmp_path / "a.h5", values)
    with pytest.raises(OSError, match="No space left"), store.reading(tmp_path / "a.h5"):
        raise OSError(28, "No space left on device")


def test_output_that_cannot_be_made_is_named_and_not_the_input(tmp_path, values, monkeypatch):
    write(tmp_path / "in.h5", values)
    opened = h5py.File

    def refuse(path, mode, **options):
        if mode == "w":
            raise PermissionError(13, "Unable to synchronously create file")
        return opened(path, mode, **options)

    monkeypatch.setattr(h5py, "File", refuse)
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
