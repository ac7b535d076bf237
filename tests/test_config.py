import copy
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from occlusion_face import face

from rrrn.data import clips
from rrrn.experiment import config, defaults, methods, registry
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.look import dress
from rrrn.running import typed
from rrrn.running.stage import InputError

HOME = Path(__file__).resolve().parents[1]
SCHEMA = HOME / "workflow/schemas/config.schema.yaml"
DEFAULT = yaml.safe_load((HOME / "config.yaml").read_text())


@pytest.fixture(autouse=True)
def registered():
    yield
    registry.use({})


def overlaid(*paths: Path) -> dict:
    """The default configuration with others laid over it, as Snakemake does: dictionaries merge, lists replace."""
    return config.merge([DEFAULT, *(yaml.safe_load(path.read_text()) for path in paths)])


def test_shipped_configurations_follow_the_schema():
    config.check(DEFAULT, SCHEMA)
    config.check(overlaid(HOME / "config/paper.yaml"), SCHEMA)
    config.check(overlaid(HOME / "config/paper.yaml", HOME / "config/stable.yaml"), SCHEMA)
    config.check(overlaid(HOME / "tests/config.yaml"), SCHEMA)
    config.check(overlaid(HOME / "config/ablation.yaml"), SCHEMA)
    config.check(overlaid(HOME / "config/paper.yaml", HOME / "config/ablation.yaml"), SCHEMA)


def test_what_is_registered_passes_with_the_defaults_that_it_declares():
    """And config.yaml, where their meaning is told, has the same."""
    every = DEFAULT | {
        "methods": list(methods.METHODS),
        "conditions": ["none", "mask", "glasses", "random-12", "random-60"],
    }
    config.check(every, SCHEMA)
    for one in config._declared():
        (found,) = [part for name, part in DEFAULT[one.section.split(".")[0]].items() if name == one.name] or [{}]
        assert dict(one.defaults) == found
    bare = {key: dict(value) if isinstance(value, dict) else value for key, value in every.items()}
    for one in config._declared():
        part, _, name = one.section.partition(".")
        bare[part].pop(name, None)
    config.check(bare, SCHEMA)
    bare["networks"]["rrrn"] = {"beta": 0.02}
    config.check(bare, SCHEMA)
    assert config.completed(bare) == config.completed(every) == config.merge([{"occlude": {"none": {}}}, every])


def test_papers_configuration_is_the_papers():
    paper = overlaid(HOME / "config/paper.yaml")
    augment, train, rrrn = paper["augment"], paper["train"], paper["networks"]["rrrn"]
    assert (1 + len(augment["early"]) + len(augment["late"])) * len(augment["angles"]) == 70
    assert (train["epochs"], train["batch_size"], train["lr"]) == (50, 32, 5e-4)
    assert (rrrn["beta"], rrrn["lambda_rb"], rrrn["lambda_cor"]) == (0.02, 1.0, 0.2)
    assert paper["flow"]["size"] == paper["pack"]["size"] == 224
    assert paper["occlude"]["random"] == {"region": "landmark_box", "placement": "independent", "fill": "black"}
    assert paper["anchor"]["mode"] == "per_frame"  # "according to facial landmarks in each frame"
    assert paper["protocol"]["train_condition"] == "matched" and paper["protocol"]["n_seeds"] == 3
    assert len(paper["conditions"]) == 13
    assert paper["methods"] == ["lbp_top", "lbp_sip", "hog3d", "vgg16", "resnet18", "rrrn"]


def test_papers_occluders_are_pasted_by_alpha_and_nothing_else():
    """With the paper's look a frame is the blend of face and picture, whatever the clip's light and noise."""
    settings = typed.section(dress.Settings, overlaid(HOME / "config/paper.yaml")["occlude"], "occlude.look")
    rng = np.random.default_rng(0)
    frames = rng.integers(60, 120, (3, 200, 160, 3), dtype=np.uint8)  # dim and noisy
    alpha = np.zeros((60, 50), np.float32)
    alpha[5:-5, 5:-5] = 1
    alpha[5, 5:-5] = 0.5
    layer = Layer(40, 100, 200 * np.repeat(alpha[..., None], 3, axis=2), alpha)
    points = np.stack([face((80, 70), 50)] * 3)
    look = dress.measure(frames, points, layer, settings, ("s", "c"))
    for index, frame in enumerate(frames):
        pasted = frame.astype(float)
        share = alpha[..., None].astype(float)
        pasted[100:160, 40:90] = share * 200 + (1 - share) * pasted[100:160, 40:90]
        assert np.abs(look.composite(index, look.dress(layer, index)).astype(float) - pasted).max() <= 0.5 + 1e-3


