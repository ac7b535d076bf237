"""``rrrn.benchmark``: byte for byte what the workflow makes of the same model, and what it says of mistakes."""

import argparse
import copy
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from test_extending import BLOCKS, TEXT
from training_data import VIEWS, make_flow, make_table, write_pack

from rrrn import benchmark
from rrrn.benchmarking import estimators, example
from rrrn.data import clips, predictions
from rrrn.experiment import defaults, methods, outside, pairs, protocol, registry
from rrrn.networks.baselines import resnet18
from rrrn.networks.network import Network, Output
from rrrn.provenance.frames_seen import Seen
from rrrn.provenance.recipes import Recipes
from rrrn.stages import compare, ranking, score, svm, table, train
from rrrn.svm import features
from rrrn.svm.settings import Settings
from rrrn.training import devices

METHODS = ["mine", "resnet18"]
SMALL = "".join(re.findall(r"^```python\n((?:\"\"\"Small|from rrrn\.networks\.plain).*?)^```$", TEXT, re.M | re.S))


@pytest.fixture(autouse=True)
def registered():
    yield
    registry.use({})


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """The example, in which ResNet18 has been tried."""
    folder = tmp_path_factory.mktemp("small")
    benchmark("resnet18", folder, config=example.experiment(folder))
    return folder


# ---- a network


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A working directory of two databases, with packs of two conditions, and a network of the user's own."""
    folder = tmp_path_factory.mktemp("work")
    clips.write(make_table(), folder / "clips.csv")
    for condition, views, seed in (("none", VIEWS, 1), ("mask", VIEWS, 2)):
        write_pack(folder / f"results/pack/{condition}.h5", make_table(), make_flow(make_table(), views, seed))
    (folder / "mine.py").write_text(BLOCKS["mine.py"])
    (folder / "small.py").write_text(SMALL)
    return folder


CONFIG = {
    "clips": "clips.csv",
    "conditions": ["none", "mask"],
    "protocol": {"train_condition": "clean", "holdout": ["a", "b"], "n_seeds": 2},
    "train": {"epochs": 1, "views_per_clip_per_epoch": 1, "batch_size": 8, "device": "cpu"},
    "networks": {"resnet18": {"width": 0.0625}, "mine": {"width": 4}},
}


def staged(root: Path, folder: Path, names=METHODS, plugin="mine.py", **changed) -> dict[str, bytes]:
    """What the stages make of the methods when they are told what the workflow tells them: files by their names."""
    own = {**CONFIG, **changed, "plugins": [plugin], "methods": names}
    whole = defaults.whole([], own)
    made = Recipes(whole, clips.read(whole["clips"]), Seen(Path("nowhere")))
    classes, seeds, view = ",".join(whole["classes"]), range(whole["protocol"]["n_seeds"]), whole["protocol"]["view"]
    for path in [folder / "models", *(folder / kind for kind in ("predictions", "scores", "confusion"))]:
        path.mkdir(parents=True)
    for method in names:
        for trained_on in sorted(protocol.training_sets(whole), key=lambda name: name in protocol.tuned(whole)):
            for fold in made.folds:
                for seed in seeds:
                    model = folder / f"models/{method}-{fold}-{seed}.h5"
                    tuned = trained_on in protocol.tuned(whole)
                    train.main(
                        argparse.Namespace(
                            output=folder / f"predictions/{method}/{trained_on}/{fold}-{seed}.csv",
                            train=[
                                Path(f"results/pack/{name}.h5") for name in protocol.training_sets(whole)[trained_on]
                            ],
                            test=[(n, Path(f"results/pack/{n}.h5")) for n in protocol.tested(whole, trained_on)],
                            clips=Path("clips.csv"),
                            classes=classes,
                            method=method,
                            module=methods.METHODS[method].module,
                            trained_on=trained_on,
                            fold=fold,
                            seed=seed,
                            view=view,
                            max_memory_gb=8.0,
                            start=model if tuned else None,
                            model=None if tuned or not protocol.tuned(whole) else model,
                            every_epoch=None,
                            weights=None,
                            sha256="",
                            log=None,
                            checkpoint=None,
                            asked={},
                            settings=json.loads(made.train(method, trained_on, fold, str(seed)).told),
                        )
                    )
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("predictions/**/*.csv")}


