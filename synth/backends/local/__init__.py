"""Video models on this machine, run by diffusers. Nothing heavy is imported before it is used."""

from synth.backends.local.backend import DiffusersBackend
from synth.backends.local.loading import LoadedPipeline, Loader, load_pipeline
from synth.backends.local.loras import obeyed
from synth.backends.local.running import run_pipeline

__all__ = [
    "DiffusersBackend",
    "LoadedPipeline",
    "Loader",
    "load_pipeline",
    "obeyed",
    "run_pipeline",
]
