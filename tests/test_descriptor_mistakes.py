"""What the transformers make of input that says little, and which mistakes they name."""

import numpy as np
import pytest
from descriptor_clips import FLOW, a_face, flows, videos

from rrrn.descriptors import HOG3D, LBPSIP, LBPTOP, MDMO, BiWOOF
from rrrn.running.stage import InputError


def test_flat_videos_and_rest():
    flat = [np.full((11, 46, 46), 7, np.uint8)]
    found = dict(zip(LBPTOP().get_feature_names_out(), LBPTOP().transform(flat)[0], strict=True))
    assert {name for name, value in found.items() if value} == {name for name in found if name.endswith("_15")}
    assert not HOG3D().transform(flat).any()
    rest = np.zeros((1, 2, 12, 12), np.float32)
    for descriptor in (MDMO(), MDMO("polar"), MDMO(alpha=0.5), BiWOOF(), BiWOOF("liong2018_code"), BiWOOF("woof")):
        assert not descriptor.transform(rest).any(), descriptor
    assert BiWOOF("hoof").transform(rest).sum() == 144  # rest counts as the angle 0


@pytest.mark.parametrize("descriptor", [LBPTOP(), LBPSIP(), HOG3D(), LBPTOP("meb"), LBPTOP(radii=(1, 1, 2))], ids=repr)
def test_a_video_that_is_too_short_is_named_and_one_frame_more_is_enough(descriptor):
    needed = {"LBPTOP()": 9, "LBPSIP()": 9, "HOG3D()": 3, "LBPTOP(preset='meb')": 10}.get(repr(descriptor), 5)
    (video,) = videos(1, (needed, 46, 46))
    assert descriptor.transform([video]).any()
    with pytest.raises(InputError, match=f"video 1: {needed - 1} frames, and {needed} are needed; interpolate"):
        descriptor.transform([video, video[1:]])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("descriptor", FLOW, ids=repr)
def test_flow_that_is_not_finite_is_named(descriptor, wrong):
    clips = flows(3)
    clips[2, 1, 5, 6] = wrong
    assert np.isfinite(descriptor.transform(clips[:2])).all()
    with pytest.raises(InputError, match="flow 2: the flow is not finite everywhere; solve it again, or replace"):
        descriptor.transform(clips)


@pytest.mark.parametrize(
    ("descriptor", "clips", "message"),
    [
        (LBPTOP(), videos(1)[0], r"video 0: is uint8 \(46, 46\); give a sequence of gray videos"),
        (LBPTOP(), 3, "^X is of type int; give a sequence of clips, a video each$"),
        (BiWOOF(), None, "^X is of type NoneType; give a sequence of clips, a flow each$"),
        (HOG3D(), [[[1, 2], [3]]], "video 0: is no array; give a sequence of gray videos"),
        (LBPTOP(), [videos(1)[0] / 255], r"video 0: is float64 \(11, 46, 46\)"),
        (HOG3D(), [videos(1)[0][:, :21]], "video 0: 21 x 46 pixels, and 22 per side are needed; enlarge"),
        (LBPTOP("uniform"), [], "preset 'uniform' is none of casme2_baseline, megc_code, meb, zhao2007"),
        (LBPTOP(points=9), [], "points is 9; give a whole number, from 2 to 8"),
        (LBPTOP(radii=(1, 1)), [], "radii is "),
        (LBPTOP(radii=(1, 0, 1)), [], "radii is 0; give a whole number, 1 or more"),
        (LBPTOP(overlap=1.0), [], "overlap is 1.0"),
        (LBPTOP(blocks=True), [], "blocks is True"),
        (LBPSIP(code="both"), [], "code 'both' is none of split, joint"),
        (LBPSIP(normalised="no"), [], "normalised is 'no'; give True or False"),
        (HOG3D(bins_t=1), [], "bins_t is 1; give a whole number, from 2 to 360"),
        (MDMO(), flows()[0], r"flow 0: flow of shape \(12, 12\) is not"),
        (MDMO(), [np.zeros((3, 9, 9))], r"flow 0: flow of shape \(3, 9, 9\) is not"),
        (MDMO(), [["a"]], "flow 0: is no array of numbers"),
        (MDMO(blocks=13), flows(), "flow 0: 13 x 13 blocks do not fit into 12 x 12 pixels; lower blocks"),
        (MDMO(alpha=2), [], "alpha is 2"),
        (MDMO(mean="median"), [], "mean 'median' is none of vectors, polar"),
        (
            MDMO(regions="landmarks"),
            flows(),
            "regions is 'landmarks', which takes a pair .* set regions to 'grid'",
        ),
        (MDMO(), [(flows()[0], a_face())], "flow 0: regions is 'grid', which takes a flow alone"),
        (MDMO(regions="landmarks"), [(flows()[0], a_face()[:66])], r"flow 0: landmarks of shape \(66, 2\): give 68"),
        (BiWOOF(), [flows()], r"flow 0: flow of shape \(2, 2, 12, 12\) is not \(2, H, W\); give one flow"),
        (BiWOOF(blocks=13), flows(), "flow 0: 13 x 13 blocks do not fit"),
        (BiWOOF(whole="length"), [], "whole 'length' is none of none, magnitude, strain"),
    ],
)
def test_mistakes_are_named(descriptor, clips, message):
    with pytest.raises(InputError, match=message):
        descriptor.fit(clips).transform(clips)


