"""LTX-Video and CogVideoX as a base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from synth.backends.families import Family
from synth.backends.protocol import FrameRule
from synth.style.training.bases import TrainingBase, Words
from synth.style.training.buckets import Reading
from synth.style.training.noise import Curved, Straight

if TYPE_CHECKING:
    import torch

_LTX_WORDS: Final = 128
_COG_WORDS: Final = 226
_SHIFTED: Final = 2.0
"""What CogVideoX 1.5 reads for "as it is" where it could be shifted."""


class LtxBase(TrainingBase):
    """An LTX-Video pipeline."""

    course = Straight()

    @property
    def reading(self) -> Reading:
        """Counts of eight and one."""
        time, space = self._ratios()
        most = self.family.frames.most
        return Reading(space, FrameRule(time, 1, 1, most), self.family.rate)

    @property
    def still_frames(self) -> int:
        """One."""
        return 1

    def words(self, caption: str) -> dict[str, torch.Tensor]:
        """Embeddings and which of them count."""
        embeds, mask, _, _ = self.pipe.encode_prompt(
            caption, do_classifier_free_guidance=False, max_sequence_length=_LTX_WORDS,
            device=self.pipe.text_encoder.device,
        )  # fmt: skip
        return {"words": embeds.float().cpu(), "mask": mask.long().cpu()}

    def encoded(self, pixels: torch.Tensor) -> torch.Tensor:
        """The VAE's likeliest latents, normalised."""
        vae = self.pipe.vae
        found = vae.encode(pixels.to(vae.dtype)).latent_dist.mode().float()
        mean, spread = self._scale(found)
        return (found - mean) / spread

    def decoded(self, latents: torch.Tensor) -> torch.Tensor:
        """Pixels, with no noise left in the decoder."""
        vae = self.pipe.vae
        mean, spread = self._scale(latents)
        time = latents.new_zeros(len(latents)) if vae.config.timestep_conditioning else None
        found = (latents * spread + mean).to(vae.dtype)
        return vae.decode(found, time, return_dict=False)[0].float()

    def asked(
        self, model: Any, noisy: torch.Tensor, times: torch.Tensor, words: Words
    ) -> torch.Tensor:
        """Asked in tokens, with the places told in seconds and pixels."""
        time, space = self._ratios()
        patch = self.pipe.transformer_spatial_patch_size
        patch_time = self.pipe.transformer_temporal_patch_size
        _, _, frames, height, width = noisy.shape
        fed = self.pipe._pack_latents(noisy, patch, patch_time)
        said = model(
            hidden_states=fed.to(model.dtype),
            timestep=times,
            encoder_hidden_states=words["words"].to(noisy.device, model.dtype),
            encoder_attention_mask=words["mask"].to(noisy.device),
            num_frames=frames,
            height=height,
            width=width,
            rope_interpolation_scale=(time / float(self.family.rate), space, space),
            return_dict=False,
        )[0].float()
        return self.pipe._unpack_latents(said, frames, height, width, patch, patch_time)

    def tokens(self, latents: tuple[int, ...]) -> int:
        """Each latent is one."""
        return latents[2] * latents[3] * latents[4]

    def _ratios(self) -> tuple[int, int]:
        return self.pipe.vae_temporal_compression_ratio, self.pipe.vae_spatial_compression_ratio

    def _scale(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        vae = self.pipe.vae
        mean, spread = (
            one.reshape(1, -1, 1, 1, 1).to(like.device, like.dtype)
            for one in (vae.latents_mean, vae.latents_std)
        )
        return mean, spread / vae.config.scaling_factor


class CogBase(TrainingBase):
    """A CogVideoX pipeline, 1.0 or 1.5."""

    def __init__(self, pipe: Any, family: Family) -> None:
        """Take a loaded pipeline, on the CPU."""
        super().__init__(pipe, family)
        self.course = Curved(pipe.scheduler)

    @property
    def reading(self) -> Reading:
        """One size and count where places are learned by heart, else latents of whole patches."""
        time, space = self._ratios()
        config = self.pipe.transformer.config
        most = self.family.frames.most
        if config.use_learned_positional_embeddings:
            size = config.sample_width * space, config.sample_height * space
            count = config.sample_frames
            return Reading(space * 2, FrameRule(time, 1, count, count), self.family.rate, size)
        patch = config.patch_size_t or 1
        offset = time * (patch - 1) + 1
        return Reading(
            space * config.patch_size, FrameRule(time * patch, offset, offset, most),
            self.family.rate,
        )  # fmt: skip

    @property
    def still_frames(self) -> int:
        """The least it reads."""
        return self.reading.frames.least

    def words(self, caption: str) -> dict[str, torch.Tensor]:
        """Embeddings."""
        embeds, _ = self.pipe.encode_prompt(
            caption, None, do_classifier_free_guidance=False, max_sequence_length=_COG_WORDS,
            device=self.pipe.text_encoder.device,
        )  # fmt: skip
        return {"words": embeds.float().cpu()}

    def encoded(self, pixels: torch.Tensor) -> torch.Tensor:
        """The VAE's likeliest latents, scaled."""
        vae = self.pipe.vae
        found = vae.encode(pixels.to(vae.dtype)).latent_dist.mode().float()
        return found * vae.config.scaling_factor

    def decoded(self, latents: torch.Tensor) -> torch.Tensor:
        """Pixels."""
        vae = self.pipe.vae
        return vae.decode((latents / vae.config.scaling_factor).to(vae.dtype)).sample.float()

    def asked(
        self, model: Any, noisy: torch.Tensor, times: torch.Tensor, words: Words
    ) -> torch.Tensor:
        """Asked frames first; a picture's channels are zeros."""
        import torch

        config = model.config
        fed = noisy.permute(0, 2, 1, 3, 4)
        if config.in_channels > fed.shape[2]:
            fed = torch.cat([fed, torch.zeros_like(fed)], dim=2)
        _, space = self._ratios()
        places = None
        if config.use_rotary_positional_embeddings:
            places = self.pipe._prepare_rotary_positional_embeddings(
                noisy.shape[3] * space, noisy.shape[4] * space, noisy.shape[2], noisy.device
            )
        shifted = None if config.ofs_embed_dim is None else fed.new_full((1,), _SHIFTED)
        said = model(
            hidden_states=fed.to(model.dtype),
            encoder_hidden_states=words["words"].to(noisy.device, model.dtype),
            timestep=times,
            ofs=None if shifted is None else shifted.to(model.dtype),
            image_rotary_emb=places,
            return_dict=False,
        )[0]
        return said.permute(0, 2, 1, 3, 4).float()

    def _ratios(self) -> tuple[int, int]:
        return self.pipe.vae_scale_factor_temporal, self.pipe.vae_scale_factor_spatial
