"""Training, on hand-made packs of three subjects: what is drawn, what is learnt, what is written."""

import csv
import json
import logging
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_data import CLASSES, HOME, PER_SUBJECT, VIEWS, arguments, make, make_flow, make_table, write_pack

from rrrn.data import clips, packed, store
from rrrn.experiment import grouped, methods, seeds
from rrrn.networks import adam
from rrrn.running.stage import InputError
from rrrn.stages import train
from rrrn.training import devices, epochs, fold
from rrrn.training.samples import Samples


@pytest.fixture
def data(tmp_path):
    return make(tmp_path)


def predictions(args):
    train.main(args)
    with args.output.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ---- the predictions file


@pytest.mark.parametrize("method", methods.names("network"))
def test_rows(data, method):
    rows = predictions(arguments(data, method=method))
    names = ["database", "subject", "clip", "condition", "trained_on", "fold", "seed", "view", "true"]
    names += [f"p_{name}" for name in CLASSES] + [
        f"alpha_{region}" for region in range(6) if methods.METHODS[method].alpha
    ]
    names += ["made", "digest"]
    assert list(rows[0]) == names
    order = [(f"c{index}", condition) for index in range(PER_SUBJECT) for condition in ("none", "mask")]
    assert [(row["clip"], row["condition"]) for row in rows] == order
    for row in rows:
        assert (row["database"], row["subject"], row["fold"], row["view"]) == ("a", "s1", "s1", "0")
        assert row["true"] == CLASSES[int(row["clip"][1])]
        assert sum(float(row[f"p_{name}"]) for name in CLASSES) == pytest.approx(1, abs=1e-6)
        assert all(0 < float(row[name]) < 1 for name in names if name.startswith("alpha_"))


def test_the_order_of_the_clip_table_is_no_seed(data):
    train.main(arguments(data))
    table = make_table()
    order = np.random.default_rng(2).permutation(len(table))
    clips.write([table[n] for n in order], data / "clips.csv")
    train.main(arguments(data, output="again.csv"))
    assert (data / "again.csv").read_bytes() == (data / "out.csv").read_bytes()


def test_learns_and_predicts_a_subject_it_never_saw(data):
    rows = predictions(arguments(data, epochs=25, views_per_clip_per_epoch=3, lr=0.003))
    found = [max(CLASSES, key=lambda name, row=row: float(row[f"p_{name}"])) == row["true"] for row in rows]
    assert np.mean(found) >= 0.9


def test_holdout_between_databases(data):
    rows = predictions(arguments(data, fold="b-to-a", epochs=1))
    assert {row["subject"] for row in rows} == {"s0", "s1"}
    assert len(rows) == 2 * PER_SUBJECT * 2


def test_a_group_of_subjects_is_tested_together(data):
    groups = grouped.subjects(make_table(), 2)
    rows = [predictions(arguments(data, fold=fold, epochs=1)) for fold in grouped.names(2)]
    assert [sorted({row["subject"] for row in found}) for found in rows] == groups
    assert sorted(map(len, groups)) == [1, 2] and [{row["fold"] for row in found} for found in rows] == [
        {name} for name in grouped.names(2)
    ]


def test_mixed_training_draws_from_all_its_conditions(data, caplog):
    caplog.set_level(logging.INFO)
    predictions(arguments(data, train=[data / "none.h5", data / "mask.h5"], trained_on="mixed", epochs=1))
    assert f"10 training clips, {10 * (VIEWS + 1)} samples" in caplog.text


@pytest.mark.parametrize("view", ["tta_mean", "augmented_pool"])
def test_a_row_for_each_view(data, view):
    rows = predictions(arguments(data, view=view, test=[("none", data / "none.h5")], epochs=1))
    assert [(row["clip"], row["view"]) for row in rows] == [(f"c{c}", str(v)) for c in range(5) for v in range(VIEWS)]


def test_views_that_a_file_lacks_are_an_error(data):
    with pytest.raises(InputError, match=r"mask\.h5.*tta_mean"):
        train.main(arguments(data, view="tta_mean"))
    table = make_table()
    write_pack(data / "mask.h5", table, make_flow(table, 1, seed=2), views=np.array([3], np.int32))
    with pytest.raises(InputError, match=r"mask\.h5.*original"):
        train.main(arguments(data))


# ---- reproducibility


