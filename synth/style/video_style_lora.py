"""``VideoStyleLora``: a style learned from reference videos, and its tag in a prompt."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.explain import explain_errors, short
from synth.style.model import USUAL_STRENGTH, StyleKind
from synth.style.references import check_references
from synth.style.tags import write_tag
from synth.style.training.model import Moment, TrainedLora, ignore_moments
from synth.style.training.settings import StyleName, TrainingSettings

if TYPE_CHECKING:
    from synth.style.references import References

_PACKAGES: Final = ("torch", "diffusers", "peft", "transformers")
_LOOK: Final = "look"


class VideoStyleLora:
    """A style: trained here, or already in a file.

    Which kind it is, a look (obeyed by the photo's own geometry) or a LoRA (obeyed by AI models),
    stands in ``kind`` after training; ``said`` tells it in a sentence and ``notes`` tells the rest.
    """

    def __init__(self, lora_path: str | os.PathLike[str] | None = None) -> None:
        """Begin with a style's file, or with none."""
        self.lora_path: str | None = None if lora_path is None else os.fspath(lora_path)
        """The style's file; None until one is trained or named."""
        self.style_name: str | None = None
        """Its name; None until one is trained."""
        self.kind: StyleKind | None = None
        """What was trained; None until then."""
        self.said = ""
        """Which kind was trained, and why, in a sentence."""
        self.notes: tuple[str, ...] = ()
        """What there is to know of the references and the training, in sentences."""
        self.trained: TrainedLora | None = None
        """Curve, effect and files of a trained LoRA; None for a look."""

    def train_style_lora(
        self,
        reference_videos: Sequence[str | os.PathLike[str]],
        style_name: str = "cinematic_noir",
        learning_rate: float = 0.0001,
        steps: int = 2000,
        *,
        base: str = "auto",
        output_path: str | os.PathLike[str] | None = None,
        settings: TrainingSettings | None = None,
        pipeline: Any = None,
        token: str | None = None,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
        watch: Callable[[Moment], None] = ignore_moments,
    ) -> str:
        """Learn the style of reference videos and write it as a file.

        Args:
            reference_videos: 5 to 10 clips of 2 to 5 seconds are a good start, 20 to 50 are better.
            style_name: becomes the file's name: letters, digits, spaces, dots, dashes, underscores.
            learning_rate: of a LoRA.
            steps: of a LoRA; 1000 to 2000 are usual.
            base: "auto" trains a LoRA where the AI packages and a CUDA card are there, and learns
                a look elsewhere; "look" learns a look; a family of ``TrainingSettings.family``,
                such as "wan2.2-5b", trains a LoRA for it wherever this runs.
            output_path: the file, ``loras/{style_name}_video.safetensors`` unless given.
            settings: further choices of a LoRA; learning rate, steps and base come from above.
            pipeline: a loaded pipeline of diffusers to train on, in place of the family's weights.
            token: for weights that ask for an account; kept nowhere.
            cancel: stops it within a second; a LoRA goes on from there with the same call.
            progress: told what is being done, with the time left.
            watch: told losses, points of the curve and previews of a LoRA.

        Returns:
            The file's path as it was given.

        Raises:
            InvalidInstruction: a name, base or number that makes no sense.
            InvalidMedia: reference videos that are not there or cannot be learned from.
            Unavailable: packages or weights that a LoRA needs are not there.
            Diverged: a LoRA's training met numbers that are none; the last good state is kept.
            Cancelled: on request.
        """
        name = _checked_name(style_name)
        path = f"loras/{name}_video.safetensors" if output_path is None else os.fspath(output_path)
        target = Path(path)
        if target.suffix != ".safetensors":
            raise InvalidInstruction(
                f"A style is kept as .safetensors, not as {short(target.name)}. Change the ending."
            )
        family, why = _chosen(base, settings, pipeline)
        wanted = None if family is None else _settings(settings, family, learning_rate, steps)
        token_ = cancel or CancelToken()
        references = check_references(reference_videos, cancel=token_, progress=progress).usable()
        target.parent.mkdir(parents=True, exist_ok=True)
        self.notes = (*references.problems, *references.notes)
        if wanted is None:
            self._learn_look(references, name, target, token_, progress)
        else:
            self._train(references, wanted, name, target, pipeline, token, token_, progress, watch)
        self.said = why
        self.lora_path = path
        self.style_name = name
        return path

    def apply_style(self, video_prompt: str, lora_strength: float = USUAL_STRENGTH) -> str:
        """The prompt with the style's tag: ``"rain <lora:loras/noir_video.safetensors:0.8>"``.

        Args:
            video_prompt: any text.
            lora_strength: 0 changes nothing, 1 is as learned; -2 to 2.

        Raises ``InvalidInstruction``, which is a ``ValueError``, where there is no style yet, and
        for a strength or a path that a tag cannot hold.
        """
        if not self.lora_path:
            raise InvalidInstruction("No LoRA loaded. Train or specify lora_path first.")
        return f"{video_prompt} {write_tag(self.lora_path, lora_strength)}"

    def _learn_look(
        self,
        references: References,
        name: str,
        target: Path,
        cancel: CancelToken,
        progress: ProgressCallback,
    ) -> None:
        from synth.style.look import learn_look, save_look

        look = learn_look(references, name=name, cancel=cancel, progress=progress)
        save_look(look, target)
        self.kind, self.trained = "look", None
        self.notes = tuple(dict.fromkeys((*self.notes, *look.notes)))

    def _train(
        self,
        references: References,
        settings: TrainingSettings,
        name: str,
        target: Path,
        pipeline: Any,
        token: str | None,
        cancel: CancelToken,
        progress: ProgressCallback,
        watch: Callable[[Moment], None],
    ) -> None:
        from synth.style.training import train_lora

        made = train_lora(
            references, settings, folder=target.with_suffix(".training"), name=name,
            output=target, base=pipeline, token=token, cancel=cancel, progress=progress,
            watch=watch,
        )  # fmt: skip
        self.kind, self.trained = "lora", made
        self.notes = (*self.notes, *made.notes, made.effect.said)


def _checked_name(name: str) -> str:
    try:
        return TypeAdapter(StyleName).validate_python(name, strict=True)
    except ValidationError:
        raise InvalidInstruction(
            f"A style cannot be called {short(name)}. Use 1 to 80 letters, digits, spaces, dots, "
            "dashes and underscores, beginning with a letter or digit; no slashes."
        ) from None


def _chosen(base: str, settings: TrainingSettings | None, pipeline: Any) -> tuple[str | None, str]:
    """The family to train a LoRA for, None for a look, and why in a sentence."""
    if base == _LOOK:
        return None, "A look was learned, as asked."
    if base != "auto":
        return base, f"A LoRA was trained for {base}, as asked."
    family = (settings or TrainingSettings()).family
    if pipeline is not None:
        return family, f"A LoRA was trained on the pipeline that was given, for {family}."
    lacking = [one for one in _PACKAGES if importlib.util.find_spec(one) is None]
    if lacking:
        why = f"the AI packages are not installed ({', '.join(lacking)}; make ai adds them)"
    else:
        import torch

        if torch.cuda.is_available():
            return family, f"A LoRA was trained for {family}, because a CUDA card is here."
        why = "there is no CUDA card here"
    return None, (
        f"A look was learned rather than a LoRA, because {why}. The photo's own geometry draws in "
        "it; AI models do not obey looks."
    )


def _settings(
    settings: TrainingSettings | None, family: str, learning_rate: float, steps: int
) -> TrainingSettings:
    told = {} if settings is None else settings.model_dump()
    if isinstance(learning_rate, int) and not isinstance(learning_rate, bool):
        learning_rate = float(learning_rate)
    told |= {"family": family, "learning_rate": learning_rate, "steps": steps}
    try:
        return TrainingSettings.model_validate(told)
    except ValidationError as error:
        raise InvalidInstruction(explain_errors(error, TrainingSettings)) from None
