"""Variants, methods with other settings, and the ablation that compares them: from the configuration to the table."""

import copy
import json
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import torch
import warm_python
import yaml
from scaffold import CONFIG, ENVIRONMENT, HOME, snakemake, twin
from test_plans import plan

from rrrn.data import clips
from rrrn.experiment import config, defaults, labels, methods, protocol, registry, variants
from rrrn.planning import ahead, calibration, networks, rates
from rrrn.planning.jobs import Job
from rrrn.planning.model import Model
from rrrn.provenance.frames_seen import Seen
from rrrn.provenance.recipes import Recipes
from rrrn.running.stage import InputError
from rrrn.stages import train
from tests import training_data

SCHEMA = HOME / "workflow/schemas/config.schema.yaml"
DEFAULT = yaml.safe_load((HOME / "config.yaml").read_text())
ABLATION = yaml.safe_load((HOME / "config/ablation.yaml").read_text())
TABLE = clips.read(HOME / "data/clips.csv")
BOTH = "results/ablation.csv", "results/ablation_comparisons.csv"
FC = {"rrrn-fc": {"of": "rrrn", "settings": {"attention": "fc"}}}


@pytest.fixture(autouse=True)
def registered():
    yield
    registry.use({})


def whole(*overlays: dict) -> dict:
    """A configuration as the workflow has it."""
    told = config.merge([copy.deepcopy(DEFAULT), *copy.deepcopy(overlays)])
    config.check(told, SCHEMA)
    return config.completed(told)


# ---- settings


def alternatives() -> list[tuple[str, str, object]]:
    """Every value that a setting can have if it is one of few: (method, key, value)."""
    found = []
    for part in ("networks", "describe"):
        sections = yaml.safe_load(SCHEMA.read_text())["properties"][part]["properties"]
        for name in sections.keys() & methods.METHODS.keys():
            for key, schema in sections[name]["properties"].items():
                values = [False, True] if schema.get("type") == "boolean" else schema.get("enum", [])
                found += [(name, key, value) for value in values]
    return sorted(found, key=str)


@pytest.mark.parametrize(("name", "key", "value"), alternatives())
def test_a_variant_has_the_settings_of_its_base_under_its_own(name, key, value):
    told = whole({"variants": {"other": {"of": name, "settings": {key: value}}}})
    ours, base = methods.settings(told, "other"), methods.settings(told, name)
    assert ours == {**base, key: value}
    assert base == methods.settings(DEFAULT, name)
    assert config.merge([told, {}]) == whole(told)  # what is complete stays as it is


def test_a_variant_is_a_method_like_its_base_but_for_name_label_and_settings():
    whole(
        {
            "variants": {
                "rrrn-fc": {**FC["rrrn-fc"], "label": "RRRN, fc"},
                "uvm": {"of": "vgg16", "settings": {"width": 1}},
            }
        }
    )
    base, ours = methods.METHODS["rrrn"], methods.METHODS["rrrn-fc"]
    assert (ours.kind, ours.module, ours.weights, ours.alpha) == (base.kind, base.module, base.weights, True)
    assert ours.section == "networks.rrrn-fc" and ours.own_section and not ours.outside
    assert labels.of(["rrrn-fc", "uvm"], []).methods == {"rrrn-fc": "RRRN, fc", "uvm": "uvm"}
    assert "rrrn-fc" in methods.names("network")
    registry.use({})
    assert "rrrn-fc" not in methods.METHODS


def test_what_changes_in_the_base_changes_in_the_variant_but_what_that_says_itself():
    told = whole({"variants": FC, "networks": {"rrrn": {"attention": "ran", "beta": 0.5}}})
    ours = methods.settings(told, "rrrn-fc")
    assert (ours["attention"], ours["beta"]) == ("fc", 0.5)


def test_weights_replace_those_of_the_base_whole():
    own = {"path": "mine.pth", "sha256": "0f" * 32}
    overlay = {
        "variants": {"scratch": {"of": "resnet18", "settings": {"pretrained": "none"}}},
        "networks": {"resnet18": {"pretrained": own, "width": 1.0}},
        "methods": ["resnet18", "scratch"],
    }
    told = whole(overlay)
    assert protocol.weights(told, "resnet18") == ["mine.pth"] and protocol.weights(told, "scratch") == []
    overlay["variants"]["imagenet"] = {"of": "resnet18", "settings": {"pretrained": "imagenet"}}
    told = whole(overlay)
    assert protocol.weights(told, "imagenet") == ["data/weights/resnet18.pth"]
    assert protocol.sha256(told, "imagenet") == methods.METHODS["resnet18"].sha256