def tables(root: Path, folder: Path) -> None:
    """Tables, ranking and comparisons of these predictions, as the stages make them."""
    whole = defaults.whole([], {**CONFIG, "plugins": ["mine.py"], "methods": METHODS})
    rows = clips.read(whole["clips"])
    named, tasks = protocol.tables(whole, rows)
    told = {"clips": Path("clips.csv"), "classes": ",".join(whole["classes"]), "asked": {}, "settings": {}}
    told |= {"view": "original", "labels": None, "methods": ",".join(METHODS), "conditions": "none,mask"}
    told |= {"paper": None, "descriptors": ""}
    counted = []
    for name, folds in named.items():
        scores, found = [], []
        for method in METHODS:
            for condition in ("none", "mask"):
                files = sorted((folder / f"predictions/{method}/none").glob("*.csv"))
                scores.append(folder / f"scores/{name}/{method}/{condition}.csv")
                found.append(folder / f"confusion/{name}/{method}/{condition}.csv")
                own = {"predictions": files, "output": scores[-1], "confusion": found[-1], "folds": ",".join(folds)}
                score.main(argparse.Namespace(**told | own | {"method": method, "condition": condition}))
        own = {"scores": scores, "output": folder / f"{name}.csv", "long": folder / f"{name}_long.csv"}
        own |= {"confusion": found, "markdown": folder / f"{name}.md", "latex": folder / f"{name}.tex"}
        own |= {"about": folder / f"{name}.json", "table": name, "task": tasks[name], "folds": ",".join(folds)}
        table.main(argparse.Namespace(**told | own))
        counted.append([name, tasks[name], *map(str, found)])
    own = {"output": folder / "ranking.csv", "about": folder / "ranking.json", "confusion": counted}
    ranking.main(argparse.Namespace(**told | own))
    own |= {"output": folder / "comparisons.csv", "about": folder / "comparisons.json"}
    own |= {"pairs": pairs.of_tables(METHODS, "mine"), "settings": {"compare": whole["compare"]}}
    compare.main(argparse.Namespace(**told | own))


def test_a_network_is_byte_for_byte_what_the_workflow_makes_of_it(root, tmp_path, monkeypatch):
    """From one training after the other to the ranking; as a file, as a module, and as the function alone."""
    monkeypatch.chdir(root)
    expected = staged(root, tmp_path / "stages")
    tables(root, tmp_path / "stages")
    monkeypatch.chdir(tmp_path)
    module = outside.load(str(root / "mine.py"))
    reference = benchmark("resnet18", root, config=CONFIG | {"plugins": ["mine.py"]})
    found = benchmark(module.build, root, config=CONFIG, output="found")
    assert len(found.predictions) == 5 * 2 and len(expected) == 2 * len(found.predictions)
    for path in (*reference.predictions, *found.predictions):
        method = "mine" if path.is_relative_to(tmp_path) else "resnet18"
        assert path.read_bytes() == expected[f"predictions/{method}/{path.parent.name}/{path.name}"]
    for name in ("iii_a", "iii_b", "iv"):
        for condition in ("none", "mask"):
            for kind in ("scores", "confusion"):
                own = tmp_path / f"stages/{kind}/{name}/mine/{condition}.csv"
                assert own.read_bytes() == (found.folder / kind / name / f"{condition}.csv").read_bytes()
    lines = (tmp_path / "stages/ranking.csv").read_text().splitlines()
    assert (found.folder / "ranking.csv").read_text().splitlines() == [lines[0], *(n for n in lines if ",Mine," in n)]
    compared = (tmp_path / "stages/comparisons.csv").read_bytes()
    assert (found.folder / "comparisons.csv").read_bytes() == compared and len(compared.splitlines()) == 1 + 3 * 3 * 2
    pd.testing.assert_frame_equal(
        found.comparisons, pd.read_csv(tmp_path / "stages/comparisons.csv"), check_dtype=False, atol=1e-5
    )
    long = "".join((tmp_path / f"stages/{name}_long.csv").read_text() for name in ("iv", "iii_a", "iii_b"))
    kept = [row for row in long.splitlines() if ",Mine," in row or any(line in row for line in table.no_skill.LINES)]
    paperless = pd.read_csv(found.folder / "scores.csv", dtype=str, keep_default_na=False)
    empty = [""] * len(table.OF_PAPER)
    assert sorted(",".join([*row[:10], *empty, *row[10:]]) for row in paperless.to_numpy().tolist()) == sorted(kept)
    for model, plugins, place in ((module, ["mine.py"], "module"), (root / "mine.py", [], "file")):
        again = benchmark(model, root, config=CONFIG | {"plugins": plugins}, seeds=1, output=place)
        assert len(again.predictions) == 5
        for path in again.predictions:
            assert path.read_bytes() == expected[f"predictions/mine/none/{path.name}"]


