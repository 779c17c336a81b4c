"""The learned mode: tiny networks in place of the real one, a small server in place of the Hub."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, LimitExceeded, Unavailable
from synth.flow.learned import PATH_VARIABLE, RIFE, LearnedInterpolator, LearnedModel, doubt_of
from synth.flow.learned_colour import planes_from_rgb, rgb_from_planes
from synth.flow.model import Anchor, Window
from synth.media.hub_file import HubFile
from synth.media.planes import ColourTags, Planes
from tests.media.hub import Hub, hubs

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

KIND = onnx.TensorProto


def constant(values: object, name: str, kind: type = np.float32) -> object:
    return onnx.numpy_helper.from_array(np.array(values, kind), name)


def tiny_network(
    path: Path,
    layout: str = "pair",
    *,
    multiple: int = 32,
    size: tuple[object, object] = ("h", "w"),
    strength: float = 0.0,
    half: bool = False,
    divide_by: float = 1.0,
) -> Path:
    """A network with the inputs and outputs of a RIFE export that mixes its pictures by the moment.

    It fails, as RIFE does, on pictures whose sides are no multiple of ``multiple``. ``strength``
    lets a randomly initialised convolution of both pictures take part.
    """
    node = onnx.helper.make_node
    kind, real = (KIND.FLOAT16, np.float16) if half else (KIND.FLOAT, np.float32)
    rng = np.random.default_rng(3)
    parameters = [
        constant(rng.normal(0, 0.2, (3, 6, 3, 3)), "weight", real),
        constant([strength], "strength", real),
        constant([1.0], "one", real),
        constant([0.0], "zero", real),
        constant([divide_by], "divisor", real),
        constant([1.0, 1.0, multiple, multiple], "finer"),
        constant([1, 1, 1, 1], "plane_of_one", np.int64),
    ]
    declared = onnx.helper.make_tensor_value_info
    if layout == "pair":
        inputs = [
            declared("img0", kind, [1, 3, *size]),
            declared("img1", kind, [1, 3, *size]),
            declared("timestep", kind, [1]),
        ]
        nodes = [node("Reshape", ["timestep", "plane_of_one"], ["t"])]
    else:
        planes = int(layout)
        sizes = [3, 3, 1] + ([planes - 7] if planes > 7 else [])
        parameters.append(constant(sizes, "sizes", np.int64))
        inputs = [declared("input", kind, [1, planes, *size])]
        names = ["img0", "img1", "t", "extra"][: len(sizes)]
        nodes = [node("Split", ["input", "sizes"], names, axis=1)]
    square = [multiple, multiple]
    nodes += [
        node("AveragePool", ["img0"], ["coarse"], kernel_shape=square, strides=square),
        node("Resize", ["coarse", "", "finer"], ["finer_again"], mode="nearest"),
        node("Mul", ["finer_again", "zero"], ["nothing"]),
        node("Sub", ["one", "t"], ["rest"]),
        node("Mul", ["img0", "rest"], ["share0"]),
        node("Mul", ["img1", "t"], ["share1"]),
        node("Add", ["share0", "share1"], ["mixed"]),
        node("Concat", ["img0", "img1"], ["both"], axis=1),
        node("Conv", ["both", "weight"], ["found"], pads=[1, 1, 1, 1]),
        node("Mul", ["found", "strength"], ["detail"]),
        node("Add", ["mixed", "detail"], ["sharp"]),
        node("Add", ["sharp", "nothing"], ["sized"]),
        node("Div", ["sized", "divisor"], ["output"]),
    ]
    outputs = [declared("output", kind, [1, 3, *size])]
    return saved(path, nodes, inputs, outputs, parameters)


def slow_network(path: Path) -> Path:
    """A pair network that would work for minutes."""
    node, declared = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    body = onnx.helper.make_graph(
        [
            node("Identity", ["go"], ["go_on"]),
            node("Conv", ["state", "weight"], ["next"], pads=[1, 1, 1, 1]),
        ],
        "body",
        [
            declared("number", KIND.INT64, []),
            declared("go", KIND.BOOL, []),
            declared("state", KIND.FLOAT, [1, 3, "h", "w"]),
        ],
        [declared("go_on", KIND.BOOL, []), declared("next", KIND.FLOAT, [1, 3, "h", "w"])],
    )
    weight = np.zeros((3, 3, 3, 3), np.float32)
    weight[range(3), range(3), 1, 1] = 1
    nodes = [
        node("Loop", ["times", "", "img0"], ["looped"], body=body),
        node("Add", ["img1", "timestep"], ["other"]),
        node("Add", ["looped", "other"], ["output"]),
    ]
    inputs = [
        declared("img0", KIND.FLOAT, [1, 3, "h", "w"]),
        declared("img1", KIND.FLOAT, [1, 3, "h", "w"]),
        declared("timestep", KIND.FLOAT, [1]),
    ]
    outputs = [declared("output", KIND.FLOAT, [1, 3, "h", "w"])]
    parameters = [constant(weight, "weight"), constant(10_000_000, "times", np.int64)]
    return saved(path, nodes, inputs, outputs, parameters)


def saved(path: Path, nodes: list, inputs: list, outputs: list, parameters: list) -> Path:
    graph = onnx.helper.make_graph(nodes, "tiny", inputs, outputs, parameters)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, str(path))
    return path


def photo(size: tuple[int, int] = (96, 64), shift: int = 0, seed: int = 1) -> Planes:
    """Smooth random planes, 4:2:0, away from the ends of the range."""
    import cv2

    rng = np.random.default_rng(seed)
    width, height = size

    def plane(w: int, h: int, low: int, high: int, by: int) -> np.ndarray:
        rough = rng.integers(low, high, (h // 4 + 2, w // 4 + 16)).astype(np.float32)
        wide = cv2.resize(rough, (w + 64, h), interpolation=cv2.INTER_CUBIC)
        return np.clip(wide[:, by : by + w], 16, 235).astype(np.uint8)

    half = shift // 2
    return Planes(
        plane(width, height, 60, 190, shift),
        plane(width // 2, height // 2, 110, 146, half),
        plane(width // 2, height // 2, 110, 146, half),
    )


def window(first: Planes, second: Planes, number: int = 0) -> Window:
    ends = [
        Anchor(number + i, Fraction(number + i, 24), planes, "motion" if number + i else "cut")
        for i, planes in enumerate((first, second))
    ]
    return Window((), ends[0], ends[1], ())


def difference(one: Planes, other: Planes) -> int:
    pairs = ((one.y, other.y), (one.u, other.u), (one.v, other.v))
    return max(int(np.abs(a.astype(int) - b).max()) for a, b in pairs)


def mixture(first: Planes, second: Planes, t: float) -> Planes:
    def mixed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.rint(a * (1 - t) + b * t).astype(np.uint8)

    return Planes(mixed(first.y, second.y), mixed(first.u, second.u), mixed(first.v, second.v))


def made_by(path: Path, first: Planes, second: Planes, times: list[float]) -> list:
    return LearnedInterpolator(first.size, model=LearnedModel(path)).between(
        window(first, second), times
    )


@pytest.fixture(autouse=True)
def no_model_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PATH_VARIABLE, raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


# --- colour ---


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("subsampled", [False, True])
def test_planes_survive_the_way_to_rgb_and_back(
    matrix: str, full_range: bool, subsampled: bool
) -> None:
    """Whatever the codes are, noise and forbidden ones included."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 256, (38, 54)).astype(np.uint8)
    size = (19, 27) if subsampled else (38, 54)
    u, v = (rng.integers(0, 256, size).astype(np.uint8) for _ in range(2))
    tags = ColourTags(matrix, full_range)
    planes = Planes(y, u, v)
    back = planes_from_rgb(rgb_from_planes(planes, tags), tags, subsampled=subsampled)
    assert back.same(planes)


