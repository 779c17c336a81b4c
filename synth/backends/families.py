"""The families of video models: what each can make, as plain facts that need no AI package.

Frame counts, sizes and rates are those of the pipelines in diffusers 0.42.1 and of the models'
own cards (https://huggingface.co/docs/diffusers/api/pipelines/overview).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from synth.backends.protocol import FrameRule, SizeRule
from synth.errors import InvalidInstruction
from synth.explain import short

Wording = Literal["wan", "ltx", "cogvideox", "plain"]
"""Whose advice a prompt follows."""


@dataclass(frozen=True)
class Family:
    """One kind of model that diffusers can run."""

    name: str
    """As in ``BackendSettings.family``."""
    title: str
    """For the screen."""
    pipeline: str
    """Class in diffusers that makes a clip from a picture."""
    model: str
    """Its makers' weights on the Hub."""
    base: str
    """Its architecture: a LoRA fits where it was made for the same one."""
    frames: FrameRule
    sizes: SizeRule
    rate: Fraction
    """Frames per second that the model was trained on."""
    usual_frames: int
    """Frame count that its makers recommend, also the most that stays steady."""
    steps: int
    """Denoising steps that its makers recommend."""
    guidance: float
    """How hard it follows the words, as its makers recommend."""
    wording: Wording
    gigabytes: float
    """Weights in bfloat16 with the text encoder, GB: what a card must hold without savers."""
    negative: str = ""
    """What its makers advise to avoid; "" where the pipeline takes none or they advise none."""
    guided: bool = False
    """Whether it repaints a guide video under a mask."""
    licence: str = ""
    """Of the weights."""

    @property
    def usual_seconds(self) -> float:
        """Length of one call at its best, seconds."""
        return float(self.usual_frames / self.rate)


_WAN_NEGATIVE: Final = (
    "overexposed, static, blurred details, subtitles, worst quality, low quality, compression "
    "artefacts, ugly, deformed, extra fingers, cluttered background"
)
_P480, _P720 = 480 * 832, 720 * 1280


def _frames(step: int, usual: int, least: int) -> FrameRule:
    return FrameRule(step, 1, least, usual)


_FAMILIES: Final = (
    Family(
        "wan2.2-5b", "Wan 2.2 (5B)", "WanImageToVideoPipeline", "Wan-AI/Wan2.2-TI2V-5B-Diffusers",
        "wan2.2-5b", _frames(4, 121, 5), SizeRule(32, 64, 704 * 1280), Fraction(24), 121, 50, 5.0,
        "wan", 24.0, _WAN_NEGATIVE, licence="Apache-2.0",
    ),
    Family(
        "wan2.2", "Wan 2.2 (14B, two experts)", "WanImageToVideoPipeline",
        "Wan-AI/Wan2.2-I2V-A14B-Diffusers", "wan2.2-14b", _frames(4, 81, 5),
        SizeRule(16, 64, _P720), Fraction(16), 81, 40, 3.5, "wan", 68.0, _WAN_NEGATIVE,
        licence="Apache-2.0",
    ),
    Family(
        "wan2.1", "Wan 2.1 (14B)", "WanImageToVideoPipeline",
        "Wan-AI/Wan2.1-I2V-14B-480P-Diffusers", "wan2.1-14b", _frames(4, 81, 5),
        SizeRule(16, 64, _P480), Fraction(16), 81, 50, 5.0, "wan", 44.0, _WAN_NEGATIVE,
        licence="Apache-2.0",
    ),
    Family(
        "ltx", "LTX-Video", "LTXImageToVideoPipeline", "Lightricks/LTX-Video", "ltx",
        _frames(8, 161, 9), SizeRule(32, 64, 704 * 1216), Fraction(25), 161, 50, 3.0, "ltx", 14.0,
        "worst quality, inconsistent motion, blurry, jittery, distorted",
        licence="LTX-Video open weights licence",
    ),
    Family(
        "ltx2", "LTX-2", "LTX2ImageToVideoPipeline", "Lightricks/LTX-2", "ltx2",
        _frames(8, 121, 9), SizeRule(32, 64, 768 * 1280), Fraction(24), 121, 30, 3.0, "ltx", 64.0,
        "worst quality, inconsistent motion, blurry, jittery, distorted",
        licence="LTX-2 community licence",
    ),
    Family(
        "cogvideox", "CogVideoX (5B)", "CogVideoXImageToVideoPipeline",
        "zai-org/CogVideoX-5b-I2V", "cogvideox-5b", _frames(4, 49, 49),
        SizeRule(16, 480, 480 * 720, ((720, 480),)), Fraction(8), 49, 50, 6.0, "cogvideox", 22.0,
        licence="CogVideoX licence",
    ),
    Family(
        "cogvideox1.5", "CogVideoX 1.5 (5B)", "CogVideoXImageToVideoPipeline",
        "zai-org/CogVideoX1.5-5B-I2V", "cogvideox1.5-5b", _frames(4, 81, 9),
        SizeRule(16, 64, 768 * 1360), Fraction(16), 81, 50, 6.0, "cogvideox", 22.0,
        licence="CogVideoX licence",
    ),
    Family(
        "wan-vace", "Wan 2.1 VACE (1.3B)", "WanVACEPipeline", "Wan-AI/Wan2.1-VACE-1.3B-diffusers",
        "wan2.1-1.3b", _frames(4, 81, 5), SizeRule(16, 64, _P480), Fraction(16), 81, 30, 5.0,
        "wan", 16.0, _WAN_NEGATIVE, guided=True, licence="Apache-2.0",
    ),
    Family(
        "wan-vace-14b", "Wan 2.1 VACE (14B)", "WanVACEPipeline",
        "Wan-AI/Wan2.1-VACE-14B-diffusers", "wan2.1-14b", _frames(4, 81, 5),
        SizeRule(16, 64, _P720), Fraction(16), 81, 30, 5.0, "wan", 46.0, _WAN_NEGATIVE,
        guided=True, licence="Apache-2.0",
    ),
    Family(
        "ltx2-guided", "LTX-2 in context", "LTX2InContextPipeline", "Lightricks/LTX-2", "ltx2",
        _frames(8, 121, 9), SizeRule(32, 64, 768 * 1280), Fraction(24), 121, 30, 3.0, "ltx", 64.0,
        "worst quality, inconsistent motion, blurry, jittery, distorted", guided=True,
        licence="LTX-2 community licence",
    ),
)  # fmt: skip


def families(*, guided: bool | None = None) -> tuple[Family, ...]:
    """All families, the default first; only those that take a guide, or that take none."""
    return tuple(one for one in _FAMILIES if guided is None or one.guided == guided)


def family(name: str, *, guided: bool = False) -> Family:
    """A family by name; "" is the default of its kind.

    Raises ``InvalidInstruction`` for a name that is not there.
    """
    there = families(guided=guided)
    for one in there:
        if name in ("", one.name):
            return one
    raise InvalidInstruction(
        f"There is no {'guided ' if guided else ''}model family {short(name)}. Choose one of "
        f"{', '.join(one.name for one in there)}."
    )
