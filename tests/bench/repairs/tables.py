"""The tables: what each repair leaves over, ours beside others, on the same pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.flow.model import Anchor
from synth.flow.watch import Watcher
from synth.grade import deflicker_curve as curve
from synth.grade.deflicker import LightMeter, corrected
from synth.grade.denoise import Denoiser
from synth.grade.match import matched
from synth.grade.stabilise import CameraFollower, shot_path, warped
from synth.grade.stabilise_path import jitter, matrix_of
from synth.media.planes import Planes, planes_from_rgb, to_rgb
from tests.bench.repairs.clips import Film, Shown, filtered, psnr
from tests.bench.repairs.grades import difference, graded, grades, linear_map, reinhard, small

Films = Callable[[], Iterator[Film]]


def anchored(film: Film) -> list[Anchor]:
    """The pictures with their joins as the product tells them."""
    shown = [Shown(planes, k / film.rate) for k, planes in enumerate(film.frames)]
    return list(Watcher().anchors(shown))


def lit(film: Film, gains: NDArray[np.float64]) -> Film:
    """The pictures with encoded RGB multiplied by ``gains`` (n,)."""
    return film.with_frames(
        [
            planes_from_rgb(
                np.clip(np.rint(to_rgb(p, film.tags) * gain), 0, 255).astype(np.uint8), film.tags
            )
            for p, gain in zip(film.frames, gains, strict=True)
        ]
    )


def steadied(film: Film) -> Film:
    """Our deflicker."""
    anchors = anchored(film)
    meter = LightMeter(film.tags)
    seen = [meter.step(anchor.planes) for anchor in anchors]
    steps = curve.Steps(
        np.array([gain for gain, _ in seen]),
        np.array([share for _, share in seen]),
        np.array([anchor.join in ("cut", "flash") for anchor in anchors]),
    )
    gains = curve.corrections(steps, float(film.rate))
    return film.with_frames(
        [corrected(p, gain, film.tags) for p, gain in zip(film.frames, gains, strict=True)]
    )


def flicker_left(clean: Film, got: Film) -> float:
    """Standard deviation of the brightness against the clean clip's, smooth changes aside."""
    path = []
    for one, other in zip(clean.frames, got.frames, strict=True):
        a, b = one.y.astype(np.float32) - 16, other.y.astype(np.float32) - 16
        middle = (a > 40) & (a < 190)
        path.append(np.log(max(float(b[middle].mean()), 1.0) / max(float(a[middle].mean()), 1.0)))
    return float(np.sqrt(np.mean(np.diff(path, 2) ** 2) / 6))


def closeness(clean: Film, got: Film) -> NDArray[np.float64]:
    """PSNR of every picture, dB."""
    return np.array([psnr(a, b) for a, b in zip(clean.frames, got.frames, strict=True)])


def deflicker(films: Films) -> Iterator[str]:
    """4 % of random flicker; then clips whose light is meant, of which nothing may change."""
    rivals = {"ffmpeg 5": "deflicker=size=5", "ffmpeg 9": "deflicker=size=9"}
    head = f"{'deflicker, 4 %':22}" + "".join(f"{n:>17}" for n in ("none", *rivals, "ours"))
    yield head + "     (flicker left %, mean PSNR)"
    rows, added = [], []
    for film in films():
        rng = np.random.default_rng(len(film.name))
        rough = lit(film, 1 + 0.04 * rng.standard_normal(len(film.frames)))
        made = [rough, *(film.with_frames(filtered(rough, f)) for f in rivals.values())]
        made.append(steadied(rough))
        row = [(100 * flicker_left(film, m), float(closeness(film, m).mean())) for m in made]
        rows.append(row)
        added.append(100 * flicker_left(steadied(film), made[-1]))
        yield f"{film.name:22.22}" + "".join(f"{a:9.3f} {b:7.1f}" for a, b in row)
    mean = np.mean(rows, axis=0)
    yield f"{'mean':22}" + "".join(f"{a:9.3f} {b:7.1f}" for a, b in mean)
    yield f"of the flicker that was added, not the clip's own: {np.mean(added):.3f} % left by ours"
    lower = sum(row[-1][1] < row[0][1] for row in rows)
    yield f"PSNR to the clean clip lower than it came: {lower} of {len(rows)}"


