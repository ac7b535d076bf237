"""The store of flow: what comes back, what is refused, and that no damage reads as data."""

import os
import pickle
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from rrrn.data import flow_store, store
from rrrn.data.flow_store import FlowReader
from rrrn.running.stage import InputError

FORMS = [(dtype, compression) for dtype in ("int16", "float16") for compression in ("none", "blosc2")]
SIDE = 24
HOME = Path(__file__).resolve().parents[1]


def smooth(*leading: int, side: int = SIDE, seed: int = 0) -> np.ndarray:
    """Flow within full scale, as smooth as flow is, float32 (*leading, 2, side, side)."""
    waves = np.random.default_rng(seed).normal(size=(*leading, 2, 4, 4))
    return np.fft.irfft2(waves, (side, side)).astype(np.float32) * 8


def put(path: Path, values: np.ndarray, dtype: str, compression: str, **options: float) -> Path:
    with store.create(path) as file:
        flow_store.put(file, "flow", values, dtype=dtype, compression=compression, **options)
    return path


# ---- what comes back


@pytest.mark.parametrize(("dtype", "compression"), FORMS)
def test_round_trip(tmp_path, dtype, compression):
    values = smooth(3, 4)
    path = put(tmp_path / "a.h5", values, dtype, compression)
    with FlowReader(path) as reader:
        assert (reader.shape, reader.dtype) == (values.shape, np.dtype(dtype))
        everything = reader.read(())
        assert everything.dtype == np.float32
        if dtype == "int16":
            assert 0.3 * 2**-11 < np.abs(everything - values).max() <= 2**-12
        else:
            assert np.array_equal(everything, values.astype(np.float16))
        assert np.array_equal(reader.read(1), everything[1])
        assert np.array_equal(reader.read((2, 3)), everything[2, 3])
    with h5py.File(path) as file:
        assert file["flow"].chunks == (1, 1, 2, SIDE, SIDE)
        assert file["flow"].attrs["scale"] == (2**-11 if dtype == "int16" else 1)


@pytest.mark.parametrize("step", [2**-8, 2**-11, 2**-15])
def test_error_is_at_most_half_a_step_and_signs_are_kept(step):
    values = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 50, 50)).astype(np.float32)
    codes = flow_store.encode(values, "int16", step)
    back = flow_store.decode(codes, step)
    assert np.abs(back.astype(np.float64) - values).max() <= step / 2
    assert np.array_equal(flow_store.encode(-values, "int16", step), -codes)
    assert np.sqrt(np.mean((back - values) ** 2)) == pytest.approx(step / np.sqrt(12), rel=0.03)


def test_decoding_is_exact_in_half_and_single_precision():
    codes = np.arange(-2048, 2049, dtype=np.int16)  # of [-1, 1]
    exact = codes.astype(np.float64) / 2048
    assert np.array_equal(flow_store.decode(codes, flow_store.STEP), exact)
    assert np.array_equal(exact.astype(np.float16), exact)
    every = np.arange(-32767, 32768, dtype=np.int16)
    assert np.array_equal(flow_store.encode(flow_store.decode(every, 2**-8), "int16", 2**-8), every)


def test_what_cannot_be_compressed_comes_back(tmp_path):
    codes = np.random.default_rng(0).integers(-32767, 32768, (2, 2, SIDE, SIDE))
    values = (codes / 256).astype(np.float32)
    with FlowReader(put(tmp_path / "a.h5", values, "int16", "blosc2", step=1 / 256)) as reader:
        assert np.array_equal(reader.stored(()), codes) and np.array_equal(reader.read(()), values)


@pytest.mark.parametrize(("dtype", "compression"), FORMS)
def test_no_samples(tmp_path, dtype, compression):
    path = put(tmp_path / "a.h5", np.empty((0, 2, SIDE, SIDE), np.float32), dtype, compression)
    with FlowReader(path) as reader:
        assert reader.read(()).shape == (0, 2, SIDE, SIDE)


@pytest.mark.parametrize(("dtype", "compression"), FORMS)
def test_flow_that_rests_is_data(tmp_path, dtype, compression):
    with FlowReader(put(tmp_path / "a.h5", np.zeros((2, 2, SIDE, SIDE), np.float32), dtype, compression)) as reader:
        assert not reader.read(()).any()


WRITE = """
import sys
import numpy as np
from pathlib import Path
from rrrn.data import flow_store, store
values = np.load(sys.argv[1])
for dtype in ("int16", "float16"):
    for compression in ("none", "blosc2"):
        with store.create(Path(sys.argv[2]) / f"{dtype}-{compression}.h5") as file:
            flow_store.put(file, "flow", values, dtype=dtype, compression=compression).attrs["norm"] = "fixed"
"""


