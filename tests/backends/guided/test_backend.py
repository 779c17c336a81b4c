"""The guided backend: kept pixels kept, holes painted, the guide obeyed or ignored as asked."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from synth.backends.guided import GuidedBackend, make_guide
from synth.backends.guided.holes import erosion
from synth.backends.guided.vace import joined
from synth.backends.protocol import LoraUse, Rendering
from synth.backends.settings import BackendSettings
from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia
from synth.motion import MotionControl
from synth.render.film import FilmSettings
from synth.render.settings import LensSettings
from synth.scene.cache import SceneCache
from tests.backends.guided.shots import SHARP, Painter, loader, shot, truck
from tests.backends.local.worlds import write_lora
from tests.backends.tiny import tiny_pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from synth.backends.protocol import Assignment, Frame
    from tests.conftest import Layered, Studio

SIZE = (160, 96)
TINY = (64, 64)


@pytest.fixture(scope="module")
def small(studio: Studio) -> Layered:
    return studio.layered(64, 64)


def _film(size: tuple[int, int], lens: LensSettings = SHARP) -> FilmSettings:
    return FilmSettings(*size, lens)


def _backend(pipe: Any, *, most: int = 81, lay_back: bool = True, **more: Any) -> GuidedBackend:
    settings = BackendSettings(name="guided", family="wan-vace", steps=2, **more)
    return GuidedBackend(settings, load=loader(pipe, most=most), lay_back=lay_back)


def _drawn(backend: GuidedBackend, assignment: Assignment) -> tuple[list[Frame], Rendering]:
    told = backend.render(assignment, cancel=CancelToken())
    return list(told.frames), told


@pytest.fixture(scope="module")
def scenes() -> SceneCache:
    return SceneCache(8)


@pytest.fixture(scope="module")
def moving(layered: Layered, scenes: SceneCache) -> Assignment:
    """Nine frames at the model's own size and rate."""
    return shot(layered, truck(0.8, 9), film=_film(SIZE), extend=True, scenes=scenes)


# With a pipeline that does as it is told ----------------------------------------------------------


def test_kept_pixels_are_geometry_and_holes_the_models(moving: Assignment) -> None:
    frames, told = _drawn(_backend(Painter()), moving)
    guide = list(make_guide(moving, size=SIZE, count=9, rate=Fraction(16)).frames())
    holes = joined([frame.hole for frame in guide])
    assert len(frames) == 9
    for picture, frame, hole in zip(frames, guide, holes, strict=True):
        assert np.array_equal(picture[~hole], frame.shown[~hole])
    assert (frames[8][holes[8]] == Painter.COLOUR).all()
    assert holes[8].mean() > 0.05
    assert told.path.poses == moving.path.poses


def test_what_a_model_spoils_is_laid_back_with_a_soft_edge(moving: Assignment) -> None:
    import cv2

    frames, _ = _drawn(_backend(Painter(tint=30)), moving)
    guide = list(make_guide(moving, size=SIZE, count=9, rate=Fraction(16)).frames())
    hole = joined([frame.hole for frame in guide])[8]
    away = cv2.distanceTransform((~hole).view(np.uint8), cv2.DIST_L2, 3)
    inner = away > erosion(*SIZE) + 0.5
    assert np.array_equal(frames[8][inner], guide[8].shown[inner])
    bare, _ = _drawn(_backend(Painter(tint=30), lay_back=False), moving)
    assert (bare[8][inner].astype(int) - guide[8].shown[inner]).mean() > 25


def test_what_it_is_called_with_is_lawful(moving: Assignment) -> None:
    pipe = Painter()
    _drawn(_backend(pipe, guide_scale=0.5, guidance=3.0), moving)
    (call,) = pipe.calls
    assert (call["width"], call["height"], call["num_frames"]) == (*SIZE, 9)
    assert len(call["video"]) == len(call["mask"]) == 9
    assert call["conditioning_scale"] == [0.5, 0.5, 0.5]
    assert (call["num_inference_steps"], call["guidance_scale"]) == (2, 3.0)
    assert call["prompt"] == "a red box"
    assert "reference_images" not in call
    assert call["video"][0].size == SIZE
    assert call["mask"][0].mode == "L"


