"""Tiny video models for tests: the real architectures, randomly initialised, nothing downloaded.

Each has the true size and frame rules of its family (compression, patches, channels of the
condition), only few and narrow layers. They prove that the code runs, never that a picture is
good. Sides of 64 pixels and 5 to 17 frames draw in about a second.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synth.backends.families import families

TEXT_WIDTH = 32
FAMILIES = tuple(one.name for one in families())


def tiny_pipeline(family_name: str, *, seed: int = 0) -> Any:
    """The diffusers pipeline of a family with random weights, on the CPU, in evaluation mode.

    The same seed makes the same weights. Also sets torch to one thread, which is several times
    faster for models this small.
    """
    import torch

    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pipe = _BUILDERS[family_name]()
        for _, module in sorted(pipe.components.items()):
            if isinstance(module, torch.nn.Module):
                _lively(module)
                module.eval()
    pipe.set_progress_bar_config(disable=True)
    return pipe


def save_tiny(family_name: str, folder: Path | str, *, seed: int = 0) -> Path:
    """Save a tiny pipeline as the Hub would hold it; returns the folder for ``from_pretrained``."""
    folder = Path(folder)
    tiny_pipeline(family_name, seed=seed).save_pretrained(str(folder))
    return folder


def _lively(module: Any) -> None:
    """Give what is initialised to zero a little weight, or nothing that is asked ever shows."""
    import torch

    for parameter in module.parameters():
        if parameter.ndim > 1 and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)


def tokenizer() -> Any:
    """A tokenizer of bytes: 256 of them and padding, end, unknown, begin and image."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    marks = ["<pad>", "</s>", "<unk>", "<s>", "<image>"]
    symbols = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {symbol: number for number, symbol in enumerate([*marks, *symbols])}
    made = Tokenizer(models.BPE(vocab=words, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", words["</s>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        bos_token="<s>", model_max_length=512,
    )  # fmt: skip


def _t5() -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(_t5_config(T5Config))


def _umt5() -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    return UMT5EncoderModel(_t5_config(UMT5Config))


def _t5_config(kind: Any) -> Any:
    return kind(
        vocab_size=261, d_model=TEXT_WIDTH, d_kv=8, d_ff=37, num_layers=2, num_heads=4,
        dropout_rate=0.1, feed_forward_proj="gated-gelu", pad_token_id=0, eos_token_id=1,
    )  # fmt: skip


def _wan_vae() -> Any:
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan(base_dim=8, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1)


def _wan_transformer(kind: str = "WanTransformer3DModel", **options: Any) -> Any:
    import diffusers

    usual = dict(
        num_attention_heads=4, attention_head_dim=16, in_channels=36, out_channels=16,
        text_dim=TEXT_WIDTH, freq_dim=64, ffn_dim=64, num_layers=2, rope_max_seq_len=64,
    )  # fmt: skip
    return getattr(diffusers, kind)(**{**usual, **options})


def _wan_parts(flow_shift: float) -> dict[str, Any]:
    from diffusers import UniPCMultistepScheduler

    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=flow_shift
    )
    return {"tokenizer": tokenizer(), "text_encoder": _umt5(), "scheduler": scheduler}


def _wan21() -> Any:
    from diffusers import WanImageToVideoPipeline
    from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModel

    eyes = CLIPVisionConfig(
        hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        image_size=32, patch_size=8, projection_dim=32,
    )  # fmt: skip
    size = {"height": 32, "width": 32}
    return WanImageToVideoPipeline(
        vae=_wan_vae(),
        image_encoder=CLIPVisionModel(eyes),
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size),
        transformer=_wan_transformer(image_dim=32, added_kv_proj_dim=64),
        **_wan_parts(3.0),
    )


def _wan22() -> Any:
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline(
        vae=_wan_vae(),
        transformer=_wan_transformer(),
        transformer_2=_wan_transformer(),
        boundary_ratio=0.9,
        **_wan_parts(3.0),
    )


def _wan22_5b() -> Any:
    from diffusers import AutoencoderKLWan, WanImageToVideoPipeline

    vae = AutoencoderKLWan(
        base_dim=8, decoder_base_dim=8, z_dim=48, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
        temperal_downsample=[False, True, True], latents_mean=[0.0] * 48, latents_std=[1.0] * 48,
        is_residual=True, in_channels=12, out_channels=12, patch_size=2, scale_factor_spatial=16,
    )  # fmt: skip
    return WanImageToVideoPipeline(
        vae=vae,
        transformer=_wan_transformer(in_channels=48, out_channels=48),
        expand_timesteps=True,
        **_wan_parts(5.0),
    )


def _wan_vace() -> Any:
    from diffusers import WanVACEPipeline

    transformer = _wan_transformer(
        "WanVACETransformer3DModel", in_channels=16, vace_layers=[0, 1], vace_in_channels=96
    )
    return WanVACEPipeline(vae=_wan_vae(), transformer=transformer, **_wan_parts(3.0))


