"""From tags to files: found or an error, and never obeyed by whoever cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from synth.backends.protocol import Capabilities, StyleKind
from synth.errors import InvalidInstruction
from synth.style.files import style_metadata
from synth.style.model import StyleFile, StyleUse
from synth.style.resolve import check_fits, no_styles, path_resolver, styles_of


def saved(path: Path) -> Path:
    """A LoRA for no model that is known."""
    pair = {"m.lora_A.weight": np.ones((1, 2), np.float32), "m.lora_B.weight": np.ones((2, 1))}
    save_file(pair, path, style_metadata(base="wan2.2-5b"))
    return path


def test_python_finds_styles_by_path_or_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loras").mkdir()
    noir = saved(tmp_path / "loras" / "noir.safetensors")
    monkeypatch.chdir(tmp_path)

    for name, resolver in (
        (str(noir), path_resolver()),
        ("loras/noir.safetensors", path_resolver()),
        ("loras/noir", path_resolver()),
        ("noir", path_resolver("loras")),
    ):
        text, uses = styles_of(f"a street <lora:{name}:0.9>", resolver)
        assert text == "a street"
        assert [(use.file.path.resolve(), use.strength) for use in uses] == [(noir, 0.9)]


def test_a_style_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for resolver in (no_styles, path_resolver(tmp_path)):
        with pytest.raises(InvalidInstruction, match="nowhere"):
            styles_of("a <lora:nowhere:1>", resolver)
    with pytest.raises(InvalidInstruction, match="no such file"):
        styles_of(f"a <lora:{'n/' * 190}n:1>", path_resolver(tmp_path))
    assert styles_of("a street", no_styles) == ("a street", ())


def test_a_style_named_twice_is_an_error(tmp_path: Path) -> None:
    saved(tmp_path / "noir.safetensors")
    with pytest.raises(InvalidInstruction, match="stands twice"):
        styles_of("<lora:noir:1> <lora:noir.safetensors:0.5>", path_resolver(tmp_path))


def use(kind: StyleKind, base: str, also: tuple[str, ...] = (), strength: float = 1.0) -> StyleUse:
    """A style of some kind."""
    return StyleUse(StyleFile(Path("noir.safetensors"), "noir", kind, base, also), strength)


def backend(style: StyleKind | None, base: str) -> Capabilities:
    """What a backend says of its styles."""
    return Capabilities("b", "The backend", {}, style=style, base=base, most_styles=2)


def test_styles_go_where_they_are_obeyed() -> None:
    check_fits([use("look", "geometric", strength=0.0)], backend("look", "geometric"))
    check_fits([use("lora", "ltx")] * 2, backend("lora", "ltx"))
    check_fits([use("lora", "wan2.1-14b", ("wan2.2-14b",))], backend("lora", "wan2.2-14b"))
    check_fits([use("lora", "")], backend("lora", "ltx"))
    check_fits([use("lora", "ltx", strength=-1.0)], backend("lora", ""))
    check_fits([], backend(None, ""))


@pytest.mark.parametrize(
    ("uses", "capabilities", "said"),
    [
        ([use("look", "geometric")], backend("lora", "ltx"), "is a look"),
        ([use("lora", "ltx")], backend("look", "geometric"), "is a LoRA made for ltx"),
        ([use("lora", "")], backend("look", "geometric"), "is a LoRA, which"),
        ([use("lora", "ltx")], backend("lora", "ltx2"), "made for ltx, and The backend is ltx2"),
        ([use("lora", "wan2.1-14b", ("wan2.2-14b",))], backend("lora", "ltx"), "or wan2.2-14b"),
        ([use("lora", "ltx")], backend(None, ""), "takes no styles"),
        ([use("look", "geometric", strength=-0.5)], backend("look", "geometric"), "0 to 2"),
        ([use("lora", "ltx")] * 3, backend("lora", "ltx"), "3 styles"),
    ],
)
def test_all_others_are_told_why_not(
    uses: list[StyleUse], capabilities: Capabilities, said: str
) -> None:
    with pytest.raises(InvalidInstruction) as caught:
        check_fits(uses, capabilities)
    assert said in str(caught.value)
