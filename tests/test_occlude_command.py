"""``rrrn occlude`` on folders of frames and on videos."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from rrrn import cli
from rrrn.data import frames, pictures
from rrrn.data.clips import Clip
from rrrn.occlusion.command import footage, output, preview
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.facts import share
from rrrn.occlusion.holding import registration
from rrrn.occlusion.kinds import glasses, mask
from rrrn.running.stage import InputError
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

ONE = pytest.mark.parametrize("clip", ["syncasme2-sub02"], indirect=True)  # where colour or gray does not matter


@pytest.fixture(scope="module", params=["syncasme2-sub02", "synsamm-007"])
def clip(request, tmp_path_factory) -> Path:
    """Eleven rendered frames in a folder, in colour or gray."""
    layout = layouts.of_database(request.param)
    row = Clip("x", request.param, "EP01", 12, 16, 20, "III", "", "synthetic")
    painted = faces.paint(1, request.param, layout.eye_distance, 0.5)
    drawn = SyntheticClip(painted, row, layout, PRESETS["easy"], 1, 0.5)
    folder = tmp_path_factory.mktemp("clip") / request.param
    folder.mkdir()
    for number in drawn.numbers:
        cv2.imwrite(str(folder / f"img{number}.png"), drawn.render(int(number)))
    return folder


def run(*words: object) -> None:
    """Run the command; on success it returns."""
    cli.main(["occlude", *map(str, words)])


def failed(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        run(*words)
    assert stopped.value.code == 1
    return capsys.readouterr().err


def images(folder: Path) -> dict[str, np.ndarray]:
    return {path.name: frames.read(path) for path in sorted(folder.iterdir())}


def test_a_folder_becomes_a_folder(tmp_path, caplog, clip):
    caplog.set_level("INFO")
    run(clip, tmp_path / "out", "--condition", "mask", "--occluder", "surgical-black")
    assert "degrees to the side: half widths median)" in caplog.text
    clean, occluded = images(clip), images(tmp_path / "out")
    assert len(occluded) == len(clean) and sorted(occluded) == [f"{number:05d}.png" for number in range(10, 23)]
    facts = json.loads((tmp_path / "out.json").read_text())
    assert facts["yaw"] == "median" and facts["turn"][0] < 10 and facts["settings"]["anchor"]["stable"]["yaw"] == "auto"
    assert facts["occluder"] == "surgical-black" and facts["frames"] == 13 and not facts["frames_without_a_face"]
    assert {12, 15, 17} <= set(facts["covered_action_units"]) and 1 not in facts["covered_action_units"]
    assert 0.2 < facts["share_of_landmark_box"] < 0.7 and facts["registered_frames"] > 0
    for one, two in zip(clean.values(), occluded.values(), strict=True):
        assert one.shape == two.shape
        changed = (one != two).any(axis=2)
        assert 0.03 < changed.mean() < 0.4 and not changed[0].any() and not changed[:, 0].any()
    run(clip, tmp_path / "again", "--condition", "mask", "--occluder", "surgical-black")
    for path in (tmp_path / "out").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@ONE
def test_seed_anchor_and_configuration_are_heard(tmp_path, clip):
    (tmp_path / "own.yaml").write_text("occlude: {random: {fill: mean_skin}, look: {noise: false}}\n")
    given = [
        (),
        ("--seed", "8"),
        ("--anchor", "per_frame"),
        ("--configfile", tmp_path / "own.yaml"),
    ]
    seen = []
    for number, options in enumerate(given):
        run(clip, tmp_path / f"{number}", "--condition", "random-20", *options)
        seen.append((tmp_path / f"{number}/00022.png").read_bytes())
    assert len(set(seen)) == 4


def test_videos_in_and_out(tmp_path, clip):
    run(clip, tmp_path / "one.avi", "--condition", "glasses")
    run(clip, tmp_path / "one", "--condition", "glasses")
    found = footage.read(tmp_path / "one.avi")
    assert found.numbers == list(range(1, 14)) and found.rate == 200 and found.name == "one"
    for frame, image in zip(found.frames, images(tmp_path / "one").values(), strict=True):
        assert np.array_equal(frame, image)  # without loss, and gray comes back gray
    run(tmp_path / "one.avi", tmp_path / "two.mp4", "--condition", "mask")
    height, width = found.frames.shape[1:3]
    assert footage.read(tmp_path / "two.mp4").frames.shape[1:3] == (height + height % 2, width + width % 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "one.avi", "one.avi.json", "one.json", "two.mp4",
                                                                "two.mp4.json"]  # fmt: skip


@ONE
def test_frames_without_a_face(tmp_path, capsys, clip):
    blank = tmp_path / "blank"
    blank.mkdir()
    for path in clip.iterdir():
        number = int(path.stem.removeprefix("img"))
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(blank / path.name), image * 0 if number in (14, 15, 16) else image)
    run(blank, tmp_path / "out", "--max-gap", "3", "--anchor", "per_frame")
    assert json.loads((tmp_path / "out.json").read_text())["frames_without_a_face"] == [14, 15, 16]
    assert images(tmp_path / "out")["00015.png"].any()  # the mask goes on where the face must be
    message = failed(capsys, blank, tmp_path / "other", "--max-gap", "2")
    assert "no face in 3 frames in a row, 14 to 16" in message and not (tmp_path / "other").exists()
    for path in blank.iterdir():
        cv2.imwrite(str(path), np.zeros((240, 320), np.uint8))
    assert "no face in 6 frames in a row, 10 to 15, where the search ended" in failed(capsys, blank, tmp_path / "other")


def test_a_face_at_the_edge_is_occluded_as_far_as_it_is_seen(tmp_path, clip):
    whole = images(clip)
    rows = np.flatnonzero(next(iter(whole.values())).std(axis=(1, 2)) > 1)
    cut = tmp_path / "cut"
    cut.mkdir()
    for name, image in whole.items():
        below = int(0.72 * len(rows))
        cv2.imwrite(str(cut / name), image[:below])
    run(cut, tmp_path / "out", "--upsample", "1")
    for name, image in images(tmp_path / "out").items():
        assert (image[-1] != whole[f"img{int(name[:5])}.png"][image.shape[0] - 1]).any()


@ONE
def test_an_occluder_that_covers_nothing_of_the_face_is_refused(tmp_path, capsys, clip):
    image = np.zeros((300, 300, 4), np.uint8)
    image[:4] = 255  # drawn, but not between the anchors
    art = tmp_path / "art"
    art.mkdir()
    cv2.imwrite(str(art / "mine.png"), image)
    (art / "anchors.csv").write_text("file,seam,top,bottom,left,right\nmine.png,150,200,290,20,280\n")
    (tmp_path / "own.yaml").write_text(f"occlude: {{mask: {{art: {art}}}}}\n")
    for options in ((), ("--preview",)):
        message = failed(capsys, clip, tmp_path / "out", "--configfile", tmp_path / "own.yaml", *options)
        assert "frame 10: the occluder mine.png covers nothing of the face" in message and "Traceback" not in message
        assert "raise --upsample (now 0), correct picture and anchors if they are your own, or give a clip" in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["art", "own.yaml"]


@ONE
def test_mistakes_are_named(tmp_path, capsys, clip):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "bad.yaml").write_text("occlude: [1]")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("x")
    (tmp_path / "empty").mkdir()
    for words, message in (
        ((tmp_path / "nowhere", tmp_path / "o"), "there is no such folder of frames and no such video"),
        ((tmp_path / "text.mp4", tmp_path / "o"), "is cut short, damaged, or no video (moov atom not found"),
        ((tmp_path / "empty", tmp_path / "o"), "holds no numbered images"),
        ((clip, tmp_path / "full"), "exists and is not an empty folder"),
        ((clip, tmp_path / "o.gif"), "or a video: .mp4"),
        ((clip, tmp_path / "o", "--condition", "none"), "leaves every frame as it is"),
        ((clip, tmp_path / "o", "--condition", "hat"), "condition 'hat' is unknown"),
        ((clip, tmp_path / "o", "--occluder", "hat"), "there is no mask 'hat'; there are surgical-blue"),
        ((clip, tmp_path / "o", "--condition", "random-10", "--occluder", "x"), "random patches have no names"),
        ((clip, tmp_path / "o", "--configfile", tmp_path / "bad.yaml"), "bad.yaml: configuration: occlude: [1] is not"),
        ((clip, tmp_path / "o", "--configfile", tmp_path / "nowhere.yaml"), "cannot be read as a configuration"),
        ((clip, tmp_path / "o", "--preview", "--apex", "99"), "--apex 99: the clip has the frames 10 to 22"),
    ):
        assert message in failed(capsys, *words), words
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("random: {fill: noise}", "the top level has the unknown key 'random'"),
        ("{1: 2, x: 3}", "the top level has the unknown key 1, 'x'"),
        ("occlude: {mask: {width: 4}}", "occlude.mask.width: 4 is greater than the maximum of 3"),
        ("occlude: {glasses: {width: 1000}}", "occlude.glasses.width: 1000 is greater than the maximum of 3"),
        ("anchor: {stable: {smooth: .inf}}", "anchor.stable.smooth is infinite or no number"),
        ("occlude: {mask: {width: .nan}}", "occlude.mask.width is infinite or no number"),
        ("occlude: {look: {noise: 1}}", "occlude.look.noise: 1 is not of type 'boolean'"),
        ("[occlude]", "is no configuration; it needs sections as in config.yaml"),
        ("", "is no configuration; it needs sections as in config.yaml"),
    ],
)
def test_configurations_are_checked(tmp_path, capsys, text, message):
    (tmp_path / "own.yaml").write_text(text)
    error = failed(capsys, tmp_path, tmp_path / "o", "--configfile", tmp_path / "own.yaml")
    assert message in error and "own.yaml: " in error


@pytest.mark.parametrize(
    ("option", "value"),
    [("--upsample", "-1"), ("--upsample", "4"), ("--upsample", "1.5"), ("--max-gap", "-1"), ("--max-gap", "x")],
)
def test_counts_are_whole_numbers(tmp_path, capsys, option, value):
    with pytest.raises(SystemExit) as stopped:
        run(tmp_path, tmp_path / "o", option, value)
    assert stopped.value.code == 2
    assert f"argument {option}: '{value}' is no whole number" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["o", "o.json", "o_preview.png", "o.partial"])
def test_nothing_is_replaced(tmp_path, capsys, monkeypatch, name):
    monkeypatch.setattr(footage, "read", lambda clip: pytest.fail("work before the check"))
    (tmp_path / name).write_text("mine")
    message = failed(capsys, tmp_path, tmp_path / "o", "--preview")
    assert f"{tmp_path / name}: " in message and (tmp_path / name).read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


@ONE
def test_what_a_killed_run_left_is_replaced_and_a_strangers_folder_is_not(tmp_path, capsys, clip):
    (tmp_path / "P01.2.partial/frames").mkdir(parents=True)
    (tmp_path / "P01.2.partial/frames/00010.png").touch()
    run(clip, tmp_path / "P01.2", "--condition", "random-10")  # dots make no video
    assert sorted(path.name for path in tmp_path.iterdir()) == ["P01.2", "P01.2.json"]
    (tmp_path / "o.partial/mine").mkdir(parents=True)
    assert "o.partial: is the place for unfinished output" in failed(capsys, clip, tmp_path / "o")
    assert (tmp_path / "o.partial/mine").exists()


@ONE
def test_the_facts_come_last_and_a_failure_leaves_nothing(tmp_path, capsys, monkeypatch, clip):
    def full(self, facts):
        assert (tmp_path / "o.partial/frames/00022.png").exists() and not (tmp_path / "o").exists()
        raise OSError(28, "No space left on device", "facts")

    monkeypatch.setattr(output.Output, "write_facts", full)
    assert "No space left" in failed(capsys, clip, tmp_path / "o", "--condition", "random-10")
    assert not list(tmp_path.iterdir())


@ONE
def test_the_facts_tell_how_to_repeat_it(tmp_path, clip):
    run(clip, tmp_path / "o", "--condition", "random-20", "--seed", "3", "--anchor", "clip", "--max-gap", "2")
    facts = json.loads((tmp_path / "o.json").read_text())
    assert (facts["seed"], facts["anchor"], facts["percentage"]) == (3, "clip", 20)
    assert facts["settings"]["occlude"]["random"] == {"region": "landmark_box", "placement": "nested", "fill": "black"}
    assert (facts["settings"]["occlude"]["seed"], facts["upsample"], facts["max_gap"]) == (3, 0, 2)
    assert facts["share_of_landmark_box"] == 0.2


def test_a_cut_pixel_counts_as_far_as_it_lies_in_the_box():
    layer = Layer(2, 2, np.zeros((4, 4, 3), np.float32), np.ones((4, 4), np.float32))  # covers 1.5 to 5.5
    assert share(layer, np.array([[1.5, 1.5], [5.5, 5.5]])) == 1
    assert share(layer, np.array([[1.75, 3.5], [3.75, 4.0]])) == 1
    assert share(layer, np.array([[0.5, 1.5], [2.5, 5.5]])) == 0.5
    assert share(layer, np.array([[7.0, 7.0], [9.0, 9.0]])) == 0


@ONE
def test_folders_that_differ_after_a_dot_wear_different_occluders(tmp_path, clip):
    drawn = set()
    for name in ("ep1.1", "ep1.2", "ep1.3", "ep1.4"):
        shutil.copytree(clip, tmp_path / name)
        run(tmp_path / name, tmp_path / "out" / name, "--condition", "random-10")
        drawn.add(tuple(json.loads((tmp_path / f"out/{name}.json").read_text())["centre"]))
    assert len(drawn) == 4


INTERRUPTED = """
import os, signal, sys
from rrrn import cli
from rrrn.occlusion.command import preview
from rrrn.occlusion.command.output import Output
from rrrn.occlusion.kinds import glasses, mask

