"""Style files: what they are is found out, and a hostile one is refused before it is read."""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.style import files_header
from synth.style.files import MOST_THUMBNAIL, read_style, style_metadata


def lora(
    modules: dict[str, int], *, rank: int = 4, form: str = "lora_A lora_B", alpha: bool = False
) -> dict[str, np.ndarray]:
    """Pairs for modules of some width."""
    down, up = form.split()
    tensors: dict[str, np.ndarray] = {}
    for name, width in modules.items():
        tensors[f"{name}.{down}.weight"] = np.ones((rank, width), np.float32)
        tensors[f"{name}.{up}.weight"] = np.zeros((width, rank), np.float32)
        if alpha:
            tensors[f"{name}.alpha"] = np.array(float(rank), np.float32)
    return tensors


def written(path: Path, header: Any, data: bytes = b"", length: int | None = None) -> Path:
    """A file with a header of one's own."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def jpeg(side: int = 64, **options: Any) -> bytes:
    """A picture of some colours."""
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    Image.fromarray(noise).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("modules", "form", "base", "also"),
    [
        ({"transformer.blocks.0.attn1.to_q": 1536}, "lora_A lora_B", "wan2.1-1.3b", ()),
        ({"transformer.blocks.3.attn2.to_out.0": 3072}, "lora_A.default lora_B.default",
         "wan2.2-5b", ()),
        ({"diffusion_model.blocks.0.self_attn.q": 5120, "diffusion_model.blocks.0.ffn.0": 5120},
         "lora_A lora_B", "wan2.1-14b", ("wan2.2-14b",)),
        ({"lora_unet_blocks_0_self_attn_q": 3072}, "lora_down lora_up", "wan2.2-5b", ()),
        ({"transformer.transformer_blocks.0.attn1.to_k": 2048}, "lora_A lora_B", "ltx", ()),
        ({"lora_unet_transformer_blocks_0_attn1_to_k": 2048}, "lora_down lora_up", "ltx", ()),
        ({"diffusion_model.transformer_blocks.0.attn1.to_q": 4096,
          "diffusion_model.transformer_blocks.0.audio_attn1.to_q": 2048}, "lora_A lora_B", "ltx2",
         ()),
        ({"transformer.transformer_blocks.0.attn1.to_q": 3072}, "lora.down lora.up",
         "cogvideox-5b", ("cogvideox1.5-5b",)),
        ({"unet.down_blocks.0.thing": 320}, "lora_A lora_B", "", ()),
    ],
)  # fmt: skip
def test_what_a_lora_fits_is_told_by_its_tensors(
    tmp_path: Path, modules: dict[str, int], form: str, base: str, also: tuple[str, ...]
) -> None:
    path = tmp_path / "noir.safetensors"
    save_file(lora(modules, rank=8, form=form, alpha="down" in form), path)

    found = read_style(path)

    assert (found.kind, found.base, found.also) == ("lora", base, also)
    assert (found.name, found.rank, found.title) == ("noir", 8, "noir")


def test_metadata_settle_what_shapes_leave_open_and_nothing_else(tmp_path: Path) -> None:
    fourteen = lora({"diffusion_model.blocks.0.self_attn.q": 5120})
    small = lora({"diffusion_model.blocks.0.self_attn.q": 1536})
    tiny = lora({"transformer.blocks.0.attn1.to_q": 32})
    path = tmp_path / "a.safetensors"

    save_file(fourteen, path, {"modelspec.architecture": "Wan2.2-T2V-A14B/lora"})
    assert (read_style(path).base, read_style(path).also) == ("wan2.2-14b", ())
    save_file(small, path, {"motion_synth.base": "wan2.2-14b"})
    assert read_style(path).base == "wan2.1-1.3b"
    save_file(tiny, path, {"motion_synth.base": "wan2.1-1.3b"})
    assert read_style(path).base == "wan2.1-1.3b"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    picture = jpeg()
    texts = style_metadata(
        base="wan2.2-5b", title="Cinematic noir", strength=0.9, triggers=("noir look", "rain"),
        licence="CC-BY-4.0", trained={"steps": "1500", "learning rate": "0.0001"},
        thumbnail=picture,
    )  # fmt: skip
    path = tmp_path / "noir.safetensors"
    save_file(lora({"transformer.blocks.0.attn1.to_q": 3072}), path, texts)

    found = read_style(path)

    assert (found.title, found.strength, found.licence) == ("Cinematic noir", 0.9, "CC-BY-4.0")
    assert found.triggers == ("noir look", "rain")
    assert found.trained == {"steps": "1500", "learning rate": "0.0001"}
    assert found.thumbnail == picture


def test_texts_of_strangers_are_cut_short_and_made_plain(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file(
        lora({"transformer.blocks.0.attn1.to_q": 3072}),
        path,
        {
            "modelspec.title": "a\x1b[31m\n\x00b" + "x" * 5000,
            "motion_synth.strength": "1e9",
            "motion_synth.trained": '{"a": 1, "b\\n": "c", "b\\n": "d"',
            "ss_steps": "700",
            "modelspec.trigger_phrase": ",".join(f"word{n}" for n in range(99)),
        },
    )

    found = read_style(path)

    assert found.title.isprintable()
    assert found.title.startswith("a [31m b")
    assert len(found.title) == 200
    assert found.strength == 0.8
    assert found.trained == {"steps": "700"}
    assert len(found.triggers) == 16


@pytest.mark.parametrize(
    "picture",
    [
        b"\xff\xd8\xffno picture",
        b"<svg onload='alert(1)'/>",
        jpeg(520, quality=5),
        jpeg(500, quality=100),
        jpeg()[:200],
    ],
)
def test_a_thumbnail_is_a_small_jpeg_or_none(tmp_path: Path, picture: bytes) -> None:
    assert len(jpeg(500, quality=100)) > MOST_THUMBNAIL
    path = tmp_path / "a.safetensors"
    address = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
    save_file(
        lora({"transformer.blocks.0.attn1.to_q": 3072}), path, {"modelspec.thumbnail": address}
    )

    assert read_style(path).thumbnail is None
    with pytest.raises(InvalidInstruction, match="thumbnail"):
        style_metadata(base="geometric", thumbnail=picture)


def entry(start: int = 0, end: int = 4, *, dtype: Any = "F32", shape: Any = (1,)) -> dict[str, Any]:
    """A tensor's line in a header."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


