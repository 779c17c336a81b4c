"""The border: pictures and videos in and out, and the only place that decodes uploads."""

from synth.media.depth_picture import load_depth_picture
from synth.media.image import LoadedImage, load_image
from synth.media.metadata import read_metadata
from synth.media.opening import MediaInfo
from synth.media.settings import SUFFIXES, VIDEO_FORMATS, EncoderSettings, VideoFormat
from synth.media.video import VideoFrame, VideoReader, probe
from synth.media.writer import VideoWriter
from synth.media.yuv_to_rgb import warm_up

__all__ = [
    "SUFFIXES",
    "VIDEO_FORMATS",
    "EncoderSettings",
    "LoadedImage",
    "MediaInfo",
    "VideoFormat",
    "VideoFrame",
    "VideoReader",
    "VideoWriter",
    "load_depth_picture",
    "load_image",
    "probe",
    "read_metadata",
    "warm_up",
]
