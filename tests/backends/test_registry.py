"""From settings to whoever draws: geometry at once, the rest only when it is wanted."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

from synth.backends.families import families
from synth.backends.geometric_backend import GeometricBackend
from synth.backends.protocol import Instruction
from synth.backends.registry import every_capabilities, make_backend
from synth.backends.settings import BACKEND_NAMES, BackendSettings


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
