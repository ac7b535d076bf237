"""The report and its figures: what is in them, what they say of what is missing, and that faces stay out."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import altair as alt
import h5py
import numpy as np
import pandas as pd
import pytest
from altair.utils import schemapi
from altair.vegalite.v6.schema import core
from reported import CLASSES, found

from rrrn.data import rows, store
from rrrn.data.predictions import Prediction
from rrrn.report import document, drawing, figure, theme
from rrrn.report import found as found_on_disk
from rrrn.report.catalogue import FIGURES
from rrrn.report.figures import confusion, doubts, matrix, ranks, robustness, subjects, times, training, weights
from rrrn.report.figures import strips as strips_figure
from rrrn.report.found import Found
from rrrn.report.page import address
from rrrn.report.pages import audit, classes, clips, configuration, run, start
from rrrn.report.table import of_frame
from rrrn.stages import answers, strips
from rrrn.tables.layout import numbers
from rrrn.tables.published import SYNTHETIC

SMALL = {"subjects": ("s1", "s2"), "clips": 2, "methods": ("lbp_top",), "conditions": ("none", "mask")}


@pytest.fixture(scope="module")
def whole() -> Found:
    return found(doubted=True)


@pytest.fixture(scope="module")
def html(whole) -> str:
    return made(whole)


def made(what: Found) -> str:
    return document.html(what, {one.name: json.loads(json.dumps(drawing.told(one))) for one in drawing.every(what)})


def nothing_of(what: Found) -> Found:
    """The same experiment before anything of it is there."""
    return Found(what.settings, what.clips, what.labels, what.tasks, missing=["results/table_iv.json", "and more"])


def valid(told: dict[str, Any]) -> dict[str, Any]:
    """The same chart, which Vega-Lite's schema allows."""
    schemapi.validate_jsonschema(told, {"$ref": "#/definitions/TopLevelSpec"}, rootschema=core.load_schema())
    return told


def test_the_workflow_is_told_all_figures():
    assert tuple(module.NAME for module in drawing.DRAWN) == FIGURES


def test_each_figure_is_a_picture_that_says_of_how_much_it_is(whole):
    for one in drawing.every(whole):
        told = valid(figure.spec(one, SYNTHETIC))
        assert one.panels and not one.rows.empty, one.name
        assert re.search(r"12 clips", one.caption), one.caption
        for chart in one.panels:
            valid(figure.panel(chart))
        text = figure.svg(told)
        assert one.title in text and "SYNTHETIC" in text and not re.search(r'[">(, ]NaN', text)
    assert figure.png(figure.spec(ranks.draw(whole), "")).startswith(b"\x89PNG")


def test_marks_of_doubts_are_seen_in_their_legend(whole):
    """Two of three are open, and the theme gives those of a legend no line."""
    text = figure.svg(figure.spec(doubts.draw(whole), ""))
    legend = re.findall(r'<g class="mark-symbol role-legend-symbol".*?</g>', text)
    assert len(legend) == 3 * 2 and all('stroke-width="1.8"' in one for one in legend)
    assert [re.findall(r' fill="(.*?)"', one) for one in legend] == [[theme.COLOURS[0]], [], []] * 2


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_training_of_one_epoch_is_seen(whole, epochs):
    few = replace(whole, histories=whole.histories[whole.histories["epoch"] <= epochs])
    text = figure.svg(valid(figure.spec(training.draw(few), "")))
    points = text.count('aria-roledescription="point"')
    assert points == (epochs == 1) * len(whole.methods) * len(whole.subjects)


def test_without_anything_each_figure_says_why_there_is_nothing(whole):
    for one in drawing.every(nothing_of(whole)):
        assert not one.panels and one.caption.startswith("There is nothing to see here: "), one.name
        assert one.title in figure.svg(valid(figure.spec(one, "")))