def test_stable_overlay_gives_the_default_occluders_and_changes_nothing_else():
    paper = overlaid(HOME / "config/paper.yaml")
    stable = overlaid(HOME / "config/paper.yaml", HOME / "config/stable.yaml")
    assert stable["anchor"] == DEFAULT["anchor"] != paper["anchor"]
    assert stable["occlude"]["look"] == DEFAULT["occlude"]["look"] != paper["occlude"]["look"]
    assert stable | {"occlude": 0, "anchor": 0} == paper | {"occlude": 0, "anchor": 0}
    same = {key: value for key, value in paper["occlude"].items() if key != "look"}
    assert same.items() <= stable["occlude"].items()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("train.lr", "0.5", r"train\.lr is the text '0\.5' and must be of type number"),
        ("train.lr", 0, r"train\.lr"),
        ("train.epochs", 2.5, r"train\.epochs"),
        ("protocol.n_seeds", 2.0, r"protocol\.n_seeds"),
        ("protocol.folds", 10, r"protocol\.folds is 10 and must be loso, or \{grouped: NUMBER\} from 2 to 1000"),
        ("protocol.folds", {"grouped": 1}, r"protocol\.folds is .* and must be loso, or"),
        ("train.epochs", True, r"train\.epochs"),
        ("train.momentum", 0.9, r"train has the unknown key 'momentum'; known are batch_size"),
        ("train.tune", {"epochs": 3}, r"train\.tune: 'lr' is a required property"),
        ("train.tune", {"epochs": 0, "lr": 0.1}, r"train\.tune\.epochs: 0 is less than the minimum of 1"),
        ("protocol.start", "warm", r"protocol\.start: 'warm' is not one of \['scratch', 'clean'\]"),
        ("trian", {}, r"the top level has the unknown key 'trian'"),
        ("conditions", ["none", "random-5"], r"conditions\.1 is 'random-5' and must be .*: 5 % is random-05$"),
        ("conditions", [], "conditions"),
        ("augment.angles", [-5, 5], r"augment\.angles is \[-5, 5\] and must be degrees with 0 among them"),
        ("faces.box", "eyes", r"faces\.box: 'eyes' is not one of \['onset', 'median', 'per_frame'\]"),
        ("networks.rrrn.pretrained", {"path": "a.pth"}, r"networks\.rrrn\.pretrained.*must be imagenet, none, or"),
        ("svm.calibrate", "platt", r"svm\.calibrate: 'platt' is not one of \['none', 'sigmoid'\]"),
        ("svm.class_weight", None, r"svm\.class_weight.*none.*balanced"),
        ("svm.C", "grit", r"svm\.C is 'grit' and must be a number from 0.000001 to 1000000000, or grid$"),
        ("methods", ["rrrn", "rrrn"], "methods"),
        ("classes", ["I", "-x"], r"classes\.1 is '-x' and must be a name without blanks.*no '-' in front"),
        ("classes", ["a b", "I"], r"classes\.0 is 'a b' and must be a name without blanks"),
        ("classes", ["I", "{x}"], r"classes\.1"),
        ("classes", ["I", "x\n"], r"classes\.1"),
        ("flow.store.dtype", "int8", r"flow\.store\.dtype: 'int8' is not one of \['int16', 'float16'\]"),
        ("flow.store.compression", "gzip", r"flow\.store\.compression: 'gzip' is not one of"),
        ("flow.tau", 10, r"flow\.tau: 10 is greater than the maximum of 0\.25"),
        ("flow.full_scale_pct", 1e-300, r"flow\.full_scale_pct: 1e-300 is less than the minimum of 0\.05"),
        ("protocol.n_seeds", 100000, r"protocol\.n_seeds: 100000 is greater than the maximum of 100"),
        ("svm.C", "1e4", r"svm\.C is '1e4' and must be a number .*, or grid; write 1\.0e\+4, for YAML takes"),
        ("occlude.look.feather", 1e-9, r"occlude\.look\.feather is 1e-09 and must be matched, none, or pixels"),
        ("classes", [False, "SI"], r"classes\.0 is read as False and must be text; .* quotes: YAML reads NO, off and"),
        ("classes", [None, "I"], r"classes\.0 is read as None and must be text; .* quotes: YAML reads null and ~ so$"),
        ("classes", [1, 2], r"classes\.. is read as [12] and must be text; write it in quotes$"),
        ("classes", [["I"], "II"], r"classes\.0: \['I'\] is not of type 'string'"),
    ],
)
def test_mistake_is_named(path, value, message):
    changed = copy.deepcopy(DEFAULT)
    *parents, last = path.split(".")
    section = changed
    for parent in parents:
        section = section[parent]
    section[last] = value
    with pytest.raises(InputError, match=rf"^configuration: {message}"):
        config.check(changed, SCHEMA)


