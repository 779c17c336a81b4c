"""The backend whose models run at a service: the photo and a sentence go out, a clip comes back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from synth.backends.chain import Call, calls, chained
from synth.backends.conform import conform
from synth.backends.geometric import frame_photo
from synth.backends.prompts import Advice
from synth.backends.prompts_calls import CallWords, all_said, check_said, words_of
from synth.backends.protocol import (
    Assignment,
    Capabilities,
    Frame,
    Instruction,
    Keeps,
    Rendering,
)
from synth.backends.providers.call import Line, Told, draw_clip
from synth.backends.providers.models import Offer, Served, find_offer, served
from synth.backends.providers.payloads import Wish, make_payload, most_styles
from synth.backends.providers.queues import make_queue
from synth.backends.providers.refusals import TOKENS_PAGE
from synth.backends.providers.secret import Token
from synth.backends.providers.watch import Watch, watched
from synth.backends.providers.wire import Wire
from synth.backends.settings import BackendSettings
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, Unavailable
from synth.limits import LIMITS
from synth.media.video import VideoReader

_LOOK_UP_SECONDS: Final = 45.0

_NO_TOKEN: Final = (
    "A service needs a token of a Hugging Face account: sign in, or make one on "
    f"{TOKENS_PAGE} with the permission to call Inference Providers, and paste it. It is used for "
    "this render and kept nowhere."
)

_KEEPS: Final[dict[Instruction, Keeps]] = {
    "camera": "in words", "timing": "in words", "zoom": "in words", "handheld": "in words",
    "subjects": "in words", "weather": "in words", "lens": "not", "edge": "not", "loop": "not",
    "prompt": "in words", "negative prompt": "in words", "lighting": "in words",
    "seed": "in words", "size": "exactly", "rate": "exactly", "length": "exactly",
}  # fmt: skip
"""A seed is passed on as it is; that it always gives the same clip is the service's promise."""

_SLOWEST: Final = 1
"""Frame rate below which a clip's own word on it is not believed."""

_PRICES: Final = {
    ("fal-ai", "wan2.2"): "$0.04 (480p) to $0.08 (720p)",
    ("wavespeed", "wan2.2"): "$0.03 (480p) to $0.06 (720p)",
}
"""Of a second of video, by the services' own price lists as read in 2026."""