def test_names_in_one_picture_do_not_meet_those_of_another():
    cut = alt.Chart(pd.DataFrame({"x": [0, 1]})).mark_line(clip=True).encode(x="x:Q", y="x:Q")
    text = figure.inline(figure.panel(cut), "a")
    names = re.findall(r'id="([^"]+)"', text)
    assert names and all(name.startswith("a-") for name in names) and f"url(#{names[0]})" in text
    assert "aria-roledescription" not in text


def test_the_critical_difference_is_demsars():
    """His worked example (Demšar, JMLR 7, 2006, Section 3.2.2): four classifiers on 14 data sets."""
    assert ranks.critical_difference(4, 14) == pytest.approx(1.25, abs=0.01)
    assert ranks.critical_difference(2, 10) == pytest.approx(1.96 / np.sqrt(10), abs=0.001)  # q of two is normal


def test_bars_of_subjects_are_counted_by_hand(whole):
    rows = subjects.draw(whole).rows.query("method == 'RRRN' and subject == 's2'")
    right = []
    for name in whole.conditions:
        frame = whole.answers["rrrn", name].query("subject == 's2'")
        said = frame[[f"p_{one}" for one in CLASSES]].to_numpy().argmax(axis=1)
        right += [CLASSES[place] == true for place, true in zip(said, frame["true"], strict=True)]
    assert rows["right"].item() == pytest.approx(np.mean(right))


def naive(whole: Found, method: str, conditions: list[str]) -> np.ndarray:
    """The matrix of a method's answers, true by said, mean over seeds and conditions."""
    found = np.zeros((len(CLASSES), len(CLASSES)))
    for name in conditions:
        frame = whole.answers[method, name]
        for _, row in frame.iterrows():
            said = max(CLASSES, key=lambda one, row=row: row[f"p_{one}"])
            found[CLASSES.index(row["true"]), CLASSES.index(said)] += 1 / frame["seed"].nunique() / len(conditions)
    return found


def test_shares_of_confusion_are_counted_by_hand(whole):
    rows = confusion.draw(whole).rows.query("method == 'RRRN'")
    clean, hidden = naive(whole, "rrrn", ["none"]), naive(whole, "rrrn", ["mask", "random-20", "random-40"])
    first, second = (one / one.sum(axis=1, keepdims=True) for one in (clean, hidden))
    wanted = {"un-occluded": (clean, first), "occluded": (hidden, second), "change": (hidden, second - first)}
    for part, (counts, shares) in wanted.items():
        own = rows[rows["part"] == part].set_index(["true", "said"])
        told = [
            (own.loc[(true, said), "clips"], own.loc[(true, said), "share"]) for true in CLASSES for said in CLASSES
        ]
        assert np.allclose(told, np.stack([counts, shares], axis=-1).reshape(-1, 2))


def test_mean_weights_are_counted_by_hand(whole):
    rows = weights.draw(whole).rows.set_index(["of", "condition", "region"])["value"].sort_index()
    alpha, visible = whole.weights["rrrn", "mask"]["alpha_5"], whole.visible["mask"]["visible_2"]
    assert rows["RRRN", "Mask", "centre 0.85"] == pytest.approx(sum(alpha) / len(alpha))
    assert rows["visible", "Mask", "top right"] == pytest.approx(sum(visible) / len(visible))
    assert set(rows["visible", "Un-occ"]) == {1.0} and len(rows) == 2 * 4 * 6


def test_the_matrix_shows_f1_alone(whole):
    told = whole.results["matrix"]
    more = pd.concat([told.assign(metric="WF1", value=0.0), told.sample(frac=1, random_state=0)])
    rows = matrix.draw(replace(whole, results={"matrix": more})).rows.set_index(["method", "trained_on", "condition"])
    assert len(rows) == 3 * 4 * 4
    for _, one in told.iterrows():
        place = rows.loc[(one["method"], one["trained_on"], one["condition"])]
        assert [*place] == [one["value"], one["low"], one["high"]]