@pytest.mark.parametrize("text", ["1e-4", "1E5", "-1e3", "1.5e3", "2.e4", "0.5", "1e2", "12"])
def test_a_number_that_yaml_takes_for_text_is_shown_as_it_must_be_written(text):
    changed = copy.deepcopy(DEFAULT)
    changed["train"]["lr"] = text
    with pytest.raises(InputError, match=r"train\.lr is the text '.*' and must be of type number; write ") as said:
        config.check(changed, SCHEMA)
    written = re.search("; write ([^ ,]+)", str(said.value))[1]
    assert yaml.safe_load(written) == float(text) and not isinstance(yaml.safe_load(written), str)


@pytest.mark.parametrize("text", ["nan", "1e999", "fast", "e", ""])
def test_what_is_no_number_is_not_shown_as_one(text):
    changed = copy.deepcopy(DEFAULT)
    changed["train"]["lr"] = text
    with pytest.raises(InputError, match=r"and must be of type number$"):
        config.check(changed, SCHEMA)


def test_every_number_of_the_schema_has_two_ends():
    """And the texts of YAML's dialect are no numbers: 1e9 would be a bound that holds nothing."""
    found = []

    def walk(node):
        if isinstance(node, dict):
            if node.get("type") in ("integer", "number"):
                ends = node.get("minimum"), node.get("maximum")
                assert all(isinstance(end, int | float) for end in ends) and ends[0] < ends[1], node
                found.append(node)
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(yaml.safe_load(SCHEMA.read_text()))
    assert len(found) > 40


CLIPS = clips.read(HOME / "data/clips.csv")


@pytest.mark.parametrize(
    ("overlay", "table", "message"),
    [
        ({}, [replace(CLIPS[0], objective_class="VI"), *CLIPS], "syncasme2-sub01/EP01_01 has class 'VI'"),
        ({}, clips.of_subject(CLIPS, "synsamm-006"), "has one subject"),
        ({"protocol": {"holdout": ["casme2", "samm"]}}, CLIPS, "has the databases syncasme2, synsamm"),
        ({"conditions": ["mask"]}, CLIPS, "clean needs 'none'"),
        (
            {"protocol": {"start": "clean"}},
            CLIPS,
            "start clean needs .*matched, and it is clean, .*; set protocol.start to",
        ),
        (
            {"protocol": {"start": "clean", "train_condition": "mixed"}},
            CLIPS,
            "start clean needs .*matched, and it is mixed, with one training a fold and none to tune",
        ),
        (
            {"protocol": {"start": "clean", "train_condition": "matched"}, "conditions": ["mask"]},
            CLIPS,
            "start clean needs 'none' among the conditions: the training on it is what others start from",
        ),
        ({"protocol": {"folds": {"grouped": 9}}}, CLIPS, "wants 9 groups, and the clip table has 8 subjects; set"),
        ({"flow": {"warm_start": True, "engine": "opencv"}}, CLIPS, "warm_start needs flow.engine numba or auto"),
        ({"networks": {"rrrn": {"pretrained": "imagenet"}}}, CLIPS, "rrrn: the shallow backbone"),
        ({"methods": ["crops"], "networks": {"rrrn": {"pretrained": "imagenet"}}}, CLIPS, "rrrn: the shallow backbone"),
        ({"networks": {"vgg16": {"pretrained": "imagenet"}}}, CLIPS, "vgg16: pretrained weights fit width 1"),
    ],
)
def test_contradiction_is_named(overlay, table, message):
    config.check_together(DEFAULT, CLIPS)
    changed = config.merge([DEFAULT, overlay])
    config.check(changed, SCHEMA)
    with pytest.raises(InputError, match=message):
        config.check_together(changed, table)