def test_tuned_trainings_are_those_of_the_workflow(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    protocol = {"train_condition": "matched", "start": "clean", "folds": {"grouped": 2}, "holdout": ["a", "b"]}
    expected = staged(root, tmp_path / "stages", protocol=protocol)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ResNet18 may be there
        found = benchmark(root / "mine.py", root, config=CONFIG | {"protocol": protocol}, output=tmp_path / "found")
    assert len(found.predictions) == 2 * 4
    for path in found.predictions:
        assert path.read_bytes() == expected[f"predictions/mine/{path.parent.name}/{path.name}"]


def test_pytorch_is_left_as_it_was(small):
    before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    try:
        torch.set_num_threads(2)
        torch.set_deterministic_debug_mode("default")
        state = torch.get_rng_state()
        benchmark(resnet18, small, config=example.CONFIG, output=small / "again")
        assert (torch.get_num_threads(), torch.get_deterministic_debug_mode()) == (2, 0)
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(before[0])
        torch.set_deterministic_debug_mode(before[1])


def test_settings_go_over_the_configuration(small, tmp_path):
    one = benchmark("resnet18", small, config=example.CONFIG, output=tmp_path / "one")
    wide = benchmark("resnet18", small, config=example.CONFIG, settings={"width": 0.125}, output=tmp_path / "wide")
    told = json.loads((wide.folder / "benchmark.json").read_text())["configuration"]
    assert told["networks"]["resnet18"]["width"] == 0.125
    assert one.predictions[0].read_bytes() != wide.predictions[0].read_bytes()


# ---- a plain module of PyTorch


class AsNetwork(Network):
    """The network of the page, as one that is written for this package."""

    regions = (0,)

    def __init__(self, small):
        super().__init__()
        self.maps, self.head = small.maps, small.head

    def forward(self, x):
        return Output(self.head(self.maps(x[:, 0]).mean(dim=(2, 3))))

    def loss(self, output, target):
        return {"total": torch.nn.functional.cross_entropy(output.logits, target)}


def test_a_plain_module_is_byte_for_byte_the_same_network_of_the_workflow(root, tmp_path, monkeypatch):
    """As a class, a function and a plugin of both; with initial weights of each fold's own, twice."""
    monkeypatch.chdir(root)
    few = {"train_condition": "clean", "folds": {"grouped": 2}, "holdout": ["a", "b"]}
    short = {"protocol": few, "networks": {"small": {"width": 4}}}
    expected = staged(root, tmp_path / "stages", ["small"], "small.py", **short)
    Small = outside.load("small.py").Small
    config = CONFIG | {"networks": {}, "protocol": few}

    def network(settings, n_classes, side, weights):
        return AsNetwork(Small(n_classes, settings["width"]))

    def found(place, model, **told):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ResNet18 may be there
            tried = benchmark(model, root, output=tmp_path / place, compared_with=[], **told)
        assert tried.method == "small" and tried.comparisons.empty and len(tried.predictions) == len(expected) == 4
        assert [*tried.comparisons] == [*pd.read_csv(tried.folder / "comparisons.csv")] == [*compare.WITHOUT_PAPER]
        for path in tried.predictions:
            assert path.read_bytes() == expected[f"predictions/small/none/{path.name}"], place
        return json.loads((tried.folder / "benchmark.json").read_text())["configuration"]

    own = {"name": "small", "settings": {"width": 4}, "config": config}
    assert found("class", Small, **own)["sees"] == "flow"
    assert "sees" not in found("network", network, **own)
    found("function", lambda n_classes: Small(n_classes, 4), name="small", config=config)
    found("plugin", "small.py", config=CONFIG | short)


@pytest.mark.parametrize("sees", ["strain", "regions"])
def test_a_plain_module_may_see_more(small, sees):
    def shallow(n_classes, channels, side):
        numbers = channels * side**2 * (6 if sees == "regions" else 1)
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(numbers, n_classes))

    found = benchmark(shallow, small, config=example.CONFIG, sees=sees, output=small / sees)
    assert found.method == "shallow" and found.comparisons["other"].unique().tolist() == ["ResNet18"]


