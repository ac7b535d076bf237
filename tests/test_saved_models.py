"""Final models: trained as a fold is, saved without pickle, and asked for clips that they did not see."""

import json
import re
import shutil
import struct
import wave
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import documented
import numpy as np
import pytest
import small_experiment
import torch
from sklearn.svm import SVC

import rrrn
from rrrn import cli
from rrrn.commands import fit as command
from rrrn.commands import predict
from rrrn.data import clips, flow_store, frames, listing, predictions
from rrrn.data.video.decode import Video
from rrrn.data.video.encode import encode
from rrrn.experiment import defaults
from rrrn.face import tracking
from rrrn.models import asked, card, estimate, fit, linear, saved
from rrrn.models.answer import REMEDIES, answer
from rrrn.models.predictor import Predictor
from rrrn.occlusion import wearing
from rrrn.occlusion.command import command as occlude
from rrrn.occlusion.kinds import random
from rrrn.occlusion.scene import Scene
from rrrn.running import resources, reworded
from rrrn.running.stage import InputError
from rrrn.spotting import spot
from rrrn.stages import flow
from rrrn.svm import fold
from rrrn.svm.settings import Settings
from rrrn.tables import pooled
from rrrn.training import devices, engine

pytestmark = pytest.mark.usefixtures("forks")