def words(args):
    told = [args.output, "--train", *args.train]
    told += ["--test", *(f"{name}={path}" for name, path in args.test), "--clips", args.clips]
    told += ["--classes", args.classes, "--method", args.method, "--module", args.module]
    told += ["--trained-on", args.trained_on, "--fold", args.fold]
    return [*told, "--settings", json.dumps(args.settings), "--log", f"{args.output}.log"]


def run(args, threads):
    command = [sys.executable, "-m", "rrrn.stages.train", *map(str, words(args))]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=HOME)


def test_equal_bytes_in_processes_with_one_and_two_threads(data):
    one, two = (arguments(data, output=f"{threads}.csv") for threads in (1, 2))
    for threads, args in ((1, one), (2, two)):
        done = run(args, threads)
        assert done.returncode == 0, done.stderr
    assert one.output.read_bytes() == two.output.read_bytes()
    log = Path(f"{one.output}.log").read_text().splitlines()
    assert log == Path(f"{two.output}.log").read_text().splitlines()
    assert log[0].startswith(f"torch {torch.__version__}, device cpu, seed ")
    assert [line.split(":")[0] for line in log if line.startswith("epoch")] == ["epoch 1", "epoch 2"]
    for term in ("classification", "region_biased", "correlation", "region_head", "total"):
        assert term in log[-1]


@pytest.mark.parametrize("method", ["resnet18", "vgg16", "backbone"])
def test_equal_bytes_of_other_networks(data, method):
    one, two = (arguments(data, output=f"{name}.csv", method=method) for name in ("one", "two"))
    train.main(one)
    train.main(two)
    assert one.output.read_bytes() == two.output.read_bytes()


@pytest.mark.parametrize(("device", "mode"), [("cpu", 2), ("cuda", 1)])
def test_algorithms_are_deterministic(device, mode):
    torch.set_deterministic_debug_mode(0)
    devices.make_reproducible(0, torch.device(device))
    assert torch.are_deterministic_algorithms_enabled() and torch.get_deterministic_debug_mode() == mode


WITHOUT_COMPILER = """
import json, runpy, sys
for words in json.load(sys.stdin):
    sys.argv[1:] = words
    try:
        runpy.run_module("rrrn.stages.train", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        assert not end.code
    found = {"torch._dynamo", "torchvision"} & set(sys.modules)
    assert "torch" in sys.modules and not found, (words[0], found)
"""


def test_a_training_does_not_start_the_compiler(data):
    """In a process of its own, for here others have."""
    told = [arguments(data, output=f"{name}.csv", method=name, epochs=1) for name in ("rrrn", "resnet18", "vgg16")]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_COMPILER],
        input=json.dumps([list(map(str, words(args))) for args in told]),
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        cwd=HOME,
    )
    assert done.returncode == 0, done.stderr
    assert all(args.output.exists() for args in told)


def test_the_optimiser_is_pytorchs():
    torch.manual_seed(0)
    start = [torch.rand(3, 4), torch.rand(5), torch.rand(2)]
    ends = []
    for kind, fused in ((adam.Adam, True), (torch.optim.Adam, True), (torch.optim.Adam, False)):
        parameters = [torch.nn.Parameter(value.clone()) for value in start]
        optimizer = kind(parameters, lr=0.1, fused=fused)
        for step in range(4):
            optimizer.zero_grad()
            assert all(parameter.grad is None for parameter in parameters)
            (parameters[0].sum() ** 2 + (parameters[1] ** (step + 1)).sum()).backward()  # the last one has no gradient
            optimizer.step()
        ends.append([parameter.detach() for parameter in parameters])
    for ours, theirs, slowly in zip(*ends, strict=True):
        assert torch.equal(ours, theirs) and torch.allclose(ours, slowly, rtol=1e-4)
    assert torch.equal(ends[0][2], start[2]) and not torch.equal(ends[0][0], start[0])


def test_maps_have_their_channels_last_on_a_processor():
    network = torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3), torch.nn.Conv2d(4, 3, 3))
    x = torch.rand(2, 2, 8, 8)
    before = network(x)
    devices.place(network, torch.device("cpu"), True)
    after = network(x)
    kept = [maps.is_contiguous(memory_format=torch.channels_last) for maps in (before, after)]
    assert kept == [False, True]
    assert torch.allclose(before, after, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "int16"])
