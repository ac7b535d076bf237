"""The table of counts against what is published beside it, and the import against sheets that nothing of ours drew."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from rrrn.experiment import megc2018
from rrrn.importing import casme2, composite, samm
from rrrn.importing.record import Record
from rrrn.running.stage import InputError
from rrrn.synthetic.databases import sheet
from tests.recorded_databases import Casme2, Samm
from tests.test_import_quirks import audit, run

HOME = Path(__file__).resolve().parents[1]
CLASSES = ("I", "II", "III", "IV", "V")

# Typed from the published sheets: clips of classes I to V of all subjects of SAMM, and each class of some of both.
SAMM_SUBJECTS = (
    "006:9 007:4 009:1 011:13 012:1 014:8 015:2 016:4 018:2 019:1 020:1 021:2 022:2 026:3 028:2 030:3 032:3 033:2 "
    "035:3 036:1 037:1"
)
SUBJECTS = {
    "samm": {"006": (0, 2, 6, 0, 1), "011": (8, 0, 0, 5, 0), "014": (7, 1, 0, 0, 0), "037": (0, 0, 1, 0, 0)},
    "casme2": {
        "sub10": (0, 0, 13, 0, 0),
        "sub17": (6, 0, 12, 3, 2),
        "sub19": (5, 4, 2, 2, 1),
        "sub22": (0, 0, 0, 0, 2),
    },
}
# Of the subjects of CASME II no sums are published. This is the table as it was counted in the sheets.
DIGEST = "a5c36826b4b8f2d7"

Counts = dict[str, dict[str, dict[str, int]]]


def counted() -> Counts:
    return {name: {key: dict(row) for key, row in megc2018.counts(name).items()} for name in megc2018.DATABASES}


def problems(counts: Counts) -> list[str]:
    """Return which checks a table of counts fails."""
    with (HOME / "data/paper/table_ii.csv").open() as file:
        table_ii = {(row["condition"], row["metric"]): int(row["value"]) for row in csv.DictReader(file)}
    failed = []
    for name, title in (("casme2", "CASME II"), ("samm", "SAMM")):
        rows = counts[name].values()
        sums = {f"class {key}": sum(row[key] for row in rows) for key in CLASSES}
        sums |= {"Total": sum(sums.values()), "Subjects": sum(any(row.values()) for row in rows)}
        failed += [f"{title} {key}" for key, value in sums.items() if value != table_ii[title, key]]
        failed += [f"{name} {key}" for key, row in SUBJECTS[name].items() if tuple(counts[name][key].values()) != row]
    typed = {key: int(value) for key, value in (pair.split(":") for pair in SAMM_SUBJECTS.split())}
    if {key: sum(row.values()) for key, row in counts["samm"].items()} != typed:
        failed.append("subjects of SAMM")
    lines = [",".join([name, key, *map(str, row.values())]) for name in counts for key, row in counts[name].items()]
    if hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] != DIGEST:
        failed.append("digest")
    return failed


def test_the_counts_are_the_published_ones():
    assert problems(counted()) == []


CELLS = [(name, key, cls) for name, rows in counted().items() for key, row in rows.items() for cls in row if row[cls]]


@pytest.mark.parametrize(("name", "subject", "objective_class"), CELLS)
def test_every_count_is_checked(name, subject, objective_class):
    """Neither one clip less, nor one that is moved to another subject or class, goes unseen; nor both at once."""
    less = counted()
    less[name][subject][objective_class] -= 1
    assert set(problems(less)) >= {"digest", f"{dict(casme2='CASME II', samm='SAMM')[name]} class {objective_class}"}
    other = next(key for key in less[name] if key != subject)
    less[name][other][objective_class] += 1
    assert "digest" in problems(less)
    if name == "samm":
        assert "subjects of SAMM" in problems(less)


@pytest.mark.parametrize(("name", "subject", "objective_class"), CELLS)
def test_the_import_compares_every_count(name, subject, objective_class):
    """A clip of another class is named with its subject, though Table II may agree."""
    records = [
        Record("here", name, key, f"{key}_{cls}_{i}", cls)
        for key, row in counted()[name].items()
        for cls, number in row.items()
        for i in range(number)
    ]
    database = {"casme2": casme2.DATABASE, "samm": samm.DATABASE}[name]
    assert composite.compare(records, database, False).differences == []
    wrong = next(one for one in records if (one.subject, one.objective_class) == (subject, objective_class))
    back = next(one for one in records if one.objective_class != objective_class)
    wrong.objective_class, back.objective_class = back.objective_class, wrong.objective_class
    found = composite.compare(records, database, False)
    assert all(expected == number for _, _, expected, number in found.rows)  # of Table II
    if (back.subject, wrong.subject) == (subject, subject):
        assert found.differences == []  # two clips of one subject exchanged: no count tells
    else:
        assert len(found.differences) == 2 and f"subject {subject}: " in "".join(found.differences)


def test_two_classes_exchanged_inside_of_a_subject_are_seen():
    """The subject has as many clips as published, the classes have not."""
    row = dict(zip(CLASSES, SUBJECTS["samm"]["006"], strict=True)) | {"II": 3, "III": 5}
    records = [Record("here", "samm", "006", f"{cls}_{i}", cls) for cls, number in row.items() for i in range(number)]
    (sentence,) = [line for line in composite.compare(records, samm.DATABASE, False).differences if "006" in line]
    assert sentence == (
        "SAMM, subject 006: 3 of class II instead of 2 (II_0 II_1 II_2), "
        "5 of class III instead of 6 (III_0 III_1 III_2 III_3 III_4)"
    )


def rows(name: str, counts: dict[str, tuple[int, ...]]) -> list[list[object]]:
    """Return annotated clips of three frames: subject, clip, onset, apex, offset, action units, class."""
    pattern = {"casme2": "EP{1:02d}_01", "samm": "{0:03d}_{1}_1"}[name]
    clips: list[list[object]] = []
    for subject, row in counts.items():
        number: Iterator[int] = count(1)
        for index, size in enumerate(row, 1):
            for _ in range(size):
                person = int(subject.removeprefix("sub"))
                clips.append([person, pattern.format(person, next(number)), 46, 47, 48, "4", index])
    return clips


def test_sheets_with_the_published_counts_are_imported(tmp_path):
    """Both databases whole, with sheets that this test writes, and no --allow-partial."""
    whole = {name: {key: tuple(row.values()) for key, row in megc2018.counts(name).items()} for name in SUBJECTS}
    whole["casme2"] |= SUBJECTS["casme2"]
    whole["samm"] |= SUBJECTS["samm"]
    one = Casme2(tmp_path / "CASME2", rows("casme2", whole["casme2"])).write()
    two = Samm(tmp_path / "SAMM", rows("samm", whole["samm"])).write()
    imports = ("casme2", one.root, "samm", two.root)
    table = run(tmp_path, *imports, partial=False, key=("subject", "clip"))
    assert len(table) == 253
    found = Counter((row["subject"], row["objective_class"]) for row in table.values())
    for name, subjects in SUBJECTS.items():
        for subject, row in subjects.items():
            assert tuple(found[f"{name}-{subject}", cls] for cls in CLASSES) == row
    assert audit(tmp_path).count("all cells agree with Table II, and each subject's classes with the sheets") == 2

    two.clips[0][-1], two.clips[-1][-1] = two.clips[-1][-1], two.clips[0][-1]  # 006 and 037; Table II agrees
    two.write()
    with pytest.raises(InputError) as stopped:
        run(tmp_path, *imports, partial=False)
    said = str(stopped.value).splitlines()[1:]
    assert [line.partition(":")[0] for line in said] == ["  SAMM, subject 006", "  SAMM, subject 037"]


def test_many_clips_are_not_said_in_one_line(tmp_path):
    """All classes of CASME II wrong: the subjects stand below each other, and the rest is in the audit."""
    whole = {key: tuple(reversed(row.values())) for key, row in megc2018.counts("casme2").items()}
    database = Casme2(tmp_path / "CASME2", rows("casme2", whole)).write()
    with pytest.raises(InputError) as stopped:
        run(tmp_path, "casme2", database.root, partial=False)
    lines = str(stopped.value).splitlines()
    assert len(lines) == 22 and lines[-1].endswith("more, see the audit")
    said = [line.count("EP") for line in [*lines, *audit(tmp_path).splitlines()]]
    assert max(said) <= max(map(sum, whole.values())) == 23


@pytest.mark.parametrize("name", ["casme2", "samm"])
def test_the_subjects_typed_here_have_the_counts_that_the_import_wants(tmp_path, name):
    """Sheets of some subjects only, which nothing but the numbers in this file made."""
    writer = {"casme2": Casme2, "samm": Samm}[name]
    database = writer(tmp_path / "DATABASE", rows(name, SUBJECTS[name])).write()
    with pytest.raises(InputError):
        run(tmp_path, name, database.root, partial=False)
    said = audit(tmp_path)
    missing = [key for key in counted()[name] if key not in SUBJECTS[name]]
    assert all(f"subject {key}: 0 of class" in said for key in missing)
    assert not [key for key in SUBJECTS[name] if f"subject {key}:" in said]


def test_the_paper_shaped_table_has_the_counts():
    drawn = Counter((clip.subject, clip.objective_class) for clip in sheet.paper_shape(1))
    assert drawn == {
        (f"syn{name}-{key}", cls): number
        for name, rows in counted().items()
        for key, row in rows.items()
        for cls, number in row.items()
        if number
    }
    for name, subjects in SUBJECTS.items():
        for subject, row in subjects.items():
            assert tuple(drawn[f"syn{name}-{subject}", cls] for cls in CLASSES) == row


def test_a_missing_table_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(megc2018.resources, "path", lambda name: tmp_path / "counts.csv")
    megc2018.counts.cache_clear()
    with pytest.raises(InputError, match=r"counts\.csv: cannot be read"):
        megc2018.counts("samm")