def one(of, **settings):
    return {"x": {"of": of, "settings": settings}}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ([], "variants is [] and must be a section"),
        ({"x": None}, "variants.x is None and must have 'of'"),
        ({"x": {"of": "rrrn"}}, "variants.x is {'of': 'rrrn'} and must have 'of', a method, and 'settings' or 'train'"),
        ({"x": {"of": "rrrn", "settings": {}, "train": {}}}, "variants.x is "),
        ({"x": {"of": "rrrn", "train": 8}}, "variants.x is "),
        ({"x": {"of": "lbp_top", "train": {"epochs": 8}}}, "variants.x has 'train', and lbp_top is no network"),
        (
            {"x": {"of": "rrrn", "train": {"epoch": 8}}},
            "variants.x.train has the unknown key 'epoch' (did you mean epochs?); known are ",
        ),
        ({"x": {"of": "rrrn", "train": {"epochs": 0}}}, "variants.x.train.epochs: 0 is less than the minimum of 1"),
        ({"x": {"of": "rrrn", "train": {"device": "cpu"}}}, "variants.x.train has the unknown key 'device'"),
        (one("rrrn"), "variants.x is "),
        (one(3, beta=1), "variants.x is "),
        ({"x": {**FC["rrrn-fc"], "lable": "X"}}, "variants.x is "),
        ({False: FC["rrrn-fc"]}, "variants has the name False, which is no text; write it in quotes"),
        (one("rrn", beta=1), "variants.x: 'of' is 'rrn', which is no method; use one of dual_inception, hog3d, "),
        (one("crops", beta=1), "variants.x: 'of' is 'crops', a control, whose settings are those of rrrn; use that"),
        (FC | one("rrrn-fc", beta=1), "variants.x: 'of' is 'rrrn-fc', which is a variant itself; use one of dual_"),
        ({"crops": FC["rrrn-fc"]}, "variants.crops: there is a method crops already (rrrn.networks.controls.crops)"),
        ({"a/b": FC["rrrn-fc"]}, "variants.a/b: the name is part of paths: it must be of the form [A-Za-z]"),
        ({"x": {**FC["rrrn-fc"], "label": "Avg."}}, "variants.x: the label 'Avg.' is one which no column of a table"),
        ({"x": {**FC["rrrn-fc"], "label": "RRRN"}}, "variants.x: the label 'RRRN' is one which the method rrrn has"),
        (
            one("rrrn", attenton="fc"),
            "variants.x.settings has the unknown key 'attenton' (did you mean attention?); known are aggregate, ",
        ),
        (one("rrrn", attention="fd"), "variants.x.settings.attention: 'fd' is not one of"),
        (one("rrrn", beta=2), "variants.x.settings.beta: 2 is greater than the maximum of 1"),
        (one("lbp_top", preset="mine"), "variants.x.settings.preset: 'mine' is not one of"),
    ],
)
def test_a_mistake_is_one_message(told, message):
    with pytest.raises(InputError) as said:
        whole({"variants": told})
    assert str(said.value).startswith("configuration: ") and "\n" not in str(said.value)
    assert message in str(said.value)


@pytest.mark.parametrize("key", ["methods", "ablation"])
def test_only_what_is_a_method_can_be_compared(key):
    assert whole({key: ["rrrn-fc"], "variants": FC})[key] == ["rrrn-fc"]
    with pytest.raises(InputError, match=rf"{key}\.0: 'rrrn-fc' is not one of \["):
        whole({key: ["rrrn-fc"]})


def test_settings_of_a_variant_are_said_in_one_place():
    said = (
        r"networks\.rrrn-fc: rrrn-fc is a variant; .* rrrn and what variants\.rrrn-fc\.settings says, so say it there"
    )
    with pytest.raises(InputError, match=said):
        whole({"variants": FC, "networks": {"rrrn-fc": {"beta": 0.5}}})
    with pytest.raises(InputError, match=r"networks has the unknown key 'rrrn-fc'"):
        whole({"networks": {"rrrn-fc": {"beta": 0.5}}})