class ProvidersBackend:
    """Draws shots at fal-ai, together or wavespeed, paid by the owner of the token."""

    def __init__(
        self,
        settings: BackendSettings,
        *,
        token: str | None,
        endpoint: str | None = None,
        pause: float = 0.5,
    ) -> None:
        """Ask nothing yet.

        Args:
            settings: provider, family or model, sentence, longest wait.
            token: of the Hugging Face account that pays, or a provider's own key where the
                provider is named. Kept in this object alone, and in nothing that it gives.
            endpoint: address of a stand-in that serves the Hub at its root and each service at
                ``/router/<provider>`` and ``/direct/<provider>``; the one place where a clip may
                lie at a private address.
            pause: first pause between two questions to a service, seconds.

        Raises ``InvalidInstruction`` for a token that cannot be one, and for a family that no
        service offers.
        """
        self._settings = settings
        self._token = Token(token) if token and token.strip() else None
        self._own = (endpoint or "").rstrip("/")
        self._pause = pause
        self._model = served(settings)

    def __repr__(self) -> str:
        """Model and provider."""
        return f"ProvidersBackend({self._model.model!r}, {self._settings.provider!r})"

    @property
    def capabilities(self) -> Capabilities:
        """What a service obeys; asks nobody."""
        model, provider = self._model, self._settings.provider
        styles = most_styles(provider) if model.base else 0
        where = "a service of the Hub" if provider == "auto" else provider
        return Capabilities(
            name="providers",
            title=f"{model.title} at {where}",
            keeps=dict(_KEEPS),
            sizes=model.sizes,
            frames=model.frames,
            rate=model.rate,
            style="lora" if styles else None,
            base=model.base if styles else "",
            most_styles=styles,
            cost=self._cost(),
            remote=True,
            missing="" if self._token else _NO_TOKEN,
        )

    def render(
        self,
        assignment: Assignment,
        *,
        cancel: CancelToken,
        progress: ProgressCallback = ignore_progress,
    ) -> Rendering:
        """Find who offers the model; the clip itself is asked for with the first frame.

        Raises as ``Backend.render`` says; a clip that cannot be read is ``InvalidMedia``.
        """
        token = self._token
        if token is None:
            raise Unavailable(_NO_TOKEN)
        cancel.check()
        loras = tuple(lora for lora in assignment.loras if lora.strength != 0.0)
        offer = self._offer(token, cancel, progress)
        film, path = assignment.film, assignment.path
        width, height = self._model.sizes.fit(film.width, film.height)
        first, _ = frame_photo(assignment.photo, width, height)
        plan = calls(
            len(path) / float(path.fps), self._model.frames, self._model.rate, fps=path.fps
        )
        advice = Advice(self._model.wording, self._model.negative)
        words = words_of(assignment, self._settings, advice, plan)
        check_said(words)
        wish = Wish(
            first, words[0].text, words[0].negative, film.seed, plan[0].frames,
            self._settings.steps, self._settings.guidance, loras,
        )  # fmt: skip
        # Said before anything is sent: a style that cannot be obeyed, a photo that is too large.
        payload = make_payload(offer, self._model, wish)
        told = Told()
        line = Line(
            make_queue(offer.provider, token, own=self._own), token, self._model.model,
            float(self._settings.timeout), self._pause, self._own,
        )  # fmt: skip
        made_by = {
            "backend": "providers", "provider": offer.provider, "model": self._model.model,
            "endpoint": payload.endpoint, "sentence": all_said([one.text for one in words]),
            "negative": all_said([one.negative for one in words]), "seed": str(film.seed),
        }  # fmt: skip
        if loras:
            made_by["styles"] = ", ".join(f"{one.url} at {one.strength:g}" for one in loras)
        shot = _Shot(line, offer, self._model, wish, plan, words, told, cancel, progress)
        return Rendering(
            frames=shot.frames(film.width, film.height, path.fps, len(path)),
            path=path,
            made_by=made_by,
            closing_notes=lambda: tuple(dict.fromkeys(told.notes)),
        )

    def _offer(self, token: Token, cancel: CancelToken, progress: ProgressCallback) -> Offer:
        provider = self._settings.provider
        if not token.of_the_hub and provider == "auto":
            raise InvalidInstruction(
                "This token is not one of Hugging Face (those begin with hf_). Choose the provider "
                "that it belongs to, or use a Hugging Face token."
            )
        hub = self._own or _hub()

        def work(watch: Watch) -> Offer:
            watch.say(Progress("Asking the Hub who offers the model"))
            # Who offers a model is public: a service's own key is none of the Hub's business.
            known = token if token.of_the_hub else None
            with Wire("The Hugging Face Hub", known, watch, own=self._own) as wire:
                return find_offer(wire, hub, self._model.model, provider)

        return watched(
            work,
            cancel=cancel,
            progress=progress,
            seconds=_LOOK_UP_SECONDS,
            too_late="The Hugging Face Hub did not answer within "
            f"{_LOOK_UP_SECONDS:g} seconds. Check the connection and try again.",
            failed="The Hugging Face Hub could not be asked",
            scrub=token.scrub,
        )

    def _cost(self) -> str:
        price = _PRICES.get((self._settings.provider, self._model.family))
        about = f"about {price} a second of video when this was written" if price else "a fee"
        return (
            f"The service charges {about}, for every call, to the account of the token; its price "
            f"list holds. A clip takes from half a minute to several minutes; after "
            f"{self._settings.timeout:,} seconds it is given up. The photo leaves this machine."
        )