# ---- an estimator of scikit-learn


def vectors(folder: Path, condition: str) -> np.ndarray:
    return features.read(folder / f"results/features/lbp_top/{condition}.h5", clips.read(folder / "clips.csv"))


def said(found, condition: str) -> dict[tuple[str, str], int]:
    rows = [row for path in found.predictions for row in predictions.read(path, example.CLASSES)]
    return {(r.subject, r.clip): int(np.argmax(r.probabilities)) for r in rows if r.condition == condition}


def test_an_estimator_is_fitted_as_scikit_learn_would(small, tmp_path):
    machine = make_pipeline(StandardScaler(), KNeighborsClassifier(3))
    found = benchmark(machine, small, config=example.CONFIG, output=tmp_path)
    table = clips.read(small / "clips.csv")
    labels = [example.CLASSES.index(clip.objective_class) for clip in table]
    expected = cross_val_predict(
        machine, vectors(small, "none"), labels, groups=[clip.subject for clip in table], cv=LeaveOneGroupOut()
    )
    own = said(found, "none")
    assert [own[clip.subject, clip.clip] for clip in table] == expected.tolist()
    assert found.method == "Pipeline" and said(found, "mask").keys() == own.keys()


def test_a_support_vector_machine_is_that_of_the_stage(small, tmp_path):
    machine = SVC(kernel="linear", C=100, break_ties=True)
    found = benchmark(machine, small, config=example.CONFIG, name="svc", output=tmp_path)
    table = clips.read(small / "clips.csv")
    tested = {name: vectors(small, name) for name in ("none", "mask")}
    folds = sorted({clip.subject for clip in table})
    settings = Settings(C=100, class_weight="none", ties="margins", calibrate="none")
    staged, _ = svm.predict([tested["none"]], tested, table, example.CLASSES, folds, settings)
    for condition in tested:
        expected = {(c.subject, c.clip): int(row.argmax()) for _, name, c, row in staged if name == condition}
        assert said(found, condition) == expected


def test_random_states_that_are_open_are_seeded_and_others_are_the_users(small, tmp_path):
    def of(name, state, seeds=2):
        machine = RandomForestClassifier(3, max_depth=2, random_state=state)
        found = benchmark(machine, small, config=example.CONFIG, seeds=seeds, output=tmp_path / name)
        return [path.read_bytes().replace(b"-1", b"-0") for path in found.predictions], found

    one, found = of("one", None)
    again, _ = of("again", None)
    assert one == again and len(one) == 2 and found.ranking["n_seeds"].tolist() == [2, 2]
    rows = [predictions.read(path, example.CLASSES) for path in found.predictions]
    assert [row.probabilities for row in rows[0]] != [row.probabilities for row in rows[1]]
    fixed, _ = of("fixed", 0)
    assert len(fixed) == 1  # another seed would be the same
    _, fewer = of("one", None, seeds=1)  # where two were
    assert sorted((tmp_path / "one/predictions").rglob("*.csv")) == list(fewer.predictions)