def meant(films: Films) -> Iterator[str]:
    """Cuts, fades and steps without flicker: the worst picture, dB."""
    yield f"{'meant light':14}{'ffmpeg 5':>10}{'ours':>10}   (worst picture, dB; 99 is untouched)"
    found = list(films())
    for kind in ("cut", "fade to 60 %", "to black", "step", "flash"):
        worst: list[tuple[float, float]] = []
        for index, film in enumerate(found):
            count = len(film.frames)
            t = np.arange(count) / count
            light = {
                "cut": np.ones(count),
                "fade to 60 %": np.interp(t, [0.3, 0.7], [1.0, 0.6]),
                "to black": np.interp(t, [0.4, 0.8], [1.0, 0.0]),
                "step": np.where(t < 0.5, 1.0, 0.75),
                "flash": np.where((t > 0.45) & (t < 0.48), 1.7, 1.0),
            }[kind]
            clip = lit(film, light)
            if kind == "cut":
                other = found[(index + 1) % len(found)]
                if other.frames[0].size != film.frames[0].size or other is film:
                    continue
                half = count // 2
                clip = film.with_frames([*film.frames[:half], *other.frames[: count - half]])
            theirs = film.with_frames(filtered(clip, "deflicker=size=5"))
            worst.append((closeness(clip, theirs).min(), closeness(clip, steadied(clip)).min()))
        if worst:
            a, b = np.min(worst, axis=0)
            yield f"{kind:14}{a:10.1f}{b:10.1f}"


def matching(films: Films) -> Iterator[str]:
    """Three random grades of each clip; colours of the first half, judged on the second."""
    names = ("none", "reinhard", "linear", "ours*", "ours")
    yield (
        f"{'matching':22}" + "".join(f"{n:>10}" for n in names) + "     (mean CIE 1976 difference)"
    )
    rows = []
    for film in films():
        rng = np.random.default_rng(len(film.name))
        half = len(film.frames) // 2
        reference = [small(film, k) for k in np.linspace(0, half - 1, 6).astype(int)]
        truth = [small(film, k) for k in np.linspace(half, len(film.frames) - 1, 4).astype(int)]
        mine = []
        for grade in grades(rng, 3):
            target = [graded(p, grade) for p in truth]
            ours, count = matched(target[:3], reference)
            alone, _ = matched(target[:3], reference, views=[])
            t, r = (np.concatenate([p.reshape(-1, 3) for p in x]) for x in (target, reference))
            wanted = np.concatenate([p.reshape(-1, 3) for p in truth])
            made = [t, reinhard(t, r), linear_map(t, r), alone.apply(t), ours.apply(t)]
            mine.append([difference(np.asarray(m), wanted) for m in made] + [count])
        rows += mine
        row = np.mean(mine, axis=0)
        yield (
            f"{film.name:22.22}" + "".join(f"{v:10.2f}" for v in row[:5]) + f"{row[5]:12.0f} pairs"
        )
    for name, line in (("mean", np.mean(rows, axis=0)), ("median", np.median(rows, axis=0))):
        yield f"{name:22}" + "".join(f"{v:10.2f}" for v in line[:5])
    yield "linear: Monge-Kantorovich in RGB. ours*: without looking for things that both show."


def noise(films: Films) -> Iterator[str]:
    """White noise on RGB; PSNR to the clean clip."""
    names = ("none", "hqdn3d", "hqdn3d fit", "atadenoise", "ours")
    yield f"{'denoise':22}{'noise':>7}" + "".join(f"{n:>11}" for n in names) + "   (mean PSNR)"
    for film in films():
        clip = film.with_frames(film.frames[:24])
        for sigma in (0.0, 4.0, 8.0, 16.0):
            rng = np.random.default_rng(3)
            rough = clip.with_frames([_noisy(p, clip, sigma, rng) for p in clip.frames])
            if sigma == 0.0:
                rough = clip
            made = [rough, clip.with_frames(filtered(rough, "hqdn3d"))]
            fit = max(sigma, 1.0) * 1.6
            made.append(
                clip.with_frames(filtered(rough, f"hqdn3d={fit / 4}:{fit / 4}:{fit}:{fit}"))
            )
            made.append(clip.with_frames(filtered(rough, "atadenoise=0a=0.1:0b=0.2:s=9")))
            made.append(quiet(rough))
            cells = "".join(f"{closeness(clip, m)[3:].mean():11.2f}" for m in made)
            yield f"{clip.name:22.22}{sigma:7.0f}{cells}"


def _noisy(planes: Planes, film: Film, sigma: float, rng: np.random.Generator) -> Planes:
    rgb = to_rgb(planes, film.tags)
    rough = rgb + rng.normal(0, sigma, rgb.shape)
    return planes_from_rgb(np.clip(np.rint(rough), 0, 255).astype(np.uint8), film.tags)


def quiet(film: Film) -> Film:
    """Our denoise at its usual strength."""
    with Denoiser(0.5) as denoiser:
        return film.with_frames([planes for planes, _ in denoiser.mended(anchored(film))])