def test_equal_bytes_in_two_processes_whatever_the_environment_tells_blosc(tmp_path):
    np.save(tmp_path / "values.npy", smooth(3, 4, side=64))
    for name, told in (("a", {}), ("b", {"BLOSC_NTHREADS": "4", "BLOSC_CLEVEL": "9", "OMP_NUM_THREADS": "2"})):
        (tmp_path / name).mkdir()
        command = [sys.executable, "-c", WRITE, tmp_path / "values.npy", tmp_path / name]
        subprocess.run(command, env={**os.environ, **told}, cwd=HOME, check=True)
    for dtype, compression in FORMS:
        a, b = ((tmp_path / folder / f"{dtype}-{compression}.h5").read_bytes() for folder in "ab")
        assert a == b


def test_blosc2_makes_smooth_flow_smaller(tmp_path):
    sizes = {form: put(tmp_path / "a.h5", smooth(40, side=64), *form).stat().st_size for form in FORMS}
    assert sizes["int16", "blosc2"] < 0.8 * sizes["float16", "blosc2"] < 0.8 * sizes["float16", "none"]


# ---- what is refused


@pytest.mark.parametrize(("dtype", "value"), [("int16", 16.0), ("int16", -16.0), ("float16", 7e4)])
def test_values_that_do_not_fit_are_never_clipped(dtype, value):
    values = np.zeros((2, 8, 8), np.float32)
    values[0, 3, 3] = value
    with pytest.raises(InputError, match=r"flow reaches .* beyond"):
        flow_store.encode(values, dtype, 2**-11)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_flow_that_is_not_finite_is_said_to_be_that(value):
    values = np.zeros((2, 8, 8), np.float32)
    values[0, 3, 3] = value
    with pytest.raises(InputError, match="flow is not finite") as error:
        flow_store.encode(values, "int16", 2**-11)
    assert "float16" not in str(error.value)


def test_the_largest_values_that_fit():
    limit = 32767 / 2048
    values = np.array([-limit, limit, limit + 2**-13], np.float32)
    assert flow_store.encode(values, "int16", 2**-11).tolist() == [-32767, 32767, 32767]


def test_step_that_would_not_decode_exactly():
    with pytest.raises(ValueError, match="power of two"):
        flow_store.encode(np.zeros((2, 8, 8), np.float32), "int16", 0.001)


# ---- damage

SAMPLE = (1, 2, 0, 0, 0)  # where the damaged chunk begins


@pytest.fixture(params=FORMS, ids="-".join)
def path(tmp_path, request):
    return put(tmp_path / "a.h5", smooth(3, 4), *request.param)


def chunk_of(path: Path) -> tuple[int, int]:
    """Where the bytes of the damaged sample's chunk lie in the file, and how many they are."""
    with h5py.File(path) as file:
        chunks = [file["flow"].id.get_chunk_info(number) for number in range(12)]
    (found,) = [chunk for chunk in chunks if chunk.chunk_offset == SAMPLE]
    return found.byte_offset, found.size


@pytest.fixture
def reader(path):
    """Has verified the file while it was whole: what is damaged later, it must see by itself."""
    return FlowReader(path)


def assert_damage_is_seen(reader: FlowReader) -> None:
    with reader:
        with pytest.raises(InputError, match=r"a\.h5: sub/clip: damaged .*delete the file"):
            reader.stored((1, 2), "sub/clip")
        with pytest.raises(InputError, match=r"a\.h5: damaged"):
            reader.read(())
        assert reader.read((1, 1)).any() and reader.read((2, 2)).any()  # the others are whole
    with pytest.raises(InputError, match=r"a\.h5: damaged or cut short"):
        FlowReader(reader.path)