def _ltx() -> Any:
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXImageToVideoPipeline,
        LTXVideoTransformer3DModel,
    )

    vae = AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1, 1),
    )  # fmt: skip
    transformer = LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, num_attention_heads=4, attention_head_dim=8,
        cross_attention_dim=32, num_layers=2, caption_channels=TEXT_WIDTH,
    )  # fmt: skip
    return LTXImageToVideoPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=_t5(),
        tokenizer=tokenizer(),
        transformer=transformer,
    )


def _gemma() -> Any:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    text = dict(
        vocab_size=261, hidden_size=TEXT_WIDTH, intermediate_size=37, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=1024,
        pad_token_id=0, eos_token_id=1, bos_token_id=3,
    )  # fmt: skip
    eyes = dict(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        image_size=32, patch_size=8,
    )  # fmt: skip
    config = Gemma3Config(
        text_config=text, vision_config=eyes, mm_tokens_per_image=4, image_token_index=4,
        boi_token_index=2, eoi_token_index=2,
    )  # fmt: skip
    return Gemma3ForConditionalGeneration(config)


def _ltx2() -> Any:
    from diffusers import (
        AutoencoderKLLTX2Audio,
        AutoencoderKLLTX2Video,
        FlowMatchEulerDiscreteScheduler,
        LTX2ImageToVideoPipeline,
        LTX2VideoTransformer3DModel,
    )
    from diffusers.pipelines.ltx2 import LTX2TextConnectors
    from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder

    vae = AutoencoderKLLTX2Video(
        latent_channels=8, block_out_channels=(8, 16, 32, 32),
        decoder_block_out_channels=(8, 16, 32), layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1), spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )  # fmt: skip
    audio_vae = AutoencoderKLLTX2Audio(
        base_channels=4, ch_mult=(1,), num_res_blocks=1, resolution=32, latent_channels=2,
        mel_bins=8,
    )  # fmt: skip
    connectors = LTX2TextConnectors(
        caption_channels=TEXT_WIDTH, text_proj_in_factor=3, video_connector_num_attention_heads=4,
        video_connector_attention_head_dim=8, video_connector_num_layers=1,
        video_connector_num_learnable_registers=None, audio_connector_num_attention_heads=4,
        audio_connector_attention_head_dim=8, audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None, connector_rope_base_seq_len=32,
        rope_double_precision=False, rope_type="split",
    )  # fmt: skip
    transformer = LTX2VideoTransformer3DModel(
        in_channels=8, out_channels=8, num_attention_heads=2, attention_head_dim=16,
        cross_attention_dim=32, audio_in_channels=4, audio_out_channels=4,
        audio_num_attention_heads=2, audio_attention_head_dim=8, audio_cross_attention_dim=16,
        num_layers=2, caption_channels=TEXT_WIDTH, rope_double_precision=False, rope_type="split",
    )  # fmt: skip
    vocoder = LTX2Vocoder(
        in_channels=16, hidden_channels=32, upsample_kernel_sizes=[4, 4], upsample_factors=[2, 2],
        resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]], output_sampling_rate=16000,
    )  # fmt: skip
    return LTX2ImageToVideoPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        audio_vae=audio_vae,
        text_encoder=_gemma(),
        tokenizer=tokenizer(),
        connectors=connectors,
        transformer=transformer,
        vocoder=vocoder,
    )


def _ltx2_guided() -> Any:
    from diffusers import LTX2InContextPipeline

    return LTX2InContextPipeline(
        **{name: part for name, part in _ltx2().components.items() if name != "duration_head"}
    )


def _cogvideox(*, newer: bool = False) -> Any:
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDDIMScheduler,
        CogVideoXImageToVideoPipeline,
        CogVideoXTransformer3DModel,
    )

    vae = AutoencoderKLCogVideoX(
        block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2,
        sample_height=64, sample_width=96, scaling_factor=0.7, invert_scale_latents=newer,
    )  # fmt: skip
    # The first generation draws one size and one length: its places are learned by heart.
    own: dict[str, Any] = (
        {"patch_size_t": 2, "patch_bias": False, "ofs_embed_dim": 16}
        if newer
        else {"use_learned_positional_embeddings": True}
    )
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=8, out_channels=4,
        time_embed_dim=16, text_embed_dim=TEXT_WIDTH, num_layers=2, sample_width=12,
        sample_height=8, sample_frames=9, use_rotary_positional_embeddings=True, **own,
    )  # fmt: skip
    return CogVideoXImageToVideoPipeline(
        tokenizer=tokenizer(),
        text_encoder=_t5(),
        vae=vae,
        transformer=transformer,
        scheduler=CogVideoXDDIMScheduler(
            prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing"
        ),
    )


def _cogvideox15() -> Any:
    return _cogvideox(newer=True)


_BUILDERS = {
    "wan2.1": _wan21,
    "wan2.2": _wan22,
    "wan2.2-5b": _wan22_5b,
    "wan-vace": _wan_vace,
    "wan-vace-14b": _wan_vace,
    "ltx": _ltx,
    "ltx2": _ltx2,
    "ltx2-guided": _ltx2_guided,
    "cogvideox": _cogvideox,
    "cogvideox1.5": _cogvideox15,
}
