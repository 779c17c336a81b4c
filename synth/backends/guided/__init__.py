"""Our geometry steers a model: it keeps what the photo showed and paints what it never did."""

from synth.backends.guided.backend import GuidedBackend
from synth.backends.guided.bundle import write_bundle
from synth.backends.guided.guide import Guide, GuideFrame, make_guide

__all__ = ["Guide", "GuideFrame", "GuidedBackend", "make_guide", "write_bundle"]