def test_what_contradicts_itself_is_named_of_variants_and_of_the_ablation_too():
    deep = {"variants": {"deep": {"of": "rrrn", "settings": {"pretrained": "imagenet"}}}}
    config.check_together(whole(deep), TABLE)  # it is not run
    with pytest.raises(InputError, match=r"networks\.deep: the shallow backbone has no pretrained weights"):
        config.check_together(whole(deep, {"ablation": ["deep"]}), TABLE)
    own = {"path": "nowhere.pth", "sha256": "0f" * 32}
    deep["variants"]["deep"]["settings"] |= {"pretrained": own, "backbone": "resnet18"}
    with pytest.raises(InputError, match=r"networks\.deep\.pretrained\.path is nowhere\.pth, which is not there"):
        ahead.check(whole(deep, {"ablation": ["deep"]}), TABLE)


def test_a_variant_that_would_be_its_base_is_refused():
    same = {"variants": {"slow": {"of": "rrrn", "train": {"tune": {"epochs": 9, "lr": 0.001}}}}, "ablation": ["slow"]}
    with pytest.raises(InputError, match=r"variants\.slow\.train\.tune decides nothing .* slow would be rrrn; set"):
        config.check_together(whole(same), TABLE)
    matched = {"protocol": {"train_condition": "matched", "start": "clean"}}
    config.check_together(whole(same, matched), TABLE)
    config.check_together(whole(same, {"variants": {"slow": {"train": {"epochs": 2}}}}), TABLE)