TWICE = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],'
TWICE += b'"data_offsets":[0,4]}}'


@pytest.mark.parametrize(
    ("header", "data", "length", "said"),
    [
        ({"a": entry()}, b"\0" * 4, 2**63, "is damaged"),
        ({"a": entry()}, b"\0" * 4, 5000, "is damaged"),
        (b"[" * 5000, b"", None, "not JSON"),
        (b'{"a":' + b"[" * 5000, b"", None, "nested"),
        (b"{" + b'"a":0,' * 500_000, b"", None, "more than 400,000"),
        (TWICE, b"\0" * 4, None, "stands twice"),
        (b'{"a": NaN}', b"", None, "NaN"),
        ({}, b"", None, "0 tensors"),
        ({"a": entry(), "__metadata__": {"b": 5}}, b"\0" * 4, None, "metadata"),
        ({"a": entry(), "__metadata__": []}, b"\0" * 4, None, "metadata"),
        ({"a": entry(), "b": entry()}, b"\0" * 4, None, "overlaps"),
        ({"a": entry(0, 8, shape=[2]), "b": entry(4, 8)}, b"\0" * 8, None, "overlaps"),
        ({"a": entry(4, 8)}, b"\0" * 8, None, "leaves a gap"),
        ({"a": entry()}, b"\0" * 8, None, "not whole"),
        ({"a": entry()}, b"\0" * 2, None, "not whole"),
        ({"a": entry(dtype="OBJECT")}, b"\0" * 4, None, "kind 'OBJECT'"),
        ({"a": entry(dtype=["F32"])}, b"\0" * 4, None, "kind"),
        ({"a": entry(shape=[2])}, b"\0" * 4, None, "4 bytes"),
        ({"a": entry(shape=[2**62, 2**62])}, b"\0" * 4, None, "4 bytes"),
        ({"a": entry(shape=[-1, -1])}, b"\0" * 4, None, "shape"),
        ({"a": entry(shape=[True])}, b"\0" * 4, None, "shape"),
        ({"a": entry(shape=[1] * 9)}, b"\0" * 4, None, "shape"),
        ({"a": entry(4, 0)}, b"\0" * 4, None, "lies at"),
        ({"a": {**entry(), "more": 1}}, b"\0" * 4, None, "described"),
        ({"a\n": entry()}, b"\0" * 4, None, "cannot be printed"),
        ({"a": entry()}, b"\0" * 4, None, "neither a look nor a LoRA"),
        ({"a.lora_A.weight": entry()}, b"\0" * 4, None, "half of the pair"),
        ({"a.lora_A.weight": entry(shape=[1, 1]), "a.lora_B.weight": entry(4, 12, shape=[1, 2])},
         b"\0" * 12, None, "do not fit"),
    ],
)  # fmt: skip
def test_a_file_that_lies_is_refused(
    tmp_path: Path, header: Any, data: bytes, length: int | None, said: str
) -> None:
    path = written(tmp_path / "a.safetensors", header, data, length)

    with pytest.raises(InvalidMedia) as caught:
        read_style(path)

    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