def test_training_curves_are_those_of_one_training_set_and_seed(whole):
    others = [whole.histories.assign(total=99.0, **own) for own in ({"trained_on": "mask"}, {"seed": "1"})]
    rows = training.draw(replace(whole, histories=pd.concat([*others, whole.histories], ignore_index=True))).rows
    assert len(rows) == 3 * 3 * 3 and set(rows["trained_on"]) == {"none"}
    assert rows["total"].tolist() == pytest.approx((2 / rows["epoch"]).tolist())


def test_times_are_sums_of_jobs_and_memory_is_of_the_largest(whole):
    jobs = [("flow", 1.5, 10.0), ("train", 60.0, 300.0), ("flow", 2.0, 30.0), ("score", 0.1, np.nan)]
    rows = times.draw(replace(whole, times=pd.DataFrame(jobs, columns=["rule", "s", "max_rss"]))).rows
    assert rows["rule"].tolist()[:3] == ["train", "flow", "score"] and rows["folder"].tolist()[3:] == ["flow"]
    wanted = [[60, 1, 300, np.nan], [3.5, 2, 30, np.nan], [0.1, 1, np.nan, np.nan], [np.nan, np.nan, np.nan, 3]]
    assert np.array_equal(rows[["seconds", "jobs", "memory", "megabytes"]], wanted, equal_nan=True)


def test_ranks_are_counted_by_hand_over_all_conditions_and_under_each(whole):
    rows = ranks.draw(whole).rows.set_index(["condition", "method"])["rank"]
    for label, names in {"Avg.": whole.conditions, "Mask": ["mask"]}.items():
        shares = {}
        for method in whole.methods:
            for subject in whole.subjects:
                right = []
                for name in names:
                    frame = whole.answers[method, name].query("subject == @subject")
                    said = frame[[f"p_{one}" for one in CLASSES]].to_numpy().argmax(axis=1)
                    right += [CLASSES[place] == true for place, true in zip(said, frame["true"], strict=True)]
                shares[method, subject] = sum(right) / len(right)
        for method in whole.methods:
            own = []
            for subject in whole.subjects:
                others = [shares[other, subject] for other in whole.methods]
                better = sum(one > shares[method, subject] for one in others)
                own.append(better + (others.count(shares[method, subject]) + 1) / 2)
            assert rows[label, whole.method(method)] == pytest.approx(np.mean(own))
    assert len(rows) == 5 * 3


def test_ranks_of_methods_that_are_alike_have_no_test(whole):
    same = {cell: whole.counts["iv"]["rrrn", cell[1]] for cell in whole.counts["iv"]}
    drawn = ranks.draw(replace(whole, counts={"iv": same}))
    assert set(drawn.rows["rank"]) == {2} and "Friedman" not in json.dumps(drawing.told(drawn))


def test_each_table_of_the_curves_says_of_how_much_it_is(whole):
    one = whole.tables["iv"].assign(table="iii_a", n_clips=4, n_subjects=1)
    caption = robustness.draw(replace(whole, tables={"iii_a": one, **whole.tables})).caption
    said = "Table IV of 12 clips of 3 subjects and Table III a of 4 clips of 1 subject; 2 seeds of each network."
    assert caption.endswith(said)


def test_versions_that_differ_are_named_with_their_tables(whole):
    made = {"table_iv": {"rrrn": "1", "numpy": "2.4"}, "leak": {"rrrn": "1", "numpy": "2.5"}}
    what = replace(whole, versions=made)
    rows = [tuple(cell.text for cell in row.cells) for row in run.page(what).told["tables"][0].rows]
    assert rows[:3] == [("rrrn", "1", "all"), ("numpy", "2.4", "table_iv"), ("numpy", "2.5", "leak")]
    assert "Made by rrrn 1 from" in document.html(what, {})


def test_devices_are_those_that_trainings_logged(whole, tmp_path):
    for number, device in enumerate(["cpu", "NVIDIA H200", "cpu"]):
        path = tmp_path / f"train/rrrn/none/s{number}-0.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"torch 2.12.1+cu130, device {device}, seed 7\n14 training clips, 56 samples\n")
    what = replace(whole, devices=found_on_disk.read(tmp_path, tmp_path, whole.settings, [], whole.labels, {}).devices)
    told = next(one for one in run.page(what).told["tables"] if "Device" in one.columns)
    rows = [[cell.text for cell in row.cells] for row in told.rows]
    assert rows == [["RRRN", "cpu", "2.12.1+cu130", "2"], ["RRRN", "NVIDIA H200", "2.12.1+cu130", "1"]]


