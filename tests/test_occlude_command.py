"""``rrrn occlude`` on folders of frames and on videos."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rrrn import cli, frames
from rrrn.clips import Clip
from rrrn.occlusion import command, glasses_art, mask_art, preview, registration
from rrrn.synthetic import face as faces
from rrrn.synthetic import layouts
from rrrn.synthetic.clip import SyntheticClip
from rrrn.synthetic.presets import PRESETS


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


def test_a_folder_becomes_a_folder(tmp_path, clip):
    run(clip, tmp_path / "out", "--condition", "mask", "--occluder", "surgical-black")
    clean, occluded = images(clip), images(tmp_path / "out")
    assert len(occluded) == len(clean) and sorted(occluded) == [f"{number:05d}.png" for number in range(10, 23)]
    facts = json.loads((tmp_path / "out.json").read_text())
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


def test_seed_anchor_and_configuration_are_heard(tmp_path, clip):
    (tmp_path / "own.yaml").write_text("occlude: {random: {fill: mean_skin}, look: {noise: false}}\n")
    given = [
        (),
        ("--seed", "8"),
        ("--anchor", "per_frame"),
        ("--config", tmp_path / "own.yaml"),
    ]
    seen = []
    for number, options in enumerate(given):
        run(clip, tmp_path / f"{number}", "--condition", "random-20", *options)
        seen.append((tmp_path / f"{number}/00022.png").read_bytes())
    assert len(set(seen)) == 4


def test_videos_in_and_out(tmp_path, clip):
    run(clip, tmp_path / "one.avi", "--condition", "glasses")
    run(clip, tmp_path / "one", "--condition", "glasses")
    decoded, numbers, rate = command.read(tmp_path / "one.avi")
    assert numbers == list(range(1, 14)) and rate == 200
    for frame, image in zip(decoded, images(tmp_path / "one").values(), strict=True):
        expected = image if image.shape[2] == 3 else np.repeat(image, 3, axis=2)
        assert frame.shape == (-(-image.shape[0] // 2) * 2, image.shape[1], 3)  # sides of videos are even
        inside = frame[: image.shape[0]].astype(int)
        assert np.abs(inside - expected).max() <= 1  # lossless, but for the conversion of colours
    run(tmp_path / "one.avi", tmp_path / "two.mp4", "--condition", "mask")
    assert command.read(tmp_path / "two.mp4")[0].shape == decoded.shape
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "one.avi", "one.avi.json", "one.json", "two.mp4",
                                                                "two.mp4.json"]  # fmt: skip


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
    assert "no face in 13 frames" in failed(capsys, blank, tmp_path / "other")


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


def test_an_occluder_that_covers_nothing_of_the_face_is_refused(tmp_path, capsys, clip):
    image = np.zeros((300, 300, 4), np.uint8)
    image[:4] = 255  # drawn, but not between the anchors
    art = tmp_path / "art"
    art.mkdir()
    cv2.imwrite(str(art / "mine.png"), image)
    (art / "anchors.csv").write_text("file,seam,top,bottom,left,right\nmine.png,150,200,290,20,280\n")
    (tmp_path / "own.yaml").write_text(f"occlude: {{mask: {{art: {art}}}}}\n")
    for options in ((), ("--preview",)):
        message = failed(capsys, clip, tmp_path / "out", "--config", tmp_path / "own.yaml", *options)
        assert "frame 10: the occluder mine.png covers nothing of the face" in message and "Traceback" not in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["art", "own.yaml"]


def test_mistakes_are_named(tmp_path, capsys, clip):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "bad.yaml").write_text("occlude: [1]")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("x")
    (tmp_path / "empty").mkdir()
    for words, message in (
        ((tmp_path / "nowhere", tmp_path / "o"), "there is no such folder of frames and no such video"),
        ((tmp_path / "text.mp4", tmp_path / "o"), "is no video that can be decoded"),
        ((tmp_path / "empty", tmp_path / "o"), "holds no numbered images"),
        ((clip, tmp_path / "full"), "exists and is not an empty folder"),
        ((clip, tmp_path / "o.gif"), "or a video: .mp4"),
        ((clip, tmp_path / "o", "--condition", "none"), "leaves every frame as it is"),
        ((clip, tmp_path / "o", "--condition", "hat"), "condition 'hat' is unknown"),
        ((clip, tmp_path / "o", "--occluder", "hat"), "there is no mask 'hat'; there are surgical-blue"),
        ((clip, tmp_path / "o", "--condition", "random-10", "--occluder", "x"), "random patches have no names"),
        ((clip, tmp_path / "o", "--config", tmp_path / "bad.yaml"), "no configuration with a section occlude"),
        ((clip, tmp_path / "o", "--config", tmp_path / "nowhere.yaml"), "cannot be read as a configuration"),
        ((clip, tmp_path / "o", "--preview", "--apex", "99"), "--apex 99: the clip has the frames 10 to 22"),
    ):
        assert message in failed(capsys, *words), words
    assert not (tmp_path / "o").exists()


def test_frames_of_two_sizes_are_refused(tmp_path, capsys, clip):
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    cv2.imwrite(str(mixed / "1.png"), np.zeros((40, 40), np.uint8))
    cv2.imwrite(str(mixed / "2.png"), np.zeros((40, 41), np.uint8))
    assert "all frames must have one size" in failed(capsys, mixed, tmp_path / "o")


def test_the_contact_sheet_shows_every_occluder(tmp_path, monkeypatch, clip):
    monkeypatch.setattr(mask_art, "NAMES", ("surgical-blue", "cloth-navy"))
    monkeypatch.setattr(glasses_art, "NAMES", ("round",))
    monkeypatch.setattr(preview, "_LEVELS", (10, 50))
    run(clip, tmp_path / "out", "--preview", "--apex", "16", "--occluder", "cloth-navy")
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
