"""What is saved across the views of a clip: which savings change no bit, and how far the others move the flow."""

from functools import partial

import numpy as np
import pytest

from benchmarks import displaced, rendered
from rrrn.data.clips import Clip
from rrrn.data.views import View
from rrrn.face.rotation import turn_and_cut, turn_flow
from rrrn.flow import clip_views
from rrrn.flow.numba import numba_engine
from rrrn.flow.parameters import Parameters
from rrrn.running.stage import InputError

ROWS = [
    Clip("syncasme2", "syncasme2-sub01", "EP01_04", 96, 124, 167, "IV", "frames", "synthetic"),
    Clip("syncasme2", "syncasme2-sub09", "EP02_05", 14, 58, 106, "III", "frames", "synthetic"),
    Clip("syncasme2", "syncasme2-sub17", "EP04_05", 114, 137, 188, "III", "frames", "synthetic"),
    Clip("synsamm", "synsamm-030", "030_1_1", 2412, 2450, 2489, "III", "frames", "synthetic"),
]
solve = partial(numba_engine.solve, parameters=Parameters())
refine = partial(numba_engine.refine, parameters=Parameters())


@pytest.fixture(scope="module")
def films() -> list[rendered.Rendered]:
    """Clips of both layouts, at half the size."""
    return [rendered.render(row, scale=0.5, angles=(-15, 0, 5)) for row in ROWS]


def found(film: rendered.Rendered, plan=None, **options) -> dict:
    return dict(clip_views.solve_views(film.frames, film.face, plan or film.plan, solve, **options))


def errors(film: rendered.Rendered, flows: dict) -> np.ndarray:
    return np.array(
        [displaced.end_point_error(flow, rendered.true_flow(film, key)) for key, flow in sorted(flows.items())]
    )


def test_every_view_is_the_flow_of_its_turned_frames(films):
    film = films[0]
    together = found(film)
    assert set(together) == {(view.onset, view.apex, view.angle) for view in film.plan}
    for view in film.plan[::7]:
        a, b = (turn_and_cut(film.frames[number], film.face, view.angle) for number in (view.onset, view.apex))
        alone = numba_engine.solve(a[None], b[None], Parameters())[0]
        assert np.array_equal(together[view.onset, view.apex, view.angle], alone)


def test_repeated_views_are_solved_once():
    images = {k: np.full((40, 40), 10 * k, np.uint8) for k in (1, 2, 3)}
    asked = []

    def count(a, b):
        asked.append(len(b))
        return np.zeros((len(a), 2, *a.shape[1:]), np.float32)

    plan = [View("x", k, 1, apex, angle, 0) for k, (apex, angle) in enumerate([(2, 0), (2, 5), (3, 0), (2, 0), (3, 5)])]
    for rotation, expected in (("frames", [4]), ("field", [2])):
        asked.clear()
        flows = dict(clip_views.solve_views(images, (5, 5, 35, 35), plan, count, rotation=rotation))
        assert asked == expected and len(flows) == 4


def test_neighbours_share_the_pyramid_of_their_onset_to_the_bit(films, monkeypatch):
    a, other, *apexes = films[0].frames.values()
    first, second = np.stack([a, a, a, other, a, a]), np.stack(apexes[:6])
    alone = [numba_engine.solve(one[None], two[None], Parameters())[0] for one, two in zip(first, second, strict=True)]
    built = []
    pyramid = numba_engine._pyramid
    monkeypatch.setattr(numba_engine, "_pyramid", lambda *given: built.append(1) or pyramid(*given))
    assert np.array_equal(numba_engine.solve(first, second, Parameters()), alone)
    assert len(built) == 3 + 6  # three onsets in turn, six apexes
    assert np.array_equal(numba_engine.solve(first, second, Parameters(), threads=2), alone)


