"""From a photo and a shot to a finished file: the product's main job, end to end."""

from __future__ import annotations

import contextlib
import functools
import secrets
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage
from synth.backends.geometric_backend import GeometricBackend, photo_distances, stage_of
from synth.backends.protocol import Assignment, Backend, Frame
from synth.backends.registry import artist
from synth.camera.fidelity import CameraFidelity, measure_file
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, Unavailable
from synth.limits import LIMITS
from synth.media import EncoderSettings, LoadedImage, VideoWriter, load_image
from synth.media.retag import RETAGGED, retag
from synth.render.film import FilmSettings
from synth.scene.cache import SceneCache
from synth.scene.depth import estimate_depth
from synth.scene.depth_map import DepthMap
from synth.scene.depth_model import DepthAnything
from synth.shot.model import Shot
from synth.shot.result import VideoResult, metadata_texts
from synth.shot.styling import Styling, styling_of
from synth.style.resolve import Resolver

PREVIEW_SIDE = 480
"""Longer side of a preview, pixels."""

PREVIEW_RATE = "12"
"""Frames per second of a preview."""

DEPTH_SIDE = 1536
"""Photos are shrunk to this before depth is estimated; the estimators look at far fewer pixels."""

MEASURED_FRAMES = 48
"""About this many frames of a clip have their camera measured, the first and last among them."""

PREVIEW_ENCODER = EncoderSettings(preset="ultrafast", crf=23)
"""Previews are looked at once."""

SKETCHED: Final = (
    "This preview shows the move as the photo's geometry draws it; the finished clip is painted by "
    "the chosen model."
)
"""Of a preview of a shot that a model will draw."""