LEFT_OUT = "syncasme2-sub03"
METHODS = ("rrrn", "lbp_top")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the experiment, what the workflow predicts of one fold, and models without its subject."""
    folder = tmp_path_factory.mktemp("experiment")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        config = small_experiment.make(folder)
        patch.setattr(command, "make", lambda targets, args: None)
        for method in METHODS:
            small_experiment.predict(config, method, LEFT_OUT, folder / f"{method}.csv")
            words = ["--method", method, "-o", f"{method}.safetensors", "--without", LEFT_OUT]
            cli.main(["fit", "--configfile", "own.yaml", *words])
    return folder


@pytest.fixture
def there(made, monkeypatch):
    monkeypatch.chdir(made)
    return made


def said(capsys, *words) -> list[dict]:
    cli.main(["predict", *map(str, words), "--json"])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def failed(capsys, *words) -> str:
    with pytest.raises(SystemExit) as stopped:
        cli.main(list(map(str, words)))
    assert stopped.value.code == 1
    return capsys.readouterr().err


# ---- what is predicted


@pytest.mark.parametrize("method", METHODS)
def test_a_model_says_of_unseen_clips_what_the_fold_says(there, capsys, method):
    own = [row for row in small_experiment.ROWS if row.subject == LEFT_OUT]
    clips.write(own, Path("unseen.csv"))
    found = said(capsys, "unseen.csv", "--model", f"{method}.safetensors", "--condition", *small_experiment.CONDITIONS)
    assert [(one["clip"], one["condition"]) for one in found] == [
        (f"{row.subject}/{row.clip}", condition) for row in own for condition in small_experiment.CONDITIONS
    ]
    known = {
        (f"{row.subject}/{row.clip}", row.condition): row
        for row in predictions.read(Path(f"{method}.csv"), small_experiment.CONFIG["classes"])
    }
    for one in found:
        row = known[one["clip"], one["condition"]]
        assert list(one["probabilities"].values()) == pytest.approx(row.probabilities, abs=1e-6)
        assert list((one["regions"] or {}).values()) == pytest.approx(row.alpha, abs=1e-6)
        assert one["class"] == max(one["probabilities"], key=one["probabilities"].get)
        assert (one["covered"] is None) == (one["condition"] == "none")
    if method == "rrrn":  # the weights depend on the clip, and the occluder is told
        assert len({tuple(one["regions"].values()) for one in found}) == len(found)
        worn = found[1]["covered"]
        called = ["whole face", "top left", "top right", "centre down", "centre 0.9", "centre 0.85"]  # as in the report
        assert list(found[1]["regions"]) == list(worn["visible"]) == called
        assert 0.1 < worn["area_share"] < 0.6 and 7 in worn["units"] and 12 not in worn["units"]


def test_views_are_averaged_where_the_experiment_does(there):
    config = defaults.whole([Path("own.yaml")])
    small_experiment.predict(config, "rrrn", LEFT_OUT, Path("views.csv"), "tta_mean")
    every = [row for row in predictions.read(Path("views.csv"), config["classes"]) if row.condition == "none"]
    known = {row.clip: row for row in pooled.pool(every, "tta_mean")}
    model = saved.read(Path("rrrn.safetensors"))
    averaging = Predictor(replace(model, about=replace(model.about, view="tta_mean")))
    row = next(row for row in small_experiment.ROWS if row.subject == LEFT_OUT)
    what = asked.Asked(Path(row.frames), row.subject, row.clip, row.onset, row.apex, row.offset)
    (found,) = answer(averaging, what, ["none"]).predicted
    assert list(found.probabilities.values()) == pytest.approx(known[row.clip].probabilities, abs=1e-6)
    (plain,) = answer(Predictor(model), what, ["none"]).predicted
    assert list(plain.probabilities.values()) != pytest.approx(known[row.clip].probabilities, abs=1e-6)


def test_a_method_of_ones_own_is_named_again(there, tmp_path):
    page = (resources.HOME / "docs/extending.md").read_text(encoding="utf-8")
    (tmp_path / "mine.py").write_text(re.findall(r"```python\n# mine.py\n(.*?)```", page, re.S)[0])
    config = defaults.whole([Path("own.yaml")], {"plugins": [str(tmp_path / "mine.py")]})
    model = fit.fit(config, small_experiment.ROWS, fit.wanted(config, small_experiment.ROWS, "mine"), {"missing": ""})
    defaults.whole([])  # which forgets it
    with pytest.raises(InputError, match="the method 'mine', which is none here; name its file with --plugin"):
        Predictor(model)
    assert Predictor(model, [tmp_path / "mine.py"]).about.method == "mine"
    defaults.whole([])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("onset", "apex", "offset"), [(12, 13, 20), (12, 16, 16), (15, 16, 17), (12, 16, 17)])
def test_any_clip_of_a_table_may_be_asked_for(there, method, onset, apex, offset):
    """An apex right behind its onset, or one that is the offset; three frames in all: what the stages take."""
    row = small_experiment.ROWS[1]
    what = asked.Asked(Path(row.frames), row.subject, row.clip, onset, apex, offset)
    (found,) = answer(Predictor.load(f"{method}.safetensors"), what, ["none"]).predicted
    assert (found.onset, found.apex, found.offset) == (onset, apex, offset) and not found.spotted
    assert sum(found.probabilities.values()) == pytest.approx(1)


def test_words_say_the_same(there, capsys):
    row = next(row for row in small_experiment.ROWS if row.subject == LEFT_OUT)
    numbers = ("--onset", row.onset, "--apex", row.apex, "--offset", row.offset)
    (one,) = said(capsys, row.frames, "--model", "rrrn.safetensors", *numbers)
    cli.main(["predict", row.frames, "--model", "rrrn.safetensors", *map(str, numbers)])
    text = capsys.readouterr().out
    assert f"onset {row.onset}, apex {row.apex}, offset {row.offset}" in text and f"none  {one['class']}  " in text
    assert all(f"{name} {share:.3f}" in text for name, share in one["probabilities"].items())
    assert f"whole face {one['regions']['whole face']:.3f}" in text and "covered" not in text


def test_clips_of_a_table_that_cannot_be_told_are_named_and_the_others_told(there, capsys):
    row = small_experiment.ROWS[0]
    lines = [
        "frames,clip,onset,apex,offset",
        f"{row.frames},,12,16,20",
        "frames/none,gone,12,16,20",
        f"{row.frames},,12,9,20",
    ]
    Path("many.csv").write_text("\n".join(lines) + "\n")
    error = failed(capsys, "predict", "many.csv", "--model", "rrrn.safetensors")
    assert "gone: no prediction: " in error and "onset 12, apex 9 and offset 20 are no clip" in error
    assert "many.csv: of 3 clips, 2 have no prediction" in error
    for text, message in (
        ("clip,onset\nx,1\n", "the header lacks 'frames'"),
        ("frames,onset\nx,first\n", "line 2: onset 'first' is not a frame number"),
        ("frames,onset\n", "the table has no rows"),
        ("", "it has nothing"),
        ("frames,clip\nx,a,b\n", "line 2: has more cells than the header"),
        ("frames,onset,onset\nx,1,2\n", "the header has 'onset' twice"),
        ('frames\n"x\n', "cannot be read as a CSV table"),
        ("frames;onset\nx;1\n", "it has semicolons in place of commas; save it with commas"),
        ("frames,clip\nJos\xe9,a\n", "is no text in UTF-8"),
        ("frames,clip\na\0b,a\n", r"line 2: the cell frames is 'a\x00b'; take the zero bytes out"),
    ):
        Path("wrong.csv").write_text(text, encoding="latin-1")
        assert message in failed(capsys, "predict", "wrong.csv", "--model", "rrrn.safetensors")
    error = failed(capsys, "predict", "nowhere.csv", "--model", "rrrn.safetensors")
    assert "nowhere.csv: there is no such table of clips" in error


def test_a_model_is_loaded_once_and_each_clip_told_before_the_next_is_read(there, capsys, monkeypatch):
    rows = small_experiment.ROWS[:3]
    clips.write(rows, Path("three.csv"))
    loads, before = [], []
    monkeypatch.setattr(saved, "read", lambda path, read=saved.read: loads.append(path) or read(path))

    def answering(predictor, what, *told, answer=predict.answer):
        before.append((predictor, capsys.readouterr().out))
        return answer(predictor, what, *told)

    monkeypatch.setattr(predict, "answer", answering)
    cli.main(["predict", "three.csv", "--model", "rrrn.safetensors", "--json"])
    told = [out for _, out in before[1:]] + [capsys.readouterr().out]
    assert [json.loads(out)["clip"] for out in told] == [f"{row.subject}/{row.clip}" for row in rows]
    assert loads == [Path("rrrn.safetensors")] and len({id(predictor) for predictor, _ in before}) == 1


def test_fields_are_those_that_the_page_has(there, capsys):
    row = small_experiment.ROWS[0]
    Path("fields.csv").write_text(f"frames,onset,apex,offset\n{row.frames},12,16,20\nnowhere,1,2,3\n")
    with pytest.raises(SystemExit):
        words = ["predict", "fields.csv", "--model", "rrrn.safetensors", "--condition", "none", "glasses", "--json"]
        cli.main(words)
    bare, worn, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert list(bare) == list(worn) == documented.names("field of a prediction")
    assert list(failed) == documented.names("field of a failed clip")
    own = documented.cells("field of a prediction")
    assert list(worn["covered"]) == documented.named(own["`covered`"]) and bare["covered"] is None


def test_numbers_that_are_no_clip_are_told_before_spotting(there, capsys, monkeypatch):
    monkeypatch.setattr(spot, "spot", None)
    row = small_experiment.ROWS[1]
    for told, message in (
        (("--onset", 15, "--apex", 14), "onset 15 and apex 14 are no clip; needed is onset < apex <= offset"),
        (("--onset", 15, "--apex", 15), "onset 15 and apex 15 are no clip"),
        (("--apex", 17, "--offset", 16), "apex 17 and offset 16 are no clip"),
        (("--onset", 17, "--offset", 16), "onset 17 and offset 16 are no clip"),
    ):
        assert message in failed(capsys, "predict", row.frames, "--model", "rrrn.safetensors", *told)


def test_a_full_gpu_is_a_message_of_each_command(there, capsys, monkeypatch):
    def full(*args, **more):
        raise torch.OutOfMemoryError("CUDA out of memory")

    row = small_experiment.ROWS[1]
    words = ["predict", row.frames, "--model", "rrrn.safetensors", "--onset", 12, "--apex", 16, "--offset", 20]
    for place, name in ((engine, "predict"), (devices, "place"), (flow, "clip_flow")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, full)
            error = failed(capsys, *words)
            assert "the GPU's memory is full; " in error and "CUDA_VISIBLE_DEVICES" in error
            with pytest.raises(ValueError, match=r"^[^\n]*the GPU's memory is full; [^\n]*$"):
                rrrn.predict(row.frames, "rrrn.safetensors", onset=12, apex=16, offset=20)
    monkeypatch.setattr(command, "make", lambda targets, args: None)
    monkeypatch.setattr(devices, "place", full)
    error = failed(capsys, "fit", "--configfile", "own.yaml", "--method", "rrrn", "-o", "full.safetensors")
    assert "the GPU's memory is full; end what else computes on it; or lower, in a --configfile, train.max_me" in error
    assert "--resources" not in error and not Path("full.safetensors").exists()


# ---- the file


def retold(data: bytes, own: dict) -> bytes:
    """Return the bytes of a model in whose header something else is told."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"]["rrrn"] = json.dumps(json.loads(header["__metadata__"]["rrrn"]) | own)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def test_the_file_is_plain_numbers_and_says_of_what(there):
    data = Path("rrrn.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])  # the format: its length, JSON, and numbers
    header = json.loads(data[8 : 8 + length])
    told = json.loads(header.pop("__metadata__")["rrrn"])
    assert all(entry["dtype"] in ("F32", "I64") for entry in header.values())
    assert told["method"] == "rrrn" and told["classes"] == ["I", "III"]
    assert told["training"]["without"] == [LEFT_OUT] and told["training"]["clips"] == {"I": 2, "III": 2}
    assert told["training"]["of_fold"] and told["training"]["fold"] == LEFT_OUT
    assert told["data"]["sources"] == ["rendered"] and "results/pack/none.h5" in told["data"]["files"]
    assert {"rrrn.stages.train", "rrrn.stages.flow", "rrrn.networks.rrrn.model"} <= told["code"].keys()
    assert {"torch", "numpy", "python"} <= told["versions"].keys()


def header(name: str) -> dict:
    """What a model says of itself, read without this package."""
    data = Path(name).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["rrrn"])