def test_other_kinds_of_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled, short, empty = (tmp_path / f"{n}.safetensors" for n in range(3))
    pickled.write_bytes(b"PK\x03\x04" + b"\0" * 90)
    short.write_bytes(b"{}")
    empty.write_bytes(b"")
    other = tmp_path / "a.ckpt"
    other.write_bytes(b"\x80\x02}q\x00.")
    for path, said in ((pickled, "pickled"), (short, "too short"), (empty, "empty"),
                       (other, "not a .safetensors"), (tmp_path, "not a .safetensors"),
                       (tmp_path / "none.safetensors", "cannot be opened")):  # fmt: skip
        with pytest.raises(InvalidMedia, match=said):
            read_style(path)

    sound = tmp_path / "b.safetensors"
    save_file(lora({"transformer.blocks.0.attn1.to_q": 3072}), sound)
    from dataclasses import replace

    monkeypatch.setattr(files_header, "LIMITS", replace(files_header.LIMITS, style_bytes=1000))
    with pytest.raises(LimitExceeded, match="limit is 0"):
        read_style(sound)


def _f32(value: float) -> bytes:
    return struct.pack("<f", value)


def _bf16(value: float) -> bytes:
    return struct.pack("<f", value)[2:]


@pytest.mark.parametrize(
    ("dtype", "pack", "size"),
    [("F32", _f32, 4), ("BF16", _bf16, 2), ("F16", lambda v: np.float16(v).tobytes(), 2),
     ("F64", lambda v: struct.pack("<d", v), 8)],
)  # fmt: skip
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_found(
    tmp_path: Path, dtype: str, pack: Callable[[float], bytes], size: int, value: float
) -> None:
    def file(last: float) -> Path:
        numbers = [0.0, -1.0, 65504.0, last]
        header = {
            "m.lora_A.weight": entry(0, 2 * size, dtype=dtype, shape=[1, 2]),
            "m.lora_B.weight": entry(2 * size, 4 * size, dtype=dtype, shape=[2, 1]),
        }
        data = b"".join(pack(number) for number in numbers)
        return written(tmp_path / "a.safetensors", header, data)

    assert read_style(file(1e-7)).rank == 1
    with pytest.raises(InvalidMedia, match=r"not finite \(in 'm.lora_B.weight'\)"):
        read_style(file(value))
    assert read_style(file(value), values=False).rank == 1


def test_small_floats_are_looked_at_as_well(tmp_path: Path) -> None:
    for dtype, bad, good in (("F8_E4M3", 0x7F, 0x7E), ("F8_E5M2", 0x7C, 0x7B)):
        for last, sound in ((good, True), (bad, False), (bad | 0x80, False)):
            header = {
                "m.lora_A.weight": entry(0, 1, dtype=dtype, shape=[1, 1]),
                "m.lora_B.weight": entry(1, 2, dtype=dtype, shape=[1, 1]),
            }
            path = written(tmp_path / "a.safetensors", header, bytes([1, last]))
            if sound:
                assert read_style(path).rank == 1
            else:
                with pytest.raises(InvalidMedia, match="not finite"):
                    read_style(path)