def test_nothing_of_a_tested_subject_is_fitted(small):
    table = clips.read(small / "clips.csv")
    known, asked = vectors(small, "none"), {"mask": vectors(small, "mask")}
    own = (0, "knn", "none", table[0].subject, 0)
    expected = estimators.of_fold(KNeighborsClassifier(3), own, [known], asked, table, example.CLASSES)
    known[[clip.subject == table[0].subject for clip in table]] = np.nan  # which it would refuse
    found = estimators.of_fold(KNeighborsClassifier(3), own, [known], asked, table, example.CLASSES)
    assert found == expected and {row.subject for row in found} == {table[0].subject}


@pytest.mark.parametrize(
    "machine", [KNeighborsClassifier(1), RidgeClassifier(), SVC(decision_function_shape="ovo"), NearestCentroid()]
)
def test_probabilities_of_estimators_with_and_without_them(machine):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.integers(0, 4, 40)
    fitted = machine.fit(x, np.where(y == 1, 4, y))  # class 1 is unknown
    found = estimators.probabilities(fitted, x, 5)
    assert np.array_equal(found.argmax(axis=1), fitted.predict(x))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found[:, 1] == 0).all() and (found >= 0).all()


def test_an_estimator_that_tells_no_classes_has_its_predictions():
    class Bare:
        def predict(self, x):
            return np.array([1, 0])

        def predict_proba(self, x):
            return np.full((2, 3), 1 / 3)

    np.testing.assert_array_equal(estimators.probabilities(Bare(), np.zeros((2, 1)), 3), np.eye(3)[[1, 0]])


def test_of_two_classes_it_is_the_logistic_function():
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    fitted = RidgeClassifier().fit(x, [2, 2, 4, 4])
    found = estimators.probabilities(fitted, x, 5)
    np.testing.assert_allclose(found[:, 4], 1 / (1 + np.exp(-fitted.decision_function(x))))


# ---- mistakes


def refused(small, message, model="resnet18", **told):
    with pytest.raises(ValueError, match=message) as error:
        benchmark(model, small, **{"config": example.CONFIG} | told)
    assert "\n" not in str(error.value)