def test_a_long_shot_is_a_chain_whose_guides_begin_on_the_last_picture(
    layered: Layered, scenes: SceneCache
) -> None:
    pipe = Painter(tint=9)
    assignment = shot(layered, truck(0.8, 17), film=_film(SIZE), extend=True, scenes=scenes)
    frames, told = _drawn(_backend(pipe, most=9), assignment)
    assert len(frames) == 17
    assert [call["num_frames"] for call in pipe.calls] == [9, 9]
    first, second = (call["video"] for call in pipe.calls)
    assert np.array_equal(np.array(first[0]), layered_frame(layered))
    assert np.array_equal(np.array(second[0]), frames[8])
    assert not np.array(pipe.calls[1]["mask"][0]).any()
    # The second part's guide goes on with the geometry: kept pixels are those of frames 9 to 16.
    guide = list(make_guide(assignment, size=SIZE, count=17, rate=Fraction(16)).frames())
    kept = ~joined([frame.hole for frame in guide[8:]])[5]
    assert np.array_equal(np.array(second[5])[kept], guide[13].shown[kept])
    assert any("2 parts" in note for note in told.notes)
    seeds = [call["generator"].initial_seed() for call in pipe.calls]
    assert seeds == [0, 1]


def test_a_later_part_never_shows_geometrys_own_guess(layered: Layered, scenes: SceneCache) -> None:
    """Its second picture is kept whole by rule: there the holes go on with what was painted."""
    pipe = Painter()
    assignment = shot(
        layered, truck(0.8, 17), film=_film(SIZE), extend=True, scenes=scenes
    )  # fmt: skip
    frames, _ = _drawn(_backend(pipe, most=9), assignment)
    call = pipe.calls[1]
    second = np.array(call["video"][1])
    assert not np.array(call["mask"][1]).any()
    guide = list(make_guide(assignment, size=SIZE, count=17, rate=Fraction(16)).frames(8, 2))
    stayed = guide[0].hole & guide[1].hole
    assert stayed.mean() > 0.03
    magenta = (second == Painter.COLOUR).all(axis=2)
    assert magenta[stayed].mean() > 0.8
    assert np.array_equal(second[~guide[1].hole], guide[1].shown[~guide[1].hole])
    assert (frames[9] == Painter.COLOUR).all(axis=2)[stayed].mean() > 0.8


@pytest.mark.parametrize("tint", [12, -20])
def test_a_tint_of_the_models_shows_at_no_seam_of_what_it_painted(
    layered: Layered, scenes: SceneCache, tint: int
) -> None:
    """Colours of a later part are laid on the picture as it was shown, the photo's own beside."""

    class Tinting(Painter):
        """Goes on with what it painted last, and gives all of it a tint each time."""

        hole: Any = None

        def __call__(self, **options: Any) -> Any:
            video = [np.array(frame).astype(float) for frame in options["video"]]
            masks = [np.array(mask) > 127 for mask in options["mask"]]
            level = 128.0 if self.hole is None else np.median(video[0][self.hole])
            for picture, mask in zip(video, masks, strict=True):
                picture[mask] = level
            self.hole = masks[-1]
            return SimpleNamespace(frames=np.clip(np.stack(video) + tint, 0, 255)[None] / 255.0)

    assignment = shot(layered, truck(1.6, 25), film=_film(SIZE), extend=True, scenes=scenes)
    frames, _ = _drawn(_backend(Tinting(), most=9), assignment)
    guide = list(make_guide(assignment, size=SIZE, count=25, rate=Fraction(16)).frames())
    for seam in (8, 16):
        free = guide[seam - 1].hole & guide[seam].hole & guide[seam + 1].hole
        before, after = (np.median(frames[index][free]) for index in (seam, seam + 2))
        assert abs(before - after) <= 1, (seam, before, after)


