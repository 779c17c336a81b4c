"""From a photo and a shot to a finished file: the product's main job, end to end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage, set_stage
from synth.camera.fidelity import CameraFidelity, measure_file
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, LimitExceeded
from synth.limits import LIMITS
from synth.media import EncoderSettings, LoadedImage, VideoWriter, load_image
from synth.media.retag import RETAGGED, retag
from synth.render.film import FilmSettings
from synth.scene.cache import SceneCache
from synth.scene.collision import first_collision
from synth.scene.depth import estimate_depth
from synth.scene.depth_map import DepthMap
from synth.scene.depth_model import DepthAnything
from synth.shot.model import Shot
from synth.shot.result import VideoResult, metadata_texts

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


def render_shot(
    shot: Shot,
    image_path: str | Path,
    output_path: str | Path,
    *,
    depth: DepthMap | None = None,
    size: tuple[int, int] | None = None,
    fidelity: bool = True,
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
        fidelity: measure the finished file's camera and write the result into the file.
        scenes: where scenes are kept for re-use.
        encoder: encoder knobs; the writer's defaults otherwise.
        cancel: stops the work within a second.
        progress: told what is being done.

    Raises ``InvalidMedia`` or ``LimitExceeded`` for the photo or size, ``InvalidInstruction`` for a
    place that cannot hold the file, ``Cancelled`` on request.
    """
    clock = _Clock()
    token = cancel or CancelToken()
    target = Path(output_path)
    if target.is_dir():
        raise InvalidInstruction(f"{target.name!r} is a folder. Choose a file name.")
    progress(Progress("Reading the photo"))
    image = load_image(image_path)
    clock.lap("photo")
    stage = prepare_shot(shot, image, depth, scenes, token, progress, size=size)
    clock.lap("scene")
    token.check()
    notes = [*image.notes, *stage.notes]
    # The clip grows, is measured and gets its texts under another name: a file that was there
    # before stays as it was until the new one is whole.
    working = target.with_name(f".motion-synth-{secrets.token_hex(8)}.whole")
    measured: CameraFidelity | None = None
    try:
        with VideoWriter(
            working,
            width=stage.film.width,
            height=stage.film.height,
            fps=stage.path.fps,
            format=shot.output.format,
            settings=encoder,
            metadata=metadata_texts(shot),
            cancel=token,
            expected_frames=len(stage.path),
        ) as writer:
            for frame in _watched(stage, token, progress):
                writer.write(frame)
            notes += writer.notes
        clock.lap("render")
        if fidelity and shot.output.format in RETAGGED:
            measured = measure_file(
                working,
                stage.path,
                stage.first_depth(),
                every=max(1, len(stage.path) // MEASURED_FRAMES),
                cancel=token,
                progress=progress,
            )
            retag(working, RETAGGED[shot.output.format], metadata_texts(shot, measured))
            clock.lap("camera check")
        working.replace(target)
    finally:
        working.unlink(missing_ok=True)
    return VideoResult(
        path=target,
        shot=shot,
        width=stage.film.width,
        height=stage.film.height,
        frames=len(stage.path),
        notes=tuple(dict.fromkeys(notes)),
        fidelity=measured,
        timings=clock.laps,
    )


def preview_shot(
    shot: Shot,
    image_path: str | Path,
    output_path: str | Path,
    *,
    depth: DepthMap | None = None,
    fidelity: bool = False,
    scenes: SceneCache | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> VideoResult:
    """A small, quick MP4 of the same move: same framing, same length, fewer and smaller frames."""
    output = shot.output.model_copy(
        update={
            "long_side": min(PREVIEW_SIDE, shot.output.long_side),
            "fps": PREVIEW_RATE,
            "format": "mp4",
        }
    )
    return render_shot(
        shot.model_copy(update={"output": output}),
        image_path,
        output_path,
        depth=depth,
        fidelity=fidelity,
        scenes=scenes,
        encoder=PREVIEW_ENCODER,
        cancel=cancel,
        progress=progress,
    )


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
    """The photo set up for a shot: everything that comes before the first frame.

    Args and errors as for ``render_shot``. The photo is cropped about its centre to the shape of
    the frames.
    """
    width, height = size or shot.output.frame_size(*image.pixels.shape[1::-1])
    _check_size(width, height)
    if shot.seconds > LIMITS.clip_seconds + 1e-6:
        raise LimitExceeded(
            f"The shot lasts {shot.seconds:g} s; the limit is {LIMITS.clip_seconds} s. "
            "Shorten its camera move."
        )
    path = shot.camera_path()
    if depth is None:
        progress(Progress("Finding depth"))
        depth = photo_depth(image, shot, cancel=token, progress=progress)
    token.check()
    progress(Progress("Building the scene"))
    stage = set_stage(
        image.pixels,
        depth,
        path,
        FilmSettings(width, height, shot.lens, shot.seed),
        depth_strength=shot.depth.strength,
        focal_length=shot.focal_length,
        extend=shot.edge == "extend",
        actions=shot.motion.objects,
        environment=shot.motion.environmental,
        loop=shot.loops,
        scenes=scenes,
        cancel=token,
    )
    if shot.trajectory is not None:
        _check_way(stage, shot.focal_length)
    return stage


def _check_way(stage: Stage, focal_length: float) -> None:
    """Moves are sized for the photo; keys may lead anywhere."""
    found = first_collision(stage.scene.disparity, focal_length, stage.path)
    if found is not None:
        x, y, z = found.place
        raise InvalidInstruction(
            f"After frame {found.frame} the camera runs into what the photo shows at "
            f"({x:.2f}, {y:.2f}, {z:.2f}), {found.depth:.1f} units from the home camera. Stop "
            "before it, or go round."
        )


def _check_size(width: int, height: int) -> None:
    if width * height > LIMITS.output_pixels:
        raise LimitExceeded(
            f"Frames of {width}x{height} have {width * height / 1e6:.1f} megapixels; the limit is "
            f"{LIMITS.output_pixels / 1e6:.1f}. Choose a smaller size."
        )


def _watched(
    stage: Stage, token: CancelToken, progress: ProgressCallback
) -> Iterator[NDArray[np.uint8]]:
    total = len(stage.path)
    started = time.monotonic()
    for index, frame in enumerate(stage.frames(token), start=1):
        yield frame
        left = (time.monotonic() - started) / index * (total - index)
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
