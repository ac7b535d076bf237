"""The benchmark of descriptors, on clips that are small."""

import argparse

import cv2
import numpy as np
import pytest

from benchmarks import descriptors as benchmark

LOOPS = {"LBP-TOP, casme2_baseline", "LBP-SIP, wang2014", "3DHOG, polikovsky2009", "MDMO, 36 blocks, 59 flows"}
LOOPS |= {"Bi-WOOF, liong2018, one flow"}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(benchmark, "LARGE", (12, 44, 44))
    monkeypatch.setattr(benchmark, "SMALL", (10, 24, 25))
    monkeypatch.setattr(cv2, "setNumThreads", lambda number: None)  # of this process, which has other tests


def test_its_table_has_every_descriptor_and_the_ratios_of_those_with_a_loop(capsys):
    benchmark.main(argparse.Namespace(rounds=1))
    heading, rule, *rows = capsys.readouterr().out.splitlines()
    assert heading.count("|") == rule.count("|") == 5
    found = {cells[0]: cells[1:] for cells in ([cell.strip() for cell in row.split("|")[1:-1]] for row in rows)}
    assert set(found) == {case.name for case in benchmark.cases()} and len(found) == 7
    assert {name for name, (_, loop, ratio) in found.items() if loop and ratio} == LOOPS


@pytest.mark.parametrize("name", ["lbp_top", "lbp_sip", "hog3d", "mdmo", "biwoof"])
def test_a_loop_that_says_something_else_stops_it(monkeypatch, name):
    loop = getattr(benchmark, name)
    monkeypatch.setattr(benchmark, name, lambda clip: [*loop(clip)[:-1], 7.0])
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        benchmark.main(argparse.Namespace(rounds=1))


def test_scales_are_those_of_the_voxels_that_have_a_code():
    scales = {case.name: case.scale for case in benchmark.cases() if case.loop}
    assert scales.pop("MDMO, 36 blocks, 59 flows") == pytest.approx(11 * 44 * 44 / (9 * 24 * 25))
    assert scales.pop("Bi-WOOF, liong2018, one flow") == pytest.approx(44 * 44 / (24 * 25))
    assert scales.pop("3DHOG, polikovsky2009") == pytest.approx(np.prod([10, 42, 42]) / np.prod([8, 22, 23]))
    assert list(scales.values()) == pytest.approx([np.prod([4, 42, 42]) / np.prod([2, 22, 23])] * 2)
