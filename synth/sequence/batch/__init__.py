"""Many photos, one recipe: a video for each row, on this machine or on a cluster."""

from synth.sequence.batch.cluster import dask_executor
from synth.sequence.batch.report import BatchReport, RowReport
from synth.sequence.batch.rows import Row, read_csv, rows_from_folder
from synth.sequence.batch.run import run_batch

__all__ = [
    "BatchReport",
    "Row",
    "RowReport",
    "dask_executor",
    "read_csv",
    "rows_from_folder",
    "run_batch",
]
