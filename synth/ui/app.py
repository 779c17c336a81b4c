"""The page as a whole: header, tabs, named endpoints, and how it is served."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import gradio as gr

from synth.jobs import JobPool, sweep_stale
from synth.scene.cache import SceneCache
from synth.shot.still import StillMaker
from synth.ui.assets import ASSETS, stylesheet
from synth.ui.depth_brush import DepthStore
from synth.ui.drawn import Preflights, signs_in
from synth.ui.endpoints import add_endpoints
from synth.ui.examples import find_examples
from synth.ui.grade_handlers import GradeHandlers
from synth.ui.grade_tab import grade_tab
from synth.ui.handlers import Handlers
from synth.ui.interpolate_handlers import InterpolateHandlers
from synth.ui.interpolate_tab import interpolate_tab
from synth.ui.keyframes_tab import keyframes_tab
from synth.ui.keys_handlers import KeysHandlers
from synth.ui.motion_tab import RENDERS_AT_ONCE, motion_tab
from synth.ui.scene_handlers import SceneHandlers
from synth.ui.sequence_handlers import SequenceHandlers
from synth.ui.sequence_lending import Lending
from synth.ui.sequence_tab import sequence_tab
from synth.ui.style_handlers import StyleHandlers
from synth.ui.style_tab import style_tab
from synth.ui.style_trials import StyleTrials
from synth.ui.theme import Darkroom
from synth.ui.trial_clips import TrialClips

_FORGET_AFTER = 6 * 3600
"""Age at which uploads and results are deleted, seconds; longer than anybody waits for a clip."""

_BRAND = """<header class="ms-brand">
<svg viewBox="0 0 32 32" width="26" height="26" fill="none" stroke="currentColor" stroke-width="2"
 stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
<path d="M3 10V5h5M29 10V5h-5M3 22v5h5M29 22v5h-5"/><path d="M8 20l6-9 4 5 3-3 4 7z"/></svg>
<h1>Motion Synth</h1><p>One photo. The exact camera move.</p>
<button type="button" class="ms-api">API</button></header>"""
_OPEN_API = """element.querySelector(".ms-api").addEventListener("click", () => {
  document.querySelector("footer .show-api")?.click();
});"""


def build() -> gr.Blocks:
    """The whole page, not yet served. Two pages built in one process share nothing."""
    sweep_stale()
    depths = DepthStore()
    scenes = SceneCache()
    pool = JobPool(RENDERS_AT_ONCE + 2)
    examples = find_examples()
    with gr.Blocks(
        title="Motion Synth", analytics_enabled=False, delete_cache=(1800, _FORGET_AFTER)
    ) as page:
        gr.HTML(_BRAND, js_on_load=_OPEN_API, apply_default_css=False, elem_id="brand")
        if signs_in():  # Elsewhere signing in would use the account of whoever serves the page.
            gr.LoginButton(size="sm", elem_id="sign-in")
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
            trials = StyleTrials(examples, depths, scenes)
            styles = StyleHandlers(pool, trials, examples)
            handlers = Handlers(pool, depths, scenes, examples, styles.desks)
            drawing = Preflights(styles.desks)
            with gr.Tab("Motion", id="motion-tab"):
                motion = motion_tab(handlers, SceneHandlers(pool, depths), drawing, examples)
            with gr.Tab("Keyframes", id="keyframes-tab"):
                keys = KeysHandlers(pool, depths, StillMaker(scenes))
                keyed = keyframes_tab(keys, handlers, motion)
            with gr.Tab("Sequence", id="sequence-tab"):
                sequence = SequenceHandlers(pool, examples, styles.desks)
                sequence_tab(sequence, Lending(sequence, handlers), motion, keyed.editor)
            with gr.Tab("Style", id="style-tab"):
                style_tab(styles)
            readers = JobPool(2)
            trials = TrialClips(examples, depths, scenes)
            # Each of these two takes the results of the other, so both tabs stand first.
            smooth = gr.Tab("Interpolate", id="interpolate-tab")
            with gr.Tab("Grade & Quality", id="grade-tab"):
                graded = grade_tab(GradeHandlers(pool, readers, trials))
            with smooth:
                flow = InterpolateHandlers(pool, readers, trials)
                sources = (motion.monitor, keyed.monitor, graded.monitor, graded.report)
                flowing = interpolate_tab(flow, sources)
            graded.take_from((motion.monitor, keyed.monitor, flowing, graded.monitor))
        add_endpoints(pool, depths, scenes)
    page.queue(max_size=32, default_concurrency_limit=2, api_open=False)
    return page


def launch_options() -> dict[str, Any]:
    """Arguments for ``Blocks.launch`` that keep a shared server safe and the same everywhere."""
    return {
        "server_name": os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        "theme": Darkroom(),
        "css": stylesheet(),
        "favicon_path": str(ASSETS / "ui" / "icon.svg"),
        "footer_links": ["api"],  # The page hides the footer; its header has the button.
        "max_file_size": "200mb",
        "allowed_paths": [],
        "blocked_paths": [str(Path(".git").resolve()), str(Path(".env").resolve())],
        "show_error": False,
        "share": False,
        "ssr_mode": False,
        "run_history": False,
        "enable_monitoring": False,
        "mcp_server": False,
        "strict_cors": True,
        "pwa": False,
        "max_threads": 24,
        "quiet": True,
    }


def warm_up_in_background() -> threading.Thread:
    """Compile what rendering needs while the visitor still looks at the page."""

    def warm() -> None:
        from synth.shot import warm_up
        from synth.ui import grade_live

        warm_up()
        grade_live.warm_up()

    thread = threading.Thread(target=warm, name="warm-up", daemon=True)
    thread.start()
    return thread
