"""Every quirk that `rrrn synthesize` plants is there to be seen in the sheets and folders, and only where it says."""

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from rrrn.commands import synthesize
from rrrn.running.stage import InputError
from rrrn.synthetic.databases import quirks, recording, tree, workbooks
from rrrn.synthetic.databases.drawn import Database, Entry

CASES = [(layout, name) for layout in ("casme2", "samm") for name in quirks.of_layout(layout)]


@dataclass
class Written:
    """A database with one quirk as it lies on disk, and its plan with and without the quirk."""

    out: Path
    database: Database
    plain: Database
    place: str

    @property
    def folder(self) -> Path:
        return self.out / tree.ROOTS[self.database.layout]

    def cells(self, name: str | None = None) -> list[tuple]:
        """The sheet of codes, or that of another file, from the header on."""
        default = {"casme2": workbooks.OLDER_CODING, "samm": workbooks.SAMM_CODES}[self.database.layout]
        rows = list(openpyxl.load_workbook(self.folder / (name or default)).active.values)
        return rows[next(i for i, row in enumerate(rows) if len(row) > 1 and str(row[1]).strip() == "Filename") :]

    def rows(self, name: str | None = None) -> list[dict[str, object]]:
        header, *rows = self.cells(name)
        keys = [str(key or "").replace(" ", "").lower() for key in header]
        return [dict(zip(keys, row, strict=True)) for row in rows]

    @property
    def row(self) -> dict[str, object]:
        return next(row for row in self.rows() if row["filename"] == self.entry.clip.clip)

    @property
    def entry(self) -> Entry:
        return next(e for e in self.database.entries if f"{e.clip.subject}/{e.clip.clip}" == self.place)

    @property
    def numbers(self) -> list[int]:
        names = [path.stem for path in (self.out / self.entry.clip.frames).iterdir()]
        return sorted(int(re.findall(r"\d+", name)[-1]) for name in names)

    @property
    def au(self) -> object:
        return self.row["actionunits"]


def folders(written: Written) -> set[str]:
    return {path.name for path in written.folder.rglob("*") if path.is_dir()}


def older_is_wrong(written: Written) -> bool:
    newer, older = (written.rows(name) for name in (workbooks.CODING, workbooks.OLDER_CODING))
    pairs = list(zip(newer, older, strict=True))
    return all(a["filename"] == b["filename"] and a["onsetframe"] != b["onsetframe"] for a, b in pairs)


SEEN: dict[str, Callable[[Written], object]] = {
    "apex_slash": lambda w: w.row["apexframe"] in ("/", "\\"),
    "apex_empty": lambda w: w.row["apexframe"] is None,
    "apex_outside": lambda w: not w.row["onsetframe"] <= w.row["apexframe"] <= w.row["offsetframe"],
    "apex_at_onset": lambda w: w.row["apexframe"] == w.row["onsetframe"],
    "apex_at_offset": lambda w: w.row["apexframe"] == w.row["offsetframe"] == w.numbers[-1] == w.entry.clip.apex,
    "offset_zero": lambda w: w.row["offsetframe"] == 0 and w.numbers[-1] == w.entry.clip.offset,
    "offset_missing_frame": lambda w: w.row["offsetframe"] == w.numbers[-1] + 1,
    "onset_missing_frame": lambda w: w.row["onsetframe"] == w.numbers[0] - 1,
    "au_int": lambda w: isinstance(w.au, int),
    "au_sides": lambda w: re.search(r"\b[LR]\d+\b", w.au),
    "au_intensity": lambda w: re.search(r"\b[LR]\d+[A-E]\b", w.au),
    "au_or": lambda w: " or " in w.au,
    "au_question": lambda w: re.search(r"\d\?$", w.au),
    "au_unparsed": lambda w: re.search(r"\+ ?[a-z]{4,}$", w.au),
    "au_class_differs": lambda w: w.entry.reading.au_class != w.entry.clip.objective_class,
    "duplicate_row": lambda w: w.rows().count(w.row) == 2,
    "subject_text": lambda w: {type(row["subject"]) for row in w.rows()} == {int, str},
    "disk_only": lambda w: folders(w) - {row["filename"] for row in w.rows()} >= {w.place.partition("/")[2]},
    "extra_coding_row": lambda w: (
        {row["filename"] for row in w.rows()} - {row["filename"] for row in w.rows(workbooks.OBJECTIVE_CLASSES)}
    ),
    "classes_6_7": lambda w: (
        {
            row.get("objectiveclass", row.get("objectiveclasses"))
            for row in w.rows(workbooks.OBJECTIVE_CLASSES if w.database.layout == "casme2" else None)
        }
        >= {6, 7}
    ),
    "header_spaces": lambda w: sum(name != name.strip() for name in w.cells()[0] if name) >= 4,
    "no_preamble": lambda w: openpyxl.load_workbook(w.folder / workbooks.SAMM_CODES).active["A1"].value == "Subject",
    "two_codings": older_is_wrong,
    "stray_files": lambda w: all((w.out / e.clip.frames / "Thumbs.db").is_file() for e in w.database.entries),
    "padding": lambda w: {len(path.stem) for path in w.folder.rglob("*.jpg")} == {len("006_0562"), len("006_05562")},
    "subject_number_folder": lambda w: {"1", "sub02"} <= folders(w) and "sub01" not in folders(w),
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Written]:
    """Return a function that writes a database with one quirk, and empty files for frames."""

    def touch(recordings, truth, camera, advance):
        for one in recordings:
            one.folder.mkdir(parents=True)
            layout = recording.layouts.of_database(one.clip.database)
            for number in range(one.kept[0], one.kept[1] + 1):
                (one.folder / layout.file_name(one.clip.subject, number, one.digits)).touch()

    def written(layout: str, name: str) -> Written:
        parser = argparse.ArgumentParser()
        synthesize.add_arguments(parser)
        out = tmp_path / "out"
        common = [str(out), "--short", "--cores", "1", "--layout", layout, "--subjects", "2", "--clips", "3"]
        (plain,) = synthesize.plan(parser.parse_args([*common, "--quirks", "none"]))
        args = parser.parse_args([*common, "--quirks", name])
        (database,) = synthesize.plan(args)
        synthesize.main(args)
        return Written(out, database, plain, database.planted.get(name, ""))

    monkeypatch.setattr(recording, "write_subject", touch)
    return written


