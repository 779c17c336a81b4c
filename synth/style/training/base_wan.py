"""Wan 2.1 and 2.2 as a base: text, pictures and VACE models, one or two experts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from synth.backends.protocol import FrameRule
from synth.style.training.bases import Expert, TrainingBase, Words
from synth.style.training.buckets import Reading
from synth.style.training.noise import Range, Straight

if TYPE_CHECKING:
    import torch

_WORDS: Final = 512
"""Places of a caption; the transformer of Wan 2.1 counts on just so many."""


class WanBase(TrainingBase):
    """A Wan pipeline."""

    course = Straight()

    @property
    def reading(self) -> Reading:
        """Sides of whole patches, counts that the VAE reads without rest."""
        time, space = self._ratios()
        patch = self.pipe.transformer.config.patch_size[1]
        most = self.family.frames.most
        return Reading(space * patch, FrameRule(time, 1, 1, most), self.family.rate)

    @property
    def still_frames(self) -> int:
        """One."""
        return 1

    @property
    def experts(self) -> tuple[Expert, ...]:
        """Wan 2.2 of 14B has two: for much noise and for little."""
        border = self.pipe.config.boundary_ratio
        if getattr(self.pipe, "transformer_2", None) is None or border is None:
            return super().experts
        return (
            Expert("transformer", self.pipe.transformer, Range(border, 1.0)),
            Expert("transformer_2", self.pipe.transformer_2, Range(0.0, border)),
        )

    def words(self, caption: str) -> dict[str, torch.Tensor]:
        """Embeddings, padded with zeros."""
        embeds, _ = self.pipe.encode_prompt(
            caption, do_classifier_free_guidance=False, max_sequence_length=_WORDS,
            device=self.pipe.text_encoder.device,
        )  # fmt: skip
        return {"words": embeds.float().cpu()}

    def encoded(self, pixels: torch.Tensor) -> torch.Tensor:
        """The VAE's likeliest latents, each channel of mean 0 and spread 1."""
        vae = self.pipe.vae
        mean, spread = self._scale(pixels)
        found = vae.encode(pixels.to(vae.dtype)).latent_dist.mode().float()
        return (found - mean) / spread

    def decoded(self, latents: torch.Tensor) -> torch.Tensor:
        """Pixels."""
        vae = self.pipe.vae
        mean, spread = self._scale(latents)
        return vae.decode((latents * spread + mean).to(vae.dtype), return_dict=False)[0].float()

    def asked(
        self, model: Any, noisy: torch.Tensor, times: torch.Tensor, words: Words
    ) -> torch.Tensor:
        """Asked from words alone: a picture's channels and embedding are zeros."""
        import torch

        config = model.config
        batch, channels, *size = noisy.shape
        extra: dict[str, Any] = {}
        spare = config.in_channels - channels
        fed = noisy
        if spare > 0:
            fed = torch.cat([noisy, noisy.new_zeros(batch, spare, *size)], dim=1)
        if getattr(config, "vace_layers", None):
            guide = noisy.new_zeros(batch, config.vace_in_channels, *size)
            extra["control_hidden_states"] = guide.to(model.dtype)
            extra["control_hidden_states_scale"] = noisy.new_zeros(len(config.vace_layers))
        if config.image_dim is not None:
            seen = torch.zeros(batch, self._seen(), config.image_dim)
            extra["encoder_hidden_states_image"] = seen.to(noisy.device, model.dtype)
        return model(
            hidden_states=fed.to(model.dtype),
            timestep=times,
            encoder_hidden_states=words["words"].to(noisy.device, model.dtype),
            return_dict=False,
            **extra,
        )[0].float()

    def _seen(self) -> int:
        """Places of a picture's embedding."""
        eyes = getattr(self.pipe, "image_encoder", None)
        if eyes is None:
            return 257
        return (eyes.config.image_size // eyes.config.patch_size) ** 2 + 1

    def _ratios(self) -> tuple[int, int]:
        return self.pipe.vae_scale_factor_temporal, self.pipe.vae_scale_factor_spatial

    def _scale(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        config = self.pipe.vae.config
        return (
            like.new_tensor(config.latents_mean).reshape(1, -1, 1, 1, 1),
            like.new_tensor(config.latents_std).reshape(1, -1, 1, 1, 1),
        )