def test_words_that_the_model_cannot_read_and_parts_that_do_not_join_are_told(
    layered: Layered, moving: Assignment
) -> None:
    _, told = _drawn(_backend(Painter()), replace(moving, sentence="word " * 600))
    assert any("reads 512 tokens and the sentence has 600" in note for note in told.notes)
    assignment = shot(layered, truck(0.8, 17), film=_film(SIZE), extend=True)
    _, told = _drawn(_backend(Painter(), most=9, guide_scale=0.0), assignment)
    assert any("parts do not join" in note for note in told.notes)


def layered_frame(layered: Layered) -> np.ndarray:
    """The photo as the model's size shows it."""
    from synth.backends.geometric import frame_photo

    return frame_photo(layered.photo, *SIZE)[0]


def test_the_clip_has_the_shots_size_rate_and_length(layered: Layered) -> None:
    path = truck(0.4, 19, fps=30)
    assignment = shot(layered, path, film=_film((200, 120)), extend=True)
    backend = _backend(Painter())
    frames, told = _drawn(backend, assignment)
    assert len(frames) == 19
    assert {frame.shape for frame in frames} == {(120, 200, 3)}
    assert told.depth is not None
    assert told.depth().shape == (120, 200)
    assert told.path.fps == 30
    assert told.made_by["backend"] == "guided"
    assert told.made_by["kept"] == "photo laid back"


def test_grain_and_vignette_are_laid_over_the_finished_frames(moving: Assignment) -> None:
    lens = LensSettings(shutter_angle=0.0, vignette=1.0)
    plain, _ = _drawn(_backend(Painter()), moving)
    dark, _ = _drawn(_backend(Painter()), replace(moving, film=_film(SIZE, lens)))
    assert dark[5][0, 0].mean() < 0.8 * plain[5][0, 0].mean()
    assert dark[5][48, 80].mean() > 0.95 * plain[5][48, 80].mean()


def test_how_exactly_the_model_moved_is_told_at_the_end(moving: Assignment) -> None:
    for pipe, least, most in ((Painter(), 0.0, 0.3), (Painter(still=True), 1.0, 3.0)):
        _, told = _drawn(_backend(pipe), moving)
        (sentence,) = told.closing_notes()
        error = float(sentence.split(" within ")[1].split()[0])
        assert least <= error <= most, sentence


def test_in_weather_nothing_is_claimed_of_the_motion(moving: Assignment) -> None:
    air = {"environmental": {"particle_effects": "snow", "weather_intensity": 1.0}}
    motion = MotionControl.from_dict(air)
    _, told = _drawn(_backend(Painter()), replace(moving, motion=motion))
    (sentence,) = told.closing_notes()
    assert "not measured" in sentence
    assert "weather" in sentence


def test_a_scale_of_0_lays_nothing_back_and_promises_words(moving: Assignment) -> None:
    backend = _backend(Painter(tint=30), guide_scale=0.0)
    assert backend.capabilities.keeps["camera"] == "in words"
    frames, told = _drawn(backend, moving)
    assert any("ignore the guide" in note for note in told.notes)
    assert told.made_by["kept"] == "nothing laid back"
    assert told.closing_notes() == ()
    guide = make_guide(moving, size=SIZE, count=9, rate=Fraction(16))
    shown = next(iter(guide.frames(8, 1))).shown
    assert abs(frames[8].astype(int) - shown).mean() > 20