def render_shot(
    shot: Shot,
    image_path: str | Path,
    output_path: str | Path,
    *,
    depth: DepthMap | None = None,
    size: tuple[int, int] | None = None,
    fidelity: bool = True,
    backend: Backend | None = None,
    styles: Resolver | None = None,
    lighting: str = "",
    scenes: SceneCache | None = None,
    encoder: EncoderSettings | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> VideoResult:
    """Render a shot into a file.

    Args:
        shot: what to do.
        image_path: the photo.
        output_path: the file to write; it appears complete or not at all.
        depth: of the whole photo, where the caller has it; estimated otherwise.
        size: width and height of the frames, pixels, both even, as a sequence wants them; what
            ``shot.output`` asks for otherwise.
        fidelity: measure the finished file's camera and write the result into the file. Where
            the backend does not know how far away things are, the photo's depth is taken.
        backend: who draws it; otherwise whom ``shot.backend`` names, without a token.
        styles: finds the styles that the prompt's tags name; without it a tag is an error. See
            ``synth.style.resolve.path_resolver``.
        lighting: a lighting cue of the whole sequence, for backends that read words.
        scenes: where scenes are kept for re-use.
        encoder: encoder knobs; the writer's defaults otherwise.
        cancel: stops the work within a second.
        progress: told what is being done.

    Raises:
        InvalidMedia: the photo or a style cannot be read, or the backend's frames are not those
            of the shot.
        LimitExceeded: the photo, the size or the length is beyond what is allowed.
        InvalidInstruction: a place that cannot hold the file, or a tag that is unknown, malformed
            or for another backend.
        Unavailable: the backend lacks a package, weights or an account.
        Cancelled: on request.
    """
    with artist(shot.backend, backend) as drawer:
        styling = styling_of(shot, drawer.capabilities, styles)
        return draw_shot(
            shot, image_path, output_path, drawer, styling, depth=depth, size=size,
            fidelity=fidelity, lighting=lighting, scenes=scenes, encoder=encoder, cancel=cancel,
            progress=progress,
        )  # fmt: skip


def draw_shot(
    shot: Shot,
    image_path: str | Path,
    output_path: str | Path,
    artist: Backend,
    styling: Styling,
    *,
    depth: DepthMap | None = None,
    size: tuple[int, int] | None = None,
    fidelity: bool = True,
    lighting: str = "",
    scenes: SceneCache | None = None,
    encoder: EncoderSettings | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> VideoResult:
    """``render_shot`` with what its tags ask for found already, and whoever draws it chosen."""
    clock = _Clock()
    token = cancel or CancelToken()
    target = Path(output_path)
    if target.is_dir():
        raise InvalidInstruction(f"{target.name!r} is a folder. Choose a file name.")
    if artist.capabilities.missing:
        raise Unavailable(artist.capabilities.missing)
    progress(Progress("Reading the photo"))
    image = load_image(image_path)
    clock.lap("photo")
    assignment = assignment_of(
        shot, image, depth=depth, size=size, styling=styling, lighting=lighting, scenes=scenes,
        cancel=token, progress=progress,
    )  # fmt: skip
    rendering = artist.render(assignment, cancel=token, progress=progress)
    clock.lap("scene")
    token.check()
    film, total = assignment.film, len(assignment.path)
    story = {**rendering.made_by, **styling.told}
    notes = [*image.notes, *styling.notes, *rendering.notes]
    # The clip grows, is measured and gets its texts under another name: a file that was there
    # before stays as it was until the new one is whole.
    working = target.with_name(f".motion-synth-{secrets.token_hex(8)}.whole")
    measured: CameraFidelity | None = None
    frames = styling.applied(rendering.frames, film.width, film.height, shot.seed)
    try:
        with (
            closing_frames(rendering.frames),
            VideoWriter(
                working,
                width=film.width,
                height=film.height,
                fps=assignment.path.fps,
                format=shot.output.format,
                settings=encoder,
                metadata=metadata_texts(shot, made_by=story),
                cancel=token,
                expected_frames=total,
            ) as writer,
        ):
            made = 0
            timed = not artist.capabilities.generative
            for frame in _watched(frames, total, progress, timed=timed):
                made += 1
                if made <= total:
                    writer.write(frame)
            notes += writer.notes
        if made != total:
            raise InvalidMedia(
                f"{artist.capabilities.title} made {made} frames; the shot has {total}. Try "
                "again, or choose another backend."
            )
        notes += rendering.closing_notes()
        told = {**rendering.made_by, **styling.told}
        clock.lap("render")
        if shot.output.format in RETAGGED and (fidelity or told != story):
            if fidelity:
                first = rendering.depth
                measured = measure_file(
                    working,
                    rendering.path,
                    photo_distances(assignment) if first is None else first(),
                    every=max(1, total // MEASURED_FRAMES),
                    cancel=token,
                    progress=progress,
                )
            texts = metadata_texts(shot, measured, made_by=told)
            retag(working, RETAGGED[shot.output.format], texts)
            clock.lap("camera check")
        working.replace(target)
    finally:
        working.unlink(missing_ok=True)
    return VideoResult(
        path=target,
        shot=shot,
        width=film.width,
        height=film.height,
        frames=total,
        notes=tuple(dict.fromkeys(notes)),
        fidelity=measured,
        made_by=told,
        timings=clock.laps,
    )


def preview_shot(
    shot: Shot,
    image_path: str | Path,
    output_path: str | Path,
    *,
    depth: DepthMap | None = None,
    fidelity: bool = False,
    backend: Backend | None = None,
    styles: Resolver | None = None,
    scenes: SceneCache | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> VideoResult:
    """A small, quick MP4 of the same move: same framing, same length, fewer and smaller frames.

    It is drawn by geometry, whatever ``shot.backend`` names, because a model would make neither
    a small nor a quick one; ``backend`` draws it where one is given. Otherwise as ``render_shot``.
    """
    output = shot.output.model_copy(
        update={
            "long_side": min(PREVIEW_SIDE, shot.output.long_side),
            "fps": PREVIEW_RATE,
            "format": "mp4",
        }
    )
    small = shot.model_copy(update={"output": output})
    artist = backend or GeometricBackend()
    sketch = backend is None and shot.backend.name != "geometric"
    result = draw_shot(
        small,
        image_path,
        output_path,
        artist,
        styling_of(small, artist.capabilities, styles, sketch=sketch),
        depth=depth,
        size=None,
        fidelity=fidelity,
        lighting="",
        scenes=scenes,
        encoder=PREVIEW_ENCODER,
        cancel=cancel,
        progress=progress,
    )
    return result.with_notes(SKETCHED) if sketch else result


def photo_depth(
    image: LoadedImage,
    shot: Shot,
    *,
    model: DepthAnything | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> DepthMap:
    """Depth of a photo by the method that the shot names; ``model`` as for ``estimate_depth``."""
    rows, columns = image.pixels.shape[:2]
    scale = DEPTH_SIDE / max(rows, columns)
    pixels: NDArray[np.uint8] = image.pixels
    if scale < 1.0:
        size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return estimate_depth(
        pixels, method=shot.depth.method, model=model, cancel=cancel, progress=progress
    )


def warm_up() -> None:
    """Compile the hot loops by making a tiny clip, so that the first person does not wait."""
    import tempfile

    from PIL import Image

    from synth.motion import MotionControl

    rng = np.random.default_rng(0)
    pixels = cv2.resize(
        rng.integers(0, 255, (30, 40, 3), dtype=np.uint8), (400, 300),
        interpolation=cv2.INTER_CUBIC,
    )  # fmt: skip
    pixels[80:220, 150:250] = (200, 60, 40)
    with tempfile.TemporaryDirectory(prefix="motion-synth-warm-") as folder:
        photo = Path(folder) / "photo.png"
        Image.fromarray(pixels).save(photo)
        motion = MotionControl.from_dict(
            {
                "camera": {"type": "truck", "direction": "left", "intensity": 0.9, "duration": 0.3},
                "objects": [{"action": "walk", "mark": {"box": [0.3, 0.2, 0.7, 0.8]}}],
                "environmental": {"particle_effects": "rain"},
            }
        )
        shot = Shot.from_dict({"motion": motion.to_dict(), "output": {"long_side": 320}})
        render_shot(shot, photo, Path(folder) / "clip.mp4")


def prepare_shot(
    shot: Shot,
    image: LoadedImage,
    depth: DepthMap | None,
    scenes: SceneCache | None,
    token: CancelToken,
    progress: ProgressCallback,
    *,
    size: tuple[int, int] | None = None,
) -> Stage:
    """The photo set up for filming by geometry, whichever backend will draw the shot.

    Everything that comes before the first frame. Args and errors as for ``render_shot``. The
    photo is cropped about its centre to the shape of the frames.
    """
    assignment = assignment_of(
        shot, image, depth=depth, size=size, scenes=scenes, cancel=token, progress=progress
    )
    return stage_of(assignment, cancel=token, progress=progress)


def assignment_of(
    shot: Shot,
    image: LoadedImage,
    *,
    depth: DepthMap | None = None,
    size: tuple[int, int] | None = None,
    styling: Styling | None = None,
    lighting: str = "",
    scenes: SceneCache | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Assignment:
    """A shot of a photo as a backend is told of it.

    Args as for ``render_shot``; ``styling`` is what its tags asked for, None for nothing.

    Raises ``LimitExceeded`` for a size or a length beyond what is allowed.
    """
    width, height = size or shot.output.frame_size(*image.pixels.shape[1::-1])
    _check_size(width, height)
    if shot.seconds > LIMITS.clip_seconds + 1e-6:
        raise LimitExceeded(
            f"The shot lasts {shot.seconds:g} s; the limit is {LIMITS.clip_seconds} s. "
            "Shorten its camera move."
        )

    @functools.cache
    def known() -> DepthMap:
        if depth is not None:
            return depth
        progress(Progress("Finding depth"))
        return photo_depth(image, shot, cancel=cancel, progress=progress)

    words = styling or Styling(shot.prompt, shot.backend.sentence)
    return Assignment(
        photo=image.pixels,
        motion=shot.motion,
        path=shot.camera_path(),
        film=FilmSettings(width, height, shot.lens, shot.seed),
        depth=known,
        prompt=words.prompt,
        lighting=lighting,
        sentence=words.sentence,
        negative=shot.backend.negative,
        loras=words.loras,
        focal_length=shot.focal_length,
        depth_strength=shot.depth.strength,
        extend=shot.edge == "extend",
        loop=shot.loops,
        keyed=shot.trajectory is not None,
        scenes=scenes,
    )


def _check_size(width: int, height: int) -> None:
    if width * height > LIMITS.output_pixels:
        raise LimitExceeded(
            f"Frames of {width}x{height} have {width * height / 1e6:.1f} megapixels; the limit is "
            f"{LIMITS.output_pixels / 1e6:.1f}. Choose a smaller size."
        )


@contextlib.contextmanager
def closing_frames(frames: Iterator[Frame]) -> Iterator[None]:
    """Stop whoever makes these frames at the end, also where not all of them were taken."""
    try:
        yield
    finally:
        if isinstance(frames, Generator):
            frames.close()


def _watched(
    frames: Iterator[Frame], total: int, progress: ProgressCallback, *, timed: bool
) -> Iterator[Frame]:
    """The frames, told as they come; ``timed`` where one takes about as long as the next."""
    started = time.monotonic()
    for index, frame in enumerate(frames, start=1):
        yield frame
        left = (time.monotonic() - started) / index * (total - index) if timed else None
        progress(Progress("Rendering", index, total, left))


class _Clock:
    """Seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = now - self._last
        self._last = now
