"""LoRA training on rented machines: Hugging Face Jobs, paid by the owner of the token."""

from __future__ import annotations

from synth.style.remote.hardware import Hardware, JobPlan, list_hardware, plan_job
from synth.style.remote.jobs import train_on_jobs
from synth.style.remote.training import JobState, JobTicket, RemoteTraining

__all__ = [
    "Hardware",
    "JobPlan",
    "JobState",
    "JobTicket",
    "RemoteTraining",
    "list_hardware",
    "plan_job",
    "train_on_jobs",
]