class _Shot:
    """One shot on its way: what its calls share."""

    def __init__(
        self,
        line: Line,
        offer: Offer,
        model: Served,
        wish: Wish,
        plan: tuple[Call, ...],
        words: tuple[CallWords, ...],
        told: Told,
        cancel: CancelToken,
        progress: ProgressCallback,
    ) -> None:
        self._line = line
        self._offer = offer
        self._model = model
        self._wish = wish
        self._plan = plan
        self._words = words
        self._told = told
        self._cancel = cancel
        self._progress = progress

    def frames(self, width: int, height: int, fps: Fraction, count: int) -> Iterator[Frame]:
        """The finished frames; temporary files go when the iterator ends or is closed."""
        plan, model = self._plan, self._model
        with tempfile.TemporaryDirectory(
            prefix="synth-provider-", ignore_cleanup_errors=True
        ) as name:
            folder = Path(name)
            if len(plan) == 1:
                # A single clip is brought to the shot's rate at once, not through the model's.
                drawn = self._drawn(
                    plan[0], self._wish.picture, folder, (width, height), fps, count
                )
                yield from drawn
                return
            rows, columns = self._wish.picture.shape[:2]

            def draw(call: Call, start: Frame) -> Iterator[Frame]:
                return self._drawn(call, start, folder, (columns, rows), model.rate, call.frames)

            whole = chained(draw, self._wish.picture, plan)
            with closing(
                conform(
                    whole, rate=model.rate, width=width, height=height, fps=fps, count=count,
                    cancel=self._cancel,
                )
            ) as frames:  # fmt: skip
                yield from frames
                self._told.notes.extend(frames.notes)

    def _drawn(
        self,
        call: Call,
        start: Frame,
        folder: Path,
        size: tuple[int, int],
        fps: Fraction,
        count: int,
    ) -> Iterator[Frame]:
        """One call's clip, brought to a size, a rate and a count."""
        path = folder / f"clip-{call.number}"
        which = f"clip {call.number + 1} of {len(self._plan)}" if len(self._plan) > 1 else ""
        words = self._words[call.number]
        wish = replace(
            self._wish, picture=start, sentence=words.text, negative=words.negative,
            frames=call.frames, seed=self._wish.seed + call.number,
        )  # fmt: skip
        payload = make_payload(self._offer, self._model, wish)
        self._told.notes.extend(payload.notes)
        draw_clip(
            self._line, payload, path, self._told, which=which, cancel=self._cancel,
            progress=self._progress,
        )  # fmt: skip
        with self._reader(path) as reader:
            rate = reader.info.fps
            if not _SLOWEST <= rate <= LIMITS.video_fps:
                rate = self._model.rate
            with closing(
                conform(
                    self._pictures(reader), rate=rate, width=size[0], height=size[1], fps=fps,
                    count=count, cancel=self._cancel,
                )
            ) as frames:  # fmt: skip
                yield from frames
                self._told.notes.extend(frames.notes)
            self._told.notes.extend(reader.notes)
        path.unlink(missing_ok=True)

    def _reader(self, path: Path) -> VideoReader:
        try:
            return VideoReader(path, cancel=self._cancel)
        except (InvalidMedia, LimitExceeded) as error:
            raise self._unusable(str(error)) from None

    def _pictures(self, reader: VideoReader) -> Iterator[Frame]:
        """A clip's frames; a picture alone is no clip."""
        count = 0
        frames = iter(reader)
        while True:
            try:
                frame = next(frames, None)
            except (InvalidMedia, LimitExceeded) as error:
                raise self._unusable(str(error)) from None
            if frame is None:
                break
            count += 1
            yield frame.pixels
        if count < 2:
            raise self._unusable(f"it holds {count} frame where a clip was asked for.")

    def _unusable(self, why: str) -> InvalidMedia:
        return InvalidMedia(
            f"What {self._offer.provider} sent cannot be used: {why} The service may have charged "
            "for it; choose another model or provider."
        )


def _hub() -> str:
    """The Hub's address, as huggingface_hub was told it."""
    from huggingface_hub.constants import ENDPOINT

    return ENDPOINT.rstrip("/")