def interrupted(output, *given):
    assert output.partial.is_dir()
    os.kill(os.getpid(), signal.SIGINT)

# what starts this in the background may have had it ignore the signal
signal.signal(signal.SIGINT, signal.default_int_handler)
Output.write_clip = interrupted
mask.NAMES, glasses.NAMES, preview._LEVELS = mask.NAMES[:1], (), ()  # a short preview
cli.main(["occlude", *sys.argv[1:]])
"""


@ONE
def test_ctrl_c_is_one_line(tmp_path, clip):
    words = [sys.executable, "-c", INTERRUPTED, str(clip), str(tmp_path / "o"), "--preview"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
    assert not list(tmp_path.iterdir())


def test_frames_of_two_sizes_are_refused(tmp_path, capsys, clip):
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    cv2.imwrite(str(mixed / "1.png"), np.zeros((40, 40), np.uint8))
    cv2.imwrite(str(mixed / "2.png"), np.zeros((40, 41), np.uint8))
    assert "all frames must have one size" in failed(capsys, mixed, tmp_path / "o")


def test_the_contact_sheet_shows_every_occluder(tmp_path, monkeypatch, caplog, clip):
    caplog.set_level("INFO")
    monkeypatch.setattr(mask, "NAMES", ("surgical-blue", "cloth-navy"))
    monkeypatch.setattr(glasses, "NAMES", ("round",))
    monkeypatch.setattr(preview, "_LEVELS", (10, 50))
    run(clip, tmp_path / "out", "--preview", "--apex", "16", "--occluder", "cloth-navy")
    assert caplog.text.rstrip().endswith(", out.json, out_preview.png")
    sheet = frames.read(tmp_path / "out_preview.png")
    cells = 3, 3  # rows with that of the clean clip, and kinds
    height, width = (sheet.shape[0] - preview._TOP) // cells[0], (sheet.shape[1] - 12) // cells[1]

    def drawn(row: int, column: int) -> bool:
        tile = sheet[preview._TOP + row * height :, 12 + column * width :][: preview._TILE[1], : preview._TILE[0]]
        return bool(tile.std() > 5)

    assert [[drawn(row, column) for column in range(3)] for row in range(3)] == [
        [True, False, False],
        [True, True, True],
        [True, False, True],
    ]


@ONE
def test_a_cell_that_cannot_be_drawn_says_why(tmp_path, monkeypatch, clip):
    monkeypatch.setattr(mask, "NAMES", ("surgical-blue", "cloth-navy"))
    monkeypatch.setattr(preview, "_LEVELS", (10,))
    (tmp_path / "own.yaml").write_text(f"occlude: {{glasses: {{art: {tmp_path / 'nowhere'}}}}}")
    whole = mask.template

    def template(name):
        if name == "surgical-blue":
            raise InputError("surgical-blue.png: is torn; draw it again")
        return whole(name)

    monkeypatch.setattr(mask, "template", template)
    written = []
    monkeypatch.setattr(pictures, "write", lambda picture, text, *rest, **more: written.append(text))
    run(clip, tmp_path / "o", "--preview", "--condition", "random-10", "--configfile", tmp_path / "own.yaml")
    assert "surgical-blue.png: is torn; draw it again" in written
    assert "nowhere" in "".join(written) and {"surgical-blue", "cloth-navy", "glasses", "random-10"} <= set(written)


def test_a_gap_is_mended_by_what_the_command_takes(tmp_path, capsys):
    blank = tmp_path / "blank"
    blank.mkdir()
    cv2.imwrite(str(blank / "1.png"), np.zeros((60, 80), np.uint8))
    message = failed(capsys, blank, tmp_path / "out")
    assert "raise --upsample (now 0) or --max-gap (now 5)" in message and "faces." not in message


def test_frames_that_cannot_be_registered_are_warned_of(tmp_path, capsys, monkeypatch, clip):
    run(clip, tmp_path / "good")
    assert not capsys.readouterr().err
    monkeypatch.setattr(registration, "_FARTHEST", 0.0)  # every alignment counts as lost
    run(clip, tmp_path / "out")
    assert f"warning: {clip}: only 0 of 13 frames could be registered" in capsys.readouterr().err
    assert json.loads((tmp_path / "out.json").read_text())["registered_frames"] == 0
