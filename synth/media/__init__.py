"""The border: pictures and videos in and out, and the only place that decodes uploads."""

from synth.media.image import LoadedImage, load_image
from synth.media.settings import SUFFIXES, VIDEO_FORMATS, EncoderSettings, VideoFormat
from synth.media.writer import VideoWriter

__all__ = [
    "SUFFIXES",
    "VIDEO_FORMATS",
    "EncoderSettings",
    "LoadedImage",
    "VideoFormat",
    "VideoWriter",
    "load_image",
]