def test_mistakes_are_one_sentence(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    knn = KNeighborsClassifier(3)
    refused(tmp_path / "nowhere", "nowhere: is no directory")
    refused(
        small,
        r"results/pack/glasses\.h5: is not there; let the workflow make it: .* results/pack/glasses\.h5",
        conditions=["none", "glasses"],
    )
    refused(small, r"results/features/hog3d/none\.h5: is not there", knn, features="hog3d")
    refused(small, "'hat' and must be none, mask", conditions=["none", "hat"])
    for wrong in (0, "2", 1.5, True):
        refused(small, f"^seeds is {wrong!r}; give a whole number, 1 or more$", seeds=wrong)
    refused(small, "^conditions is 0; give a list of names", conditions=0)
    refused(small, "nothing", conditions=iter(["nothing"]))
    refused(small, "^conditions is 3; give a list of names", conditions=3)
    refused(small, r"^conditions is \[3\]; give a list of names", conditions=[3])
    refused(small, r"^configfiles is 'own\.yaml'; give a list of paths: \['own\.yaml'\]$", configfiles="own.yaml")
    refused(small, "^one of configfiles is of type int; give a path", configfiles=[3])
    refused(small, "^output is of type int; give a path", output=3)
    refused(3, "^database is of type int; give a path")
    for name in ("config", "settings"):
        refused(small, f"^{name} is of type list; give a dict", **{name: [1]})
    refused(small, "^name is 3; give its name, a text", name=3)
    refused(small, r"'resnet81' is no method; give one of .*resnet18.*, or a file that ends in \.py", "resnet81")
    refused(small, "conditions is empty; leave it out", conditions=[])
    refused(small, r"build of mine cannot be called as build\(.*too many positional", lambda told: None, name="mine")
    refused(small, r"there\.py: cannot be read", "not/there.py")
    refused(small, "lbp_top is a descriptor; give an estimator", "lbp_top")
    refused(small, "resnet18 declares its name", name="mine")
    refused(small, "^settings: networks.resnet18 has the unknown key 'widht'", settings={"widht": 1})
    refused(small, "the name '<lambda>' is not of the form", lambda *told: None)
    for taken in ("rrrn", "ResNet18"):
        refused(small, f"the name '{taken}' is that of a method", knn, name=taken)
    refused(small, "settings are a network's", knn, settings={"n_neighbors": 3})
    refused(small, "is no model", KNeighborsClassifier)
    refused(small, "is no model", 7)
    for other in (Ridge(), KMeans(2), IsolationForest(), StandardScaler(), make_pipeline(StandardScaler(), Ridge())):
        refused(small, f"{type(other).__name__} is no classifier", other)
    refused(small, "Linear is a module of PyTorch", torch.nn.Linear(1, 1))
    refused(small, "features is 'lbp-top'; it must be a descriptor: .*lbp_top", knn, features="lbp-top")
    refused(small, r"conditions is the text 'mask'; give a list: \['mask'\]", conditions="mask")
    refused(small, "module json declares no METHOD", json)
    refused(small, "build of mine returns Linear, which is no", lambda *told: torch.nn.Linear(1, 1), name="mine")
    network = resnet18.build(defaults.section("networks")["resnet18"], 5, 28, None)
    refused(small, "SingleRegion is given as one network", network)
    refused(small, "build of mine returns weights that it returned before", lambda *told: network, name="mine")


def test_mistakes_with_a_plain_module_are_one_sentence(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    class Deep(torch.nn.Module):
        def __init__(self, n_classes, depth, width=1):
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2 * 28 * 28, n_classes + width - 1))

        def forward(self, maps):
            return self.layers(maps)

    made = Deep(5, 1)
    refused(small, r"^Deep is a module of PyTorch that is made already, .*: give its class, or a function", made)
    for other in (lambda: made, lambda: copy.deepcopy(made)):
        refused(small, "^mine gives the same weights whatever the seed", other, name="mine")
    refused(small, r"^Deep needs 'depth', which is none of n_classes, side and channels; give settings=\{'depth'", Deep)
    refused(
        small,
        r"^Deep takes no 'wdith', which settings have \(did you mean width\?\)$",
        Deep,
        settings={"depth": 1, "wdith": 2},
    )
    refused(small, r"^Deep is given maps .*, and returns float32 \(2, 6\)", Deep, settings={"depth": 1, "width": 2})
    refused(
        small, r"^Deep is given maps float32 \(2, 3, 28, 28\), which fails", Deep, settings={"depth": 1}, sees="strain"
    )
    refused(small, "^settings have 'depth', of type type; they are numbers", Deep, settings={"depth": int})
    refused(
        small, "build of mine cannot be called as .*may need n_classes, side and channels", lambda a: made, name="mine"
    )
    refused(
        small, "^sees is 'crops'; it must be one of flow, strain, regions$", Deep, settings={"depth": 1}, sees="crops"
    )
    knn = KNeighborsClassifier(3)
    for other, name in (("resnet18", None), (knn, None), (lambda *told: made, "mine")):
        refused(small, "^sees is 'strain', which only plain modules", other, name=name, sees="strain")


