"""The transformers of ``rrrn.descriptors``: those of video in numbers, and how scikit-learn uses all of them."""

import doctest
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from descriptor_clips import FLOW, VIDEO, blocked, clips_for, flows, videos
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import estimator_checks

from rrrn import descriptors
from rrrn.descriptors import HOG3D, LBPSIP, LBPTOP, MDMO, BiWOOF, hog3d, lbp_sip, lbp_top
from rrrn.running.resources import HOME

EVERY = pytest.mark.parametrize("descriptor", VIDEO + FLOW, ids=repr)


@settings(max_examples=10)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 2)),
    st.integers(2, 8),
    st.booleans(),
)
def test_lbp_top_counts_are_those_of_a_loop(seed, radii, points, uniform):
    """Of any radii and points, bit for bit; the presets stand in test_descriptors."""
    frames, height, width = 2 * radii[2] + 1, 12, 13
    video = np.random.default_rng(seed).integers(0, 5, (frames, height, width), np.uint8)
    rx, ry, rt = radii
    changes = [sum((c >> p & 1) != (c >> (p + 1) % points & 1) for p in range(points)) for c in range(2**points)]
    known = [code for code in range(2**points) if changes[code] <= 2]
    bins = len(known) + 1 if uniform else 2**points
    expected = np.zeros((4, 3, bins))
    for b, block in enumerate(blocked(height - 2 * ry, width - 2 * rx, 2)):
        for y, x in [(y + ry, x + rx) for y, x in block]:
            for t in range(rt, frames - rt):
                for plane in range(3):
                    code = 0
                    for p in range(points):
                        cosine, sine = math.cos(2 * math.pi * p / points), math.sin(2 * math.pi * p / points)
                        right, up = math.floor(rx * cosine + 0.5), math.floor(ry * sine + 0.5)
                        before, forth = math.floor(rt * sine + 0.5), math.floor(ry * cosine + 0.5)
                        place = [(t, y - up, x + right), (t - before, y, x + right), (t - before, y - forth, x)][plane]
                        code |= int(video[place] >= video[t, y, x]) << p
                    if uniform:
                        code = known.index(code) if code in known else len(known)
                    expected[b, plane, code] += 1
    told = {"blocks": 2, "radii": radii, "points": points, "uniform": uniform}
    assert np.array_equal(LBPTOP(**told, normalised=False).transform([video])[0], expected.ravel())
    shares = (expected / expected.sum(axis=2, keepdims=True)).ravel()
    np.testing.assert_allclose(LBPTOP(**told).transform([video])[0], shares, rtol=1e-6)


def test_transformers_are_the_functions_of_the_stages():
    (video,) = videos(1, (13, 40, 46))
    for preset in lbp_top.PRESETS:
        assert np.array_equal(LBPTOP(preset).transform([video])[0], lbp_top.describe(video, blocks=5, preset=preset)), (
            preset
        )
    for code in ("split", "joint"):
        assert np.array_equal(
            LBPSIP(code=code, blocks=3, radius=2).transform([video])[0],
            lbp_sip.describe(video, blocks=3, radius=2, radius_t=4, code=code),
        )
        assert np.array_equal(
            LBPSIP(code=code, normalised=False).transform([video])[0],
            lbp_sip.describe(video, blocks=5, radius=1, radius_t=4, code=code, normalised=False),
        )
    assert np.array_equal(HOG3D(bins_t=9).transform([video])[0], hog3d.describe(video, blocks=5, bins_xy=8, bins_t=9))


# --- as transformers


@EVERY
def test_names_and_sizes_fit(descriptor):
    found = descriptor.fit_transform(clips_for(descriptor))
    names = descriptor.get_feature_names_out()
    assert found.dtype == np.float32 and found.shape == (2, descriptor.n_features_out_) == (2, len(names))
    assert len(set(names)) == len(names) and np.isfinite(found).all() and found.any(axis=1).all()
    alone = [descriptor.transform([clip])[0] for clip in clips_for(descriptor)]
    assert np.array_equal(found, alone) and not np.array_equal(alone[0], alone[1])
    assert descriptor.transform([]).shape == (0, len(names))


@EVERY
def test_checks_of_scikit_learn(descriptor):
    """Those that give no rows of numbers to the estimator; what remains of check_estimator is for tables."""
    name = type(descriptor).__name__
    for check in (
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_mixin_order,
        estimator_checks.check_estimators_fit_returns_self,
        estimator_checks.check_dont_overwrite_parameters,
        estimator_checks.check_estimators_overwrite_params,
        estimator_checks.check_readonly_memmap_input,
    ):
        check(name, clone(descriptor))
    with pytest.warns(match="Can't test estimator"):
        done = estimator_checks.check_estimator(clone(descriptor), on_skip=None)
    assert [(one["check_name"], one["status"]) for one in done] == [("check_estimator_cloneable", "passed")]


