"""What happens when something is touched in the keyframe editor.

Each answer goes into one property of the editor's component, so that answers to different
questions never overwrite each other. Nothing here computes: that is the core's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import secrets
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import astuple
from fractions import Fraction
from pathlib import Path
from typing import Any

import gradio as gr

from synth.camera.formats import FORMATS, write_path
from synth.camera.formats.editable import editable_keys, read_camera_file
from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.keys import CameraKeys, LookAt
from synth.camera.sampling import keyed_path
from synth.camera.transform import (
    mirrored,
    move_scaled,
    moved,
    reversed_in_time,
    scaled,
    stretched,
    turned,
)
from synth.errors import InvalidInstruction, InvalidMedia
from synth.jobs import JobContext, JobPool
from synth.media import load_image
from synth.motion import MotionControl
from synth.motion.as_keys import move_keys
from synth.render.foresight import fit_to, foresee
from synth.scene.depth_map import DepthMap
from synth.shot import Shot
from synth.shot.still import StillMaker
from synth.ui.answers import message_of
from synth.ui.depth_brush import DepthStore, with_strokes
from synth.ui.desk_shot import read_shot, shot_values
from synth.ui.keys_shown import (
    document,
    foreseen,
    point_seen,
    read_keys,
    revision,
    sampled,
    scenery,
    still_picture,
)
from synth.ui.photo import Photo, uploaded_file

LOOKS_AT_ONCE = 2
"""Frames at the playhead that are drawn side by side, for all visitors together."""

Change = tuple[CameraKeys, str, tuple[str, ...], dict[str, Any]]
"""New keys, a sentence about them, notes, and more for the reply."""


class KeysHandlers:
    """The answers of one served page's keyframe editor; it keeps nobody's data but stills."""

    def __init__(self, pool: JobPool, depths: DepthStore, stills: StillMaker) -> None:
        self._pool = pool
        self._depths = depths
        self._stills = stills
        self._looking = threading.Semaphore(LOOKS_AT_ONCE)

    # --- looking ---

    def opened(
        self, value: object, desk: object, photo: Photo | None, strokes: object
    ) -> Generator[Any, None, None]:
        """The editor was opened, or the photo or its depth changed: yields its stage."""

        def work(job: JobContext) -> dict[str, Any]:
            here, depth = self._depth(photo, strokes, job)
            pixels = load_image(here.path).pixels
            return scenery(here, pixels, depth, read_shot(desk, forgiving=True))

        yield from self._answer(work, "scenery", {})
        yield self.edited(value)

    def edited(self, value: object) -> Any:
        """The keys were changed: the path they make."""
        rev = revision(value)
        try:
            shown = sampled(read_keys(value), rev)
        except Exception as error:
            shown = {"rev": rev, "error": message_of(error)}
        return _drawn("sampled", shown)

    def scrubbed(
        self, value: object, desk: object, photo: Photo | None, strokes: object, event: gr.EventData
    ) -> Any:
        """The playhead was moved: the frame that stands there, as the clip will hold it.

        It answers at once and without a place in the queue, which would cost more than the frame.
        """
        asked, rev, began = event._data.get("frame"), event._data.get("rev"), time.monotonic()
        known = {"frame": asked, "rev": rev}
        try:
            shot = self._shot(value, desk)
            index, here = _frame_of(asked, shot), _there(photo)
            with self._looking:
                frame = self._stills.frame(
                    shot, here.path, lambda: with_strokes(self._depths.get(here), strokes, here),
                    _source(here, strokes), index,
                )  # fmt: skip
            height, width = frame.shape[:2]
            picture = still_picture(frame)
        except Exception as error:
            return _drawn("still", {**known, "error": message_of(error)})
        taken = round((time.monotonic() - began) * 1000.0)
        said = {"picture": picture, "width": width, "height": height, "ms": taken}
        return _drawn("still", {**known, **said})

    def covered(
        self, value: object, desk: object, photo: Photo | None, strokes: object
    ) -> Generator[Any, None, None]:
        """How far the path looks past the photo: yields the share of every frame."""
        rev = revision(value)

        def work(job: JobContext) -> dict[str, Any]:
            shot = self._shot(value, desk)
            here = _there(photo)
            stage = self._stills.stage(
                shot, here.path, lambda: self._depth(here, strokes, job)[1],
                _source(here, strokes), cancel=job.cancel,
            )  # fmt: skip
            film = stage.film
            coverage = foresee(
                stage.scene, shot.camera_path(), film.width, film.height, cancel=job.cancel
            )
            return foreseen(coverage, rev, stage.zoom)

        yield from self._answer(work, "coverage", {"rev": rev})

    # --- changing the keys ---

    def preset(self, value: object, desk: object, event: gr.EventData) -> Any:
        """A move of the catalogue becomes keys."""
        asked = event._data

        def change() -> Change:
            before = read_keys(value)
            camera: dict[str, Any] = {
                "type": asked.get("type"),
                "intensity": asked.get("intensity", 0.6),
                "duration": asked.get("seconds") or before.seconds,
            }
            if asked.get("direction"):
                camera["direction"] = asked["direction"]
            motion = MotionControl.from_dict({"camera": _as_floats(camera)})
            lens = read_shot(desk, forgiving=True).focal_length
            keys = move_keys(motion, fps=before.fps, focal_length=lens)
            return keys, f"{_count(keys)} written.", (), {}

        return self._changed(value, "preset", change)

    def transform(self, value: object, event: gr.EventData) -> Any:
        """The whole path is moved, turned, scaled, mirrored, reversed or stretched."""
        asked = event._data

        def change() -> Change:
            keys, kind = read_keys(value), asked.get("kind")
            match kind:
                case "move":
                    keys = moved(keys, (_num(asked, "x"), _num(asked, "y"), _num(asked, "z")))
                case "turn":
                    turn = (_num(asked, "pitch"), _num(asked, "yaw"), _num(asked, "roll"))
                    keys = turned(keys, turn)
                case "scale":
                    keys = scaled(keys, _num(asked, "factor", 1.0))
                case "mirror":
                    keys = mirrored(keys, "y" if asked.get("axis") == "y" else "x")
                case "reverse":
                    keys = reversed_in_time(keys)
                case "stretch":
                    keys = stretched(keys, _num(asked, "factor", 1.0))
                case _:
                    raise InvalidInstruction(
                        "There is no such transform. Choose move, turn, scale, mirror, reverse "
                        "or stretch."
                    )
            return keys, "Done.", (), {}

        return self._changed(value, "transform", change)

    def aim(
        self, value: object, desk: object, photo: Photo | None, strokes: object, event: gr.EventData
    ) -> Generator[Any, None, None]:
        """A point of the photo was clicked: the camera looks at it."""
        asked = event._data

        def work(job: JobContext) -> Any:
            keys, (u, v) = read_keys(value), (_num(asked, "u"), _num(asked, "v"))
            if not (0.0 <= u <= 1.0 and 0.0 <= v <= 1.0):
                raise InvalidInstruction("The point to look at must lie inside the photo.")
            _, depth = self._depth(photo, strokes, job)
            target = point_seen(depth, read_shot(desk, forgiving=True), u, v)
            keys = keys.model_copy(update={"look_at": LookAt(target=target)})
            words = "The camera looks at ({:.2f}, {:.2f}, {:.2f}).".format(*target)
            return self._changed(value, "aim", lambda: (keys, words, (), {}))

        yield from self._watched(work, "aim")

    def fit(
        self, value: object, desk: object, photo: Photo | None, strokes: object, event: gr.EventData
    ) -> Generator[Any, None, None]:
        """Scale the move until no frame shows more than N % that was never photographed."""
        asked = event._data

        def work(job: JobContext) -> Any:
            percent = _num(asked, "percent", 2.0)
            shot = self._shot(value, desk)
            here = _there(photo)
            stage = self._stills.stage(
                shot, here.path, lambda: self._depth(here, strokes, job)[1],
                _source(here, strokes), cancel=job.cancel,
            )  # fmt: skip
            keys, film = read_keys(value), stage.film
            factor, coverage = fit_to(
                stage.scene,
                lambda share: shot.with_trajectory(move_scaled(keys, share)).camera_path(),
                film.width, film.height, percent, cancel=job.cancel,
            )  # fmt: skip
            words = f"Scaled to {factor:.0%}. {coverage.sentence}"
            return self._changed(value, "fit", lambda: (move_scaled(keys, factor), words, (), {}))

        yield from self._watched(work, "fit")

    # --- files ---

    def imported(
        self, value: object, desk: object, photo: Photo | None, event: gr.EventData
    ) -> Any:
        """A camera path from a file of any known format."""
        asked = event._data

        def change() -> Change:
            path = Path(uploaded_file(asked.get("file")))
            name = str((asked.get("file") or {}).get("orig_name") or path.name)
            scale, anchor = asked.get("scale"), asked.get("anchor")
            shot = read_shot(desk, forgiving=True)
            options = ReadOptions(
                scale=None if scale in (None, "") else _num(asked, "scale"),
                anchor=anchor if anchor in ("first", "world") else "auto",
                aspect=_frame_size(shot, photo),
                focal_length=shot.focal_length,
            )
            found = read_camera_file(path, name, options)
            keys, said = editable_keys(found)
            label = _label(found.format_id)
            words = f"{label}: {len(found.path)} frames, {_count(keys)}. {found.units}"
            ask = not found.scale_known and options.scale is None
            return keys, words, (*found.notes, *said), {"ask_scale": True} if ask else {}

        return self._changed(value, "import", change)

    def exported(
        self, value: object, desk: object, photo: Photo | None, event: gr.EventData
    ) -> Any:
        """The path as a file of another program: the reply holds it."""
        wanted = str(event._data.get("format"))[:40]
        try:
            shot = self._shot(value, desk)
            width, height = _frame_size(shot, photo)
            keys = read_keys(value)
            options = WriteOptions(width=width, height=height, name="Motion Synth camera")
            written = write_path(keyed_path(keys), wanted, keys, options)
            data = base64.b64encode(written.data).decode("ascii")
            said: dict[str, Any] = {
                "kind": "export",
                "text": f"{_label(wanted)}: {len(written.data):,} bytes.",
                "notes": list(written.notes),
                "file": {
                    "url": f"data:{written.mime};base64,{data}",
                    "orig_name": f"camera{written.suffix}",
                },
            }
            return _told("reply", said)
        except Exception as error:
            return _told("reply", {"kind": "export", "error": message_of(error)})

    # --- to and from the Motion tab ---

    def from_motion(self, value: object, desk: object) -> Any:
        """The move on the Motion tab's desk becomes keys."""

        def change() -> Change:
            shot = read_shot(desk)
            if shot.trajectory is not None:
                return shot.trajectory, "The keys of the Motion tab are here.", (), {}
            keys = move_keys(shot.motion, fps=shot.output.rate, focal_length=shot.focal_length)
            return keys, f"The move of the Motion tab as {_count(keys)}.", (), {}

        return self._changed(value, "from_motion", change)

    def to_motion(self, value: object, desk: object) -> tuple[Any, Any]:
        """The shot on the Motion tab's desk takes these keys: outputs (desk, reply)."""
        try:
            shot = self._shot(value, desk)
        except Exception as error:
            return gr.skip(), _told("reply", {"kind": "to_motion", "error": message_of(error)})
        said = {"kind": "to_motion", "text": "The Motion tab's camera follows these keys now."}
        return gr.update(value=shot_values(shot)), _told("reply", said)

    # --- inside ---

    def _shot(self, value: object, desk: object) -> Shot:
        return read_shot(desk, forgiving=True).with_trajectory(read_keys(value))

    def _depth(
        self, photo: Photo | None, strokes: object, job: JobContext
    ) -> tuple[Photo, DepthMap]:
        here = _there(photo)
        depth = self._depths.get(here, cancel=job.cancel, progress=job.progress)
        return here, with_strokes(depth, strokes, here)

    def _changed(
        self,
        value: object,
        kind: str,
        change: Callable[[], Change],
    ) -> Any:
        """New keys, and what to say about them, in one update."""
        try:
            keys, words, notes, more = change()
        except Exception as error:
            return _told("reply", {"kind": kind, "error": message_of(error)})
        said = {"kind": kind, "text": words, "notes": list(notes), **more}
        return _told("reply", said, value=document(keys, revision(value) + 1))

    def _answer(
        self, work: Callable[[JobContext], Mapping[str, Any]], name: str, known: dict[str, Any]
    ) -> Generator[Any, None, None]:
        """Run the work beside the web server; its result, or what went wrong, in one property."""
        try:
            with self._pool.start(work) as job:
                for _ in job.events(0.05):
                    yield gr.skip()
                said: Mapping[str, Any] = job.result(0)
        except Exception as error:
            said = {"error": message_of(error)}
        yield _drawn(name, {**known, **said})

    def _watched(self, work: Callable[[JobContext], Any], kind: str) -> Generator[Any, None, None]:
        """Run work that ends in an update of the component."""
        try:
            with self._pool.start(work) as job:
                for _ in job.events():
                    yield gr.skip()
                answer = job.result(0)
        except Exception as error:
            answer = _told("reply", {"kind": kind, "error": message_of(error)})
        yield answer