def shaking(films: Films) -> Iterator[str]:
    """Clips shaken by 3 pixels; the shaking that is left when they are followed again."""
    names = ("shaken", "deshake", "vidstab", "ours 5 %", "ours 10 %", "border")
    yield f"{'stabilise':22}" + "".join(f"{n:>11}" for n in names) + "   (pixels; worst border)"
    for film in films():
        rough = shaken(film)
        size = rough.frames[0].size
        made = [rough.frames, filtered(rough, "deshake=rx=32:ry=32"), _vidstab(rough)]
        border = 0.0
        for crop in (0.05, 0.10):
            frames, outside = calmed(rough, crop)
            border = max(border, outside)
            made.append(frames)
        cells = "".join(f"{jitter(followed(frames), size):11.3f}" for frames in made)
        yield f"{film.name:22.22}{cells}{border:11.2f}"


def shaken(film: Film, amount: float = 3.0) -> Film:
    """The middle of the pictures, each from a little elsewhere."""
    rng = np.random.default_rng(4)
    count = len(film.frames)
    shake = rng.normal(0, amount, (count, 2))
    drift = np.cumsum(rng.normal(0, amount / 3, (count, 2)), axis=0)
    margin = 24
    out = []
    for planes, move in zip(film.frames, shake + drift - drift.mean(axis=0), strict=True):
        move = np.clip(move, -margin, margin)
        moved = warped(planes, np.array([[1.0, 0.0, move[0]], [0.0, 1.0, move[1]]]))
        y = moved.y[margin:-margin, margin:-margin]
        u, v = (
            p[margin // 2 : -margin // 2, margin // 2 : -margin // 2] for p in (moved.u, moved.v)
        )
        out.append(Planes(*(np.ascontiguousarray(plane) for plane in (y, u, v))))
    return film.with_frames(out)


def followed(frames: Sequence[Planes]) -> NDArray[np.float64]:
    """Where the camera was, (n, 4)."""
    follower = CameraFollower()
    return np.cumsum([follower.step(planes) for planes in frames], axis=0)


def calmed(film: Film, crop: float) -> tuple[list[Planes], float]:
    """Our calm pictures, and by how many pixels any of their corners leaves the source."""
    follower = CameraFollower()
    steps = [follower.step(planes) for planes in film.frames]
    size = film.frames[0].size
    shot = shot_path(steps, size, float(film.rate), strength=0.7, crop=crop)
    frames, outside = [], 0.0
    far = np.array(size, float) - 1
    for planes, move in zip(film.frames, shot.calm.moves, strict=True):
        matrix = matrix_of(move, size, shot.calm.zoom)
        frames.append(warped(planes, matrix))
        corners = np.array([[0, 0], [far[0], 0], [0, far[1]], far])
        seen = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        outside = max(outside, float(-seen.min()), float((seen - far).max()))
    return frames, max(outside, 0.0)


def _vidstab(film: Film) -> list[Planes]:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        moves = Path(folder) / "moves.trf"
        filtered(film, f"vidstabdetect=result={moves}")
        return filtered(film, f"vidstabtransform=input={moves}:optzoom=1")


def speed(films: Films) -> Iterator[str]:
    """Milliseconds for a picture, wall and processor, of the work without files."""
    film = next(films())
    size = (1280, 720)
    half = (640, 360)
    frames = [
        Planes(
            np.asarray(cv2.resize(p.y, size)),
            np.asarray(cv2.resize(p.u, half)),
            np.asarray(cv2.resize(p.v, half)),
        )
        for p in film.frames[:26]
    ]
    rng = np.random.default_rng(1)
    large = film.with_frames([_noisy(p, film, 6.0, rng) for p in frames])
    yield f"{'speed at 1280x720':22}{'wall ms':>9}{'CPU ms':>9}{'pictures/s':>12}"
    works: dict[str, Callable[[], object]] = {
        "deflicker": lambda: steadied(lit(large, np.ones(len(frames)))),
        "denoise": lambda: quiet(large),
        "stabilise": lambda: calmed(large, 0.1),
        "ffmpeg nlmeans": lambda: filtered(large.with_frames(large.frames[:6]), "nlmeans=s=6"),
        "ffmpeg hqdn3d": lambda: filtered(large, "hqdn3d"),
        "ffmpeg deshake": lambda: filtered(large, "deshake"),
    }
    base = lit(large, np.ones(len(frames)))
    works["deflicker"] = lambda: steadied(base)
    for name, work in works.items():
        if not name.startswith("ffmpeg"):
            work()
        wall, processor = time.perf_counter(), _processor()
        work()
        wall, processor = time.perf_counter() - wall, _processor() - processor
        count = 6 if "nlmeans" in name else len(frames)
        yield (
            f"{name:22}{1000 * wall / count:9.1f}{1000 * processor / count:9.1f}"
            f"{count / wall:12.1f}"
        )


def _processor() -> float:
    import resource

    own, others = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
