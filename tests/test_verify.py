"""Results of other settings, code or clips among the right ones: each is found, and nothing is found in a clean run."""

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace as replaced
from pathlib import Path

import pandas as pd
import pytest
import warm_python
from scaffold import CONFIG, ENVIRONMENT, results, snakemake, twin

from rrrn.commands import verify
from rrrn.data import clips, digested, identity, result, store
from rrrn.data.identity import Identity
from rrrn.experiment import defaults
from rrrn.running.stage import InputError

SUBJECT, OTHER = "syncasme2-sub01", "syncasme2-sub02"
FILES = {
    "render": f"data/synthetic/{SUBJECT}",
    "faces": f"results/faces/{SUBJECT}.h5",
    "anchor": f"results/anchors/{SUBJECT}.h5",
    "art": "results/art/mask.h5",
    "occlude": f"results/occluded/mask/{SUBJECT}.h5",
    "augment": f"results/augment/{SUBJECT}.csv",
    "flow": f"results/flow/mask/{SUBJECT}.h5",
    "pack": "results/pack/mask.h5",
    "train": f"results/predictions/rrrn/mask/{SUBJECT}-0.csv",
    "describe": "results/features/lbp_top/mask.h5",
    "svm": "results/predictions/lbp_top/mask/all.csv",
    "score": "results/scores/iv/rrrn/mask.csv",
    "table": "results/table_iv.json",
    "confusion": "results/confusion/iv/rrrn/mask.csv",
    "summary": "results/summary.json",
    "ranking": "results/ranking.json",
    "compare": "results/comparisons.json",
    "leak": "results/leak.json",
    "visible": "results/visible/mask.csv",
    "attention": "results/attention/rrrn/mask.csv",
    "faithfulness": "results/region_weights.json",
    "split": "results/folds.json",
}
TWINS = {
    "faces": f"results/faces/{OTHER}.h5",
    "anchor": f"results/anchors/{OTHER}.h5",
    "faces for anchor": FILES["faces"],
    "anchor for art": FILES["anchor"],
    "occlude": f"results/occluded/random-20/{SUBJECT}.h5",
    "faces for occlude": FILES["faces"],
    "augment": f"results/augment/{OTHER}.csv",
    "flow": f"results/flow/none/{SUBJECT}.h5",
    "pack": "results/pack/none.h5",
    "train": f"results/predictions/rrrn/none/{SUBJECT}-0.csv",
    "describe": "results/features/lbp_top/none.h5",
    "score": "results/scores/iii_a/rrrn/mask.csv",
    "confusion": "results/confusion/iii_a/rrrn/mask.csv",
}


@pytest.fixture
def root(done, tmp_path, monkeypatch) -> Path:
    """A copy of the finished toy, in which a file of a stage is replaced, and never written into."""
    copied = twin(done, tmp_path / "root")
    monkeypatch.chdir(copied)
    return copied