def test_every_quirk_has_a_case():
    assert set(SEEN) == set(quirks.NAMES)


@pytest.mark.parametrize(("layout", "name"), CASES)
def test_a_quirk_is_there_to_be_seen(write, layout, name):
    written = write(layout, name)
    assert list(written.database.planted) == [name]
    assert SEEN[name](written)
    if name in quirks.OF_CLIPS:
        others = [(a, b) for a, b in zip(written.database.entries, written.plain.entries, strict=True) if a != b]
        assert [changed for changed, _ in others] == [written.entry]


@pytest.mark.parametrize("layout", ["casme2", "samm"])
def test_what_is_seen_is_the_quirk(write, layout):
    """Without quirks, none of what the cases above look for is there."""
    written = write(layout, "none")
    assert not (written.folder / workbooks.CODING).exists()
    written.place = "{0.subject}/{0.clip}".format(written.database.entries[0].clip)
    for name in quirks.of_layout(layout):
        if name != "two_codings":
            assert not SEEN[name](written), name


def test_each_clip_has_one_quirk_at_most():
    parser = argparse.ArgumentParser()
    synthesize.add_arguments(parser)
    for seed in range(5):
        for database in synthesize.plan(parser.parse_args(["x", "--short", "--seed", str(seed)])):
            places = [place for name, place in database.planted.items() if name in quirks.OF_CLIPS]
            assert len(places) == len(set(places)) == len(quirks.OF_CLIPS)


def test_a_small_database_takes_all_the_quirks_that_fit():
    parser = argparse.ArgumentParser()
    synthesize.add_arguments(parser)
    small = ["x", "--short", "--layout", "casme2", "--subjects", "1", "--clips", "3"]
    (database,) = synthesize.plan(parser.parse_args(small))
    assert sum(name in quirks.OF_CLIPS for name in database.planted) == 3
    with pytest.raises(InputError, match="the 3 clips in the layout of casme2 have no room for offset_zero"):
        synthesize.plan(parser.parse_args([*small, "--quirks", "apex_slash,apex_empty,apex_outside,offset_zero"]))


def test_every_other_seed_or_so_keeps_the_preamble():
    parser = argparse.ArgumentParser()
    synthesize.add_arguments(parser)
    arguments = ["x", "--short", "--layout", "samm", "--subjects", "1", "--clips", "1", "--seed"]
    kept = [synthesize.plan(parser.parse_args([*arguments, str(seed)]))[0].preamble for seed in range(20)]
    assert 4 < sum(kept) < 16
