"""Running work: progress, cancel, private work folders."""

from synth.jobs.pool import Job, JobContext, JobPool
from synth.jobs.workspace import Workspace, sweep_stale

__all__ = ["Job", "JobContext", "JobPool", "Workspace", "sweep_stale"]