def test_colours_agree_with_the_readers() -> None:
    from synth.media.planes import to_rgb

    planes, tags = photo(), ColourTags("bt601")
    ours = rgb_from_planes(planes, tags).transpose(1, 2, 0) * 255
    assert np.abs(ours - to_rgb(planes, tags)).mean() < 2


def test_a_picture_of_two_by_two_has_colours_too() -> None:
    one = np.array([[100]], np.uint8)
    planes = Planes(np.full((2, 2), 90, np.uint8), one, one)
    back = planes_from_rgb(rgb_from_planes(planes, ColourTags()), ColourTags(), subsampled=True)
    assert back.same(planes)


# --- layouts and sizes ---


@pytest.mark.parametrize("layout", ["pair", "7", "8", "11"])
@pytest.mark.parametrize("size", [(96, 64), (98, 70), (34, 2)])
def test_every_layout_gives_the_moment_asked_for(
    tmp_path: Path, layout: str, size: tuple[int, int]
) -> None:
    path = tiny_network(tmp_path / "tiny.onnx", layout)
    first, second = photo(size), photo(size, seed=2)
    times = [0.2, 0.5, 1 / 3, 0.95]
    for between, t in zip(made_by(path, first, second, times), times, strict=True):
        assert between.planes.size == size
        assert difference(between.planes, mixture(first, second, t)) <= 1
        assert 0 <= between.doubt <= 1


