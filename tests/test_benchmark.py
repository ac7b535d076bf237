"""``rrrn.benchmark``: byte for byte what the workflow makes of the same model, and what it says of mistakes."""

import argparse
import json
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
from test_extending import BLOCKS
from training_data import VIEWS, make_flow, make_table, write_pack

from rrrn import benchmark
from rrrn.benchmarking import estimators, example
from rrrn.data import clips, predictions
from rrrn.experiment import defaults, methods, outside, protocol, registry
from rrrn.networks.baselines import resnet18
from rrrn.provenance.frames_seen import Seen
from rrrn.provenance.recipes import Recipes
from rrrn.stages import ranking, score, svm, table, train
from rrrn.svm import features
from rrrn.svm.settings import Settings
from rrrn.training import devices

METHODS = ["mine", "resnet18"]


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
    return folder


CONFIG = {
    "clips": "clips.csv",
    "conditions": ["none", "mask"],
    "protocol": {"train_condition": "clean", "holdout": ["a", "b"], "n_seeds": 2},
    "train": {"epochs": 1, "views_per_clip_per_epoch": 1, "batch_size": 8, "device": "cpu"},
    "networks": {"resnet18": {"width": 0.0625}, "mine": {"width": 4}},
}


def staged(root: Path, folder: Path, **changed) -> dict[str, bytes]:
    """What the stages make of the methods when they are told what the workflow tells them: files by their names."""
    own = {**CONFIG, **changed, "plugins": ["mine.py"], "methods": METHODS}
    whole = defaults.whole([], own)
    made = Recipes(whole, clips.read(whole["clips"]), Seen(Path("nowhere")))
    classes, seeds, view = ",".join(whole["classes"]), range(whole["protocol"]["n_seeds"]), whole["protocol"]["view"]
    for path in [folder / "models", *(folder / kind for kind in ("predictions", "scores", "confusion"))]:
        path.mkdir(parents=True)
    for method in METHODS:
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
    """Tables and ranking of these predictions, as the stages make them."""
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