def test_progress_counts_steps_of_all_calls_and_cancel_stops(
    layered: Layered, scenes: SceneCache
) -> None:
    assignment = shot(layered, truck(0.8, 17), film=_film(SIZE), extend=True, scenes=scenes)
    told: list[tuple[str, int, int]] = []
    token = CancelToken()

    def progress(report: Any) -> None:
        told.append((report.stage, report.done, report.total))
        if report.stage == "Painting part 2 of 2" and report.done == 3:
            token.cancel()

    drawn = _backend(Painter(), most=9).render(assignment, cancel=token, progress=progress)
    with pytest.raises(Cancelled):
        list(drawn.frames)
    painted = [one for one in told if one[0].startswith("Painting")]
    assert painted == [
        ("Painting part 1 of 2", 0, 4),
        ("Painting part 1 of 2", 1, 4),
        ("Painting part 1 of 2", 2, 4),
        ("Painting part 2 of 2", 2, 4),
        ("Painting part 2 of 2", 3, 4),
    ]


def test_words_follow_the_part_unless_they_are_given(layered: Layered) -> None:
    motion = MotionControl.from_dict(
        {
            "camera": [
                {"type": "truck", "direction": "right", "duration": 0.5},
                {"type": "pedestal", "direction": "up", "duration": 0.5},
            ]
        }
    )
    from synth.motion import camera_path

    path = camera_path(motion, fps=Fraction(16))
    assignment = shot(
        layered, path, film=_film(SIZE), extend=True, motion=motion, sentence=None, prompt="A box."
    )
    pipe = Painter()
    _, told = _drawn(_backend(pipe, most=9), assignment)
    first, second = (call["prompt"] for call in pipe.calls)
    assert "right" in first
    assert "right" not in second
    assert "box" in second
    assert told.made_by["sentence"]
    given = Painter()
    _drawn(_backend(given, sentence="Only this.", negative="blur"), assignment)
    assert {call["prompt"] for call in given.calls} == {"Only this."}
    assert {call["negative_prompt"] for call in given.calls} == {"blur"}


def test_what_a_family_or_its_files_do_not_take_is_refused(
    moving: Assignment, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInstruction, match="guided model family"):
        GuidedBackend(BackendSettings(name="guided", family="wan2.2"))
    with pytest.raises(InvalidMedia, match="not there"):
        _backend(Painter()).render(
            replace(moving, loras=(LoraUse(tmp_path / "gone.safetensors"),)), cancel=CancelToken()
        )
    ltx = GuidedBackend(
        BackendSettings(name="guided", family="ltx2-guided", guide_scale=1.5),
        load=loader(Painter()),
    )
    with pytest.raises(InvalidInstruction, match="0 to 1"):
        ltx.render(moving, cancel=CancelToken())


def test_it_never_shows_its_token() -> None:
    backend = GuidedBackend(BackendSettings(name="guided"), token="hf_canary")
    assert "canary" not in repr(backend)
    assert "canary" not in repr(backend.capabilities)


# With the real architectures, tiny ----------------------------------------------------------------


def _tiny(small: Layered, near: float = 1.0) -> Assignment:
    """Five frames of 64 x 64; ``near`` bends the depth, and with it the guide alone."""
    assignment = shot(small, truck(1.0, 5), film=_film(TINY), extend=True)
    return replace(assignment, depth_strength=near)


@pytest.fixture(scope="module")
def painted(vace_pipe: Any, small: Layered) -> dict[tuple[float, float], list[Frame]]:
    """The model's own pictures for guides of two depths, at scale 1 and 0."""
    found = {}
    for scale in (1.0, 0.0):
        backend = _backend(vace_pipe, lay_back=False, guide_scale=scale, guidance=1.0)
        for near in (1.0, 0.3):
            found[scale, near] = _drawn(backend, _tiny(small, near))[0]
    return found


def test_the_guide_is_obeyed_at_1(painted: dict[tuple[float, float], list[Frame]]) -> None:
    one, other = painted[1.0, 1.0], painted[1.0, 0.3]
    changed = np.mean([(a != b).any(axis=2).mean() for a, b in zip(one, other, strict=True)])
    assert changed > 0.2


