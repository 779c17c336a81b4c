"""A library of styles: nothing unsound comes in, no name leads out, and two may use it at once."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.grade.looks import look_lut
from synth.style import library as module
from synth.style.files import style_metadata
from synth.style.library import StyleLibrary, advice, checked_name
from synth.style.look import Look, save_look
from synth.style.resolve import styles_of


def a_lora(path: Path, base: str = "wan2.2-5b", **texts: str) -> Path:
    """A small LoRA."""
    pair = {
        "m.lora_A.weight": np.ones((2, 3), np.float32),
        "m.lora_B.weight": np.ones((3, 2), np.float32),
    }
    save_file(pair, path, style_metadata(base=base, **texts))
    return path


def test_styles_are_added_listed_and_found_by_tags(tmp_path: Path) -> None:
    library = StyleLibrary(tmp_path / "mine" / "styles")
    source = a_lora(tmp_path / "my noir!.safetensors")
    look, _ = save_look(Look(look_lut("noir").cube), tmp_path / "look.safetensors")

    first = library.add(source)
    second = library.add(source)
    third = library.add(look, name="  Dark   look ")

    assert [first.name, second.name, third.name] == ["my noir", "my noir 2", "Dark look"]
    assert [file.name for file in library.list()] == ["Dark look", "my noir", "my noir 2"]
    assert source.exists()
    text, uses = styles_of("a <lora:DARK LOOK:0.5> street", library.resolver)
    assert (text, uses[0].file.kind, uses[0].strength) == ("a street", "look", 0.5)
    assert library.inspect("my noir.safetensors").base == "wan2.2-5b"
    assert {path.stat().st_mode & 0o777 for path in library.folder.iterdir()} == {0o600}


def test_looks_are_shown_by_what_they_do(tmp_path: Path) -> None:
    import cv2

    library = StyleLibrary(tmp_path)
    for name in ("noir", "warm_film"):
        save_look(Look(look_lut(name).cube), tmp_path / f"{name}.safetensors")
        (tmp_path / f"{name}.cube").unlink()

    dark, warm = (
        cv2.imdecode(np.frombuffer(file.thumbnail or b"", np.uint8), cv2.IMREAD_COLOR)
        for file in library.list()
    )
    assert dark is not None
    assert warm is not None
    assert dark.shape == warm.shape == (144, 256, 3)
    assert np.ptp(dark.astype(int), axis=2).mean() < 6 < np.ptp(warm.astype(int), axis=2).mean()
    assert library.list()[0] is library.list()[0]


def test_what_is_unsound_does_not_come_in(tmp_path: Path) -> None:
    library = StyleLibrary(tmp_path / "styles")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(a_lora(tmp_path / "good.safetensors").read_bytes()[:-4])
    nan = tmp_path / "nan.safetensors"
    save_file({"m.lora_A.weight": np.full((1, 1), np.nan, np.float32),
               "m.lora_B.weight": np.ones((1, 1), np.float32)}, nan)  # fmt: skip
    bad_look, _ = save_look(Look(look_lut("noir").cube), tmp_path / "bad.safetensors")
    save_file(
        {"cube": np.full((5, 5, 5, 3), 7.0, np.float32), "texture": np.zeros(7, np.float32)},
        bad_look,
        {"schema": "motion-synth.look/1"},
    )
    for path in (broken, nan, bad_look, tmp_path / "none.safetensors"):
        with pytest.raises(InvalidMedia, match=path.name):
            library.add(path)
    (tmp_path / "model.ckpt").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(InvalidMedia, match=r"not a \.safetensors"):
        library.add(tmp_path / "model.ckpt")
    assert list(library.folder.iterdir()) == []


def test_caps_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = StyleLibrary(tmp_path / "styles")
    source = a_lora(tmp_path / "a.safetensors")
    library.add(source)
    monkeypatch.setattr(module, "LIMITS", replace(module.LIMITS, styles=1))
    with pytest.raises(LimitExceeded, match="limit is 1"):
        library.add(source)
    monkeypatch.setattr(module, "LIMITS", replace(module.LIMITS, free_disk_bytes=10**18))
    with pytest.raises(LimitExceeded, match="no room"):
        library.add(source)
    assert len(library.list()) == 1
    assert len(list(library.folder.iterdir())) == 1


def test_names_are_one_of_a_kind_and_lead_nowhere(tmp_path: Path) -> None:
    library = StyleLibrary(tmp_path / "styles")
    source = a_lora(tmp_path / "secret.safetensors")
    library.add(source, name="Noir")
    library.add(source, name="Été 1-a_b")

    with pytest.raises(InvalidInstruction, match="already a style 'nOIR'"):
        library.add(source, name="nOIR")
    with pytest.raises(InvalidInstruction, match="already"):
        library.rename("Été 1-a_b", "noir")
    for name in ("", " ", "../x", "a/b", "a.b", "-a", "a:b", "<a>", "a\x00", "n" * 61, "_a", "."):
        with pytest.raises(InvalidInstruction, match="cannot be called"):
            checked_name(name)
    for name in ("../secret", str(source), "secret", "", ".", "..", "Noir/../../secret"):
        with pytest.raises(InvalidInstruction, match="no style"):
            library.resolver(name)
    with pytest.raises(InvalidInstruction, match="Did you mean 'Noir'"):
        library.inspect("Noirr")
    assert library.rename("Noir", "NOIR").name == "NOIR"
    assert library.rename("noir", "Rain").name == "Rain"
    library.delete("rain")
    with pytest.raises(InvalidInstruction, match="no style"):
        library.delete("rain")
    assert [file.name for file in library.list()] == ["Été 1-a_b"]


def test_what_a_killed_process_left_is_swept_but_not_what_is_being_copied(tmp_path: Path) -> None:
    old, new = (tmp_path / f".{digit * 16}.safetensors" for digit in "ab")
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 100_000,) * 2)

    library = StyleLibrary(tmp_path)

    assert not old.exists()
    assert new.exists()
    assert library.list() == ()


def _busy(folder: Path, source: Path) -> None:
    library = StyleLibrary(folder)
    won = 0
    for n in range(8):
        library.add(source)
        try:
            library.add(source, name=f"only one {n}")
            won += 1
        except InvalidInstruction:
            pass
        library.list()
    (folder.parent / f"won {os.getpid()}").write_text(str(won))


def test_two_processes_add_at_once(tmp_path: Path) -> None:
    source = a_lora(tmp_path / "a.safetensors")
    folder = tmp_path / "styles"
    StyleLibrary(folder)
    # A new interpreter would take seconds to start.
    running = [get_context("fork").Process(target=_busy, args=(folder, source)) for _ in range(2)]
    for process in running:
        process.start()
    for process in running:
        process.join(60)

    assert [process.exitcode for process in running] == [0, 0]
    assert sum(int(path.read_text()) for path in tmp_path.glob("won *")) == 8
    names = [file.name for file in StyleLibrary(folder).list()]
    assert sorted(names) == sorted(
        [f"only one {n}" for n in range(8)] + ["a"] + [f"a {n}" for n in range(2, 17)]
    )


def test_advice_says_for_what_a_style_is(tmp_path: Path) -> None:
    library = StyleLibrary(tmp_path / "styles")
    lora = library.add(a_lora(tmp_path / "a.safetensors", licence="CC0", title="A"))
    look = library.add(save_look(Look(), tmp_path / "b.safetensors")[0])
    unknown = replace(lora, base="", licence="", triggers=("noir look",))

    assert "rank 2 for wan2.2-5b" in " ".join(advice(lora))
    assert "CC0" in " ".join(advice(lora))
    assert "models do not" in " ".join(advice(look))
    assert "does not tell" in " ".join(advice(unknown))
    assert "noir look" in " ".join(advice(unknown))
    assert "names no licence" in " ".join(advice(unknown))
