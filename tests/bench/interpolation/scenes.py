"""Scenes drawn in code: one difficulty each, at strengths that films have."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np

from tests.bench.interpolation.drawing import (
    Draw,
    Picture,
    cut_out,
    disc,
    moved,
    over,
    photo,
    tiled,
)

CLEAR = cv2.BORDER_CONSTANT


def rotation(w: int, h: int) -> Draw:
    """The whole picture turns, faster and faster."""
    picture = photo("cloister", w + w // 3, w + w // 3)
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    return lambda t: moved(
        picture, (w, h), about=middle, to=(w / 2, h / 2), degrees=1.1 * t + 0.05 * t * t
    )


def zoom(w: int, h: int) -> Draw:
    """A fast zoom in, a little off centre."""
    picture = photo("lighthouse", w, h)
    return lambda t: moved(
        picture, (w, h), about=(0.55 * w, 0.45 * h), to=(0.55 * w, 0.45 * h), scale=1.03**t
    )


def occlusion(w: int, h: int) -> Draw:
    """Things pass in front of each other and of a moving background, three ways at once."""
    back = tiled("gravel", 700, 2 * w, h + h // 2)
    things = []
    rng = np.random.default_rng(1)
    for name, share in (("astronaut", 0.7), ("coffee", 0.5), ("chelsea", 0.6), ("rocket", 0.4)):
        side = int(share * h)
        layer = cut_out(photo(name, side, side), disc(side) if share != 0.5 else _plate(side))
        place = rng.uniform((0.2 * w, 0.3 * h), (0.8 * w, 0.7 * h))
        speed = rng.uniform((-26, -8), (26, 8))
        things.append((layer, side, place - 8 * speed, speed, rng.uniform(-2.5, 2.5)))

    def draw(t: float) -> Picture:
        canvas = moved(back, (w, h), about=(w, 0.6 * h), to=(w / 2 - 7 * t, h / 2 + 2 * t))
        for layer, side, place, speed, turn in things:
            x, y = place + speed * t
            canvas = over(
                canvas,
                moved(layer, (w, h), about=(side / 2, side / 2), to=(x, y), degrees=turn * t,
                      border=CLEAR),
            )  # fmt: skip
        return canvas

    return draw


def _plate(side: int) -> np.ndarray:
    coverage = np.full((side, side), 255, np.uint8)
    coverage[:3], coverage[-3:], coverage[:, :3], coverage[:, -3:] = 0, 0, 0, 0
    return coverage


def thin(w: int, h: int) -> Draw:
    """Wires, poles and a lattice of bars glide past a far background; one wire swings."""
    back = photo("lighthouse", w + 400, h + 80)

    def draw(t: float) -> Picture:
        canvas = moved(back, (w, h), about=(200, 40), to=(-4.0 * t, 0))
        for number in range(9):
            x = (number * w / 6 + 16.0 * t) % (1.5 * w) - 0.25 * w
            _line(canvas, (x, -10), (x + 0.12 * h, h + 10), 5 if number % 3 else 9, (38, 34, 30))
        for number in range(4):
            y = h * (0.15 + 0.05 * number)
            sag = 0.06 * h * math.sin(0.5 * t + number)
            points = [(x, y + sag * math.sin(math.pi * x / w)) for x in np.linspace(0, w, 24)]
            for one, two in itertools.pairwise(points):
                _line(canvas, one, two, 3, (210, 205, 190) if number % 2 else (25, 25, 28))
        swing = 0.9 * math.sin(0.35 * t)
        end = (0.5 * w + 0.7 * h * math.sin(swing), 0.7 * h * math.cos(swing))
        _line(canvas, (0.5 * w, 0), end, 6, (180, 40, 30))
        cv2.circle(canvas, _fixed(end), 26 * 16, (200, 60, 40), -1, cv2.LINE_AA, 4)
        return canvas

    return draw


def _fixed(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0] * 16), round(point[1] * 16)


def _line(canvas: Picture, one, two, width: int, colour: tuple[int, int, int]) -> None:
    cv2.line(canvas, _fixed(one), _fixed(two), colour, width, cv2.LINE_AA, 4)


def repeated(w: int, h: int) -> Draw:
    """A brick wall passes at nearly the period of its bricks, a fence nearer and faster."""
    wall = tiled("brick", 360, 2 * w, 2 * h)
    fence = np.zeros((h, 2 * w, 4), np.uint8)
    fence[..., :3] = (196, 186, 160)
    for x in range(0, 2 * w, 74):
        fence[int(0.45 * h) :, x : x + 26, 3] = 255
    for y in (0.55, 0.85):
        fence[int(y * h) : int(y * h) + 22, :, 3] = 255
    fence[..., :3] = np.rint(
        fence[..., :3] * (0.75 + 0.25 * np.sin(np.arange(2 * w) / 9.0))[None, :, None]
    )

    def draw(t: float) -> Picture:
        canvas = moved(wall, (w, h), about=(w, h), to=(w / 2 - 22.0 * t, h / 2 + 1.5 * t))
        return over(
            canvas, moved(fence, (w, h), about=(w, 0), to=(w / 2 + 27.0 * t, 0), border=CLEAR)
        )

    return draw


def transparency(w: int, h: int) -> Draw:
    """Smoke and a pane of glass drift over a scene that pans the other way."""
    back = photo("cloister", w + 500, h + 60)
    rng = np.random.default_rng(3)
    cloud = cv2.GaussianBlur(rng.standard_normal((2 * h, 2 * w)).astype(np.float32), (0, 0), 40)
    cloud += (
        0.4
        * cv2.GaussianBlur(rng.standard_normal((2 * h, 2 * w)).astype(np.float32), (0, 0), 12)
        * (cloud.std() / 0.03)
    )
    cover = np.clip(0.45 + 0.3 * cloud / cloud.std(), 0, 1)
    smoke = cut_out(np.full((2 * h, 2 * w, 3), 215, np.uint8), (200 * cover).astype(np.uint8))
    side = int(0.55 * h)
    glass = cut_out(photo("astronaut", side, side), np.full((side, side), 110, np.uint8))

    def draw(t: float) -> Picture:
        canvas = moved(back, (w, h), about=(250, 30), to=(-9.0 * t, 0))
        canvas = over(
            canvas,
            moved(glass, (w, h), about=(0, 0), to=(0.1 * w + 20.0 * t, 0.25 * h), border=CLEAR),
        )
        drift = moved(smoke, (w, h), about=(w, h), to=(w / 2 + 8.0 * t, h / 2 - 6.0 * t))
        return over(canvas, drift, 0.7)

    return draw


def brightness(w: int, h: int) -> Draw:
    """Exposure swings while the camera tilts and drifts: a cloud passes, a lamp flickers."""
    picture = photo("coffee", w + 240, h + 240)
    y, x = np.mgrid[:h, :w].astype(np.float32)

    def draw(t: float) -> Picture:
        base = moved(
            picture,
            (w, h),
            about=(120, 120),
            to=(-5.0 * t, -3.0 * t + 0.2 * t * t),
            degrees=0.2 * t,
        )
        gain = 0.9 + 0.3 * math.sin(0.45 * t)
        lamp = (
            0.5
            * (1 + math.sin(0.8 * t))
            * np.exp(-((x - 0.7 * w) ** 2 + (y - 0.3 * h) ** 2) / (0.25 * w) ** 2)
        )
        return np.clip(base * (gain + 0.5 * lamp)[..., None], 0, 255).astype(np.uint8)

    return draw


def titles(w: int, h: int) -> Draw:
    """Titles and a ticker's frame stand still over a fast pan."""
    picture = photo("cloister", 2 * w, h + 100)
    mark = np.zeros((h, w, 3), np.uint8)
    cover = np.zeros((h, w), np.uint8)
    for image, colour, extra in ((cover, 255, 6), (mark, (245, 240, 220), 0)):
        for text, at, size in (
            ("Chapter Seven: the long way home", 0.86, 1.7),
            ("- I said we should have taken the train.", 0.93, 1.3),
        ):
            place = (int(0.12 * w), int(at * h))
            cv2.putText(
                image, text, place, cv2.FONT_HERSHEY_DUPLEX, size * h / 900, colour,
                max(2, round(2.6 * h / 900)) + extra, cv2.LINE_AA,
            )  # fmt: skip
    overlay = cut_out(mark, cover)

    def draw(t: float) -> Picture:
        return over(
            moved(picture, (w, h), about=(w, 50), to=(w - 24.0 * t, 3.0 * math.sin(t))), overlay
        )

    return draw