def test_one_database_needs_no_holdout():
    config.check_together(DEFAULT, [clip for clip in CLIPS if clip.database == "synsamm"])


@pytest.mark.parametrize(
    ("files", "given", "message"),
    [
        (
            {"one.yaml": "methods: [resnet81]", "two.yaml": "train: {epochs: 3}"},
            {},
            r"^one\.yaml: configuration: methods\.0: 'resnet81' is not one of .* \(did you mean resnet18\?\)$",
        ),
        (
            {"one.yaml": "train: {epochs: no}", "two.yaml": "train: {epochs: 0}", "three.yaml": "train: {lr: 0.1}"},
            {},
            r"^two\.yaml: configuration: train\.epochs",
        ),
        (
            {"one.yaml": "train: {lr: 0.1}", "two.yaml": "train: {epohcs: 3}"},
            {},
            r"^two\.yaml: configuration: train has the unknown key 'epohcs' \(did you mean epochs\?\); known are",
        ),
        ({"one.yaml": "train: {lr: .inf}"}, {}, r"^one\.yaml: configuration: train\.lr is infinite"),
        ({"one.yaml": "train: {epochs: 3}"}, {"methods": ["x"]}, r"^--config: configuration: methods\.0: 'x' is not"),
        ({"one.yaml": "train: {tune: {epochs: 3}, lr: x}"}, {}, r"^one\.yaml: configuration: train\."),
        ({"one.json": '{\n\t"train": {"epochs": 0}\n}'}, {}, r"^one\.json: configuration: train\.epochs"),
    ],
)
def test_the_file_in_which_a_mistake_stands_is_named(monkeypatch, tmp_path, files, given, message):
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        Path(name).write_text(text)
    with pytest.raises(InputError, match=message):
        defaults.whole([Path(name) for name in files], given)


@pytest.mark.parametrize("text", ["a: " + 60_000 * "[", "- " * 60_000, "lr: 2024-13-45", "lr: 0x_"])
def test_what_no_parser_takes_is_one_message(tmp_path, text):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError, match=r"^\S+mine\.yaml: cannot be read as a configuration \(.{5,80}\)$"):
        defaults.whole([tmp_path / "mine.yaml"])


def test_json_is_read_as_snakemake_does(tmp_path):
    (tmp_path / "my.json").write_text('{\n\t"train": {"lr": 1e-4}\n}')
    assert defaults.whole([tmp_path / "my.json"])["train"]["lr"] == 0.0001


def test_a_target_behind_the_configurations_is_told_from_a_file_that_is_gone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text("train: {epochs: 3}")
    Path("table.csv").write_text("a,b\n")
    for name in ("table.csv", "all"):
        with pytest.raises(
            InputError, match=rf"^{name}: was taken for .* write -- .* --configfile my\.yaml -- {name}$"
        ):
            defaults.whole([Path("my.yaml"), Path(name)])
    with pytest.raises(InputError, match=r"^gone\.yaml: cannot be read as a configuration"):
        defaults.whole([Path("my.yaml"), Path("gone.yaml")])


def test_missing_key_is_named():
    changed = copy.deepcopy(DEFAULT)
    del changed["flow"]["tau"]
    with pytest.raises(InputError, match=r"flow: 'tau' is a required property"):
        config.check(changed, SCHEMA)


def test_every_object_of_the_schema_is_closed():
    """An open object would let a misspelt key pass."""

    def walk(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node.get("additionalProperties") is False
                assert set(node["required"]) == set(node["properties"]), sorted(node["properties"])
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(yaml.safe_load(SCHEMA.read_text()))


def test_parts_of_a_configuration():
    tree = {"a": {"b": {"c": 1}, "d": 2}, "e": 3}
    assert config.pick(tree, "a.b") == {"a": {"b": {"c": 1}}}
    assert config.merge([config.pick(tree, "a.d"), config.pick(tree, "a.b"), config.pick(tree, "e")]) == tree
    assert tree == {"a": {"b": {"c": 1}, "d": 2}, "e": 3}


def test_a_section_given_on_the_command_line_is_laid_over_as_snakemake_does():
    whole = defaults.whole([], {"svm": {"C": 5}})
    assert whole["svm"] == {**DEFAULT["svm"], "C": 5}
    with pytest.raises(InputError, match="nothing"):
        defaults.whole([], {"svm": {"nothing": 5}})