def _there(photo: Photo | None) -> Photo:
    if photo is None:
        raise InvalidMedia("There is no photo yet. Drop one on the Motion tab first.")
    return photo


def _frame_size(shot: Shot, photo: Photo | None) -> tuple[int, int]:
    """Width and height of the shot's frames, pixels; 16:9 while there is no photo."""
    size = photo and shot.output.frame_size(photo.width, photo.height)
    return size or (shot.output.long_side, round(shot.output.long_side * 9 / 16))


def _told(name: str, what: Mapping[str, Any], **more: Any) -> Any:
    """An update of one property, marked so that it arrives even if nothing in it is new."""
    answer: dict[str, Any] = {**more, name: {**what, "stamp": secrets.token_hex(4)}}
    return gr.update(**answer)


def _drawn(name: str, what: Mapping[str, Any]) -> Any:
    """The same for long lists of numbers, as text: the page would watch every single number."""
    return _told(name, {"json": json.dumps(what)})


def _source(photo: Photo, strokes: object) -> str:
    """A name for a photo with its depth as it is now."""
    brushed = strokes.get("strokes") if isinstance(strokes, Mapping) else None
    stamp = Path(photo.path).stat().st_mtime_ns
    made_of = repr((astuple(photo), stamp, brushed or []))
    return hashlib.sha256(made_of.encode()).hexdigest()


def _frame_of(value: object, shot: Shot) -> int:
    """The clip's frame that stands at a frame number of the keys; the end shows the last one."""
    keys = shot.trajectory
    if keys is None or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInstruction("The playhead must stand on a frame number.")
    share = Fraction(shot.frames, keys.frames)
    return min(max(int(Fraction(value) * share), 0), shot.frames - 1)


def _num(asked: Mapping[str, Any], name: str, default: float = 0.0) -> float:
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInstruction(f"{name.capitalize()} must be a finite number.")
    return float(value)


def _as_floats(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in values.items()
    }


def _label(format_id: str) -> str:
    return next((one.label for one in FORMATS if one.id == format_id), format_id)


def _count(keys: CameraKeys) -> str:
    return "1 key" if len(keys.keys) == 1 else f"{len(keys.keys)} keys"