def test_the_guide_is_ignored_to_the_bit_at_0(
    painted: dict[tuple[float, float], list[Frame]],
) -> None:
    one, other = painted[0.0, 1.0], painted[0.0, 0.3]
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(painted[1.0, 1.0][2], one[2])


def test_a_real_model_keeps_what_is_kept_and_paints_the_holes(
    vace_pipe: Any, small: Layered, painted: dict[tuple[float, float], list[Frame]]
) -> None:
    import cv2

    frames, _ = _drawn(_backend(vace_pipe, guidance=1.0), _tiny(small))
    guide = list(make_guide(_tiny(small), size=TINY, count=5, rate=Fraction(16)).frames())
    holes = joined([frame.hole for frame in guide])
    raw = painted[1.0, 1.0]
    for index in (1, 4):
        hole = holes[index]
        away = cv2.distanceTransform((~hole).view(np.uint8), cv2.DIST_L2, 3)
        inner = away >= erosion(*TINY)
        assert inner.mean() > 0.05
        assert np.array_equal(frames[index][inner], guide[index].shown[inner])
        assert np.array_equal(frames[index][hole], raw[index][hole])
        assert np.abs(frames[index][hole].astype(int) - guide[index].shown[hole]).mean() > 5


def test_styles_grow_with_strength_and_leave_no_trace(
    vace_pipe: Any, small: Layered, tmp_path: Path
) -> None:
    style = write_lora(tmp_path / "ink.safetensors", "wan-vace", vace_pipe)
    backend = _backend(vace_pipe, lay_back=False, guidance=1.0)
    found = []
    for strength in (None, 0.0, 0.5, 1.0):
        loras = () if strength is None else (LoraUse(style, strength),)
        found.append(np.stack(_drawn(backend, replace(_tiny(small), loras=loras))[0]).astype(int))
    plain, none, half, whole = found
    assert np.array_equal(plain, none)
    assert 0 < np.abs(half - plain).mean() < np.abs(whole - plain).mean()
    assert np.array_equal(np.stack(_drawn(backend, _tiny(small))[0]), plain)
    other = write_lora(
        tmp_path / "other.safetensors", "wan-vace", vace_pipe,
        metadata={"motion_synth.base": "wan2.1-14b"},
    )  # fmt: skip
    with pytest.raises(InvalidInstruction, match=r"wan2\.1-14b"):
        _drawn(backend, replace(_tiny(small), loras=(LoraUse(other),)))


def test_a_real_model_stops_within_a_step(vace_pipe: Any, small: Layered) -> None:
    token = CancelToken()
    told: list[int] = []

    def progress(report: Any) -> None:
        if report.stage == "Painting":
            told.append(report.done)
            token.cancel()

    drawn = _backend(vace_pipe).render(_tiny(small), cancel=token, progress=progress)
    with pytest.raises(Cancelled):
        list(drawn.frames)
    assert told == [0]


def test_ltx_2_in_context_obeys_and_ignores_a_guide(small: Layered) -> None:
    pipe = tiny_pipeline("ltx2-guided")
    found: dict[tuple[float, float], list[Frame]] = {}
    for scale in (1.0, 0.0):
        settings = BackendSettings(
            name="guided", family="ltx2-guided", steps=1, guidance=1.0, guide_scale=scale
        )
        backend = GuidedBackend(settings, load=loader(pipe), lay_back=False)
        for near in (1.0, 0.3):
            assignment = replace(_tiny(small, near), path=truck(1.0, 9, fps=24))
            found[scale, near] = _drawn(backend, assignment)[0]
            assert len(found[scale, near]) == 9
    assert all(np.array_equal(a, b) for a, b in zip(found[0.0, 1.0], found[0.0, 0.3], strict=True))
    assert not np.array_equal(found[1.0, 1.0][4], found[1.0, 0.3][4])
    assert not np.array_equal(found[1.0, 1.0][4], found[0.0, 1.0][4])