def test_whom_it_is_compared_with(small, tmp_path):
    """All methods of the configuration that are there, or those that are named, and each before anything is trained."""
    knn = KNeighborsClassifier(3)
    tried = benchmark(knn, small, config=example.CONFIG, name="knn")
    assert tried.comparisons["other"].unique().tolist() == ["ResNet18"]
    again = benchmark(knn, small, config=example.CONFIG, name="again", compared_with=["knn", "resnet18", "knn"])
    rows = again.comparisons[again.comparisons["other"] == "knn"]
    assert (rows["difference"] == 0).all() and (rows["p"] == 1).all() and set(rows["n_tests"]) == {8, 4}
    told = json.loads((again.folder / "benchmark.json").read_text())["configuration"]
    assert told["compare"] == {"with": ["knn", "resnet18"], "draws": 10000}
    for names in (["rrrn"], ["../resnet18"]):
        message = f"^compared_with has '{names[0]}', of which .* has no confusion matrices of all tables and conditions"
        refused(small, message, knn, compared_with=names)
    refused(small, "^compared_with has 'knn', which is the model itself", knn, name="knn", compared_with=["knn"])
    refused(small, r"^compared_with is the text 'rrrn'; give a list: \['rrrn'\]$", knn, compared_with="rrrn")
    path = small / "benchmark/knn/confusion/iv/none.csv"
    path.write_text(path.read_text().replace("drawn-0", "drawn-1"))
    refused(small, r"benchmark/knn/confusion/iv/none\.csv: damaged", knn, name="third", compared_with=["knn"])
    assert not (small / "benchmark/third").exists()


def test_a_function_without_a_declaration_gets_the_settings_as_they_are(small, tmp_path):
    seen = []

    def build(settings, n_classes, side, weights):
        seen.append((settings, n_classes, side, weights))
        return resnet18.build(
            {**defaults.section("networks")["resnet18"], "width": settings["w"]}, n_classes, side, None
        )

    found = benchmark(build, small, config=example.CONFIG, name="own", settings={"w": 0.0625}, output=tmp_path)
    assert seen == [({"w": 0.0625}, 5, 28, None)] * 3 and found.method == "own"


def test_without_resnet18_there_is_a_warning_and_no_number(tmp_path):
    config = example.experiment(tmp_path)
    with pytest.warns(UserWarning, match="nothing of ResNet18 is there, so there is no mean relative degradation"):
        found = benchmark(KNeighborsClassifier(3), tmp_path, config=config)
    assert np.isnan(found.mean_relative_degradation) and found.folder == tmp_path / "benchmark/KNeighborsClassifier"
    assert found.ranking[["unoccluded", "low"]].notna().all().tolist() == [True, False]
    found = benchmark("resnet18", tmp_path, config=config, output=tmp_path / "found")
    (tmp_path / "results/confusion/iv").mkdir(parents=True)
    (found.folder / "confusion/iv").rename(tmp_path / "results/confusion/iv/resnet18")  # as the workflow leaves it
    assert benchmark(KNeighborsClassifier(3), tmp_path, config=config).mean_relative_degradation > 0


def test_a_damaged_resnet18_is_told_before_training(tmp_path):
    config = example.experiment(tmp_path)
    path = benchmark("resnet18", tmp_path, config=config).folder / "confusion/iv/mask.csv"
    path.write_text(path.read_text().replace("drawn-0", "drawn-1"))
    with pytest.raises(ValueError, match=r"confusion/iv/mask\.csv: damaged"):
        benchmark(KNeighborsClassifier(3), tmp_path, config=config)
    assert not (tmp_path / "benchmark/KNeighborsClassifier").exists()


def test_a_full_gpu_is_one_sentence(small, tmp_path, monkeypatch):
    def full(*told):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(devices, "place", full)
    refused(
        small, "^the GPU's memory is full; .*; or lower, in config, train.max_memory_gb, .* there$", output=tmp_path
    )


def test_resnet18_of_other_clips_is_refused(small, tmp_path):
    config = {**example.CONFIG, "clips": "fewer.csv"}
    clips.write(clips.read(small / "clips.csv")[:-1], small / "fewer.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(
            small, r"resnet18/confusion/iv/none\.csv: other clips were tested", "rrrn", config=config, output=tmp_path
        )
    assert not list(tmp_path.iterdir())  # before anything was trained