def test_the_first_numbers_are_where_the_layout_says():
    video = np.full((9, 12, 12), 50, np.uint8)
    video[4, 9, 2] = 60  # brighter than all neighbours: code 0 in every plane, in the third of four blocks
    (counts,) = LBPTOP(blocks=2, normalised=False).set_output(transform="pandas").transform([video]).to_dict("records")
    assert {name for name, count in counts.items() if count == 1 and name.endswith("_0")} == {
        "block2_xy_0",
        "block2_xt_0",
        "block2_yt_0",
    }
    places = LBPTOP(blocks=2).layout()
    assert [place.name for place in places] == list(counts) and places[33] == (0, "yt", 1)
    assert [place.plane for place in LBPSIP(blocks=1).layout()] == ["plane"] * 16 + ["time"] * 4


@EVERY
def test_pandas_output(descriptor):
    table = clone(descriptor).set_output(transform="pandas").fit_transform(clips_for(descriptor))
    assert table.columns.tolist() == descriptor.get_feature_names_out().tolist()
    assert np.array_equal(table.to_numpy(), descriptor.transform(clips_for(descriptor)))


def test_parameters_are_heard_and_cloned():
    descriptor = LBPTOP("meb").set_params(blocks=2, frames=9)
    assert clone(descriptor).get_params() == descriptor.get_params()
    assert clone(descriptor).fit([]).n_features_out_ == 4 * 3 * 59
    assert LBPTOP("megc_code").fit([]).n_features_out_ == 177 == LBPTOP("zhao2007").fit([]).n_features_out_
    assert MDMO().fit([]).n_features_out_ == 72 and BiWOOF().fit([]).n_features_out_ == 200


def test_a_search_by_groups():
    """Flow to the left or to the right, of three people, which Bi-WOOF tells apart and the search with all presets."""
    subjects, labels = np.repeat(["s1", "s2", "s3"], 4), np.tile([0, 1], 6)
    clips = flows(12) * 0.3 + np.where(labels, 1, -1)[:, None, None, None] * np.array([1.0, 0])[:, None, None]
    pipeline = make_pipeline(BiWOOF(blocks=2), StandardScaler(), SVC(kernel="linear"))
    scores = cross_val_score(pipeline, clips, labels, groups=subjects, cv=LeaveOneGroupOut())
    assert scores.tolist() == [1, 1, 1]
    search = GridSearchCV(
        pipeline, {"biwoof__preset": ["hoof", "woof"], "biwoof__blocks": [1, 2]}, cv=LeaveOneGroupOut()
    )
    search.fit(list(clips), labels, groups=subjects)
    assert search.best_score_ == 1 and search.predict(list(clips[:2])).tolist() == [0, 1]


def test_videos_of_several_lengths_in_a_pipeline():
    clips = [clip[: 9 + n % 3] for n, clip in enumerate(videos(6, (11, 22, 22)))]
    found = make_pipeline(LBPTOP(blocks=2), StandardScaler()).fit_transform(clips)
    assert found.shape == (6, 192) and np.isfinite(found).all()


def test_one_class_in_training_is_scikit_learns_error():
    """The workflow's own machine is certain of the only class instead (test_svm)."""
    pipeline = make_pipeline(BiWOOF(blocks=2), SVC())
    with pytest.raises(ValueError, match="number of classes has to be greater than one"):
        pipeline.fit(flows(4), [1] * 4)


def test_scikit_learn_is_loaded_for_transformers_only():
    script = (
        "import sys\nfrom rrrn.descriptors import lbp_top, needs\nimport rrrn.stages.describe\n"
        "assert 'sklearn' not in sys.modules\nimport rrrn.descriptors\nrrrn.descriptors.LBPTOP\n"
        "assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert set(descriptors.__all__) <= set(dir(descriptors))
    with pytest.raises(AttributeError, match="no attribute 'LBPXYZ'"):
        descriptors.LBPXYZ  # noqa: B018


# --- the page


def test_the_page_is_true():
    page = (HOME / "docs/descriptors.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "descriptors.md", None, 0)
    found = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
    assert found.attempted > 5 and found.failed == 0
    for kind in (LBPTOP, LBPSIP, HOG3D, MDMO, BiWOOF):
        for preset in kind.PRESETS:
            assert f"`{preset}`" in page and f"{preset}" in kind.__doc__, preset
    assert "docs/descriptors.md" in Path(HOME / "README.md").read_text(encoding="utf-8")