def test_equal_bytes_from_memory_and_from_files(data, dtype):
    write_pack(data / "none.h5", make_table(), make_flow(make_table(), VIEWS, seed=1), dtype=dtype)
    write_pack(data / "mask.h5", make_table(), make_flow(make_table(), 1, seed=2), dtype=dtype)
    memory, files = arguments(data, output="memory.csv"), arguments(data, output="files.csv", max_memory_gb=0)
    train.main(memory)
    train.main(files)
    assert memory.output.read_bytes() == files.output.read_bytes()


def test_what_a_training_is_called_seeds_it(data):
    def bytes_of(**changes):
        args = arguments(data, epochs=1, test=[("none", data / "none.h5")], **changes)
        rows = predictions(args)
        return [row["p_I"] for row in rows if row["clip"] == "c0"]

    first = bytes_of()
    assert first == bytes_of()
    assert first != bytes_of(seed=1)
    assert first != bytes_of(trained_on="clean")


def test_a_condition_more_changes_no_other(data):
    alone = predictions(arguments(data, test=[("mask", data / "mask.h5")]))
    both = predictions(arguments(data))
    for row in (*alone, *both):
        del row["digest"]  # is of a whole file
    assert alone == [row for row in both if row["condition"] == "mask"]


# ---- nothing of a tested subject enters training


def test_a_tested_subjects_training_data_are_never_used(data):
    only_mask = [("mask", data / "mask.h5")]
    expected = predictions(arguments(data, test=only_mask))
    table = make_table()
    flow = make_flow(table, VIEWS, seed=1)
    flow[[clip.subject == "s1" for clip in table]] = np.nan
    write_pack(data / "none.h5", table, flow)
    assert predictions(arguments(data, test=only_mask)) == expected
    assert predictions(arguments(data, test=only_mask, max_memory_gb=0)) == expected
    with pytest.raises(InputError, match=r"none/s1\.h5: clip s1/c0, view 0: the flow is not finite"):
        train.main(arguments(data))
    with pytest.raises(InputError, match="not finite"):
        train.main(arguments(data, fold="s0", test=only_mask))


# ---- epochs and batches


@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    views=st.integers(1, 15),
    batch_size=st.integers(1, 7),
    seed=st.integers(0, 5),
)
def test_an_epoch(sizes, views, batch_size, seed):
    pools = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    numbers = epochs.draw(pools, views, seeds.generator(seed))
    assert len(set(numbers)) == len(numbers)
    for pool in pools:
        assert np.isin(numbers, pool).sum() == min(views, len(pool))
    cut = epochs.batches(numbers, batch_size)
    assert np.array_equal(np.concatenate(cut), numbers)
    assert all(len(batch) == batch_size for batch in cut[:-1]) or len(cut) == 1
    if len(numbers) > 1 and batch_size > 1:
        assert 2 <= len(cut[-1]) <= batch_size + 1
        assert (len(cut[-1]) == batch_size + 1) == (len(numbers) % batch_size == 1 and len(numbers) > batch_size)


def test_epochs_differ_and_are_shuffled():
    pools = np.split(np.arange(60), 6)
    rng = seeds.generator("order")
    first, second = epochs.draw(pools, 5, rng), epochs.draw(pools, 5, rng)
    assert set(first) != set(second)
    assert not np.array_equal(first, np.sort(first))