def test_an_unchanged_picture_comes_back_bit_for_bit(tmp_path: Path) -> None:
    path = tiny_network(tmp_path / "tiny.onnx")
    still = photo()
    [between] = made_by(path, still, still, [0.4])
    assert between.planes.same(still)
    assert between.doubt == 0


def test_planes_that_are_not_subsampled_may_have_odd_sizes(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    first = Planes(*(rng.integers(60, 180, (37, 51)).astype(np.uint8) for _ in range(3)))
    [between] = made_by(tiny_network(tmp_path / "tiny.onnx"), first, first, [0.5])
    assert between.planes.same(first)


def test_a_random_network_is_run_and_changes_the_picture(tmp_path: Path) -> None:
    path = tiny_network(tmp_path / "tiny.onnx", strength=0.3)
    first, second = photo(), photo(seed=2)
    [between] = made_by(path, first, second, [0.5])
    assert difference(between.planes, mixture(first, second, 0.5)) > 5
    assert between.planes.y.flags.c_contiguous


def test_a_network_that_halves_more_often_gets_more_padding(tmp_path: Path) -> None:
    path = tiny_network(tmp_path / "tiny.onnx", multiple=128)
    first, second = photo(), photo(seed=2)
    made = LearnedInterpolator(first.size, model=LearnedModel(path))
    for _ in range(2):
        [between] = made.between(window(first, second), [0.5])
        assert difference(between.planes, mixture(first, second, 0.5)) <= 1


def test_a_network_of_one_size_takes_what_fits_into_it(tmp_path: Path) -> None:
    path = tiny_network(tmp_path / "tiny.onnx", size=(96, 128))
    first, second = photo(), photo(seed=2)
    [between] = made_by(path, first, second, [0.5])
    assert difference(between.planes, mixture(first, second, 0.5)) <= 1
    with pytest.raises(Unavailable, match="made for pictures of 128x96; the clip has 160x90"):
        LearnedInterpolator((160, 90), model=LearnedModel(path))


def test_half_precision_networks_are_fed_what_they_want(tmp_path: Path) -> None:
    path = tiny_network(tmp_path / "tiny.onnx", "7", half=True)
    first, second = photo(), photo(seed=2)
    [between] = made_by(path, first, second, [0.5])
    assert difference(between.planes, mixture(first, second, 0.5)) <= 2


def test_coordinates_of_the_eleven_planes(tmp_path: Path) -> None:
    graph = LearnedModel(tiny_network(tmp_path / "tiny.onnx", "11")).load()
    picture = np.zeros((3, 64, 96), np.float32)
    [planes] = graph.feeds(picture, picture, 0.25)["input"]
    assert (planes[6] == 0.25).all()
    assert planes[7, 5, 0] == -1
    assert planes[7, 5, -1] == pytest.approx(1)
    assert planes[8, 0, 7] == -1
    assert planes[8, -1, 7] == pytest.approx(1)
    assert planes[9, 0, 0] == pytest.approx(2 / 95)
    assert planes[10, 0, 0] == pytest.approx(2 / 63)


def test_a_network_for_something_else_is_refused(tmp_path: Path) -> None:
    declared, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
    path = saved(
        tmp_path / "other.onnx",
        [node("Identity", ["pixel_values"], ["depth"])],
        [declared("pixel_values", KIND.FLOAT, [1, 3, "h", "w"])],
        [declared("depth", KIND.FLOAT, [1, 3, "h", "w"])],
        [],
    )
    with pytest.raises(Unavailable, match=r"pixel_values \(1, 3, \?, \?\).*quality"):
        LearnedInterpolator((96, 64), model=LearnedModel(path))


def test_an_answer_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    path = tiny_network(tmp_path / "tiny.onnx", divide_by=0.0)
    with pytest.raises(Unavailable, match="not finite"):
        made_by(path, photo(), photo(seed=2), [0.5])


# --- as an interpolator ---


def test_only_the_two_neighbours_matter_and_the_network_is_loaded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    made = []
    real = onnxruntime.InferenceSession

    def counted(*args: object, **options: object) -> object:
        made.append(1)
        return real(*args, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", counted)
    model = LearnedModel(tiny_network(tmp_path / "tiny.onnx"))
    assert not made
    pictures = [photo(seed=number) for number in range(4)]
    anchors = [Anchor(i, Fraction(i, 24), picture, "motion") for i, picture in enumerate(pictures)]
    lone = LearnedInterpolator((96, 64), model=model)
    rich = LearnedInterpolator((96, 64), model=model)
    alone = lone.between(Window((), anchors[1], anchors[2], ()), [0.5])[0]
    among = rich.between(Window((anchors[0],), anchors[1], anchors[2], (anchors[3],)), [0.5])[0]
    assert alone.planes.same(among.planes)
    assert lone.between(Window((), anchors[1], anchors[2], ()), []) == []
    assert len(made) == 1
    lone.close()
    lone.close()
    rich.close()


def test_pictures_are_kept_no_longer_than_their_windows(tmp_path: Path) -> None:
    made = LearnedInterpolator((96, 64), model=LearnedModel(tiny_network(tmp_path / "t.onnx")))
    pictures = [photo(seed=number) for number in range(5)]
    for number, (first, second) in enumerate(pairwise(pictures)):
        made.between(window(first, second, number), [0.5])
        assert len(made._seen) == 2


def test_cancelling_stops_a_frame_that_is_being_made(tmp_path: Path) -> None:
    token = CancelToken()
    made = LearnedInterpolator(
        (96, 64), model=LearnedModel(slow_network(tmp_path / "slow.onnx")), cancel=token
    )
    threading.Timer(0.4, token.cancel).start()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        made.between(window(photo(), photo(seed=2)), [0.5])
    assert time.monotonic() - begun < 2
    with pytest.raises(Cancelled):
        made.between(window(photo(), photo(seed=2)), [0.5])


def test_too_large_a_clip_is_told_the_limit(tmp_path: Path) -> None:
    model = LearnedModel(tiny_network(tmp_path / "tiny.onnx"))
    with pytest.raises(LimitExceeded, match=r"3840x2160 \(8\.3 MP\).*2\.1 MP"):
        LearnedInterpolator((3840, 2160), model=model)


def test_doubt_is_small_for_a_pan_and_large_for_two_strangers() -> None:
    first = photo((192, 128))
    assert doubt_of(first.y, first.y) == 0
    pan = doubt_of(first.y, photo((192, 128), shift=6).y)
    strangers = doubt_of(first.y, photo((192, 128), seed=9).y)
    assert pan < 0.2
    assert strangers > 0.5


# --- the file ---


def test_without_weights_it_says_what_to_do(tmp_path: Path) -> None:
    model = LearnedModel(cache_dir=tmp_path)
    assert not model.available()
    with pytest.raises(Unavailable, match=r"RIFE 4\.9 network \(21 MB, MIT.*Download it once"):
        LearnedInterpolator((96, 64), model=model)


def test_the_path_is_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny_network(tmp_path / "tiny.onnx")
    monkeypatch.setenv(PATH_VARIABLE, str(path))
    assert LearnedModel().available()
    assert LearnedModel().download() == path
    LearnedInterpolator((96, 64)).close()
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / "nothing.onnx"))
    absent = LearnedModel()
    assert not absent.available()
    for call in (absent.load, absent.download):
        with pytest.raises(Unavailable, match=r"nothing\.onnx.*Correct the path"):
            call()