def cloth(w: int, h: int) -> Draw:
    """A flag in the wind before a still wall."""
    wall = photo("brick", w, h)
    flag = photo("hubble_deep_field", w, h)
    y, x = np.mgrid[:h, :w].astype(np.float32)

    def draw(t: float) -> Picture:
        reach = np.clip((x - 0.1 * w) / (0.8 * w), 0, 1)
        phase = x / (0.09 * w) - 0.7 * t
        wave = reach * 0.045 * h * np.sin(phase + 0.4 * np.sin(y / (0.2 * h) + 0.3 * t))
        stretch = reach * 0.02 * w * np.sin(0.8 * phase + 1.0)
        source_x = (x - 0.1 * w + stretch) / 0.8
        source_y = (y - 0.15 * h + wave) / 0.7
        cloth_now = cv2.remap(flag, source_x, source_y, cv2.INTER_LINEAR)
        shade = 1.0 + 0.22 * reach * np.cos(phase)
        inside = (source_x > 0) & (source_x < w - 1) & (source_y > 0) & (source_y < h - 1)
        layer = cut_out(
            np.clip(cloth_now * shade[..., None], 0, 255).astype(np.uint8),
            inside.astype(np.uint8) * np.uint8(255),
        )
        return over(wall, layer)

    return draw


