"""What `rrrn synthesize` drew, `rrrn import` reads: the same table, quirks and all, with exactly the planted flags."""

import argparse
import csv
from pathlib import Path

import numpy as np
import pytest

from rrrn import cli
from rrrn.commands import synthesize
from rrrn.data.clips import Clip
from rrrn.experiment import seeds
from rrrn.importing import command
from rrrn.synthetic.databases import drawn, quirks, recording


def synthesized(out: Path, *options: object) -> Path:
    parser = argparse.ArgumentParser()
    synthesize.add_arguments(parser)
    synthesize.main(parser.parse_args([str(out), "--cores", "1", *map(str, options)]))
    return out


def imported(root: Path, table: Path, *options: str) -> list[dict[str, str]]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = [word for kind, name in (("casme2", "CASME2"), ("samm", "SAMM")) for word in (kind, str(root / name))]
    command.main(parser.parse_args([*words, "--output", str(table), "--cores", "2", *options]))
    found = rows(table)
    assert all(row.pop("frames_digest").startswith("blake2b-") for row in found)
    return found


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected(out: Path) -> list[dict[str, str]]:
    return [row | {"frames": str(out / row["frames"])} for row in rows(out / drawn.TABLE)]


class Blank:
    """Stands for SyntheticClip where hundreds are written. To an importer pixels matter only as those of one clip."""

    def __init__(self, _: object, clip: Clip, *__: object, recording: tuple[int, int]) -> None:
        self.numbers = np.arange(recording[0], recording[1] + 1)
        self.noise = seeds.generator(clip.subject, clip.clip).integers(0, 256, (6, 8), np.uint8)

    def render(self, number: int) -> np.ndarray:
        return self.noise + np.uint8(number % 256)


@pytest.fixture
def blank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "SyntheticClip", Blank)
    monkeypatch.setattr(recording, "_put_truth", lambda *_: None)
    monkeypatch.setattr(recording.faces, "paint", lambda *_: None)


def test_drawn_faces_come_out(tmp_path: Path):
    out = synthesized(tmp_path / "out", "--short", "--scale", 0.1, "--subjects", 2, "--clips", 4)
    assert imported(out, tmp_path / "table.csv") == expected(out)


@pytest.mark.parametrize("seed", range(20))
def test_what_went_in_comes_out(tmp_path: Path, blank: None, seed: int):
    frames = "raw" if seed % 4 == 3 else "selected"
    out = synthesized(tmp_path / "out", "--seed", seed, "--short", "--frames", frames)
    found = imported(out, tmp_path / "table.csv")
    assert found == expected(out)
    flags = {flag.partition(":")[0] for row in found for flag in row["flags"].split(";") if flag}
    assert len(flags) == 11  # all kinds that the importer knows but for overrides and a lost apex frame


def test_every_quirk_alone_comes_out(tmp_path: Path, blank: None):
    for name in quirks.NAMES:
        out = synthesized(
            tmp_path / name,
            "--short",
            "--scale",
            0.05,
            "--truth",
            "apex",
            "--subjects",
            2,
            "--clips",
            3,
            "--quirks",
            name,
        )
        assert imported(out, tmp_path / name / "table.csv") == expected(out), name


def test_without_quirks_nothing_is_flagged(tmp_path: Path, blank: None):
    out = synthesized(tmp_path / "out", "--short", "--quirks", "none")
    found = imported(out, tmp_path / "table.csv")
    assert found == expected(out) and not any(row["flags"] for row in found)


def test_the_paper_shape_is_table_ii(tmp_path: Path, blank: None):
    """The audit compares cell by cell, known numbers per subject included."""
    out = synthesized(tmp_path / "out", "--paper-shape", "--short")
    found = imported(out, tmp_path / "table.csv")
    assert found == expected(out) and len(found) == 253
    audit = (tmp_path / "table_audit.md").read_text(encoding="utf-8")
    assert audit.count(": all cells agree with Table II, and each subject's classes") == 2 and "SYNTHETIC" in audit
    assert "1 clips of class VI " in audit and "69 clips of class VII " in audit


def test_the_command_line_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["import", "casme2", str(tmp_path / "nowhere")])
    assert stopped.value.code == 1
    assert "nowhere: there is no such folder" in capsys.readouterr().err
