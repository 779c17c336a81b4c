"""Training of style LoRAs: a few weights beside a video model's own, learned from references.

``train_lora`` does it here; ``python -m synth.style.training job.json`` does it wherever that
runs. What it needs beyond the product's own packages (torch, diffusers, peft) is imported when
asked for; its absence is ``Unavailable``.
"""

from synth.style.training.estimate import estimate
from synth.style.training.model import Diverged, Effect, Estimate, Moment, TrainedLora
from synth.style.training.run import train_lora
from synth.style.training.settings import TrainingJob, TrainingSettings

__all__ = [
    "Diverged",
    "Effect",
    "Estimate",
    "Moment",
    "TrainedLora",
    "TrainingJob",
    "TrainingSettings",
    "estimate",
    "train_lora",
]