def test_the_answer_is_of_the_numbers(whole):
    best = whole.tables["iv"].query("condition == 'Avg.' and metric == 'F1'").nlargest(1, "value").iloc[0]
    first, second, third = start.page(whole).told["answer"]
    assert (
        f"{best['method']} has the largest mean F1, {numbers.rounded(best['value'])}" in first
        and "is above the middle 95 % of random answers (0.100–0.300)" in first
    )
    assert "RRRN above LBP-TOP by 0.200 (+0.050 to +0.300, p = 0.004)" in second
    assert "the ranking is not there" in third
    falls = {"task": "CDE", "metric": "F1", "low": 0.9, "high": 1.2, "worst_condition": "Mask"}
    rows = [falls | {"method": "RRRN", "mean_relative_degradation": 0.95, "maximal_degradation": 0.1}]
    rows += [falls | {"method": "ResNet18", "mean_relative_degradation": 1.0, "maximal_degradation": 0.2}]
    third = start.page(replace(whole, results={"ranking": pd.DataFrame(rows)})).told["answer"][2]
    assert "RRRN has the smallest error (1 − F1), 0.95 times ResNet18's (0.90 to 1.20)" in third
    assert "the largest loss against un-occluded clips is ResNet18's under Mask, 0.200 of F1" in third
    gained = pd.DataFrame(rows).assign(maximal_degradation=-0.1, low=np.nan)
    third = start.page(replace(whole, results={"ranking": gained})).told["answer"][2]
    assert third.endswith("0.95 times ResNet18's; no method loses F1 against un-occluded clips under any condition.")
    same = whole.results["comparisons"].assign(p_holm=0.05)
    assert "None of 2 compared pairs" in start.page(replace(whole, results={"comparisons": same})).told["answer"][1]


