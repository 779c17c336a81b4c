"""Image to video by paid services of the Hub's Inference Providers, each in its own protocol."""

from __future__ import annotations

from synth.backends.providers.backend import ProvidersBackend

__all__ = ["ProvidersBackend"]