def replace(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


def with_identity(path: Path, change) -> None:
    """Let a file say something else of itself, with right checksums."""
    if path.is_dir():
        with_identity(path / identity.FRAMES, change)
        return
    made = str(change(identity.read(path)[0]))
    if path.suffix == ".h5":
        _, _, rest = path.read_bytes().partition(b"\n")
        rest = (made.encode() + b"\n").ljust(512 - store._LINE_BYTES) + rest[512 - store._LINE_BYTES :]
        line = store._MAGIC + hashlib.blake2b(rest, digest_size=16).hexdigest().encode() + b"\n"
        replace(path, line + rest)
        store.verified(path)
    elif path.suffix == ".csv":
        rows = digested.read(path)
        path.unlink()
        digested.write(list(rows[0]), [list(row.values()) for row in rows], path, lambda: made)
    else:
        told = json.loads(path.read_text()) | {"made": made}
        del told["digest"]
        replace(path, json.dumps(told | {"digest": result._digest(told)}).encode())
        result.read(path)


def found(quick: bool = False) -> list[str]:
    """What does not fit, of all tables of the toy in the working directory."""
    settings = defaults.whole([Path("tests/config.yaml")])
    table = clips.read(settings["clips"])
    recipes = verify.of_experiment(settings, table)
    return [one.path for one in verify.check(recipes, table, recipes.results(), quick)]


@pytest.mark.parametrize("quick", [True, False])
def test_nothing_is_found_in_a_clean_run(root, quick):
    assert found(quick) == []


@pytest.mark.parametrize("stage", FILES)
def test_a_file_of_other_settings_code_or_clips_is_found(root, stage):
    with_identity(Path(FILES[stage]), lambda made: Identity(made.path, "0" * 16, made.inputs))
    first, *followers = found(quick=True)
    assert first == FILES[stage]
    assert len(followers) <= 8  # what was made of it, since its checksum is another


def test_a_file_of_other_libraries_is_found_and_they_are_named(root):
    with_identity(
        Path(FILES["faces"]), lambda made: replaced(made, libraries=made.libraries.replace("dlib-", "dlib-1"))
    )
    run = rrrn(root)
    assert f"{FILES['faces']}: was made with other libraries than are installed now, dlib 1" in run.stdout
    with_identity(Path(FILES["faces"]), lambda made: replaced(made, libraries=""))  # in an environment of its own
    assert "libraries" not in rrrn(root).stdout


@pytest.mark.parametrize("stage", TWINS)
def test_a_file_of_another_condition_or_subject_is_found(root, stage):
    path = Path(FILES[stage.rpartition(" ")[2]])
    replace(path, Path(TWINS[stage]).read_bytes())
    assert str(path) in found(quick=True)


@pytest.mark.parametrize("stage", [name for name in FILES if name not in ("render", "augment", "split")])
def test_a_file_made_from_other_files_is_found(root, stage):
    with_identity(Path(FILES[stage]), lambda made: Identity(made.path, made.recipe, "0" * 16))
    assert FILES[stage] in found(quick=True)


@pytest.mark.parametrize("stage", [name for name in FILES if name != "render" and not FILES[name].endswith(".json")])
def test_a_damaged_file_is_found(root, stage):
    path = Path(FILES[stage])
    data = path.read_bytes()
    middle = len(data) // 2 if path.suffix == ".h5" else data.index(b"\n") + 3
    replace(path, data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    assert found() == [FILES[stage]]


TABLES = ["table_iv.csv", "table_iv_long.csv", "table_iv.json", "table_iv.md", "table_iv.tex", "summary.csv"]


@pytest.mark.parametrize("name", [*TABLES, "ranking.csv", "comparisons.csv", "leak.csv", "region_weights.csv"])
def test_a_table_that_was_edited_by_hand_is_found(root, name):
    path = Path("results") / name
    replace(path, re.sub(rb"0\.\d\d\d", b"0.999", path.read_bytes(), count=1))
    assert found() == [str(path.with_name(path.name.replace("_long", "")).with_suffix(".json"))]


def test_three_flipped_bytes_of_a_rendered_frame_are_found_and_not_used(root):
    frame = sorted(Path(f"data/synthetic/{SUBJECT}/EP01_01").glob("*.jpg"))[5]
    data = bytearray(frame.read_bytes())
    for place in (700, 800, 900):
        data[place] ^= 1
    replace(frame, bytes(data))
    assert found() == [f"data/synthetic/{SUBJECT}"]
    Path(FILES["faces"]).unlink()
    run = snakemake(root, "--cores", "1", "--quiet", "all", *CONFIG, "--", FILES["faces"])
    assert run.returncode != 0 and "are not those that were imported or rendered" in run.stderr


def test_files_that_were_deleted_to_save_space_are_no_fault(root):
    for path in (
        "data/synthetic",
        "results/faces",
        "results/anchors",
        "results/art",
        "results/occluded",
        "results/flow",
    ):
        shutil.rmtree(path)
    assert found() == []
    Path("results/table_iv.csv").unlink()
    assert found() == ["results/table_iv.json"]


def test_frames_that_are_not_here_are_said_and_all_else_is_verified(root):
    """As if the results had been copied to a machine that may not have the recorded frames."""
    recorded = root / "recorded"
    (root / "data/synthetic" / SUBJECT).rename(recorded)
    (recorded / identity.FRAMES).rename(root / "digests.csv")
    digests = {row["clip"]: row["frames_digest"] for row in digested.read(root / "digests.csv")}
    table = [
        replaced(clip, source="recorded", frames=str(recorded / clip.clip), frames_digest=digests[clip.clip])
        if clip.subject == SUBJECT
        else clip
        for clip in clips.read("tests/clips.csv")
    ]
    clips.write(table, Path("tests/clips.csv"))
    target = FILES["occlude"]
    run = snakemake(root, "--cores", "2", "--quiet", "all", *CONFIG, "--", target)
    assert run.returncode == 0, run.stderr
    whole = f"{target}: is what the present configuration, code and clips make\n"
    assert rrrn(root, "--", target).stdout == whole
    recorded.rename(root / "elsewhere")
    own = len(digests)
    note = f"The frames of {own} of {own} recorded clips are not here and cannot be checked"
    run = rrrn(root, "--", target)
    assert (run.returncode, run.stderr) == (0, "")
    assert re.fullmatch(re.escape(note) + r"; .*\.\n" + re.escape(whole), run.stdout)
    with_identity(Path(target), lambda made: Identity(made.path, "0" * 16, made.inputs))
    run = rrrn(root, "--", target)
    assert run.returncode == 1 and "files that do not fit: 1\n" in run.stderr
    other = [
        replaced(clip, frames_digest=f"blake2b-{number:032}") if clip.subject == SUBJECT else clip
        for number, clip in enumerate(table)
    ]
    clips.write(other, Path("tests/clips.csv"))
    assert f"{FILES['faces']}: was made with other settings, code or clips" in rrrn(root, "--", target).stdout
    clips.write([replaced(clip, frames_digest="") for clip in table], Path("tests/clips.csv"))
    run = rrrn(root, "--remove")
    assert run.returncode == 1 and "can be verified only where they are" in run.stderr
    assert Path(FILES["faces"]).exists()


def rrrn(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = ENVIRONMENT | {"PYTHONPATH": str(root)}
    command = [warm_python.python(), "-m", "rrrn", "verify", *CONFIG, *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def test_command_says_in_one_line_how_it_is(root):
    run = rrrn(root, "--", "results/table_iv.csv")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "results/table_iv.csv: is what the present configuration, code and clips make\n"
    (root / "other.yaml").write_text("train: {epochs: 2}\n")
    run = rrrn(root, "other.yaml", "--", "results/table_iv.csv")
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert run.stderr.startswith("error: results/table_iv.csv: not what the present configuration, code and clips make")
    assert "results/predictions/rrrn/none/" in run.stdout and "results/predictions/lbp_top" not in run.stdout


def test_without_records_of_snakemake_other_settings_stop_and_the_remedy_works(root, done):
    """As if the results had been copied without .snakemake, or their metadata cleaned up."""
    (root / "other.yaml").write_text("svm: {C: 0.001}\n")
    other = [*CONFIG, "other.yaml"]
    shutil.rmtree(root / ".snakemake")
    assert "Nothing to be done" in snakemake(root, "-n", *CONFIG, "--", "all").stdout
    for arguments in (["-n"], ["--cores", "1", "--quiet", "all"]):
        run = snakemake(root, *arguments, *other, "--", "all")
        assert run.returncode == 1 and "Traceback" not in run.stderr
        message = run.stderr.strip().splitlines()[-1]
        assert re.match(
            r"error: results/predictions/lbp_top/\w+/.*made with other settings.*rrrn verify --remove", message
        )
    assert rrrn(root, "other.yaml", "--remove").returncode == 0
    assert snakemake(root, "--cores", "2", "--quiet", "all", *other, "--", "all").returncode == 0
    after, before = results(root), results(done)
    changed = {path for path in before if after[path] != before[path]}
    assert {path for path in changed if "predictions" in path} == {
        f"results/predictions/lbp_top/{name}/all.csv" for name in ("none", "mask", "random-20")
    }
    assert rrrn(root, "other.yaml").returncode == 0


def test_touched_files_are_not_taken_for_current(root):
    (root / "other.yaml").write_text("svm: {C: 0.001}\n")
    for path in root.glob("results/**/*"):  # others have the linked files, whose times change
        if path.is_file():
            replace(path, path.read_bytes())
    assert snakemake(root, "--touch", "--cores", "1", *CONFIG, "other.yaml", "--", "all").returncode == 0
    run = snakemake(root, "-n", *CONFIG, "other.yaml", "--", "all")
    assert run.returncode == 1 and "Snakemake does not see it" in run.stderr


def test_where_snakemake_looks_at_times_alone_other_settings_stop(root):
    (root / "other.yaml").write_text("describe: {size: 32}\n")
    arguments = ["--cores", "1", "--quiet", "all", "--rerun-triggers", "mtime", *CONFIG, "other.yaml", "--", "all"]
    run = snakemake(root, *arguments)
    assert run.returncode == 1 and f"error: {FILES['describe'].replace('mask', 'none')}" in run.stderr
    assert snakemake(root, "-n", "-F", *arguments).returncode == 0
    assert snakemake(root, "--unlock", *arguments).returncode == 0


def test_a_stage_refuses_inputs_of_other_settings(root):
    """As a job that a cluster starts late; the workflow itself would have stopped."""
    with_identity(Path(FILES["describe"]), lambda made: Identity(made.path, "0" * 16, made.inputs))
    told = defaults.whole([Path("tests/config.yaml")])
    table = clips.read(told["clips"])
    asked = verify.of_experiment(told, table).of(FILES["svm"]).asked()
    words = ["--train", FILES["describe"], "--test", f"mask={FILES['describe']}", "--trained-on", "mask"]
    words += ["--method", "lbp_top", "--clips", "tests/clips.csv", "--classes", "I,II,III,IV,V", "--folds", SUBJECT]
    command = [
        sys.executable,
        "-m",
        "rrrn.stages.svm",
        "out.csv",
        *words,
        "--settings",
        json.dumps({"svm": told["svm"]}),
        "--asked",
        asked,
    ]
    environment = ENVIRONMENT | {"PYTHONPATH": str(root)}
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert run.returncode == 1 and not Path("out.csv").exists()
    assert f"error: {FILES['describe']}: was made with other settings, code or clips" in run.stderr


def by_hand(root: Path, target: str) -> Path:
    """Run the stage that makes a file as the workflow does, but asked for nothing; return the folder of its outputs."""
    run = snakemake(root, "--dry-run", "--printshellcmds", "--force", *CONFIG, "--", target)
    (line,) = [line.strip() for line in (run.stdout + run.stderr).splitlines() if "python -m rrrn." in line]
    words = shlex.split(line[line.index("python -m") :])
    for option in ("--asked", "--log"):
        at = words.index(option)
        del words[at : at + 2]
    folder = root / "by hand"
    stem = target.removesuffix(".csv")
    words = [str(folder / Path(word).name) if word.startswith(stem) else word for word in words]
    environment = ENVIRONMENT | {"PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"}
    run = subprocess.run([warm_python.python(), *words[1:]], cwd=root, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.mark.parametrize("stage", ["augment", "train", "svm", "score"])
def test_rows_are_the_same_without_any_check(root, stage):
    path = Path(FILES[stage])
    made = by_hand(root, FILES[stage]) / path.name
    assert identity.read(made)[0] == Identity() and identity.read(path)[0] != Identity()
    assert digested.read(made) == digested.read(path)


def test_tables_are_the_same_bytes_without_any_check(root):
    folder = by_hand(root, "results/table_iv.csv")
    assert identity.read(folder / "table_iv.json")[0] == Identity()
    for name in ("table_iv.csv", "table_iv_long.csv", "table_iv.md", "table_iv.tex"):
        assert (folder / name).read_bytes() == (root / "results" / name).read_bytes()


def edited_by_a_job(root: Path, module: str, path: str, old: str, new: str) -> None:
    """Let the first job of a stage find a file edited: Python runs this before it runs the stage."""
    lines = [
        "import pathlib, sys",
        f"path = pathlib.Path({str(root / path)!r})",
        f"if {module!r} in sys.orig_argv:",
        f"    path.write_text(path.read_text().replace({old!r}, {new!r}))",
    ]
    (root / "sitecustomize.py").write_text("\n".join(lines) + "\n")


def test_code_edited_during_a_run_and_put_back_leaves_no_trace(root, done):
    shutil.rmtree(root / "results/scores")
    for path in root.glob("results/*.*"):
        path.unlink()
    edited_by_a_job(root, "rrrn.stages.score", "rrrn/experiment/metrics.py", "np.float64", "np.single")
    run = snakemake(root, "--cores", "1", "--quiet", "all", "--keep-going", *CONFIG, "--", "all")
    assert run.returncode != 0 and "the code of rrrn.stages.score was edited since this run started" in run.stderr
    assert not list(root.glob("results/scores/*/*/*.csv"))
    (root / "sitecustomize.py").unlink()
    shutil.copy(done / "rrrn/experiment/metrics.py", root / "rrrn/experiment/metrics.py")
    assert snakemake(root, "--cores", "2", "--quiet", "all", *CONFIG, "--", "all").returncode == 0
    assert results(root) == results(done) and found() == []


def test_clip_table_edited_during_a_run(root, done):
    (root / f"results/augment/{SUBJECT}.csv").unlink()
    edited_by_a_job(root, "rrrn.stages.augment", "tests/clips.csv", ",16,", ",15,")
    target = f"results/augment/{SUBJECT}.csv"
    run = snakemake(root, "--cores", "1", "--quiet", "all", *CONFIG, "--", target)
    assert run.returncode != 0 and "tests/clips.csv: was edited since this run started" in run.stderr
    (root / "sitecustomize.py").unlink()
    shutil.copy(done / "tests/clips.csv", root / "tests/clips.csv")
    assert not (root / target).exists()
    assert snakemake(root, "--cores", "1", "--quiet", "all", *CONFIG, "--", target).returncode == 0
    assert found() == []


def test_report_says_what_its_tables_are_of_and_not_what_is_asked_now(root):
    (root / "other.yaml").write_text("train: {epochs: 40}\n")
    run = snakemake(root, "results/table_iv.csv", "--report", "report.html", *CONFIG, "other.yaml")
    assert run.returncode == 0, run.stderr
    text = (root / "report.html").read_text().replace("\\n", " ")  # it is in JSON
    assert "last epoch of 1," in text and "last epoch of 40" not in text
    assert "was made with other settings, code, clips or libraries than those that this report was asked with" in text
    run = snakemake(root, "results/table_iv.csv", "--report", "right.html", *CONFIG)
    assert run.returncode == 0, run.stderr
    assert "was made with other settings" not in (root / "right.html").read_text()


def test_a_printed_table_says_whether_files_still_fit(root):
    show = [warm_python.python(), "-m", "rrrn.commands.show", "results/table_iv.csv"]
    environment = ENVIRONMENT | {"PYTHONPATH": str(root)}
    said = subprocess.run(show, cwd=root, env=environment, capture_output=True, text=True)
    assert "Files on disk, code and clips are those that it was made of." in said.stdout, said.stderr
    with_identity(Path(FILES["train"]), lambda made: Identity(made.path, "0" * 16, made.inputs))
    said = subprocess.run(show, cwd=root, env=environment, capture_output=True, text=True)
    assert "WARNING: " in said.stdout and FILES["train"] in said.stdout
    replace(Path("results/table_iv.csv"), b"Condition,Data\nUn-occ,synthetic\n")
    said = subprocess.run(show, cwd=root, env=environment, capture_output=True, text=True)
    assert said.returncode == 1 and "results/table_iv.csv: damaged or edited by hand" in said.stderr


def test_file_beside_a_table_tells_what_it_is_of(done):
    told = result.read(done / "results/table_iv.json")
    assert told["data"] == "synthetic" and told["configuration"]["train"]["epochs"] == 1
    assert set(told["configuration"]["networks"]) == {"rrrn"} and told["versions"]["numpy"]
    assert set(told["tables"]) == {"table_iv.csv", "table_iv_long.csv", "table_iv.md", "table_iv.tex"}
    assert any("not above chance" in note for note in told["notes"])
    assert pd.read_csv(done / "results/table_iv.csv").shape[0] == 7


def test_a_class_that_no_tested_clip_has_is_said(tmp_path):
    from rrrn.tables import no_skill

    table = [
        clips.Clip("d", f"s{k}", "c", 1, 2, 3, name, f"f{k}", "recorded") for k, name in enumerate(["I", "II"] * 2)
    ]
    folds = [clip.subject for clip in table]
    assert no_skill.without_clips(table, folds, ["I", "II"]) == []
    said = no_skill.without_clips(table, folds, ["I", "II", "III"])
    assert said == ["No tested clip has class III: UAR and F1 count 1 of 3 classes as 0; leave them out of 'classes'"]


def test_unknown_target_is_named(root):
    settings = defaults.whole([Path("tests/config.yaml")])
    recipes = verify.of_experiment(settings, clips.read(settings["clips"]))
    with pytest.raises(InputError, match=r"results/table_v\.csv: is no file of this configuration"):
        verify._targets(recipes, ["results/table_v.csv"])


def test_keys_on_the_command_line_are_yaml():
    assert verify.key("svm={C: 5}") == ("svm", {"C": 5})
    for text, message in (("svm", "is not KEY=VALUE"), ("svm={C: 5", "is no YAML")):
        with pytest.raises(InputError, match=message):
            verify.key(text)
