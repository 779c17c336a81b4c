"""Learned depth: a tiny network in place of the real one, a small server in place of the Hub."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, Unavailable
from synth.scene.depth_model import PATH_VARIABLE, WEIGHTS, DepthAnything, network_size
from tests.media.hub import Hub, hubs

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def tiny_network(path: Path, *, divide_by_zero: bool = False) -> Path:
    """A network with the real one's inputs and outputs: pixel_values to predicted_depth."""
    helper, kind = onnx.helper, onnx.TensorProto
    rng = np.random.default_rng(1)
    weight = np.abs(rng.normal(0, 0.3, (1, 3, 3, 3))).astype(np.float32)
    zero = np.zeros(1, np.float32)
    last = (
        helper.make_node("Div", ["depth_4d", "zero"], ["scaled"])
        if divide_by_zero
        else helper.make_node("Identity", ["depth_4d"], ["scaled"])
    )
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["pixel_values", "weight"], ["depth_4d"], pads=[1, 1, 1, 1]),
            last,
            helper.make_node("Squeeze", ["scaled", "axis"], ["predicted_depth"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("pixel_values", kind.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("predicted_depth", kind.FLOAT, ["n", "h", "w"])],
        [
            onnx.numpy_helper.from_array(weight, "weight"),
            onnx.numpy_helper.from_array(zero, "zero"),
            onnx.numpy_helper.from_array(np.array([1], np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, str(path))
    return path


def bright_square() -> np.ndarray:
    photo = np.full((90, 120, 3), 30, np.uint8)
    photo[30:60, 40:80] = 230
    return photo


@pytest.fixture
def hub_of() -> Iterator[Callable[..., Hub]]:
    with hubs() as start:
        yield partial(start, name=WEIGHTS.name)


@pytest.fixture(autouse=True)
def no_model_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PATH_VARIABLE, raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def test_network_sees_the_photos_aspect_in_multiples_of_14() -> None:
    for width, height in [(640, 480), (4000, 3000), (1920, 1080), (900, 1600), (3, 4000), (1, 1)]:
        new_width, new_height = network_size(width, height)
        assert new_width % 14 == 0
        assert new_height % 14 == 0
        assert 14 <= min(new_width, new_height) <= 518
        assert max(new_width, new_height) <= 1036
    assert network_size(640, 480) == (686, 518)


def test_local_model_gives_finite_normalised_depth(tmp_path: Path) -> None:
    model = DepthAnything(tiny_network(tmp_path / "tiny.onnx"), short_side=140)
    assert model.available()
    depth = model.estimate(bright_square())
    disparity = depth.disparity
    assert depth.source == "depth-anything-v2-small"
    assert disparity.shape == (140, 182)
    assert disparity.dtype == np.float32
    assert np.isfinite(disparity).all()
    assert disparity.min() == 0.0
    assert disparity.max() == 1.0
    assert disparity[70, 91] > disparity[10, 20] + 0.5


def test_path_of_the_model_is_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny_network(tmp_path / "tiny.onnx")
    monkeypatch.setenv(PATH_VARIABLE, str(path))
    assert DepthAnything().available()
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / "nothing.onnx"))
    absent = DepthAnything()
    assert not absent.available()
    with pytest.raises(Unavailable, match=r"nothing\.onnx"):
        absent.estimate(bright_square())
    with pytest.raises(Unavailable, match=r"nothing\.onnx"):
        absent.download()


def test_network_is_loaded_once_and_only_when_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    made = []
    real = onnxruntime.InferenceSession

    def counted(*args: object, **options: object) -> object:
        made.append(1)
        return real(*args, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", counted)
    model = DepthAnything(tiny_network(tmp_path / "tiny.onnx"), short_side=56)
    assert not made
    model.estimate(bright_square())
    model.estimate(bright_square())
    assert len(made) == 1


def test_without_onnxruntime_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = DepthAnything(tiny_network(tmp_path / "tiny.onnx"))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Unavailable, match="pip install onnxruntime"):
        model.estimate(bright_square())


def test_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(Unavailable, match="cannot be read"):
        DepthAnything(path).estimate(bright_square())


def test_answer_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    model = DepthAnything(tiny_network(tmp_path / "t.onnx", divide_by_zero=True), short_side=56)
    with pytest.raises(Unavailable, match="finite"):
        model.estimate(bright_square())


def test_without_weights_nothing_is_fetched_by_itself(tmp_path: Path, hub_of) -> None:
    hub = hub_of(b"weights")
    model = DepthAnything(cache_dir=tmp_path, endpoint=hub.url)
    assert not model.available()
    with pytest.raises(Unavailable, match="Download them once"):
        model.estimate(bright_square())
    assert hub.gets == 0


def test_download_fills_the_cache_and_reports_progress(tmp_path: Path, hub_of) -> None:
    content = tiny_network(tmp_path / "tiny.onnx").read_bytes()
    hub = hub_of(content)
    model = DepthAnything(cache_dir=tmp_path / "cache", endpoint=hub.url, short_side=56)
    reports: list[Progress] = []
    path = model.download(reports.append)
    assert path.read_bytes() == content
    assert model.available()
    assert reports[-1].done == reports[-1].total == len(content)
    assert model.estimate(bright_square()).disparity.max() == 1.0
    assert model.download() == path
    assert hub.gets == 1


def test_without_a_network_the_download_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Check the connection"):
        DepthAnything(cache_dir=tmp_path, endpoint="http://127.0.0.1:9").download()


def test_a_download_that_is_no_longer_wanted_is_not_begun(tmp_path: Path, hub_of) -> None:
    hub = hub_of(b"weights")
    token = CancelToken()
    token.cancel()
    model = DepthAnything(cache_dir=tmp_path, endpoint=hub.url)
    with pytest.raises(Cancelled):
        model.download(cancel=token)
    assert hub.gets == 0
    assert not model.available()
