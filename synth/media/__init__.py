"""The border: pictures and videos in and out, and the only place that decodes uploads."""

from synth.media.depth_picture import load_depth_picture
from synth.media.image import LoadedImage, load_image
from synth.media.metadata import read_metadata
from synth.media.opening import MediaInfo
from synth.media.plane_reader import PlaneFrame, PlaneReader
from synth.media.planes import ColourTags, Planes
from synth.media.settings import SUFFIXES, VIDEO_FORMATS, EncoderSettings, VideoFormat
from synth.media.sound import Sound, SoundPiece
from synth.media.sound_file import NoSound, SoundInfo, open_sound, probe_sound
from synth.media.video import VideoFrame, VideoReader, probe
from synth.media.writer import VideoWriter
from synth.media.yuv_to_rgb import warm_up

__all__ = [
    "SUFFIXES",
    "VIDEO_FORMATS",
    "ColourTags",
    "EncoderSettings",
    "LoadedImage",
    "MediaInfo",
    "NoSound",
    "PlaneFrame",
    "PlaneReader",
    "Planes",
    "Sound",
    "SoundInfo",
    "SoundPiece",
    "VideoFormat",
    "VideoFrame",
    "VideoReader",
    "VideoWriter",
    "load_depth_picture",
    "load_image",
    "open_sound",
    "probe",
    "probe_sound",
    "read_metadata",
    "warm_up",
]
