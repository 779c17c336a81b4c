"""Gradio as the server imports it: whole, but without renewing its editor stubs."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import ast
read = []
def watch(code, node, **_):
    read.append(node)
    return None
ast.get_source_segment = watch
from synth.ui.quick_start import import_gradio
import_gradio()
import gradio, sys
assert not read, len(read)
assert "quick_start" not in repr(sys.meta_path)
box = gradio.Textbox(label="Words")
with gradio.Blocks():
    heard = gradio.Textbox().change(lambda text: text)
print(box.label, type(heard).__name__)
"""


def test_no_component_source_is_parsed_and_components_work_as_ever() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["Words", "Dependency"]