def test_fields_and_arrays_of_the_file_are_those_that_the_page_has(there):
    told = [header(f"{method}.safetensors") for method in METHODS]
    fields = documented.cells("field of a model's header")
    assert set(documented.names("field of a model's header")) == told[0].keys() == told[1].keys()
    for name in ("settings", "training", "data"):
        assert set(documented.named(fields[f"`{name}`"])) == told[0][name].keys() | told[1][name].keys(), name
    config = defaults.whole([Path("own.yaml")])
    rows = predictions.read(Path("rrrn.csv"), config["classes"])
    known = estimate.scored(rows, config, small_experiment.ROWS, [LEFT_OUT], "rrrn", "none")
    assert set(documented.named(fields["`estimate`"])) == known.keys() | {"predictions", "missing"}
    assert told[0]["estimate"].keys() == {"missing"}
    network, machine = (saved.read(Path(f"{method}.safetensors")) for method in METHODS)
    state = Predictor(network)._network.state_dict()
    assert network.arrays.keys() == state.keys()
    rng = np.random.default_rng(5)
    labels, people = np.arange(40) % 3, [f"s{number // 8}" for number in range(40)]
    arrays, _ = linear.fit(rng.normal(0, 1, (40, 7)), labels, people, Settings(1.0, "none", "margins", "sigmoid"))
    assert list(arrays) == documented.names("array of a descriptor")
    assert {values.dtype for values in (*arrays.values(), *machine.arrays.values())} == {np.dtype(np.float64)}
    assert [arrays[name].shape for name in arrays] == [(3, 7), (3,), (3,), (3,), (3,)]
    assert list(machine.arrays) == sorted(list(arrays)[:3])


def test_it_is_made_again_byte_by_byte(there, monkeypatch):
    monkeypatch.setattr(command, "make", lambda targets, args: None)
    before = Path("lbp_top.safetensors").read_bytes()
    words = ["--method", "lbp_top", "-o", "again.safetensors", "--without", LEFT_OUT]
    cli.main(["fit", "--configfile", "own.yaml", *words])
    assert Path("again.safetensors").read_bytes() == before
    model = saved.read(Path("rrrn.safetensors"))
    saved.write(model, Path("copy.safetensors"))
    assert Path("copy.safetensors").read_bytes() == Path("rrrn.safetensors").read_bytes()