def face(w: int, h: int) -> Draw:
    """A talking head: the mouth and the brows move, the head nods a little."""
    picture = photo("astronaut", w, h + h // 4)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    scale = (h + h // 4) / 512.0 if w <= h + h // 4 else w / 512.0

    def bump(cx: float, cy: float, r: float) -> np.ndarray:
        px, py = w / 2 + (cx - 256) * scale, (h + h // 4) / 2 + (cy - 256) * scale
        return np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * (r * scale) ** 2))

    mouth, jaw, brows, head = (
        bump(225, 150, 12), bump(225, 175, 22), bump(225, 92, 18), bump(225, 120, 80)
    )  # fmt: skip

    def draw(t: float) -> Picture:
        nod = 5.0 * scale * math.sin(0.35 * t)
        turn = 4.0 * scale * math.sin(0.22 * t + 1.0)
        opened = 4.0 * scale * (math.sin(1.1 * t) + 0.5 * math.sin(1.9 * t))
        down = (
            head * nod + jaw * opened + mouth * 0.4 * opened - 3 * scale * brows * math.sin(0.6 * t)
        )
        return cv2.remap(
            picture, (x - head * turn).astype(np.float32), (y - down).astype(np.float32),
            cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101,
        )  # fmt: skip

    return draw


def people(w: int, h: int) -> Draw:
    """Three figures walk and run with swinging limbs; the camera follows one of them."""
    back = photo("cloister", 2 * w, h)
    clothes = {
        name: photo(name, 400, 400)
        for name in ("coffee", "astronaut", "chelsea", "grass", "rocket")
    }

    def limb(canvas: Picture, top, length: float, angle: float, width: int, cloth: str):
        side = int(length + width)
        part = clothes[cloth][:side, :width].copy()
        coverage = np.zeros(part.shape[:2], np.uint8)
        cv2.rectangle(coverage, (2, 2), (part.shape[1] - 3, part.shape[0] - 3), 255, -1)
        coverage = cv2.GaussianBlur(coverage, (0, 0), 1.2)
        layer = moved(
            cut_out(part, coverage), (w, h), about=(width / 2, width / 2), to=top,
            degrees=math.degrees(angle), border=CLEAR,
        )  # fmt: skip
        end = (top[0] + length * math.sin(angle), top[1] + length * math.cos(angle))
        return over(canvas, layer), end

    def figure(canvas: Picture, x: float, size: float, pace: float, t: float, outfit: int):
        names = list(clothes)
        top, legs = names[outfit % 5], names[(outfit + 2) % 5]
        wide = int(0.09 * size)
        hip = (x, 0.93 * h - 0.48 * size - 0.02 * size * abs(math.sin(pace * t)))
        chest = (hip[0] + 0.02 * size, hip[1] - 0.34 * size)
        for side in (1, -1):
            swing = side * math.sin(pace * t)
            canvas, knee = limb(canvas, hip, 0.24 * size, 0.65 * swing, wide, legs)
            bend = 0.65 * swing - 0.5 * max(0.0, side * math.cos(pace * t))
            canvas, _ = limb(canvas, knee, 0.24 * size, bend, int(0.8 * wide), legs)
        canvas, _ = limb(canvas, chest, 0.3 * size, 0.04 * math.sin(2 * pace * t), 2 * wide, top)
        head = int(0.17 * size)
        layer = cut_out(photo("astronaut", 900, 900)[150:320, 310:480], disc(170))
        layer = cv2.resize(layer, (head, head), interpolation=cv2.INTER_AREA)
        canvas = over(
            canvas,
            moved(layer, (w, h), about=(head / 2, head / 2), to=(chest[0], chest[1] - 0.09 * size),
                  degrees=4 * math.sin(2 * pace * t), border=CLEAR),
        )  # fmt: skip
        swing = -0.8 * math.sin(pace * t)
        canvas, elbow = limb(canvas, chest, 0.2 * size, swing, int(0.7 * wide), top)
        canvas, _ = limb(canvas, elbow, 0.18 * size, swing + 0.7, int(0.6 * wide), names[3])
        return canvas

    def draw(t: float) -> Picture:
        canvas = moved(back, (w, h), about=(w, h / 2), to=(w / 2 - 9.0 * t + 80, h / 2))
        canvas = figure(canvas, 0.85 * w - 14.0 * t, 0.5 * h, 0.3, t, 1)
        canvas = figure(canvas, 0.45 * w + 1.5 * t, 0.75 * h, 0.36, t, 0)
        return figure(canvas, -0.1 * w + 30.0 * t, 0.62 * h, 0.55, t, 2)

    return draw