class Parts(HTMLParser):
    """Addresses within a page and where they lead, tables without a caption, and pictures without words."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.loaded: list[str] = []
        self.mute: list[str] = []

    def handle_starttag(self, tag, pairs):
        told = dict(pairs)
        self.ids += [told["id"]] if "id" in told else []
        if tag == "a":
            self.links.add(told["href"])
        self.loaded += [told[name] for name in ("src", "srcset") if name in told]
        self.mute += [tag] if tag == "img" and not told.get("alt") else []


def test_the_page_is_whole_and_loads_nothing(whole, html):
    parts = Parts()
    parts.feed(html)
    assert len(parts.ids) == len(set(parts.ids))
    assert {link for link in parts.links if not link.startswith("#")} == set()
    assert {link[1:] for link in parts.links} <= set(parts.ids)
    assert all(source.startswith("data:image/") for source in parts.loaded) and not parts.mute
    assert len(parts.loaded) == len(whole.clips) * len(whole.conditions)
    assert html.count("SYNTHETIC faces") >= len(document.PAGES) and "default-src 'none'" in html


def test_names_are_text_and_addresses(whole):
    odd = replace(whole.clips[0], subject="s1<b>&\"' é", clip="a b/c")
    what = nothing_of(replace(whole, clips=[odd]))
    text = made(what)
    assert "s1<b>" not in text and "s1&lt;b&gt;&amp;" in text
    assert address(odd) == "clip/s1%3Cb%3E%26%22%27%20%C3%A9/a%20b%2Fc" and f'id="{address(odd)}"' in text


def test_a_partial_report_says_what_is_missing(whole):
    text = made(nothing_of(whole))
    assert "This report is partial" in text and "results/table_iv.json, and more" in text
    assert "Table IV is not there yet" in text and "No answers are there." in text


def test_a_method_that_is_not_there_yet_is_told(whole):
    own = {cell: frame for cell, frame in whole.answers.items() if cell[0] != "resnet18"}
    counts = {"iv": {cell: one for cell, one in whole.counts["iv"].items() if cell[0] != "resnet18"}}
    tables = {"iv": whole.tables["iv"].query("method != 'ResNet18'")}
    text = made(replace(whole, answers=own, counts=counts, tables=tables, missing=["results/answers/resnet18.csv"]))
    assert "Over all conditions of Table IV (not in it: ResNet18)" in text
    assert "0 of 4 conditions there" in text and "results/answers/resnet18.csv" in text


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"n_seeds": 1}, "each network was trained once"),
        ({"classes": ("I", "II")}, "I, II"),
        ({"named": ("I", "III")}, r"(?s)I, II \(no clip\), III.*No clip is of class II; its recall is no number\."),
        ({"subjects": ("s1",)}, "(?s)one subject was tested.*ranks over subjects need more than one subject"),
        ({"methods": ("lbp_top",)}, "(?s)LBP-TOP alone was tested, and has a mean F1 of.*No two methods were compared"),
        ({"conditions": ("none",)}, "it takes ResNet18 and an occluded condition|the ranking is not there"),
        ({"conditions": ("mask", "glasses")}, "Glass"),
    ],
)
def test_small_experiments_have_a_report_that_says_so(told, said):
    text = made(found(**told))
    assert re.search(said, text) and "nan" not in re.sub(r"<script.*?</script>|data:image[^\"]*", "", text, flags=re.S)


def test_a_class_without_clips_has_no_recall():
    page = classes.page(found(named=("I", "III")))
    assert {row.cells[3].text for row in page.told["tables"][1].rows} == {"–"}


def test_clips_are_told_with_means_over_seeds(whole):
    one = clips.page(whole).told["clips"][0]
    own = whole.answers["rrrn", "mask"].query("subject == 's1' and clip == 'c0'")
    wanted = own[[f"p_{name}" for name in CLASSES]].mean().to_numpy()
    said = next(each for each in one["under"][1].said if each.method == "RRRN")
    assert np.allclose(said.probabilities, wanted) and said.named == CLASSES[int(wanted.argmax())]
    assert one["right"] == sum(each.right for under in one["under"] for each in under.said)


def test_what_differs_from_the_paper_is_listed_first(whole):
    differing, every = configuration.page(whole).told["tables"]
    told = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in differing.rows}
    assert told["train.epochs"] == ["16", "16", "50"] and "svm.ties" not in told
    assert "networks.resnet18.width" in told and "render.scale" in told
    assert not any(key.startswith(("networks.vgg16", "train.tune")) for key in told)  # which nothing of this run reads
    assert len(every.rows) > len(differing.rows)


@pytest.fixture
def shard(tmp_path) -> h5py.Group:
    with h5py.File(tmp_path / "shard.h5", "w") as file:
        group = file.create_group("c0")
        group["frames"] = np.stack([np.full((20, 20), 10 * number, np.uint8) for number in range(4)])
        group["numbers"] = np.arange(7, 11)
        group["alpha"] = np.zeros((20, 20), np.uint8)
        group.attrs.update({"face": [2, 2, 18, 18], "onset": 7, "apex": 9})
        yield group


def test_strips_hold_onset_and_apex_of_drawn_clips_only(shard):
    flow = np.zeros((2, 8, 8), np.float32)
    assert list(strips.cells(shard, flow, faces=True)) == ["onset", "apex", "no occluder", "flow"]
    assert (strips.cells(shard, flow, faces=True)["no occluder"] == 255).all()
    assert strips.cells(shard, flow, faces=True)["apex"].mean() == 20
    shard["alpha"][2:10] = 255
    own = strips.cells(shard, flow, faces=False)
    assert list(own) == ["occluder", "flow"] and own["occluder"][0, 0, 0] == 0 and own["occluder"][-1, 0, 0] == 255
    assert (own["flow"] == 255).all()  # rest is white


def test_the_wheel_shows_where_skin_moves_to():
    wheel, middle = strips.wheel(101), 50
    right, left = wheel[middle, 98].astype(int), wheel[middle, 2].astype(int)
    assert right[2] > 240 and right[0] < 30 and left[2] < 30  # red to the right, as pictures.colours has it
    assert (wheel[0, 0] == 255).all() and (wheel[middle, middle] > 240).all()


def test_faces_of_recorded_clips_are_said_to_be_left_out():
    text = made(found(source="recorded", **SMALL))
    assert "Faces of recorded clips are left out" in text and "SYNTHETIC" not in text
    assert 'alt="s1 c0, Mask: occluder, flow"' in text and "Mask: onset" not in text
    assert 'class="badge"' not in text


@pytest.mark.parametrize(
    ("source", "faces", "told"), [("recorded", False, 0), ("recorded", True, 2), ("rendered", False, 2)]
)
def test_pictures_that_were_made_with_faces_are_not_read_without(tmp_path, whole, source, faces, told):
    """As after report.faces was true once, by ``rrrn report --partial``, which makes no strips."""
    table = [replace(one, source=source) for one in whole.clips[:2]]
    path = tmp_path / "strips/mask.h5"
    path.parent.mkdir()
    with store.create(path) as file:
        rows.put(file, table)
        for number in range(2):
            store.put(file, f"strip/{number}", np.zeros(3, np.uint8), chunk_axes=0)
            file[f"strip/{number}"].attrs["cells"] = "onset,apex,occluder,flow"
        file.attrs["full"] = 0.5
        store.put(file, "wheel", np.zeros(3, np.uint8), chunk_axes=0)
    settings = {**whole.settings, "conditions": ["mask"], "report": {"faces": faces}}
    read = found_on_disk.read(tmp_path, tmp_path, settings, table, whole.labels, {})
    assert len(read.strips["mask"]) == told
    assert (f"{path} without faces" in read.missing) == (told == 0)
    assert bool(strips_figure.draw(read).panels) == (told == 2)


def test_clips_of_the_papers_databases_that_are_not_all_of_it_are_said_to_be_others():
    five = ("I", "II", "III", "IV", "V")

    def caution(names, each):
        whole = found(source="recorded", **SMALL)
        listed = [(name, one) for name in names for one in five for _ in range(each[name, one])]
        clips = [replace(whole.clips[0], database=name, objective_class=one) for name, one in listed]
        return " ".join(start.page(replace(whole, clips=clips)).told["caution"])

    counts = {("casme2", one): number for one, number in zip(five, [25, 15, 99, 26, 20], strict=True)}
    counts |= {("samm", one): number for one, number in zip(five, [24, 13, 20, 8, 3], strict=True)}
    assert "Table II" not in caution(["casme2", "samm"], counts) and "Table II" not in caution(["casme2"], counts)
    said = caution(["casme2", "samm"], counts | {("samm", "V"): 2, ("samm", "IV"): 9})
    assert "they are of 253 clips of 47 subjects, by Table II of the paper, and these are of 253 clips of 1" in said
    assert "of 1, of which other numbers are of each class." in said
    fewer = caution(["casme2", "samm"], counts | {("samm", "V"): 2})
    assert "these are of 252 clips of 1. " in fewer and "other numbers" not in fewer


def test_what_the_import_says_of_a_clip_can_be_broken_into_lines(tmp_path):
    whole, table = found(source="recorded", **SMALL), tmp_path / "clips.csv"
    table.write_text('subject,clip,aus,flags\ns1,c0,4+7,"au_alternatives;au_class_differs:VII,apex_outside"\n')
    (told,) = audit.page(replace(whole, settings={**whole.settings, "clips": str(table)})).told["tables"]
    assert [one.text for one in told.rows[0].cells[-2:]] == [
        *("4+7", "au_alternatives; au_class_differs:VII, apex_outside")
    ]
    assert [one.text for one in told.rows[1].cells[-2:]] == ["–", "–"]


def test_a_mixed_table_marks_what_is_drawn():
    drawn = found(**SMALL)
    table = [replace(one, source="recorded") if one.subject == "s1" else one for one in drawn.clips]
    text = made(replace(drawn, clips=table))
    assert '<span class="badge">partly synthetic</span></h2>' in text and "some clips are drawn" in text
    badges = [
        text.split(f'id="clip/{subject}/c0"')[1].split("</details>")[0].count("badge") for subject in ("s1", "s2")
    ]
    assert badges == [0, len(drawn.conditions)]


def test_neighbouring_colours_differ_in_grey():
    def grey(colour: str) -> float:
        return float(np.dot([0.299, 0.587, 0.114], [int(colour[place : place + 2], 16) for place in (1, 3, 5)]))

    for colours in (theme.COLOURS, theme.ON_DARK):
        shades = [grey(colour) for colour in colours]
        assert min(abs(a - b) for a, b in pairwise(shades[:7])) > 25
    assert max(map(grey, theme.COLOURS)) < 140 < min(map(grey, theme.ON_DARK))  # upon white, and upon nearly black


def contrast(one: str, other: str) -> float:
    """How far two colours differ in luminance (WCAG 2.2, contrast ratio)."""

    def luminance(colour: str) -> float:
        parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    least, most = sorted((luminance(one), luminance(other)))
    return (most + 0.05) / (least + 0.05)


def test_colours_of_figures_are_seen_on_light_and_dark_pages(whole):
    """Those that a dark page does not replace on both; black and white stand upon cells, which no page replaces."""
    style = (document.TEMPLATES / "report.css").read_text(encoding="utf-8")
    light, dark = re.findall(r"--card: (#\w{6})", style)
    seen: set[str] = set()
    for one in drawing.every(whole):
        told = json.dumps([figure.panel(chart) | {"config": None} for chart in one.panels])
        named = set(re.findall(r'"(#[0-9a-fA-F]{6})"', told)) - {*theme.CELLS, *theme.CHANGE, "#000000", "#ffffff"}
        seen |= named
        for colour in named - set(theme.ON_DARK_PAGES):
            assert min(contrast(colour, light), contrast(colour, dark)) >= 3, (one.name, colour)
    marks = {own: other for own, other in theme.ON_DARK_PAGES.items() if own not in (theme.HALO, theme.BAR)}
    assert all(contrast(own, light) >= 3 <= contrast(other, dark) for own, other in marks.items())
    assert {theme.INK, theme.HALO, theme.GREY, theme.BAR, theme.FAINT} <= seen
    assert (contrast("#000000", "#ffffff"), contrast(light, light)) == (pytest.approx(21), 1)


def test_answers_are_means_over_views():
    shared = ("first", "s1", "c0", "none", "none", "s1", 0)
    rows = [Prediction(*shared, view, "I", told) for view, told in enumerate([(0.2, 0.8), (0.6, 0.4)])]
    ((key, own),) = answers.means(rows).items()
    assert key == ("s1", "c0", "I") and own == pytest.approx([0.4, 0.6])


def test_cells_are_rounded_as_in_all_tables_and_stand_beside_the_papers(whole):
    rows = whole.tables["iv"].assign(value=0.1075, sd=float("nan"), low=0.05, high=0.2, paper=0.1035)
    told = start.page(replace(whole, tables={"iv": rows})).told["tables"][0]
    first = told.rows[0].cells[1]
    assert (first.text, first.below) == ("0.108", "(0.050–0.200)\npaper 0.104 (+0.004)")
    assert all(cell.strong for cell in told.rows[0].cells[1:])  # alike as printed


def test_cells_of_numbers_are_sorted_by_number(whole):
    rows = pd.DataFrame({"a": ["x", "y"], "b": [0.5, float("nan")]})
    first, second = of_frame(rows, "caption", {"a": "A", "b": "B"}, {"method": ["a"]}).rows
    assert (first.cells[1].text, first.cells[1].order, first.of) == ("0.500", "0.5", {"method": ["x"]})
    assert second.cells[1].text == "–"