def test_a_method_of_ones_own_varies_within_the_limits_that_it_declares(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (HOME / "docs/extending.md").read_text(encoding="utf-8")
    Path("mine.py").write_text(re.search(r"^```python\n# mine.py\n(.*?)^```$", text, re.M | re.S)[1])
    wide = {"mine-wide": {"of": "mine", "settings": {"width": 64}}}
    told = whole({"plugins": ["mine.py"], "variants": wide, "networks": {"mine": {"dropout": 0.5}}})
    assert methods.settings(told, "mine-wide") == {"width": 64, "dropout": 0.5}
    assert methods.METHODS["mine-wide"].module == "mine.py"
    built = networks.build("mine-wide", told)
    assert built(torch.zeros(2, 6, 2, 28, 28)).logits.shape == (2, 5) and built.head[1].in_features == 128
    with pytest.raises(InputError, match=r"variants\.mine-wide\.settings\.width is the text 'x' and must be of type"):
        whole({"plugins": ["mine.py"], "variants": {"mine-wide": {"of": "mine", "settings": {"width": "x"}}}})


def test_the_example_of_the_text_is_as_it_says():
    text = (HOME / "docs/extending.md").read_text(encoding="utf-8")
    told = whole(yaml.safe_load(re.search(r"^```yaml\n(variants:\n.*?)^```$", text, re.M | re.S)[1]))
    assert told["ablation"] == ["rrrn", *told["variants"]]
    assert labels.of(told["ablation"], []).methods == {
        "rrrn": "RRRN",
        "rrrn-fc": "RRRN fc",
        "rrrn-wide": "rrrn-wide",
        "rrrn-short": "rrrn-short",
    }
    assert variants.training(told, "rrrn-short") == DEFAULT["train"] | {"epochs": 8, "decay": "linear"}
    assert networks.build("rrrn-wide", told).rr.w0.out_features == 256


# ---- what runs again


def recipes(*overlays: dict) -> dict[str, str]:
    return {one.path: one.digest for one in Recipes(whole(*overlays), TABLE, Seen(Path("nowhere"))).every()}


OF_ABLATION = {"results/ablation.json", "results/ablation_comparisons.json"}
COMPARED = {"ablation": ["rrrn", "rrrn-fc", "rrrn-no-rb"], "variants": FC}


def test_an_edit_of_a_variant_reaches_its_own_files_alone():
    before = recipes(COMPARED)
    after = recipes(COMPARED, {"variants": {"rrrn-fc": {"settings": {"beta": 0.5}}}})
    assert before.keys() == after.keys()
    changed = {path for path in before if before[path] != after[path]}
    own = {path for path in before if "/rrrn-fc/" in path}
    assert len(own) == 8 + 2 * 13 and changed == own | OF_ABLATION


def test_an_edit_of_the_base_reaches_its_variants_and_its_controls():
    before, after = recipes(COMPARED), recipes(COMPARED, {"networks": {"rrrn": {"beta": 0.5}}})
    changed = {Path(path).parts[2] for path in before if "/predictions/" in path and before[path] != after[path]}
    assert changed == {"rrrn", "rrrn-fc", "rrrn-no-rb", "backbone"}
    after = recipes(COMPARED, {"networks": {"rrrn": {"attention": "ran"}}})  # the variant has another
    assert all(before[path] == after[path] for path in before if "/rrrn-fc/" in path)


SHORT = {"ablation": ["rrrn", "rrrn-short"], "variants": {"rrrn-short": {"of": "rrrn", "train": {"epochs": 4}}}}


def test_a_variant_may_be_trained_otherwise_and_no_other_method_is():
    before = Recipes(whole(), TABLE, Seen(Path("nowhere")))
    after = Recipes(whole(SHORT), TABLE, Seen(Path("nowhere")))
    told = json.loads(after.train("rrrn-short", "none", after.folds[0], "0").told)
    usual = json.loads(after.train("rrrn", "none", after.folds[0], "0").told)
    assert told["train"] == usual["train"] | {"epochs": 4} and usual["train"]["epochs"] == DEFAULT["train"]["epochs"]
    assert told["networks"]["rrrn-short"] == usual["networks"]["rrrn"]
    assert {one.path: one.digest for one in before.every()}.items() <= {
        one.path: one.digest for one in after.every()
    }.items()
    for name in ("settings", "told"):  # of the table: what those are told that are not varied
        part = json.loads(getattr(after.ablation(), name))
        assert part["train"]["epochs"] == DEFAULT["train"]["epochs"]
    assert json.loads(after.ablation().told)["variants"] == SHORT["variants"]


def test_an_edit_of_how_all_are_trained_reaches_a_variant_that_does_not_say_otherwise():
    before = recipes(SHORT)
    own = {path for path in before if "/predictions/rrrn-short/" in path}
    after = recipes(SHORT, {"train": {"epochs": 8}})
    assert own and all(before[path] == after[path] for path in own)
    after = recipes(SHORT, {"train": {"lr": 0.01}})
    assert all(before[path] != after[path] for path in own)


def test_a_variant_that_is_trained_for_fewer_epochs_costs_less():
    told = whole(SHORT)
    model = Model(told, TABLE, rates.reference(told), on_gpu=False)
    fold = protocol.tables(told, TABLE)[0]["iv"][0]
    cost = {
        name: model.cost(Job("train", {"network": name, "trained_on": "none", "fold": fold, "seed": "0"}))
        for name in ("rrrn", "rrrn-short")
    }
    started = model.rates.of("start.train")
    assert started < cost["rrrn-short"].cpu < started + 0.6 * (cost["rrrn"].cpu - started)


def test_a_label_reaches_the_ablation_alone():
    before, after = recipes(COMPARED), recipes(COMPARED, {"variants": {"rrrn-fc": {"label": "Fully connected"}}})
    assert {path for path in before if before[path] != after[path]} == OF_ABLATION


def test_rows_of_the_ablation_are_compared_with_what_they_change():
    def told(*overlays: dict) -> Recipes:
        return Recipes(whole(*overlays), TABLE, Seen(Path("nowhere")))

    assert told(COMPARED).paired("ablation") == [("rrrn-fc", "rrrn"), ("rrrn-no-rb", "rrrn")]
    shipped = dict(told(ABLATION).paired("ablation"))
    assert set(ABLATION["ablation"]) - set(shipped) == {"rrrn", "resnet18", "vgg16", "lbp_top", "lbp_sip"}
    assert {name: one["of"] for name, one in ABLATION["variants"].items()}.items() <= shipped.items()
    parts = {name for name, other in shipped.items() if name not in ABLATION["variants"] and other == "rrrn"}
    assert parts == {name for name in ABLATION["ablation"] if name.startswith("rrrn-no-")} | {
        *("rrrn-one-trunk", "rrrn-single-region", "backbone", "crops")
    }


def test_what_decides_comparisons_of_the_ablation_is_the_draws_and_not_the_one_of_the_tables():
    before = recipes(COMPARED)
    for own, expected in (
        ({"draws": 500}, {"results/comparisons.json", "results/ablation_comparisons.json"}),
        ({"against": "all"}, {"results/comparisons.json"}),
    ):
        after = recipes(COMPARED, {"compare": own})
        assert {path for path in before if before[path] != after[path]} == expected


def test_a_variant_that_nothing_compares_and_the_ablation_change_no_table_of_the_paper():
    before, after = recipes(), recipes(COMPARED)
    assert before.items() <= after.items()
    assert before == recipes({"variants": FC})


# ---- the shipped ablation


def test_the_shipped_ablation_has_every_alternative_of_every_open_choice():
    told = {name: one["settings"] for name, one in ABLATION["variants"].items()}
    assert set(told) <= set(ABLATION["ablation"])
    for name, key, value in alternatives():
        if name not in ABLATION["ablation"]:
            continue  # a network that the paper does not compare with
        if key in ("backbone", "pretrained") or value == methods.settings(DEFAULT, name)[key]:
            continue  # the backbone is the paper's, and other weights are files
        assert any(ABLATION["variants"][one]["of"] == name and told[one].get(key) == value for one in told), (name, key)
    for key in ("squeeze_channels", "hidden"):  # a number
        assert any(key in settings for settings in told.values())


@pytest.mark.parametrize("overlay", ["config.yaml", "config/paper.yaml"])
def test_no_two_methods_of_the_shipped_ablation_have_the_same_settings(overlay):
    told = whole(yaml.safe_load((HOME / overlay).read_text()), ABLATION)
    found = [(methods.METHODS[name].module, methods.settings(told, name)) for name in told["ablation"]]
    assert all(one not in found[:number] for number, one in enumerate(found))
    config.check_together(told, TABLE)
    ahead.descriptors(told, TABLE)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return training_data.make(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("name", [name for name, one in ABLATION["variants"].items() if one["of"][:3] != "lbp"])
def test_every_shipped_network_trains(data, name):
    told = whole(ABLATION)
    args = training_data.arguments(data, output=f"{name}.csv", method=ABLATION["variants"][name]["of"], epochs=1)
    (small,) = args.settings["networks"].values()
    kept = {key: small[key] for key in ("width", "squeeze_channels") if key in small}
    args.method, args.settings["networks"] = name, {name: {**methods.settings(told, name), **kept}}
    args.views_per_clip_per_epoch = 1
    train.main(args)
    rows = pd.read_csv(data / f"{name}.csv")
    assert rows[[f"p_{one}" for one in training_data.CLASSES]].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-6)


def test_two_names_of_one_method_draw_from_different_seeds(data):
    found = []
    for name in ("rrrn", "rrrn-again"):
        args = training_data.arguments(data, output=f"{name}.csv", epochs=1)
        args.method, args.settings["networks"] = name, {name: args.settings["networks"]["rrrn"]}
        train.main(args)
        found.append(pd.read_csv(data / f"{name}.csv")["p_I"].tolist())
    assert found[0] != found[1]


def test_the_shipped_ablation_is_planned(tmp_path):
    jobs = plan(tmp_path, "data/clips.csv", (HOME / "config/ablation.yaml").read_text(), *BOTH)
    descriptors = [name for name in ABLATION["ablation"] if name.startswith("lbp")]
    trained = len(ABLATION["ablation"]) - len(descriptors)
    assert jobs["train"] == trained * 8 * 3
    assert jobs["describe"] == len(descriptors) * 13 and jobs["svm"] == len(descriptors)
    assert jobs["score"] == len(ABLATION["ablation"]) * 13 and jobs["ablation"] == 1
    assert jobs["compare_ablation"] == 1 and not {"table", "summary", "ranking", "compare"} & jobs.keys()


def test_without_a_list_the_ablation_is_refused_with_the_remedy(tmp_path):
    words = ["-n", "-q", "rules", "-s", HOME / "Snakefile", "results/ablation.csv"]
    words += ["--configfile", HOME / "config.yaml", "--config", f"clips={HOME / 'tests/clips.csv'}"]
    done = snakemake(tmp_path, *map(str, words))
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert (
        "the configuration lists under 'ablation', and it lists none; --configfile config/ablation.yaml" in done.stderr
    )


def test_a_variant_is_planned_at_the_rates_of_its_base(monkeypatch):
    monkeypatch.chdir(HOME)
    own = defaults.whole([HOME / "config/ablation.yaml"])
    costing = Model(own, TABLE, rates.reference(own), on_gpu=False)
    job = {"trained_on": "none", "fold": TABLE[0].subject, "seed": "0"}
    seconds = {name: costing.cost(Job("train", {"network": name, **job})).cpu for name in protocol.networks(own)}
    assert all(one > 0 for one in seconds.values()) and not costing.guessed
    assert seconds["resnet18-two-stream"] > seconds["resnet18"]  # the same rates, more operations
    assert costing.cost(Job("ablation", {})).bytes > 0 and costing.cost(Job("compare_ablation", {})).bytes > 0
    assert calibration._networks(own) == ["vgg16", "resnet18", "backbone", "rrrn"]  # those of config.yaml


# ---- from scores to the table, and back


@pytest.fixture(scope="module")
def ran(done, tmp_path_factory) -> Path:
    """The toy run with an ablation: a descriptor's variant is new, and RRRN's trainings are there."""
    root = twin(done, tmp_path_factory.mktemp("ablation") / "with space")
    megc = {"of": "lbp_top", "settings": {"preset": "megc_code"}, "label": "LBP-TOP, one block"}
    told = {"ablation": ["rrrn", "lbp_top", "lbp_top-megc"], "variants": {"lbp_top-megc": megc}}
    (root / "own.yaml").write_text(yaml.safe_dump(told))
    said = snakemake(
        *(root, "--cores", "2", "--quiet", "rules", "progress", *CONFIG, "own.yaml", "--"),
        *BOTH,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    return root


def counts(root: Path) -> dict[str, int]:
    said = snakemake(root, "--dry-run", "--quiet", "rules", *CONFIG, "own.yaml", "--", "all")
    assert said.returncode == 0, said.stderr
    found = re.findall(r"^(\w+) +(\d+)$", said.stdout + said.stderr, re.M)
    return {rule: int(count) for rule, count in found if rule not in ("all", "total")}


def test_the_ablation_shares_the_scores_of_table_iv(ran):
    ablation = pd.read_csv(ran / "results/ablation.csv", dtype=str).set_index("Method")
    assert ablation.index.tolist()[:3] == ["RRRN", "LBP-TOP", "LBP-TOP, one block"]
    table = pd.read_csv(ran / "results/table_iv.csv", dtype=str).set_index("Condition")
    for name in ("RRRN", "LBP-TOP"):
        for condition in ("Un-occ", "Mask", "Occ-20%", "Avg."):
            assert ablation.loc[name, f"{condition} F1"] == table.loc[condition, f"{name} F1"]
    assert ablation.loc["LBP-TOP, one block", "Un-occ F1":].tolist() != ablation.loc["LBP-TOP", "Un-occ F1":].tolist()


def test_a_row_of_the_ablation_is_compared_with_its_base(ran):
    long = pd.read_csv(ran / "results/ablation_long.csv").set_index(["condition", "method", "metric"])["value"]
    found = pd.read_csv(ran / "results/ablation_comparisons.csv")
    assert set(zip(found["method"], found["other"], strict=True)) == {("LBP-TOP, one block", "LBP-TOP")}
    assert len(found) == 4 * 2 and found["n_tests"].tolist() == [6, 6, 6, 2] * 2
    for row in found.to_dict("records"):
        one, other = (long[row["condition"], row[column], row["metric"]] for column in ("method", "other"))
        assert (row["value"], row["other_value"]) == pytest.approx((one, other), abs=2e-6)
        assert row["difference"] == pytest.approx(one - other, abs=2e-6)


def test_nothing_is_left_and_an_edit_of_the_variant_runs_its_own_again(ran):
    assert counts(ran) == {}
    path = ran / "own.yaml"
    text = path.read_text()
    try:
        path.write_text(text.replace("megc_code", "casme2_baseline"))
        assert counts(ran) == {"describe": 3, "svm": 3, "score": 3, "ablation": 1, "compare_ablation": 1}
        path.write_text(text.replace("LBP-TOP, one block", "One block"))
        assert counts(ran) == {"ablation": 1, "compare_ablation": 1}
    finally:
        path.write_text(text)


def test_the_ablation_verifies_and_is_shown(ran):
    def said(*words: str) -> str:
        command = [warm_python.python(), "-P", "-m", *words]
        env = ENVIRONMENT | {"PYTHONPATH": str(HOME)}
        done = subprocess.run(command, cwd=ran, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    told = said("rrrn", "verify", *BOTH, "--configfile", "tests/config.yaml", "own.yaml")
    assert f"{', '.join(BOTH)}: is what the present configuration, code and clips make" in told
    shown = said("rrrn.commands.show", "results/ablation.csv")
    assert "LBP-TOP, one block" in shown and "Files on disk, code and clips are those that it was made of" in shown