@pytest.mark.parametrize(
    ("descriptor", "message"),
    [
        (LBPTOP(overlap="a"), "overlap is 'a'; give a share of a block, from 0 to below 1"),
        (LBPTOP(overlap=np.nan), "overlap is nan"),
        (LBPTOP(normalised="x"), "normalised is 'x'; give True or False"),
        (LBPTOP(uniform=1), "uniform is 1; give True or False"),
        (LBPTOP(frames=3), "frames is 3, and the radius 4 in time needs 9; give as many, or 0 for all"),
        (LBPTOP("meb", frames=6), "frames is 6, and the radius 3 in time needs 7"),
        (LBPTOP(["meb"]), "preset .* is none of casme2_baseline"),
        (LBPTOP(blocks=257), "blocks is 257; give a whole number, from 1 to 256"),
        (LBPSIP(blocks=2000), "blocks is 2000; give a whole number, from 1 to 256"),
        (HOG3D(blocks=2000), "blocks is 2000; give a whole number, from 1 to 256"),
        (MDMO(alpha="a"), "alpha is 'a'; give a number from 0 to 1, or None"),
        (MDMO(alpha=np.nan), "alpha is nan"),
        (MDMO(lift="a", regions="landmarks"), "lift is 'a'; give a number, 0 or more"),
        (MDMO(lift=np.nan, regions="landmarks"), "lift is nan"),
        (MDMO(lift=np.inf), "lift is inf"),
        (MDMO("polar", bins=1), "bins is 1; give a whole number, from 2 to 360"),
        (MDMO(blocks=2000), "blocks is 2000"),
        (BiWOOF(unit="x"), "unit is 'x'; give True or False"),
        (BiWOOF(block_sums=0), "block_sums is 0; give True or False"),
        (BiWOOF(blocks=2000), "blocks is 2000"),
    ],
    ids=repr,
)
def test_mistaken_parameters_are_named_when_fitted(descriptor, message):
    with pytest.raises(InputError, match=message):
        descriptor.fit([])


def test_parameters_at_their_limits_are_taken():
    """Numbers of numpy's too, as a search among parameters gives them."""
    assert LBPTOP(frames=9, overlap=np.float64(0), uniform=np.bool_(False)).fit([]).n_features_out_ == 1200
    assert MDMO(alpha=1, lift=0, bins=1).fit([]).n_features_out_ == 72
    assert MDMO("polar", bins=np.int64(2)).fit([]).n_features_out_ == 72


def test_fit_counts_without_a_layout(monkeypatch):
    """The layout of the finest grid has fifty million places."""
    monkeypatch.setattr(LBPTOP, "layout", None)
    assert LBPTOP(blocks=256, points=8).fit([]).n_features_out_ == 256**2 * 3 * 256
    assert LBPTOP(blocks=256, points=8).transform([]).shape == (0, 256**2 * 3 * 256)
