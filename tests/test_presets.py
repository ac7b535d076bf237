"""The presets side by side: which there are, what each lays over config.yaml, and a row for each, or why not."""

import json
from pathlib import Path

import pytest
import yaml

from rrrn import cli
from rrrn.commands import init
from rrrn.experiment import defaults
from rrrn.planning import command, presets, tally
from rrrn.planning.presets import PRESETS, Preset
from rrrn.planning.tally import Stage
from rrrn.running import resources
from rrrn.running.stage import InputError

pytestmark = pytest.mark.usefixtures("forks")

HOME = Path(__file__).resolve().parents[1]
NAMED = {preset.name: preset for preset in PRESETS}
TOY = {"methods": ["lbp_sip", "backbone"], "conditions": ["none"], "clips": str(HOME / "tests/clips.csv")}


def test_every_configuration_is_a_preset_or_laid_over_one():
    assert list(NAMED) == ["default", "laptop", "budget", "paper"]
    used = {name for preset in PRESETS for name in preset.files}
    assert used | {"config/ablation.yaml", "config/stable.yaml"} == {
        str(path.relative_to(HOME)) for path in HOME.glob("config/*.yaml")
    }


def test_a_working_directory_gets_the_files_of_every_preset():
    for preset in PRESETS:
        for name in preset.files:
            assert init.FILES[name] == name and resources.path(name).is_file()


def test_files_are_laid_over_each_other_in_order_and_a_users_own_last(monkeypatch, tmp_path):
    monkeypatch.chdir(HOME)
    assert NAMED["default"].settings() == defaults.whole([])
    paper, budget = NAMED["paper"].settings(), NAMED["budget"].settings()
    assert budget["train"]["epochs"] < paper["train"]["epochs"] and budget["augment"] == paper["augment"]
    (tmp_path / "own.yaml").write_text("train: {epochs: 3}")
    own = NAMED["budget"].settings([tmp_path / "own.yaml"])
    assert own["train"] == {**budget["train"], "epochs": 3}


def test_the_clip_table_that_comes_with_rrrn_is_found_anywhere_but_a_users_own_counts(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert NAMED["default"].settings()["clips"] == str(HOME / "data/clips.csv")
    (tmp_path / "own.yaml").write_text("clips: mine.csv")
    assert NAMED["default"].settings([tmp_path / "own.yaml"])["clips"] == "mine.csv"
    (tmp_path / "data").mkdir()
    (tmp_path / "data/clips.csv").touch()
    assert NAMED["default"].settings()["clips"] == "data/clips.csv"


@pytest.mark.parametrize(
    ("cards", "named", "here", "measured", "expected"),
    [
        (True, None, 0, False, 1),
        (True, None, 2, False, 2),
        (True, 0, 2, True, 0),
        (True, 8, 0, False, 8),
        (False, None, 0, True, 0),
        (False, 8, 0, True, 0),
        (False, None, 2, False, 0),
        (False, None, 2, True, 2),
        (False, 1, 2, True, 1),
        (False, 0, 2, True, 0),
    ],
)
def test_presets_for_gpus_are_planned_on_them_and_others_where_one_is_measured(cards, named, here, measured, expected):
    assert Preset("mine", "", cards=cards).gpus(named, here, measured) == expected


def test_what_is_before_training_is_all_but_what_trains_and_what_comes_after():
    listed = [Stage(rule, 1) for rule in (*tally.ORDER, "logs")]
    before = [stage.rule for stage in tally.before(listed)]
    assert {"render", "flow", "weights", "describe"} <= set(before)
    assert not {"train", "svm", "score", "table", "logs"} & set(before)
    training = {stage.rule for stage in tally.training(listed)}
    assert "train" in training and not training & {"svm", *before}


@pytest.fixture
def two(monkeypatch, tmp_path):
    """A preset of the toy, and one that contradicts itself."""
    toy, wrong = tmp_path / "toy.yaml", tmp_path / "wrong.yaml"
    toy.write_text(yaml.safe_dump(TOY))
    wrong.write_text(yaml.safe_dump({"methods": ["nosuch"]}))
    monkeypatch.setattr(presets.workplace, "path", lambda name: tmp_path / name)
    made = (Preset("bad", "broken", (wrong.name,)), Preset("toy", "a small one", (toy.name,)))
    monkeypatch.setattr(command, "PRESETS", made)
    monkeypatch.chdir(HOME)


ARGUMENTS = ["plan", "--presets", "--no-calibration", "--cores", "3"]


def test_a_preset_that_cannot_be_planned_says_why_in_its_place(two, capsys):
    cli.main(ARGUMENTS)
    header, _, bad, toy, empty, *told = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["preset", "clips", "trainings", "jobs"]
    assert bad.startswith("bad     cannot be planned: ") and not empty
    assert "wrong.yaml: configuration: methods.0: 'nosuch' is not one of" in bad
    assert toy.startswith("toy") and toy.endswith("  a small one") and " CPU " in toy
    assert "toy on 1 core and 3" in told[0]
    assert any(note.startswith("toy: rates: ") for note in told)
    assert not any("bad" in note for note in told)


def test_presets_are_told_to_programs_with_the_targets_that_are_named(two, capsys):
    cli.main([*ARGUMENTS, "--json", "--", "results/table_iv.csv"])
    told = json.loads(capsys.readouterr().out)["presets"]
    assert list(told) == ["bad", "toy"] and "nosuch" in told["bad"]["error"] and "jobs" not in told["bad"]
    toy = told["toy"]
    subjects = {line.split(",")[1] for line in (HOME / "tests/clips.csv").read_text().splitlines()[1:]}
    assert toy["trainings"] == len(subjects) and toy["clips"] == 20 and toy["files"] == ["toy.yaml"]
    assert toy["jobs"] > toy["trainings"] and toy["bytes"] > 0 and toy["gpus"] == 0
    assert toy["wall_seconds_on_one"] > toy["wall_seconds"]
    assert toy["training_cpu_seconds"] > 0 and toy["before_training_cpu_seconds"] > 0


def test_where_no_preset_can_be_planned_the_command_fails(two, monkeypatch, capsys):
    monkeypatch.setattr(command, "PRESETS", command.PRESETS[:1])
    with pytest.raises(SystemExit) as end:
        cli.main(ARGUMENTS)
    found = capsys.readouterr()
    assert end.value.code == 1 and "bad" in found.out and "error: no preset can be planned" in found.err


def test_a_preset_whose_file_is_lost_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "_ROOT", tmp_path)
    with pytest.raises(InputError, match=r"paper\.yaml: is not there.*install it again"):
        Preset("mine", "", ("config/paper.yaml",)).settings()