def test_without_onnxruntime_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LearnedModel(tiny_network(tmp_path / "tiny.onnx"))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Unavailable, match="pip install onnxruntime"):
        model.load()


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(Unavailable, match="cannot be read"):
        LearnedModel(path).load()


def test_importing_it_loads_no_runtime() -> None:
    import subprocess

    script = (
        "import sys, synth.flow.learned as l; l.LearnedModel();"
        "print({'onnxruntime', 'huggingface_hub'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_the_real_weights_are_named_completely() -> None:
    assert RIFE.repository.count("/") == 1
    assert len(RIFE.sha256) == 64
    assert RIFE.size == 21_458_882


# --- the Hub ---


@pytest.fixture
def hub_of() -> Iterator[Callable[..., Hub]]:
    with hubs() as start:
        yield start


def weights_of(content: bytes) -> HubFile:
    digest = hashlib.sha256(content).hexdigest()
    return HubFile("someone/tiny", "tiny.onnx", "the tiny network", len(content), digest)


def test_nothing_is_fetched_by_itself(tmp_path: Path, hub_of) -> None:
    hub = hub_of(b"weights")
    model = LearnedModel(weights=weights_of(b"weights"), cache_dir=tmp_path, endpoint=hub.url)
    assert not model.available()
    with pytest.raises(Unavailable, match="Download it once"):
        model.load()
    assert hub.gets == 0


def test_the_download_fills_the_cache_and_reports_progress(
    tmp_path: Path, hub_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    content = tiny_network(tmp_path / "tiny.onnx").read_bytes()
    hub = hub_of(content)
    model = LearnedModel(
        weights=weights_of(content), cache_dir=tmp_path / "cache", endpoint=hub.url
    )
    reports: list[Progress] = []
    path = model.download(reports.append)
    assert path.read_bytes() == content
    assert model.available()
    assert reports[-1].done == reports[-1].total == len(content)
    assert reports[-1].stage == "Downloading the tiny network"
    LearnedInterpolator((96, 64), model=model).close()
    assert model.download() == path
    assert hub.gets == 1
    assert hub.tokens == []


def test_other_content_than_expected_is_thrown_away(tmp_path: Path, hub_of) -> None:
    hub = hub_of(b"y" * 500)
    cache = tmp_path / "cache"
    model = LearnedModel(weights=weights_of(b"x" * 500), cache_dir=cache, endpoint=hub.url)
    with pytest.raises(Unavailable, match=r"is not the tiny network.*thrown away"):
        model.download()
    assert not model.available()
    assert not [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size == 500]


@pytest.mark.parametrize("cut", [False, True])
def test_a_damaged_copy_is_noticed_and_fetched_again(tmp_path: Path, hub_of, cut: bool) -> None:
    content = tiny_network(tmp_path / "tiny.onnx").read_bytes()
    hub = hub_of(content)
    cache = tmp_path / "cache"
    model = LearnedModel(weights=weights_of(content), cache_dir=cache, endpoint=hub.url)
    path = model.download()
    damaged = bytearray(content[:100] if cut else content)
    damaged[50] ^= 0xFF
    path.resolve().write_bytes(damaged)
    assert model.available() != cut  # only the size is looked at in passing
    with pytest.raises(Unavailable, match=r"[Dd]ownload it"):
        model.load()
    model.download()
    model.load()
    assert hub.gets == 2


@pytest.mark.parametrize("status", [404, 403])
def test_refusal_of_the_hub_is_told_with_the_next_step(tmp_path: Path, hub_of, status: int) -> None:
    hub = hub_of(b"", status=status)
    model = LearnedModel(weights=weights_of(b"x"), cache_dir=tmp_path, endpoint=hub.url)
    with pytest.raises(Unavailable, match="try again"):
        model.download()


def test_without_a_network_the_download_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Check the connection"):
        LearnedModel(cache_dir=tmp_path, endpoint="http://127.0.0.1:9").download()


def test_the_download_stops_soon_after_it_is_cancelled(tmp_path: Path, hub_of) -> None:
    hub = hub_of(b"x" * 400_000, stall=True)
    token = CancelToken()
    threading.Timer(0.5, token.cancel).start()
    model = LearnedModel(weights=weights_of(b"x" * 400_000), cache_dir=tmp_path, endpoint=hub.url)
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        model.download(cancel=token)
    assert time.monotonic() - begun < 5
    assert not model.available()
