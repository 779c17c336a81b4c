"""Serve Motion Synth: ``python app.py``. GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say where."""

from __future__ import annotations

import os

from synth.ui.quick_start import import_gradio


def main() -> None:
    """Build the page, serve it, and warm the renderer up behind it."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import_gradio()
    from synth.ui.app import build, launch_options, warm_up_in_background

    page = build()
    _, address, _ = page.launch(prevent_thread_lock=True, **launch_options())
    print(f"Motion Synth is ready at {address}", flush=True)
    warm_up_in_background()
    page.block_thread()


if __name__ == "__main__":
    main()