@pytest.mark.parametrize("part", ["whole chunk", "first half", "second half"])
@pytest.mark.parametrize("byte", [b"\x00", b"\xff"])
def test_blanked_bytes(path, reader, part, byte):
    start, size = chunk_of(path)
    first, last = {"whole chunk": (0, size), "first half": (0, size // 2), "second half": (size // 2, size)}[part]
    data = bytearray(path.read_bytes())
    data[start + first : start + last] = byte * (last - first)
    path.write_bytes(data)
    assert_damage_is_seen(reader)


def test_every_flipped_bit_is_seen_or_without_effect(path, reader):
    """One bit at a time, in 60 places of the chunk, its head and its end among them."""
    start, size = chunk_of(path)
    whole, expected, seen = path.read_bytes(), reader.stored((1, 2)), 0
    places = {*range(32), *range(size - 8, size), *np.linspace(32, size - 9, 20).astype(int).tolist()}
    for place in sorted(places):
        data = bytearray(whole)
        data[start + place] ^= 1 << place % 8
        path.write_bytes(data)
        reader.close()
        try:
            assert np.array_equal(reader.stored((1, 2)), expected)  # Blosc2 has bits that say nothing
        except InputError as error:
            seen += "a.h5: damaged" in str(error)
        with pytest.raises(InputError, match=r"a\.h5: damaged or cut short"):
            FlowReader(path)
    assert seen > len(places) / 2


@pytest.mark.parametrize("keep", [1, 3, 5, 100, -4, -1])
@pytest.mark.parametrize("dtype", ["int16", "float16"])
def test_chunk_cut_short(tmp_path, dtype, keep):
    path = put(tmp_path / "a.h5", smooth(3, 4), dtype, "blosc2")
    reader = FlowReader(path)
    with h5py.File(path, "r+") as file:
        _, data = file["flow"].id.read_direct_chunk(SAMPLE)
        file["flow"].id.write_direct_chunk(SAMPLE, data[:keep])
    assert_damage_is_seen(reader)


def test_zeros_that_pass_all_filters_by(path, reader):
    with h5py.File(path, "r+") as file:
        file["flow"].id.write_direct_chunk(SAMPLE, bytes(2 * 2 * SIDE * SIDE), filter_mask=0xFFFFFFFF)
    assert_damage_is_seen(reader)


def test_chunk_of_another_sample(path, reader):
    with h5py.File(path, "r+") as file:
        flow = file["flow"].id
        flow.write_direct_chunk(SAMPLE, flow.read_direct_chunk((0, 0, 0, 0, 0))[1])
        assert np.array_equal(file["flow"][1, 2], file["flow"][0, 0])  # HDF5 alone does not see it
    assert_damage_is_seen(reader)


@pytest.mark.parametrize(("dtype", "compression"), FORMS)
def test_chunk_that_was_never_written(tmp_path, dtype, compression):
    """HDF5 fills with zeros what a writer left out, and the file is sealed like that."""
    path = tmp_path / "a.h5"
    with store.create(path) as file:
        flow = flow_store.create(file, "flow", (3, 4, 2, 8, 8), dtype=dtype, compression=compression, scale=1.0)
        stored = np.ones((4, 2, 8, 8), flow.dtype)
        for row in (0, 2):
            flow_store.write(flow, row, stored)
        flow_store.write(flow, (1, 1), stored[0])
    with FlowReader(path) as reader:
        with pytest.raises(InputError, match=r"a\.h5: damaged .*delete the file"):
            reader.stored((1, 2))
        assert reader.read((1, 1)).any()


@pytest.mark.parametrize("keep", [0, 50, 3000, -1])
def test_file_cut_short(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"a\.h5: .*delete it"):
        FlowReader(path)


def test_missing_file_and_flow_without_checks(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.h5"):
        FlowReader(tmp_path / "nothing.h5")
    with store.create(tmp_path / "a.h5") as file:
        store.put(file, "flow", smooth(2))
    with pytest.raises(InputError, match=r"a\.h5: holds no flow 'flow' with checks"):
        FlowReader(tmp_path / "a.h5")


def test_checks_are_the_crc32_of_little_endian_bytes(path):
    with h5py.File(path) as file:
        stored, checks = file["flow"][()], file["flow_crc32"][()]
    little = np.dtype("<i2" if stored.dtype.kind == "i" else "<f2")
    expected = [[zlib.crc32(sample.astype(little).tobytes()) for sample in row] for row in stored]
    assert checks.tolist() == expected


# ---- several processes


class Samples(Dataset):
    def __init__(self, reader: FlowReader) -> None:
        self.reader = reader

    def __len__(self) -> int:
        return self.reader.shape[0]

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        return self.reader.read(index), os.getpid()


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker processes")
def test_equal_data_with_one_and_four_workers(tmp_path, monkeypatch):
    path = put(tmp_path / "a.h5", smooth(64), "int16", "blosc2")
    with FlowReader(path) as reader:
        monkeypatch.setattr(store, "verified", lambda path: pytest.fail("verified again"))
        expected = torch.from_numpy(reader.read(()))  # the parent's file is open when workers start
        for workers in (0, 1, 4):
            method = "fork" if workers else None
            loader = DataLoader(Samples(reader), batch_size=4, num_workers=workers, multiprocessing_context=method)
            maps, processes = zip(*loader, strict=True)
            assert torch.equal(torch.cat(maps), expected)
            assert len(set(torch.cat(processes).tolist())) == max(workers, 1)
        assert np.array_equal(reader.read(5), expected[5])  # and still is when they have ended


def test_reader_can_be_sent(tmp_path, monkeypatch):
    with FlowReader(put(tmp_path / "a.h5", smooth(2), "int16", "blosc2")) as reader:
        monkeypatch.setattr(store, "verified", lambda path: pytest.fail("verified again"))
        expected = reader.read(())
        with pickle.loads(pickle.dumps(reader)) as sent:
            assert np.array_equal(sent.read(()), expected)
