"""From settings to whoever draws: geometry at once, the rest only when it is wanted."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from synth.backends import registry
from synth.backends.families import families
from synth.backends.geometric_backend import GeometricBackend
from synth.backends.protocol import Instruction
from synth.backends.registry import artist, every_capabilities, make_backend
from synth.backends.settings import BACKEND_NAMES, BackendName, BackendSettings
from synth.errors import InvalidInstruction


def test_geometry_is_the_default_and_keeps_everything_but_words() -> None:
    backend = make_backend(BackendSettings())
    assert isinstance(backend, GeometricBackend)
    told = backend.capabilities
    assert set(told.keeps) == set(get_args(Instruction))
    assert {one for one, how in told.keeps.items() if how != "exactly"} == {
        "prompt", "negative prompt", "lighting",
    }  # fmt: skip
    assert (told.style, told.base, told.generative, told.remote) == (
        "look", "geometric", False, False,
    )  # fmt: skip
    assert told.missing == ""


def test_every_backend_and_family_can_be_chosen() -> None:
    choices = every_capabilities()
    assert choices[0].settings == BackendSettings()
    assert {one.settings.name for one in choices} == set(BACKEND_NAMES)
    named = [one.settings.family for one in choices if one.settings.family]
    assert sorted(named) == sorted(one.name for one in families())
    for one in choices:
        assert set(one.capabilities.keeps) == set(get_args(Instruction)), one.settings
        assert one.capabilities.title


@pytest.mark.parametrize("name", ["diffusers", "guided"])
def test_a_visitor_chooses_no_weights_for_this_machine(name: BackendName) -> None:
    """A stranger could have the server fetch and run any repository of the Hub."""
    named = BackendSettings(name=name, model="someone/anything")
    with pytest.raises(InvalidInstruction, match="not with someone/anything"):
        make_backend(named, visitor=True)
    assert make_backend(named).capabilities.name == name
    assert make_backend(BackendSettings(name=name), visitor=True).capabilities.name == name
    served = BackendSettings(name="providers", model="someone/wan2.2-anything")
    assert make_backend(served, visitor=True).capabilities.remote


def test_a_backend_that_was_made_for_a_clip_is_let_go_and_a_given_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[GeometricBackend] = []

    class Heavy(GeometricBackend):
        def close(self) -> None:
            closed.append(self)

    monkeypatch.setattr(registry, "GeometricBackend", Heavy)
    with pytest.raises(ZeroDivisionError), artist(BackendSettings()) as made:
        raise ZeroDivisionError
    assert closed == [made]
    mine = Heavy()
    with artist(BackendSettings(), mine) as given:
        assert given is mine
    assert closed == [made]


def test_backends_are_made_without_loading_a_model() -> None:
    script = (
        "import sys\n"
        "from synth.backends.registry import every_capabilities\n"
        "every_capabilities(token='hf_abcdefghij')\n"
        "print(sorted({'torch', 'diffusers', 'transformers', 'peft'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "[]", done.stderr