# ---- mistakes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fold": "nobody"}, "nobody"),
        ({"classes": "I,II,III"}, "clip s0/c3 has class 'IV'"),
        ({"device": "tpu"}, "tpu"),
        ({"lr": 1e30}, "not finite in epoch 1; lower train.lr"),
        ({"method": "resnet18", "network": {"pretrained": "imagenet"}}, "pretrained is imagenet"),
        ({"network": {"pretrained": "imagenet"}}, "pretrained: imagenet"),
    ],
)
def test_mistakes_have_one_message_and_leave_no_file(data, changes, message):
    args = arguments(data, **changes)
    with pytest.raises(InputError, match=message):
        train.main(args)
    assert {path.name for path in data.iterdir()} == {"clips.csv", "flow", "none.h5", "mask.h5"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_without_a_gpu_cuda_is_an_error_and_auto_is_the_cpu():
    with pytest.raises(InputError, match="no GPU"):
        devices.choose("cuda")
    assert devices.choose("auto") == torch.device("cpu")


def test_a_clip_that_a_file_lacks_is_named(data):
    table = make_table()[:-1]
    write_pack(data / "none.h5", table, make_flow(table, VIEWS, seed=1))
    with pytest.raises(InputError, match=r"none\.h5: clip s2/c4"):
        train.main(arguments(data))


def test_files_of_another_geometry_are_an_error(data):
    table = make_table()
    write_pack(data / "mask.h5", table, make_flow(table, 1, seed=2), size=32)
    with pytest.raises(InputError, match=r"mask\.h5: other sizes"):
        train.main(arguments(data))


def test_files_of_another_form_are_an_error(data):
    table = make_table()
    write_pack(data / "mask.h5", table, make_flow(table, 1, seed=2), dtype="int16")
    with pytest.raises(InputError, match=r"mask\.h5: flow in another form"):
        train.main(arguments(data))


@pytest.mark.parametrize("max_bytes", [0, 1e9])
@pytest.mark.parametrize("dtype", ["float16", "int16"])
def test_samples_are_what_was_stored(data, dtype, max_bytes):
    table = make_table()
    flow = make_flow(table, VIEWS, seed=1)
    write_pack(data / "none.h5", table, flow, dtype=dtype)
    with ExitStack() as stack:
        opened = packed.open_packs([data / "none.h5"], stack)[data / "none.h5"]
        chosen = [(opened, table[row], view) for row, view in ((3, 1), (0, 0), (7, 2))]
        batch = next(Samples(chosen, max_bytes, torch.device("cpu")).batches([[2, 0]]))
    expected = np.stack([flow[7, 2], flow[3, 1]]).astype(np.float32)
    if dtype == "int16":
        expected = np.rint(expected * 2048) / 2048
    assert batch.dtype == torch.float32 and np.array_equal(batch.numpy(), expected)


def test_a_single_training_sample_is_an_error(data):
    table = [clip for clip in make_table() if (clip.subject, clip.clip) in {("s0", "c0"), ("s1", "c1")}]
    clips.write(table, data / "clips.csv")
    with pytest.raises(InputError, match="single training sample"):
        train.main(arguments(data, train=[data / "mask.h5"]))


def test_a_damaged_file_is_an_error(data):
    whole = (data / "mask.h5").read_bytes()
    for damage in (whole[:1000], whole[:-1], whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:], b"text\n"):
        (data / "mask.h5").write_bytes(damage)
        with pytest.raises(InputError, match=r"mask\.h5: damaged.*delete it"):
            train.main(arguments(data))


def test_damage_while_a_training_reads_names_the_clip(data):
    table = make_table()
    shard = data / "flow/none/s1.h5"
    whole = shard.read_bytes()
    sample = make_flow(table, VIEWS, seed=1)[5, 1].tobytes()  # of s1/c0
    assert whole.count(sample) == 1
    with ExitStack() as stack:
        opened = packed.open_packs([data / "none.h5"], stack)[data / "none.h5"]
        opened.verify(table)
        shard.write_bytes(whole.replace(sample, b"\xff" + sample[1:]))
        opened.read(table[4], [0, 1, 2])
        opened.read(table[5], [0, 2])
        with pytest.raises(InputError, match=r"none/s1\.h5: clip s1/c0, view 1: damaged"):
            opened.read(table[5], [0, 1])
        with pytest.raises(InputError, match=r"none/s1\.h5: clip s1/c0: damaged"):
            opened.read(table[5], [0, 1, 2])


def test_damage_of_what_is_only_tested_stops_before_training(data, monkeypatch):
    monkeypatch.setattr(fold, "fit", lambda *_: pytest.fail("trained"))
    path = data / "flow/mask/s1.h5"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"mask/s1\.h5: damaged or cut short"):
        train.main(arguments(data))


def test_a_training_verifies_each_file_once_and_what_it_reads_only(data, monkeypatch):
    verified, verify = [], store.verified
    monkeypatch.setattr(store, "verified", lambda path: verified.append(str(path.relative_to(data))) or verify(path))
    train.main(arguments(data, epochs=2, max_memory_gb=0))
    none = [f"flow/none/s{number}.h5" for number in range(3)]
    assert sorted(verified) == ["flow/mask/s1.h5", *none, "mask.h5", "none.h5"]


def test_a_full_gpu_is_a_message():
    remedy = r"\(--resources gpu=1\), or lower train\.max_memory_gb, .* train\.batch_size; or set train\.device: cpu$"
    for error in (torch.OutOfMemoryError("CUDA out of memory"), torch.AcceleratorError("CUDA error: out of memory")):
        with pytest.raises(InputError, match=remedy), devices.fitting_gpu():
            raise error