def test_a_damaged_or_strange_file_is_no_model(there, tmp_path):
    data = Path("lbp_top.safetensors").read_bytes()
    model = saved.read(Path("lbp_top.safetensors"))
    path = tmp_path / "m.safetensors"
    for content, message in (
        (data[:-9], "damaged"),
        (data.replace(b'\\"lbp_top\\"', b'\\"lbp_sip\\"'), "damaged or edited"),
        (data[:-9] + bytes(9), "other checksum"),
        (b"no model at all", "damaged, or no model"),
        (b"\x80\x04\x95" + data, "damaged, or no model"),  # as a pickle begins
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            saved.read(path)
    with pytest.raises(InputError, match="there is no such model"):
        saved.read(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match=r": is a folder; name the file \.safetensors that rrrn fit wrote"):
        saved.read(tmp_path)
    for own, message in (
        ({"format": 2}, r"another version of rrrn \(format 2, not 1\); update rrrn"),
        ({"format": "1"}, r"another version of rrrn \(format '1', not 1\); make it again"),
        ({"mood": 1}, r"m\.safetensors: the settings have the unknown key header\.mood; .*: copy it again, or make it"),
    ):
        path.write_bytes(retold(data, own))
        with pytest.raises(InputError, match=message):
            saved.read(path)
    from safetensors.numpy import save

    path.write_bytes(save({"x": np.zeros(3)}))
    with pytest.raises(InputError, match="does not say of what"):
        saved.read(path)
    strange = replace(model, about=replace(model.about, base="os.system"))
    with pytest.raises(InputError, match=r"'os.system', which is none here; name its file with --plugin"):
        Predictor(strange)
    saved.write(replace(model, about=replace(model.about, classes=["I", "\x1b[2J"])), path)
    with pytest.raises(InputError, match="names with control characters"):
        saved.read(path)
    for told, message in (
        ({"classes": ["I", 3]}, "no texts"),
        ({"classes": ["I", "I"]}, "not two and more of their own"),
        ({"settings": {**model.about.settings, "svm": 1}}, "lacks the settings svm"),
        ({"settings": {**model.about.settings, "faces": {"upsample": 0}}}, "lacks the setting faces.max_missing"),
    ):
        saved.write(replace(model, about=replace(model.about, **told)), path)
        with pytest.raises(InputError, match=message):
            saved.read(path)
    whole = model.arrays
    for arrays in (
        {"planes": whole["planes"]},
        {**whole, "offsets": np.zeros(2)},
        {**whole, "classes": whole["classes"] + 1},
        {**whole, "more": np.zeros(1)},
    ):
        with pytest.raises(InputError, match="the model: its arrays are no linear machine; make it again"):
            Predictor(replace(model, arrays=arrays))
    network = saved.read(Path("rrrn.safetensors"))
    short = replace(network, arrays={name: network.arrays[name] for name in list(network.arrays)[1:]})
    with pytest.raises(InputError, match="weights do not fit rrrn"):
        Predictor(short)


# ---- the card


def test_the_card_says_what_is_known_and_what_is_not(there):
    text = Path("rrrn.md").read_text()
    for part in (
        "no lie detector",
        "drawn faces",
        "It is not known",
        LEFT_OUT,
        "I 2, III 2",
        "2 epochs",
        "that fold's draws",
    ):
        assert part in text, part
    about = saved.read(Path("rrrn.safetensors")).about
    others = {row.subject for row in small_experiment.ROWS} - {LEFT_OUT}
    told = text + json.dumps(asdict(about))
    assert "in results/predictions/rrrn/none some predictions are not there" in told
    assert about.data["table"] == "clips.csv" and not any(name in told for name in others)  # nor who was learnt from
    rows = predictions.read(Path("rrrn.csv"), about.classes)
    config = {"classes": about.classes, "conditions": ["none", "glasses"]}
    config |= {"protocol": {"view": "original", "train_condition": "clean", "folds": "loso"}}
    found = estimate.scored(rows, config, small_experiment.ROWS, [LEFT_OUT], "rrrn", "none")
    right = sum(max(row.probabilities) == row.probabilities[about.classes.index(row.true)] for row in rows[::2])
    assert found["conditions"]["none"]["WAR"] == right / 2
    assert found["constant"]["WAR"] == 0.5 and found["constant"]["UAR"] == 0.5
    known = card.markdown(saved.Saved({}, replace(about, estimate=found)), "rrrn.safetensors")
    assert "and on clips of people whom this model leaves out" in known and "fewer" not in known
    everybody = replace(about, estimate=found, training={**about.training, "without": []})
    assert "and on fewer clips than this model" in card.markdown(saved.Saved({}, everybody), "rrrn.safetensors")
    assert f"| Glass | {found['conditions']['glasses']['WAR']:.3f} |" in known and "leave-one-subject-out" in known


class Killed(BaseException):
    """As by SIGKILL: nothing of the product sees it."""


@pytest.mark.parametrize("before", [True, False])
def test_no_card_stands_beside_a_model_that_it_is_not_of(there, monkeypatch, tmp_path, before):
    """Killed before or after the new model is put in place: no card is left, and none is wrong."""
    path = tmp_path / "x.safetensors"
    first = saved.read(Path("lbp_top.safetensors"))
    place = card.write(first, path)
    assert saved.checksum(first) in place.read_text() and card.stranger(path) is None
    second, put = saved.read(Path("rrrn.safetensors")), Path.replace

    def killed(self, target):
        if target == path:
            if not before:
                put(self, target)
            raise Killed
        return put(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(Killed):
            card.write(second, path)
    assert not place.exists() and saved.read(path).about.method == ("lbp_top" if before else "rrrn")
    assert card.write(second, path) == place and card.stranger(path) is None


def test_a_card_of_another_model_is_told(there, capsys, tmp_path):
    for name, of in (("x.safetensors", "lbp_top.safetensors"), ("x.md", "rrrn.md")):
        shutil.copy(of, tmp_path / name)
    error = failed(capsys, "predict", tmp_path / "gone", "--model", tmp_path / "x.safetensors")
    assert "x.md: is the card of another model, and says nothing of" in error.splitlines()[0]
    (tmp_path / "x.md").write_text("# my own notes\n")  # no card at all
    assert "is the card" not in failed(capsys, "predict", tmp_path / "gone", "--model", tmp_path / "x.safetensors")


@pytest.fixture
def small(tmp_path) -> Path:
    """A model of one number with a card, not asked for anything."""
    texts = ("descriptor", "lbp_top", "lbp_top", "LBP-TOP", ["I", "II"], "original")
    path = tmp_path / "x.safetensors"
    saved.write(saved.Saved({"plane": np.ones(1)}, saved.About(*texts, *({} for _ in range(6)))), path)
    path.with_suffix(".md").write_text(f"{card._OF}`{saved.checksum_of(path)}`, and of no other.\n")
    return path


@pytest.mark.parametrize("full", [True, False])
def test_a_model_that_cannot_be_written_leaves_the_old_one_its_card(small, monkeypatch, full):
    model = saved.Saved({"plane": np.zeros(1)}, saved.About("", "", "", "", [], "", *({} for _ in range(6))))
    monkeypatch.setattr(card, "markdown", lambda *told: "of the new one")
    before = {path.name: path.read_bytes() for path in small.parent.iterdir()}
    if full:
        monkeypatch.setattr(Path, "write_bytes", lambda *told: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError if full else ValueError, match="No space" if full else "ends in"):
        card.write(model, small if full else small.with_suffix(".bin"))
    assert {path.name: path.read_bytes() for path in small.parent.iterdir()} == before


def test_a_card_is_a_strangers_if_it_says_so(small, monkeypatch):
    place, other = small.with_suffix(".md"), f"blake2b-{'0' * 32}"
    head = f"# LBP-TOP{card._TITLE}\n\n"
    for text, told in (
        (f"{card._OF}`{other}`, and of no other.", place),
        (f"{card._OF}`{saved.checksum_of(small)}`, and of no other.\n\n| code | `{other}` |", None),
        (f"| code | `{other}` |", None),  # as before cards named their models
    ):
        place.write_text(head + text)
        assert card.stranger(small) == told

    def denied(*told, **how):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", denied)
    assert card.stranger(small) is None


def test_help_says_what_a_prediction_does_not_mean(capsys):
    for name in ("fit", "predict"):
        with pytest.raises(SystemExit):
            cli.main([name, "--help"])
        text = " ".join(capsys.readouterr().out.split())
        assert "none is an emotion" in text and "no lie detector" in text


# ---- what is trained


def test_draws_belong_to_the_fold_that_leaves_the_same_people_out(there):
    config = defaults.whole([Path("own.yaml")])
    rows = small_experiment.ROWS
    assert fit.wanted(config, rows, "rrrn", without=[LEFT_OUT]).fold == LEFT_OUT
    everybody = fit.wanted(config, rows, "rrrn")
    assert (everybody.fold, everybody.of_fold, everybody.trained_on) == ("all", False, "none")
    two = fit.wanted(config, rows, "rrrn", without=["syncasme2-sub04", LEFT_OUT])
    assert (two.fold, two.of_fold) == (f"without-{LEFT_OUT}-syncasme2-sub04", False)
    other = [replace(row, database="synsamm") if row.subject == LEFT_OUT else row for row in rows]
    assert (
        fit.wanted(config, other, "rrrn", without=["syncasme2-sub02", "syncasme2-sub04"]).fold == "synsamm-to-syncasme2"
    )
    for told, message in (
        ({"method": "rrn"}, "--method rrn: there is none"),
        ({"without": ["sub09"]}, "--without sub09: no subject of clips.csv"),
        ({"without": sorted({row.subject for row in rows})}, "names all subjects"),
        ({"trained_on": "mask"}, "--trained-on mask: with protocol.train_condition clean"),
        ({"seed": -1}, "--seed -1"),
    ):
        with pytest.raises(InputError, match=message):
            fit.wanted(config, rows, **{"method": "rrrn", **told})


def test_a_model_of_all_clips_and_a_tuned_one(there):
    config = defaults.whole([Path("own.yaml")], {"protocol": {"train_condition": "matched", "start": "clean"}})
    what = fit.wanted(config, small_experiment.ROWS, "resnet18", trained_on="glasses")
    assert fit.needed(config, what) == ["results/pack/none.h5", "results/pack/glasses.h5"]
    model = fit.fit(config, small_experiment.ROWS, what, {"missing": "nobody asked"})
    assert model.about.training["tuned"] and sum(model.about.training["clips"].values()) == 6
    assert "tuned from the un-occluded training" in card.markdown(model, "x.safetensors")
    Predictor(model)


def test_a_variant_needs_no_configuration_to_be_asked(there):
    config = defaults.whole(
        [Path("own.yaml")], {"variants": {"narrow": {"of": "rrrn", "settings": {"squeeze_channels": 2}}}}
    )
    model = fit.fit(config, small_experiment.ROWS, fit.wanted(config, small_experiment.ROWS, "narrow"), {"missing": ""})
    defaults.whole([])  # which forgets the variant
    assert Predictor(model).about.method == "narrow"


def test_places_that_cannot_be_written_are_told_before_the_work(there, capsys, monkeypatch):
    monkeypatch.setattr(defaults, "whole", None)
    Path("mine.md").write_text("# my own notes\n")
    assert card.is_one(Path("rrrn.md"))
    for place, message in (
        ("x.pt", "its name must end in .safetensors"),
        ("own.yaml/x.safetensors", "is no folder"),
        ("mine.safetensors", "mine.md: would be replaced by the card"),
    ):
        assert message in failed(capsys, "fit", "--method", "rrrn", "-o", place)


def test_without_a_workflow_it_is_said(there, capsys, tmp_path):
    shutil.copy("own.yaml", tmp_path)
    error = failed(capsys, "fit", "--configfile", "own.yaml", "--method", "rrrn", "-o", "x.safetensors")
    assert "there is no Snakefile here; rrrn init DIR makes a folder with one" in error


# ---- the machine as planes


@pytest.mark.parametrize("ties", ["margins", "order"])
@pytest.mark.parametrize(("calibrate", "penalty"), [("none", 10.0), ("sigmoid", 1.0), ("none", "grid")])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_planes_say_what_the_machine_says(ties, calibrate, penalty, n_classes):
    rng = np.random.default_rng(3)
    labels = np.arange(40) % n_classes
    features = rng.normal(0, 1, (40, 7)) + 1.5 * rng.normal(0, 1, (n_classes, 7))[labels]
    tested = rng.normal(0, 2, (30, 7))
    subjects = [f"s{number // 8}" for number in range(40)]
    settings = Settings(penalty, "balanced", ties, calibrate)
    known = fold.train(features @ features.T, labels, subjects, 5, settings)
    arrays, found = linear.fit(features, labels, subjects, settings)
    assert found == {"C": known.penalty, "solved": not known.unsolved}
    shares = linear.probabilities(arrays, tested, 5, settings)
    assert shares == pytest.approx(known.probabilities(tested @ features.T, 5), abs=1e-9)
    assert (shares[:, n_classes:] == 0).all()


def test_planes_are_those_of_scikit_learn():
    rng = np.random.default_rng(4)
    labels = np.arange(30) % 3
    features = rng.normal(0, 1, (30, 5)) + rng.normal(0, 2, (3, 5))[labels]
    settings = Settings(1.0, "none", "margins", "none")
    arrays, _ = linear.fit(features, labels, ["a"] * 30, settings)
    known = SVC(kernel="linear", C=1.0, decision_function_shape="ovo").fit(features, labels)
    assert arrays["planes"] == pytest.approx(known.coef_, abs=1e-3)
    assert arrays["offsets"] == pytest.approx(known.intercept_, abs=1e-3)
    with pytest.raises(InputError, match="all training clips are of one class"):
        linear.fit(features, np.zeros(30, np.intp), ["a"] * 30, settings)
    with pytest.raises(InputError, match="planes for 5 numbers, and the clip has 4"):
        linear.probabilities(arrays, features[:, :4], 3, settings)


# ---- what it says nothing of, and what is seen


def test_times_are_spotted_where_they_are_not_told(there, capsys):
    row = small_experiment.ROWS[0]
    (one,) = said(capsys, row.frames, "--model", "rrrn.safetensors")
    assert one["spotted"] == ["onset", "apex", "offset"] and abs(one["apex"] - row.apex) <= 2
    numbers = ("--onset", one["onset"], "--apex", one["apex"], "--offset", one["offset"])
    (told,) = said(capsys, row.frames, "--model", "rrrn.safetensors", *numbers)
    assert told["probabilities"] == one["probabilities"] and told["spotted"] == []
    (within,) = said(capsys, row.frames, "--model", "rrrn.safetensors", "--onset", 12, "--offset", 20)
    assert (within["onset"], within["offset"], within["spotted"]) == (12, 20, ["apex"])


def test_a_video_is_told_as_the_folder_is(there, capsys, tmp_path):
    row = small_experiment.ROWS[1]
    images = [frames.read(path) for path in listing.listing(Path(row.frames)).values()]
    encode(iter(images), tmp_path / "film.mkv", 200.0)
    first = min(listing.listing(Path(row.frames)))
    numbers = {"onset": row.onset, "apex": row.apex, "offset": row.offset}
    (folder,) = said(capsys, row.frames, "--model", "rrrn.safetensors", *words_of(numbers))
    shifted = {name: number - first + 1 for name, number in numbers.items()}
    (film,) = said(capsys, tmp_path / "film.mkv", "--model", "rrrn.safetensors", *words_of(shifted))
    assert film["probabilities"] == pytest.approx(folder["probabilities"], abs=1e-9)


def words_of(numbers: dict[str, int]) -> list[str]:
    return [word for name, number in numbers.items() for word in (f"--{name}", str(number))]


def test_there_is_no_guess(there, capsys, tmp_path):
    row = small_experiment.ROWS[0]
    image = frames.read(Path(row.frames) / "img12.png")
    hidden = image.copy()
    cv2.ellipse(hidden, (128, 130), (40, 30), 20, 0, 360, (140, 160, 200), cv2.FILLED)
    for name, shown in (
        ("still", [image] * 9),
        ("one", [image]),
        ("wall", [np.full_like(image, 90)] * 9),
        ("hand", [image] * 4 + [hidden] * 5),
    ):
        (tmp_path / name).mkdir()
        for number, picture in enumerate(shown, 1):
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), picture)
    with wave.open(str(tmp_path / "voice.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(8000))
    (tmp_path / "empty").mkdir()
    numbers = ("--onset", 1, "--apex", 5, "--offset", 9)
    for name, more, message in (
        (
            "still",
            (),
            "still: nothing moves but noise (0.00% of the distance between the eyes), so there is no expression",
        ),
        ("still", numbers, "still: nothing moves between onset 1 and apex 5"),
        ("one", (), "one: is a single frame, and nothing moves in one"),
        ("wall", (), "wall: no face in the frames 1 to 8"),
        ("wall", numbers, "wall: no face in the frames 1 to 8"),
        ("hand", (), "hand: from frame 5 on, more moves in the face than any expression does: a hand"),
        ("hand", numbers, "hand: from frame 5 on, more moves in the face than any expression does: a hand"),
        ("voice.wav", (), "voice.wav: is no video by its name"),
        ("empty", (), "empty"),
        ("gone", (), "gone: there is no such folder of frames and no such video"),
    ):
        error = failed(capsys, "predict", tmp_path / name, "--model", "rrrn.safetensors", *more)
        assert message in error and len(error.strip().splitlines()) == 1, (name, error)


@pytest.mark.parametrize("told", [(), ("--onset", 1, "--apex", 5, "--offset", 9)])
def test_where_no_face_is_found_a_model_that_was_trained_on_whole_images_says_nothing_either(
    there, capsys, tmp_path, told
):
    model = saved.read(Path("rrrn.safetensors"))
    settings = {**model.about.settings, "faces": {**model.about.settings["faces"], "no_face": "full_image"}}
    saved.write(replace(model, about=replace(model.about, settings=settings)), tmp_path / "any.safetensors")
    (tmp_path / "noise").mkdir()
    for number, image in enumerate(np.random.default_rng(6).integers(0, 255, (9, 96, 128, 3), np.uint8), 1):
        cv2.imwrite(str(tmp_path / "noise" / f"{number}.png"), image)
    error = failed(capsys, "predict", tmp_path / "noise", "--model", tmp_path / "any.safetensors", *told)
    assert "noise: no face in the frames 1 to 8" in error


CONFIGURED = re.compile(
    r"\b(faces|anchor|occlude|augment|flow|pack|describe|train|svm|protocol|networks)\.[a-z]|'art'|'plugins'|clip table"
    r"|faces stage"
)


def test_what_stages_say_of_a_clip_names_no_key_of_a_configuration(there, capsys, monkeypatch, tmp_path):
    """Whoever asks a model has none: what is said is what can be done with this command."""
    row = small_experiment.ROWS[0]
    numbers = ("--onset", row.onset, "--apex", row.apex, "--offset", row.offset)
    gap = tmp_path / "gap"
    shutil.copytree(row.frames, gap)
    for number in range(row.onset + 1, row.apex + 1):
        (gap / f"img{number}.png").unlink()
    model = saved.read(Path("rrrn.safetensors"))
    own = {**model.about.settings["occlude"], "glasses": {"art": str(tmp_path / "art")}}
    settings = {**model.about.settings, "occlude": own}
    saved.write(replace(model, about=replace(model.about, settings=settings)), tmp_path / "art.safetensors")

    def fails(*words, message):
        error = failed(capsys, "predict", *words)
        assert message in error and not CONFIGURED.search(error), error

    fails(gap, "--model", "rrrn.safetensors", *numbers, message="correct onset, apex and offset")
    fails(
        *(row.frames, "--model", tmp_path / "art.safetensors", *numbers, "--condition", "glasses"),
        message="the model was trained with pictures of its own",
    )
    fails(
        row.frames,
        "--model",
        "rrrn.safetensors",
        "--plugin",
        "mine",
        message="mine: is no file of Python; that of a plugin ends",
    )
    with monkeypatch.context() as patched:
        patched.setattr(flow_store, "encode", partial(_encode, flow_store.encode))
        fails(row.frames, "--model", "rrrn.safetensors", *numbers, message="no expression moves so far")
    with monkeypatch.context() as patched:
        patched.setattr(tracking, "landmarks", SimpleNamespace(detect_all=lambda *told: []))  # spotting has found it
        fails(row.frames, "--model", "rrrn.safetensors", *numbers, message="a stretch that shows one face")
    with monkeypatch.context() as patched:
        patched.setattr(wearing, "_covers", lambda *told: False)
        fails(
            *(row.frames, "--model", "rrrn.safetensors", *numbers, "--condition", "glasses"),
            message="or ask without this condition",
        )


@pytest.mark.parametrize("own", [REMEDIES, occlude._remedies(1)])
def test_no_user_of_a_command_is_sent_to_a_stage(own):
    points = np.random.default_rng(1).uniform(20, 80, (68, 2))
    scene = Scene("s", "c", 0, 20, np.zeros((100, 100, 3), np.uint8), points[None], "compat", None, {})
    settings = {"seed": 1, "random": random.KIND["defaults"]}
    with pytest.raises(InputError, match="landmark 31 is not finite; look at the") as raised, reworded.remedies(own):
        random.prepare(scene, settings).draw(np.full((68, 2), np.nan))
    assert not CONFIGURED.search(str(raised.value)) and "take the clip out" not in str(raised.value)


def _encode(encode, values, *told):
    return encode(values * np.float32(1e4), *told)


def test_settings_that_the_stages_do_not_take_are_the_models_and_not_the_clips(there, tmp_path):
    model = saved.read(Path("rrrn.safetensors"))
    for name, section in (("anchor", {"mode": "stable"}), ("flow", {}), ("faces", {"box": "clip"})):
        known = {} if name == "flow" else {**model.about.settings[name], **section}
        told = {**model.about.settings, name: {key: known[key] for key in known if key != "stable"}}
        with pytest.raises(InputError, match=r"^the model: .*; another version made it: make it again with rrrn fit$"):
            Predictor(replace(model, about=replace(model.about, settings=told)))


def test_pictures_and_videos_show_it(there, capsys, tmp_path):
    row = small_experiment.ROWS[2]
    numbers = ("--onset", row.onset, "--apex", row.apex, "--offset", row.offset)
    places = ("--picture", tmp_path / "new/x.png", "--video", tmp_path / "x.mp4")
    two = ("--condition", "none", "glasses")
    (first, _) = said(capsys, row.frames, "--model", "rrrn.safetensors", *numbers, *two, *places)
    picture = frames.read(tmp_path / "new/x.png")
    (alone,) = said(capsys, row.frames, "--model", "rrrn.safetensors", *numbers, "--picture", tmp_path / "y.png")
    assert alone["probabilities"] == first["probabilities"]
    assert picture.shape[0] > 1.5 * frames.read(tmp_path / "y.png").shape[0] and len(np.unique(picture)) > 100
    assert (picture[:, -8:] == 255).all()  # nothing is cut off at the edge
    film = list(Video(tmp_path / "x.mp4"))
    assert len(film) == row.offset - row.onset + 1
    bars = [(np.abs(one.astype(int) - [150, 90, 30]).sum(axis=2) < 60).sum() for one in film]  # of the named class
    assert bars[0] == 0 and bars[row.apex - row.onset - 1] == 0 and min(bars[row.apex - row.onset :]) > 100
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["x.mp4", "x.png", "y.png"]
    for place, message in (
        (("--picture", "x.gif"), "x.gif: its name must end in .png"),
        (("--video", "x.webm"), "x.webm: its name must end in .mp4"),
        (("--picture", "own.yaml/x.png"), "is no folder"),
        (("--picture", f"{row.frames}/img16.png"), "lies among the frames of"),
    ):
        assert message in failed(capsys, "predict", row.frames, "--model", "rrrn.safetensors", *numbers, *place)
    Path("many.csv").write_text(f"frames\n{row.frames}\n")
    assert "is of one clip" in failed(
        capsys, "predict", "many.csv", "--model", "rrrn.safetensors", "--picture", "x.png"
    )


def test_it_is_asked_in_python(there, capsys):
    row = small_experiment.ROWS[3]
    own = {"onset": row.onset, "apex": row.apex, "offset": row.offset}
    (known,) = said(capsys, row.frames, "--model", "rrrn.safetensors", *words_of(own))
    images = listing.listing(Path(row.frames))
    clip = np.stack([frames.read(path) for path in images.values()])
    within = {name: number - min(images) for name, number in own.items()}
    model = Predictor.load("rrrn.safetensors")
    for found in (rrrn.predict(clip, model, **within), rrrn.predict(row.frames, "rrrn.safetensors", **own)):
        assert found.probabilities == pytest.approx(known["probabilities"], abs=1e-9)
        assert found.named == known["class"] and found.regions == pytest.approx(known["regions"], abs=1e-9)
    worn = rrrn.predict(clip, model, **within, condition="glasses", name="mine")
    assert worn.covered is not None and worn.clip == "mine" and worn.probabilities != known["probabilities"]
    assert rrrn.predict(clip, model).spotted == ("onset", "apex", "offset")
    for told, message in (
        ({"onset": 3, "apex": 2, "offset": 9}, "clip: onset 3, apex 2 and offset 9 are no clip"),
        ({**within, "condition": "hat"}, "condition 'hat' is unknown"),
        ({"onset": 0, "apex": 5, "offset": 99}, "^clip: there is no frame 99, the offset; there are 0 to 12$"),
        ({"onset": 5, "apex": 3}, "^clip: onset 5 and apex 3 are no clip; needed is onset < apex <= offset$"),
        ({**within, "onset": 2.5}, "^onset is 2.5; give a whole number$"),
        ({**within, "condition": ["mask"]}, r"^condition is \['mask'\]; give its name, a text$"),
        ({**within, "name": 3}, "^name is 3; give its name, a text$"),
        ({"plugins": "mine.py"}, r"^plugins is 'mine\.py'; give a list of paths: \['mine\.py'\]$"),
        ({"plugins": ["mine.txt"]}, r"^mine\.txt: is no file of Python; that of a plugin ends in \.py$"),
    ):
        with pytest.raises(ValueError, match=message):
            rrrn.predict(clip, "rrrn.safetensors" if "plugins" in told else model, **told)
    still = np.repeat(clip[:1], 9, axis=0)
    for own, what, message in (
        (still, model, "no expression to name. If there is one, tell onset, apex and offset$"),
        (list(clip), model, "^clip is of type list; give frames as one array, or the path of a clip$"),
        (clip, 3, "^model is of type int; give a path, as a text or a pathlib.Path$"),
    ):
        with pytest.raises(ValueError, match=message):
            rrrn.predict(own, what)


# ---- the workflow


def test_the_workflow_makes_what_a_model_learns_from_and_what_is_known_of_it(done, monkeypatch, capsys):
    """A model of one fold of the toy, trained under the mask, says what results/predictions says."""
    monkeypatch.chdir(done)
    table = clips.read(Path("tests/clips.csv"))
    subject = table[0].subject
    told = ["--configfile", "tests/config.yaml", "--cores", "1"]
    words = ["--method", "rrrn", "--trained-on", "mask", "--without", subject, "-o", "model.safetensors"]
    cli.main(["fit", *told, *words])
    text = Path("model.md").read_text()
    assert "It is not known" not in text and "| Mask |" in text and "folds of" in text
    clips.write([row for row in table if row.subject == subject], Path("unseen.csv"))
    found = said(capsys, "unseen.csv", "--model", "model.safetensors", "--condition", "mask")
    known = predictions.read(Path(f"results/predictions/rrrn/mask/{subject}-0.csv"), ["I", "II", "III", "IV", "V"])
    assert len(found) == len(known) > 0
    for one, row in zip(found, known, strict=True):
        assert one["clip"] == f"{row.subject}/{row.clip}"
        assert list(one["probabilities"].values()) == pytest.approx(row.probabilities, abs=1e-6)
        assert list(one["regions"].values()) == pytest.approx(row.alpha, abs=1e-6)
