"""The plan: Snakemake's own jobs, costs that follow the work, and times that follow the jobs."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from rrrn import cli
from rrrn.data import clips, store
from rrrn.experiment import config, defaults, methods
from rrrn.planning import calibration, jobs, networks, rates, report, schedule, storage, tally, units
from rrrn.planning.jobs import Job
from rrrn.planning.model import Cost, Model
from rrrn.planning.rates import Rates
from rrrn.running.stage import InputError
from rrrn.training import tensors
from tests.test_plans import plan

pytestmark = pytest.mark.usefixtures("forks")

HOME = Path(__file__).resolve().parents[1]
TOY, PAPER = HOME / "tests/config.yaml", HOME / "config/paper.yaml"
EVERYTHING = {"ablation": ["rrrn"], "protocol": {"test_all": True}, "train": {"score_every_epoch": True}}
EVERYTHING |= {"leak": {"poison": True}}


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(HOME)


def settings(*files, **changes):
    return config.merge([defaults.whole(list(files)), changes])


def model(own, on_gpu=False):
    return Model(own, clips.read(own["clips"]), rates.reference(own), on_gpu)


@pytest.fixture(scope="module")
def toy_jobs():
    own = settings(TOY, clips=str(HOME / "tests/clips.csv"), **EVERYTHING)
    return jobs.dry_run(own, ["all", "results/report.html"], left=False)


@pytest.mark.parametrize(("file", "table"), [(TOY, "tests/clips.csv"), (PAPER, "data/clips_paper_shape.csv")])
def test_the_plan_has_the_jobs_of_snakemakes_dry_run(tmp_path, monkeypatch, file, table):
    if file == PAPER:  # of all 47 subjects a dry run takes minutes
        some = [clip for clip in clips.read(HOME / table) if clip.subject[-1] == "1"]
        assert len({clip.subject for clip in some}) == 5
        table = str(tmp_path / "paper.csv")
        clips.write(some, Path(table))
    text = file.read_text().replace("n_seeds: 3", "n_seeds: 1")
    (tmp_path / "own.yaml").write_text(text)
    own = settings(tmp_path / "own.yaml") | {"clips": str(HOME / table)}
    monkeypatch.chdir(tmp_path)
    listed = jobs.dry_run(own, ["all"], left=False)
    planned = jobs.counts(listed)
    assert planned == plan(tmp_path, table, text, "all")
    large = storage.jobs(own, clips.read(own["clips"]))
    assert {job.outputs for job in large} <= {job.outputs for job in listed}
    quick = jobs.counts(large)
    assert quick.items() <= planned.items()
    small = {"augment", "train", "svm", "split", "score", "table", "summary", "ranking", "compare", "leak"}
    assert set(planned) - set(quick) == {*small, "visible", "attention", "faithfulness"}


def test_what_is_made_needs_no_more_room(tmp_path):
    toy = model(settings(TOY))
    whole, files = storage.needed(toy, tmp_path)
    listed = storage.jobs(toy.config, toy.table)
    for job in listed[:-1]:
        (tmp_path / job.outputs[0]).mkdir(parents=True)
    last = toy.cost(listed[-1])
    assert storage.needed(toy, tmp_path) == (last.bytes, 4 + last.files) and 0 < last.bytes < whole and files > 100
    (tmp_path / listed[-1].outputs[0]).mkdir()
    assert storage.needed(toy, tmp_path) == (0, 0)


def test_checkpoints_take_room_for_as_many_trainings_as_run_at_a_time(tmp_path):
    own = settings(TOY, methods=["lbp_top", "vgg16", "rrrn"], protocol={"n_seeds": 2})
    toy = model(own)
    trained = storage.trainings(toy, tmp_path)
    assert Counter(trained) == {"vgg16": 2 * 3 * 6, "rrrn": 2 * 3 * 6}
    large, small = toy.checkpoint("vgg16"), toy.checkpoint("rrrn")
    assert 0 < small < large
    assert [storage.held(toy, trained, count) for count in (1, 3)] == [large, 3 * large]
    assert storage.held(toy, ["rrrn"] * 2, 8) == 2 * small and storage.held(toy, [], 8) == 0
    made = tmp_path / "results/predictions/vgg16/mask/synsamm-006-1.csv"
    made.parent.mkdir(parents=True)
    made.touch()
    assert Counter(storage.trainings(toy, tmp_path)) == {"vgg16": 2 * 3 * 6 - 1, "rrrn": 2 * 3 * 6}
    never = model(settings(TOY, train={"checkpoint_minutes": 0}))
    assert storage.held(never, trained, 8) == 0


def test_what_is_made_already_is_left_out_only_if_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = settings(TOY) | {"clips": str(HOME / "tests/clips.csv"), "methods": ["lbp_sip"]}
    target = ["results/augment/synsamm-006.csv"]
    assert [job.rule for job in jobs.dry_run(own, target, left=True)] == ["augment"]
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        jobs.dry_run(own, ["results/nowhere.csv"], left=True)


def test_a_dry_run_is_read_with_wildcards_and_files(toy_jobs):
    train = next(job for job in toy_jobs if job.rule == "train" and job.wildcards["fold"] == "synsamm-006")
    assert train.wildcards["seed"] == "0"
    assert train.inputs == (f"results/pack/{train.wildcards['trained_on']}.h5",)
    assert train.outputs[0].endswith("/synsamm-006-0.csv")
    render = next(job for job in toy_jobs if job.rule == "render")
    assert render.outputs == (f"data/synthetic/{render.wildcards['subject']}",) and render.inputs == ()


def test_every_job_has_a_cost_and_files_take_room(toy_jobs):
    costing = model(settings(TOY, **EVERYTHING))
    costs = [costing.cost(job) for job in toy_jobs]
    listed = {stage.rule: stage for stage in tally.stages(toy_jobs, costs)}
    rest = ("weights", "tune", "jitter", "occlude_jittered", "shift", "within")  # the last four are of controls
    assert list(listed) == [*(rule for rule in tally.ORDER if rule not in rest), "logs"]
    assert all(stage.cpu > 0 for rule, stage in listed.items() if rule not in ("logs", "augment"))
    assert all(stage.bytes > 0 for stage in listed.values())
    frames = sum(clip.offset - clip.onset + 5 for clip in clips.read("tests/clips.csv"))
    assert listed["render"].files == frames + 4  # and a file of truth a subject
    assert listed["logs"].files == 3 * len(toy_jobs)
    assert tally.total(list(listed.values())).jobs == len(toy_jobs)


def test_controls_have_a_cost_too():
    names = ["none", "mask", "mask-inside", "mask-jittered", "none-later"]
    own = settings(TOY, clips=str(HOME / "tests/clips.csv"), conditions=names, methods=["rrrn"])
    listed, costing = storage.jobs(own, clips.read(own["clips"])), model(own)
    counted = Counter(job.rule for job in listed)
    rules = ("occlude", "occlude_jittered", "jitter", "within", "flow")
    assert [counted[rule] for rule in rules] == [8, 4, 4, 4, 16]
    listed.append(jobs.Job("shift", {"control": "later", "subject": "synsamm-006"}, (), ("plan.csv",)))
    costs = {job.rule: costing.cost(job) for job in listed}
    assert all(costs[rule].bytes > 0 for rule in (*rules, "shift"))
    assert costs["within"].cpu < costs["flow"].cpu and costs["jitter"].cpu < costs["anchor"].cpu


@pytest.fixture
def from_clean():
    protocol = {"train_condition": "matched", "start": "clean"}
    return settings(TOY, clips=str(HOME / "tests/clips.csv"), protocol=protocol, methods=["rrrn", "vgg16"])


def test_tuned_trainings_are_planned_with_what_they_start_from(from_clean):
    listed = jobs.dry_run(from_clean, ["all"], left=False)
    counted = jobs.counts(listed)
    assert (counted["train"], counted["tune"]) == (2 * 6, 2 * 2 * 6)
    leaving = [job for job in storage.jobs(from_clean, clips.read(from_clean["clips"])) if job.rule == "train"]
    assert {job.outputs for job in leaving} == {job.outputs for job in listed if job.rule == "train"}
    assert len(leaving) == 12 and all(len(job.outputs) == 2 for job in leaving)
    costing = model(from_clean)
    planned = {stage.rule: stage for stage in tally.stages(listed, [costing.cost(job) for job in listed])}
    assert planned["train"].files == 24 and planned["tune"].files == 24
    assert list(planned).index("tune") == list(planned).index("train") + 1


def test_models_that_a_run_from_scratch_did_not_leave_are_yet_to_be_made(from_clean, tmp_path):
    toy = model(from_clean)
    listed = storage.jobs(toy.config, toy.table)
    for job in listed:
        for path in job.outputs if job.rule != "train" else job.outputs[:1]:
            (tmp_path / path).mkdir(parents=True)
    size, files = storage.needed(toy, tmp_path)
    leaving = [job for job in listed if job.rule == "train"]
    assert size == pytest.approx(sum(toy.cost(job).bytes for job in leaving)) and size > 0 and files
    assert sorted(storage.trainings(toy, tmp_path)).count("rrrn") == 6 + 2 * 6  # the un-occluded, and the tuned
    for job in leaving:
        (tmp_path / job.outputs[1]).mkdir(parents=True)
    assert storage.needed(toy, tmp_path) == (0, 0)


@pytest.mark.parametrize("network", ["rrrn", "vgg16"])
def test_a_model_takes_the_room_of_its_weights(from_clean, tmp_path, network):
    job = {"network": network, "trained_on": "none", "fold": "synsamm-006", "seed": "0"}
    scratch = config.merge([from_clean, {"protocol": {"start": "scratch"}}])
    size = of("train", from_clean, **job).bytes - of("train", scratch, **job).bytes
    state = networks.build(network, from_clean).state_dict()
    with store.create(tmp_path / "model.h5") as file:
        tensors.put(file, state)
    assert size == pytest.approx((tmp_path / "model.h5").stat().st_size, rel=0.2)


def test_tuned_trainings_take_their_own_epochs(from_clean):
    job = {"network": "rrrn", "trained_on": "mask", "fold": "synsamm-006", "seed": "0"}
    start = model(from_clean).rates.of("start.train")

    def seconds(rule, **changes):
        return of(rule, config.merge([from_clean, {"train": changes}]), **job).cpu - start

    few, many = (seconds("tune", tune={"epochs": epochs, "lr": 0.1}) for epochs in (10, 20))
    assert many / few == pytest.approx(2, rel=0.1)
    assert seconds("tune", epochs=50, tune={"epochs": 10, "lr": 0.1}) == few == seconds("train", epochs=10)


def of(rule, own, on_gpu=False, **wildcards):
    return model(own, on_gpu).cost(Job(rule, wildcards))


TRAINING = {"network": "rrrn", "trained_on": "mask", "fold": "synsamm-006", "seed": "0"}


def test_trainings_follow_epochs_and_views():
    own = settings(TOY)
    start = model(own).rates.of("start.train")

    def seconds(**changes):
        return of("train", config.merge([own, {"train": changes}]), **TRAINING).cpu - start

    few, many = seconds(epochs=10), seconds(epochs=20)
    assert many / few == pytest.approx(2, rel=0.1)
    assert seconds(epochs=10, views_per_clip_per_epoch=1) < 0.7 * few
    # a clip has no more than its views
    assert seconds(epochs=10, views_per_clip_per_epoch=500) == seconds(epochs=10, views_per_clip_per_epoch=4)


def test_machines_within_the_folds_are_planned():
    own = settings(TOY)

    def seconds(**changes):
        return of("svm", config.merge([own, {"svm": changes}]), descriptor="lbp_top", trained_on="mask").cpu

    plain, weighted = seconds(), seconds(class_weight="balanced")
    assert plain == weighted
    inner = (seconds(calibrate="sigmoid") - plain) / 5  # five folds, each with a machine
    folds = 6 * 12**2 * model(own).rates.of("svm.fold")  # of four subjects and two holdouts
    assert seconds(C="grid") - plain == pytest.approx(6 * 5 * inner)
    assert seconds(C="grid", calibrate="sigmoid") - plain == pytest.approx(7 * 5 * inner)
    assert inner == pytest.approx(folds)


def test_one_machine_a_fold_is_measured_whatever_is_asked(monkeypatch):
    seen = []
    monkeypatch.setattr(calibration.svm, "predict", lambda *told: seen.append(told[-1]))
    for changes in ({}, {"C": "grid", "calibrate": "sigmoid", "class_weight": "balanced"}):
        own, noted = settings(TOY, svm=changes), {}
        calibration._measure_svm(own, clips.read(own["clips"]), noted.__setitem__)
        assert noted.keys() == {"svm.fold", "svm.kernel"}
    assert {one.calibrate for one in seen} == {"none"} and {one.C for one in seen} == {10000}
    assert {one.class_weight for one in seen} == {"none", "balanced"}


@pytest.mark.parametrize("file", [TOY, PAPER])
@pytest.mark.parametrize("network", methods.names("network"))
def test_every_network_takes_time(file, network):
    own = settings(file)
    job = {**TRAINING, "network": network}
    started = model(own).rates.of("start.train")
    assert of("train", own, **job).cpu > started + (0.005 if file == TOY else 600)
    assert of("train", own, on_gpu=True, **job).gpu > 0


def without(name, own):
    """The stored rates without those of a network."""
    known = rates.reference(own)
    lacking = Rates("here", {kind: rate for kind, rate in known.values.items() if f".{name}." not in kind})
    return Model(own, clips.read(own["clips"]), lacking, on_gpu=False)


def test_a_network_without_a_rate_takes_the_mean_of_others_and_is_told():
    own, job = settings(TOY), Job("train", {**TRAINING, "network": "vgg16"})
    costing = without("vgg16", own)
    assert costing.cost(Job("train", TRAINING)).cpu > 0 and not costing.guessed
    assert 0 < costing.cost(job).cpu != model(own).cost(job).cpu
    assert costing.guessed == {"vgg16"}


def test_without_any_networks_rate_a_plan_is_an_error():
    own = settings(TOY)
    known = {kind: rate for kind, rate in rates.reference(own).values.items() if not kind.startswith("cpu.")}
    costing = Model(own, clips.read(own["clips"]), Rates("here", known), on_gpu=False)
    with pytest.raises(InputError, match=r"cpu\.rrrn\.step is not among the rates of here"):
        costing.cost(Job("train", TRAINING))


def test_a_control_without_a_rate_computes_as_fast_as_rrrn():
    job, own = Job("train", {**TRAINING, "network": "rrrn-no-rr"}), settings(TOY)
    costing = without("rrrn-no-rr", own)
    assert costing._rate_of_method("cpu.{}.gflop", "rrrn-no-rr") == costing.rates.of("cpu.rrrn.gflop")
    assert 0 < costing.cost(job).cpu != model(own).cost(job).cpu
    assert not costing.guessed


def test_trainings_on_gpus_are_counted_apart():
    own = settings(PAPER)
    job = {**TRAINING, "fold": "synsamm-006"}
    on_processor, on_gpu = of("train", own, **job), of("train", own, on_gpu=True, **job)
    assert on_processor.gpu == 0 and on_gpu.gpu > 0
    assert on_gpu.cpu < 0.01 * on_processor.cpu


def test_a_gpu_that_was_measured_is_not_counted():
    own = settings(TOY)
    known = rates.reference(own)
    on_gpu = {kind.replace("cpu.", "gpu."): rate for kind, rate in known.values.items() if kind.startswith("cpu.rrrn.")}
    costing = Model(own, clips.read(own["clips"]), Rates("here", {**known.values, **on_gpu}), True, 1.0)
    measured = costing.cost(Job("train", TRAINING)).gpu
    start = model(own).rates.of("start.train")
    assert measured == pytest.approx(model(own).cost(Job("train", TRAINING)).cpu - start, rel=0.1)
    assert not costing.counted
    costing.cost(Job("train", {**TRAINING, "network": "vgg16"}))
    costing.cost(Job("train", {**TRAINING, "network": "rrrn-no-rr"}))  # as fast as rrrn
    assert costing.counted == {"vgg16"}


def test_what_is_only_tested_is_solved_in_one_view():
    matched, clean = settings(TOY), settings(TOY, protocol={"train_condition": "clean"})
    job = {"condition": "mask", "subject": "synsamm-006"}
    fixed = 4 * model(matched).rates.of("bytes.flow.clip", "synsamm")  # of the subject's clips
    assert of("flow", clean, **job).bytes - fixed == pytest.approx((of("flow", matched, **job).bytes - fixed) / 4)
    assert of("pack", clean, condition="mask").cpu < of("pack", matched, condition="mask").cpu
    assert of("pack", clean, condition="none").cpu == of("pack", matched, condition="none").cpu
    assert of("pack", matched, condition="none").bytes < 4 * of("flow", matched, **job).bytes


def test_turning_the_flow_solves_each_apex_once():
    views = [(apex, angle) for apex in (16, 15, 15) for angle in (0, 5, -5)]
    assert units.solved(views, "frames") == (6, 6) and units.solved(views, "field") == (2, 6)


@pytest.mark.parametrize(
    ("short", "long", "expected"),
    [
        ((10, 3), (20, 5), (1, 0.2)),
        ((10, 5), (20, 4), (4, 0)),
        ((10, 1), (20, 4), (0, 0.3)),
        ((9, 3), (9, 3), (0, 1 / 3)),
    ],
)
def test_a_line_through_two_measurements_is_never_below_0(short, long, expected):
    assert rates.line(short, long) == pytest.approx(expected)


CHAIN = [
    Job("a", {}, (), ("a",)),
    Job("b", {}, ("a",), ("b",)),
    Job("c", {}, ("a",), ("c",)),
    Job("d", {}, ("b", "c", "elsewhere"), ("d",)),
]


@pytest.mark.parametrize(("cores", "total"), [(1, 10), (2, 8), (50, 8)])
def test_time_is_work_by_cores_but_not_less_than_the_longest_chain(cores, total):
    costs = [Cost(1), Cost(2), Cost(4), Cost(3)]
    assert schedule.wall(CHAIN, costs, cores, 0) == schedule.Wall(8, total)


def test_gpus_are_waited_for():
    free = [Job("train", {}, (), (str(number),)) for number in range(4)]
    costs = [Cost(1, gpu=10)] * 4
    assert [schedule.wall(free, costs, 8, gpus).total for gpus in (1, 2, 4, 9)] == [40, 20, 10, 10]
    assert schedule.wall(free, costs, 2, 4).total == 20
    assert schedule.wall([], [], 2, 1) == schedule.Wall(0, 0)


def test_rates_are_kept_and_a_database_that_is_new_has_the_mean(tmp_path):
    known = Rates("here", {"faces.frame": {"a": 1.0, "b": 3.0}, "svm.fold": {"any": 2.0}})
    rates.write(known, tmp_path / "rates.json")
    found = rates.read(tmp_path / "rates.json")
    assert found == known
    assert [found.of("faces.frame", name) for name in ("a", "new")] == [1, 2]
    with pytest.raises(InputError, match=r"cpu\.mine\.step is not among the rates of here"):
        found.of("cpu.mine.step")
    (tmp_path / "rates.json").write_text('{"machine": "x"}')
    with pytest.raises(InputError, match=r"rates\.json: holds no rates"):
        rates.read(tmp_path / "rates.json")


@pytest.mark.parametrize(
    ("seconds", "text"), [(41, "41 s"), (720, "12 min"), (3.5 * 3600, "3.5 h"), (2000 * 3600, "2000 h")]
)
def test_work_is_told_in_hours(seconds, text):
    assert report.hours(seconds) == text


def test_the_command_tells_the_plan_by_stored_rates(capsys):
    cli.main(["plan", "--configfile", str(TOY), "--no-calibration", "--cores", "2", "--gpus", "0", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["stages"]["train"]["jobs"] == 4 * 3 * 4 and told["total"]["jobs"] == 133
    assert "stored, not measured here" in told["notes"][0]
    assert told["checkpoint_bytes"] == 2 * round(model(settings(TOY)).checkpoint("vgg16"))
    assert any("results/checkpoints takes up to 0.05 GB" in note for note in told["notes"])
    assert told["wall_seconds"] >= max(told["longest_chain_seconds"], told["total"]["cpu"] / 2 - 0.1)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--no-calibration", "--cores", "0"], 2),
        (["--no-calibration", "--gpus", "-1"], 2),
        (["--no-calibration", "--rates", "a.json"], 2),
        *((["--no-calibration", "--gpu-tflops", number], 2) for number in ("0", "-5", "nan", "inf", "many")),
        (["--rates", "nowhere.json", "results/augment/synsamm-006.csv"], 1),
        (["--configfile", "nowhere.yaml"], 1),
        (["--presets", "--write-rates", "rates.json"], 1),
    ],
)
def test_mistakes_end_with_one_message(capsys, arguments, status):
    with pytest.raises(SystemExit) as end:
        cli.main(["plan", *arguments])
    assert end.value.code == status and "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("read", ["--configfile", "--rates"])
def test_rates_take_the_place_of_nothing_that_is_read(tmp_path, capsys, read):
    own = tmp_path / "mine.yaml"
    own.write_text("methods: [rrrn]\n")
    with pytest.raises(SystemExit) as end:
        cli.main(["plan", read, str(own), "--write-rates", str(own)])
    assert end.value.code == 1 and "mine.yaml: would take the place of what is read" in capsys.readouterr().err
    assert own.read_text() == "methods: [rrrn]\n"


def test_a_calibration_measures_what_the_model_asks_for(monkeypatch):
    started, codes = calibration._process, []
    monkeypatch.setattr(calibration, "_process", lambda option, code: codes.append(code) or 1.0)
    own = settings(TOY, conditions=["random-20"], methods=["lbp_sip", "rrrn"])
    own["flow"]["engine"] = own["train"]["device"] = "cuda"  # as for a cluster, planned where there may be no GPU
    table = [clip for clip in clips.read("tests/clips.csv") if clip.database == "synsamm"]
    # recorded clips that are not on disk are stood in for by drawn ones
    recorded = [replace(clip, source="recorded", frames="/nowhere") for clip in table]
    found = calibration.calibrate(own, recorded, on_gpu=False)
    asked = [
        "faces.frame",
        "anchor.frame",
        "start.anchor",
        "occlude.random.frame",
        "flow.pair",
        "flow.sample",
        "pack.sample",
    ]
    asked += ["describe.lbp_sip.clip", "train.read", "svm.kernel", "start.train", "bytes.flow.view"]
    asked += ["render.frame", "bytes.synthetic.frame", "bytes.faces.frame", "bytes.occluded.frame"]
    assert not [kind for kind in asked if not found.has(kind)]  # a busy machine may measure no time at all
    assert not [kind for kind in asked if kind.startswith("bytes.") and found.of(kind, "synsamm") <= 0]
    assert found.of("cpu.rrrn.batch") == own["train"]["batch_size"] and not found.has("gpu.rrrn.gflop")
    assert 0.2 < found.of("share.face", "synsamm") < 0.8
    assert 0.9e6 < found.of("bytes.occluded.frame", "synsamm") < 1.2e6  # a byte a pixel
    assert len(codes) == len(calibration.STARTS)
    assert started("-c", "\n".join(codes)) > 0  # one process for all