def handheld(w: int, h: int) -> Draw:
    """A camera that is carried: shakes and rolls without rhythm."""
    picture = photo("coffee", int(1.3 * w), int(1.3 * h))
    rng = np.random.default_rng(11)
    waves = rng.uniform((0.2, 0.0), (1.1, 2 * math.pi), (3, 6, 2))

    def draw(t: float) -> Picture:
        dx, dy, roll = (
            sum(math.sin(rate * t + phase) / rate for rate, phase in axis) for axis in waves
        )
        middle = (picture.shape[1] / 2, picture.shape[0] / 2)
        return moved(
            picture, (w, h), about=middle, to=(w / 2 + 14 * dx, h / 2 + 11 * dy),
            degrees=0.7 * roll, scale=1.0 + 0.004 * t,
        )  # fmt: skip

    return draw


def whip(w: int, h: int) -> Draw:
    """A fast pan that starts and stops."""
    picture = tiled("lighthouse", h + h // 8, 5 * w, h + h // 8)

    def draw(t: float) -> Picture:
        share = min(max(t / 17.0, 0.0), 1.0)
        along = share * share * (3 - 2 * share)
        return moved(
            picture, (w, h), about=(w, h / 16), to=(-1.1 * w * along, 0.02 * h * math.sin(t))
        )

    return draw


def cartoon(w: int, h: int) -> Draw:
    """Flat colours and outlines, as drawn films have them: hardly any texture."""
    picture = np.full((h, 2 * w, 3), (150, 200, 230), np.uint8)
    cv2.rectangle(picture, (0, int(0.7 * h)), (2 * w, h), (110, 170, 90), -1)
    rng = np.random.default_rng(5)
    for x in rng.uniform(0, 2 * w, 14):
        top = rng.uniform(0.25, 0.5) * h
        cv2.rectangle(picture, (int(x), int(top)), (int(x + 0.09 * w), int(0.72 * h)),
                      tuple(int(v) for v in rng.integers(60, 240, 3)), -1)  # fmt: skip
        cv2.rectangle(
            picture, (int(x), int(top)), (int(x + 0.09 * w), int(0.72 * h)), (20, 20, 30), 5
        )

    def draw(t: float) -> Picture:
        canvas = moved(picture, (w, h), about=(w, 0), to=(0.6 * w - 11.0 * t, 0))
        bounce = abs(math.sin(0.33 * t))
        x, y = 0.15 * w + 17.0 * t, 0.78 * h - 0.35 * h * bounce
        squash = 0.8 + 0.35 * bounce
        axes = (round(0.09 * h * 16 / squash), round(0.09 * h * 16 * squash))
        for colour, thick in (((240, 90, 60), -1), ((25, 15, 20), 6)):
            cv2.ellipse(
                canvas, _fixed((x, y)), axes, 14.0 * t, 0, 360, colour, thick, cv2.LINE_AA, 4
            )
        for side in (-1, 1):
            eye = (x + side * 0.03 * h, y - 0.02 * h)
            cv2.circle(
                canvas, _fixed(eye), round(0.016 * h * 16), (250, 250, 250), -1, cv2.LINE_AA, 4
            )
            cv2.circle(canvas, _fixed(eye), round(0.007 * h * 16), (10, 10, 10), -1, cv2.LINE_AA, 4)
        return canvas

    return draw


def water(w: int, h: int) -> Draw:
    """Ripples that bend what lies below: motion everywhere, going nowhere."""
    picture = photo("gravel", w, h)
    y, x = np.mgrid[:h, :w].astype(np.float32)

    def draw(t: float) -> Picture:
        dx = np.zeros_like(x)
        dy = np.zeros_like(y)
        for angle, length, speed, size in (
            (0.3, 0.11, 0.5, 5.0),
            (1.4, 0.07, 0.7, 4.0),
            (2.6, 0.17, 0.4, 7.0),
            (4.0, 0.05, 0.9, 2.5),
        ):
            c, s = math.cos(angle), math.sin(angle)
            slope = size * np.cos((x * c + y * s) / (length * w) * 2 * math.pi - speed * t)
            dx += c * slope
            dy += s * slope
        edge = cv2.BORDER_REFLECT_101
        bent = cv2.remap(picture, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=edge)
        gleam = np.clip(1.0 + 0.02 * (dx + dy), 0.6, 1.5)
        return np.clip(bent * gleam[..., None], 0, 255).astype(np.uint8)

    return draw


def ball(w: int, h: int) -> Draw:
    """A small ball flies fast over a playing field that the camera follows slowly."""
    field = tiled("grass", 500, 2 * w, h + 100)
    field = np.clip(field * np.array([0.7, 1.0, 0.5]), 0, 255).astype(np.uint8)
    for x in range(0, 2 * w, 420):
        field[:, x : x + 14] = (235, 235, 230)

    def draw(t: float) -> Picture:
        canvas = moved(field, (w, h), about=(w, 50), to=(w / 2 - 6.0 * t, 0))
        x, y = -0.05 * w + 0.065 * w * t, 0.75 * h - 0.16 * h * t + 0.0098 * h * t * t
        cv2.circle(
            canvas, _fixed((x, y)), round(0.028 * h * 16), (245, 240, 235), -1, cv2.LINE_AA, 4
        )
        side = int(0.4 * h)
        player = cut_out(photo("chelsea", side, side), disc(side))
        return over(
            canvas,
            moved(player, (w, h), about=(side / 2, side / 2),
                  to=(0.75 * w - 13.0 * t, 0.65 * h + 0.05 * h * math.sin(0.6 * t)), border=CLEAR),
        )  # fmt: skip

    return draw


def old_film(w: int, h: int) -> Draw:
    """A worn film: it flickers and weaves in the gate, and an actor gestures."""
    picture = photo("camera", int(1.15 * w), int(1.15 * h))
    rng = np.random.default_rng(21)
    light = 1.0 + 0.03 * rng.standard_normal(64)
    weave = 0.7 * rng.standard_normal((64, 2))
    y, x = np.mgrid[:h, :w].astype(np.float32)
    lean = np.exp(-((x - 0.45 * w) ** 2 + (y - 0.4 * h) ** 2) / (0.2 * w) ** 2)

    def draw(t: float) -> Picture:
        frame = max(0, math.floor(t + 0.5))
        shift = weave[frame]
        base = moved(picture, (w, h), about=(0.07 * w, 0.07 * h), to=(shift[0] - 1.5 * t, shift[1]))
        bent = cv2.remap(
            base, (x + lean * 22 * math.sin(0.5 * t)).astype(np.float32),
            (y + lean * 10 * math.cos(0.8 * t)).astype(np.float32),
            cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101,
        )  # fmt: skip
        return np.clip(bent * light[frame], 0, 255).astype(np.uint8)

    return draw
