"""OpenTimelineIO in and out: the doors; what is behind them stands in the modules named otio_…"""

from synth.sequence.exchange.otio_read import from_otio, read_otio
from synth.sequence.exchange.otio_write import to_otio, write_otio

__all__ = ["from_otio", "read_otio", "to_otio", "write_otio"]