def test_turned_field_is_as_true_as_the_flow_of_turned_frames(films):
    """Mean distance below 0.1 pixels, and at each angle no further from the truth; views at 0 degrees are the same."""
    for film in films:
        frames, field = found(film), found(film, rotation="field")
        for key in frames:
            distance = displaced.end_point_error(frames[key], field[key])
            assert distance == 0 if key[2] == 0 else 0 < distance < 0.1, key
        for angle in (-15, 5):
            of_frames, of_field = (
                errors(film, {key: flow for key, flow in flows.items() if key[2] == angle}).mean()
                for flows in (frames, field)
            )
            assert of_field < 1.01 * of_frames


def test_quarter_turn_of_a_field_is_exact():
    field = np.random.default_rng(0).normal(size=(2, 31, 31)).astype(np.float32)
    u, v = (np.rot90(component) for component in field)
    assert np.allclose(turn_flow(field, 90), np.stack([v, -u]), atol=1e-5)
    assert turn_flow(field, 0) is field


def test_warm_start_is_as_true_as_a_cold_one(films):
    cold, warm = (
        np.concatenate([errors(film, found(film, refine=given)) for film in films]) for given in (None, refine)
    )
    assert warm.mean() == pytest.approx(cold.mean(), rel=0.02)
    assert (warm < 1.1 * cold).all() and not np.array_equal(warm, cold)
    assert cold.mean() < 0.2


def test_official_apex_does_not_depend_on_what_else_is_wanted(films):
    """It is tested alone where a condition is not trained on."""
    film = films[1]
    for rotation in clip_views.ROTATIONS:
        every, one = (found(film, plan, rotation=rotation, refine=refine) for plan in (film.plan, film.plan[:1]))
        assert len(one) == 1
        for key, flow in one.items():
            assert np.array_equal(flow, every[key])


def test_guesses_go_from_apex_to_apex_and_grow_and_fade_with_the_motion(films):
    film = films[2]
    asked = []

    def watched(a, b, guesses):
        asked.append(guesses)
        return refine(a, b, guesses)

    plan = [view for view in film.plan if view.angle == 0]
    onset, apex = plan[0].onset, plan[0].apex
    flows = found(film, plan, refine=watched)
    in_time = sorted({view.apex for view in plan})
    middle = in_time.index(apex)
    ways = middle, len(in_time) - 1 - middle  # lengths, before and after the first
    assert [len(guesses) for guesses in asked] == [sum(step < way for way in ways) for step in range(max(ways))]
    start, before = flows[onset, apex, 0.0], in_time[middle - 1]
    growth = (asked[0][0] * start).sum() / (start**2).sum()
    assert np.allclose(asked[0][0], growth * start, atol=1e-5)
    assert growth == pytest.approx(np.hypot(*film.truth[before]).mean() / np.hypot(*film.truth[apex]).mean(), rel=0.15)


def test_still_images_stay_still():
    """No motion, no texture: guesses of nothing are refined to nothing."""
    flat = {k: np.full((40, 40), 100 + k, np.uint8) for k in range(3)}
    plan = [View("x", k, 0, apex, 0.0, 0) for k, apex in enumerate((1, 2, 0))]
    for flow in dict(clip_views.solve_views(flat, (4, 4, 36, 36), plan, solve, refine=refine)).values():
        assert np.abs(flow).max() < 1e-3


def test_a_good_guess_is_kept_and_a_bad_shape_refused(films):
    film = films[0]
    a, b = (turn_and_cut(film.frames[number], film.face, 0) for number in list(film.frames)[:2])
    cold = numba_engine.solve(a[None], b[None], Parameters())
    again = numba_engine.refine(a[None], b[None], cold, Parameters())
    assert displaced.end_point_error(again[0], cold[0]) < 0.05
    assert not np.shares_memory(again, cold)
    with pytest.raises(InputError, match="guesses of the flow"):
        numba_engine.refine(a[None], b[None], cold[:, :, 1:], Parameters())
    cold[0, 0, 3, 3] = np.nan
    with pytest.raises(InputError, match="finite"):
        numba_engine.refine(a[None], b[None], cold, Parameters())
