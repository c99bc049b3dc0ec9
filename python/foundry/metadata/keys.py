"""Every metadata key of the GGUF specification, and what Foundry does with each.

The keys are those of ggml's docs/gguf.md, of the `gguf` package's `constants.Keys` and of
llama.cpp's src/llama-arch.cpp. `{arch}` is the file's architecture; any other name in braces stands
for one part of a key. What an architecture of its own honours (`Architecture.honoured`) goes before
this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Treatment(Enum):
    """What happens to a key that a file has."""

    HONOURED = "honoured"
    IGNORED = "ignored"
    WARNED = "warned"
    """A `ModelWarning`, unless the value is a neutral one."""
    REFUSED = "refused"
    """An `UnsupportedModelError`, unless the value is a neutral one."""


@dataclass(frozen=True)
class Key:
    """One row: `neutral` are the values that change nothing, an empty array always among them."""

    name: str
    treatment: Treatment
    note: str
    neutral: tuple[object, ...] = ()


_HONOURED, _IGNORED = Treatment.HONOURED, Treatment.IGNORED
_WARNED, _REFUSED = Treatment.WARNED, Treatment.REFUSED
_OFF = (0, False, "")


def _rows(
    treatment: Treatment, note: str, prefix: str, names: str, neutral: tuple[object, ...] = ()
) -> tuple[Key, ...]:
    return tuple(Key(prefix + name, treatment, note, neutral) for name in names.split())


_GENERAL = (
    Key("general.architecture", _HONOURED, "one of the table above"),
    Key("general.alignment", _HONOURED, "a power of two"),
    Key("general.name", _HONOURED, "the model's name in messages"),
    Key("general.type", _REFUSED, "only models generate", ("model",)),
    Key("general.quantization_version", _WARNED, "block formats are those of version 2", (2,)),
    Key("general.file_type", _IGNORED, "every tensor names its own format"),
    *_rows(
        _IGNORED,
        "a recommendation; pass it to `generate`",
        "general.sampling.",
        "sequence top_k top_p min_p xtc_probability xtc_threshold temp penalty_last_n "
        "penalty_repeat mirostat mirostat_tau mirostat_eta",
    ),
    *_rows(
        _IGNORED,
        "describes the file",
        "general.",
        "author version organization finetune basename description quantized_by size_label license "
        "license.name license.link url doi uuid repo_url source.url source.doi source.uuid "
        "source.repo_url source.huggingface.repository base_model.count base_model.{id}.name "
        "base_model.{id}.author base_model.{id}.version base_model.{id}.organization "
        "base_model.{id}.description base_model.{id}.url base_model.{id}.doi base_model.{id}.uuid "
        "base_model.{id}.repo_url dataset.count dataset.{id}.name dataset.{id}.author "
        "dataset.{id}.version dataset.{id}.organization dataset.{id}.description dataset.{id}.url "
        "dataset.{id}.doi dataset.{id}.uuid dataset.{id}.repo_url datasets tags languages",
    ),
    *_rows(
        _IGNORED,
        "how the file was quantised",
        "quantize.imatrix.",
        "file dataset entries_count chunks_count",
    ),
    *_rows(_IGNORED, "statistics for a quantiser", "imatrix.", "chunk_count chunk_size datasets"),
    *_rows(_HONOURED, "the parts of a split file", "split.", "count no tensors.count"),
    *_rows(
        _REFUSED,
        "an adapter's; `adapters` of `load` takes it beside its model",
        "adapter.",
        "type lora.alpha lora.task_name lora.prompt_prefix alora.invocation_tokens",
    ),
)

_MODEL = (
    *_rows(
        _HONOURED,
        "a size of the model; an array has to have one value for all layers",
        "{arch}.",
        "context_length embedding_length block_count",
    ),
    *_rows(
        _HONOURED,
        "a size of all layers, or an array of each one's",
        "{arch}.",
        "feed_forward_length attention.head_count attention.head_count_kv",
    ),
    Key("{arch}.vocab_size", _HONOURED, "has to be the number of tokens"),
    Key("{arch}.attention.key_length", _HONOURED, "elements of a head"),
    Key("{arch}.attention.value_length", _HONOURED, "has to be attention.key_length"),
    Key("{arch}.attention.scale", _REFUSED, "of scores; 0 for 1/sqrt(key_length)", (0,)),
    Key("{arch}.rope.dimension_count", _HONOURED, "elements of a head that RoPE turns"),
    Key("{arch}.rope.freq_base", _HONOURED, "RoPE"),
    Key(
        "{arch}.rope.scaling.type", _HONOURED, "`none`, `linear` (the default), `yarn`, `longrope`"
    ),
    Key("{arch}.rope.scaling.factor", _HONOURED, "unless the type is `none`"),
    Key("{arch}.rope.scale_linear", _HONOURED, "rope.scaling.factor of older files"),
    Key("{arch}.rope.scaling.attn_factor", _HONOURED, "times rotated queries and keys"),
    Key("{arch}.rope.scaling.original_context_length", _HONOURED, "`yarn`, `longrope`"),
    *_rows(
        _HONOURED,
        "`yarn`",
        "{arch}.rope.scaling.",
        "yarn_ext_factor yarn_beta_fast yarn_beta_slow yarn_log_multiplier",
    ),
    Key("{arch}.rope.scaling.yarn_attn_factor", _REFUSED, "YaRN's own is computed", (1,)),
    Key("{arch}.rope.scaling.finetuned", _IGNORED, "describes the model"),
    Key("{arch}.rope.scaling.alpha", _REFUSED, "NTK-aware scaling", (0, 1)),
    *_rows(
        _IGNORED,
        "of the norm that the architecture has",
        "{arch}.attention.",
        "layer_norm_rms_epsilon layer_norm_epsilon",
    ),
    Key(
        "{arch}.tensor_data_layout",
        _REFUSED,
        "the order of a head's elements",
        ("reference", "Meta AI original pth"),
    ),
    Key("{arch}.attention.causal", _HONOURED, "`False`: an embedding model"),
    Key(
        "{arch}.attention.sliding_window",
        _WARNED,
        "positions that a token attends to; all, as in llama.cpp",
        (0,),
    ),
    *_rows(_REFUSED, "scales", "{arch}.", "logit_scale residual_scale embedding_scale", (0, 1)),
    *_rows(
        _REFUSED,
        "a mixture of experts",
        "{arch}.",
        "expert_count expert_used_count expert_shared_count expert_group_count "
        "expert_group_used_count expert_feed_forward_length expert_shared_feed_forward_length "
        "expert_chunk_feed_forward_length expert_weights_norm expert_gating_func "
        "expert_group_scale experts_per_group moe_every_n_layers moe_latent_size "
        "interleave_moe_layer_step router_logit_softcapping leading_dense_block_count",
        _OFF,
    ),
    Key("{arch}.expert_weights_scale", _REFUSED, "a mixture of experts", (0, 1)),
    *_rows(
        _REFUSED,
        "no part of the architecture",
        "{arch}.",
        "use_parallel_residual attn_logit_softcapping final_logit_softcapping swin_norm "
        "rescale_every_n_layers time_mix_extra_dim time_decay_extra_dim token_shift_count "
        "full_attention_interval activation_sparsity_scale altup.active_idx altup.num_inputs "
        "embedding_length_per_layer_input embedding_length_out features_length "
        "nextn_predict_layers n_deepstack_layers decoder_start_token_id decoder_block_count "
        "swiglu_clamp_exp swiglu_clamp_shexp "
        "attention.max_alibi_bias attention.clamp_kqv attention.group_norm_epsilon "
        "attention.group_norm_groups "
        "attention.q_lora_rank attention.kv_lora_rank attention.decay_lora_rank "
        "attention.iclr_lora_rank attention.value_residual_mix_lora_rank attention.gate_lora_rank "
        "attention.relative_buckets_count attention.temperature_length "
        "attention.temperature_scale attention.key_length_mla attention.value_length_mla "
        "attention.key_length_swa attention.value_length_swa attention.shared_kv_layers "
        "attention.sliding_window_pattern attention.recurrent_layers attention.indexer.head_count "
        "attention.indexer.key_length attention.indexer.top_k rope.dimension_count_swa "
        "rope.dimension_sections rope.freq_base_swa ssm.conv_kernel ssm.inner_size ssm.state_size "
        "ssm.time_step_rank ssm.group_count ssm.dt_b_c_rms kda.head_dim wkv.head_size "
        "posnet.embedding_length posnet.block_count convnext.embedding_length "
        "convnext.block_count shortconv.l_cache",
        _OFF,
    ),
    Key("{arch}.attention.output_scale", _REFUSED, "no part of the architecture", (0, 1)),
    Key("{arch}.classifier.output_labels", _HONOURED, 'what `pooling="rank"` scores'),
    Key("{arch}.classifier.pooling_type", _HONOURED, "`modern-bert`; the mean by default"),
    Key("{arch}.pooling_type", _HONOURED, "of `embed`"),
    Key("{arch}.hidden_activation", _IGNORED, "the architecture has its own"),
    *_rows(_IGNORED, "the tensors say it", "{arch}.", "{dense}_feat_in {dense}_feat_out"),
    *_rows(
        _REFUSED,
        "no part of the architecture",
        "",
        "diffusion.shift_logits xielu.alpha_p xielu.alpha_n xielu.beta xielu.eps",
        _OFF,
    ),
)

_CLIP = _rows(
    _REFUSED,
    "images and sound are not read; load the language model's own file",
    "clip.",
    "projector_type has_vision_encoder has_audio_encoder has_llava_projector use_gelu use_silu "
    "vision.projector_type vision.image_size vision.image_min_pixels vision.image_max_pixels "
    "vision.preproc_min_tiles vision.preproc_max_tiles vision.preproc_image_size vision.patch_size "
    "vision.embedding_length vision.feed_forward_length vision.projection_dim vision.block_count "
    "vision.image_mean vision.image_std vision.spatial_merge_size vision.n_wa_pattern "
    "vision.wa_layer_indexes vision.is_deepstack_layers vision.window_size "
    "vision.attention.head_count vision.attention.layer_norm_epsilon vision.projector.scale_factor "
    "vision.sam.block_count vision.sam.embedding_length vision.sam.head_count audio.projector_type "
    "audio.num_mel_bins audio.embedding_length audio.feed_forward_length audio.projection_dim "
    "audio.block_count audio.chunk_size audio.conv_kernel_size audio.max_pos_emb "
    "audio.attention.head_count audio.attention.layer_norm_epsilon audio.projector.stack_factor "
    "audio.projector.window_size audio.projector.downsample_rate audio.projector.head_count",
    _OFF,
)

_TOKENIZER = (
    Key("tokenizer.ggml.model", _HONOURED, "`bert`, `gemma4`, `gpt2`, `llama`, `t5`"),
    Key("tokenizer.ggml.pre", _HONOURED, "BPE's; `default`, with a warning, where there is none"),
    *_rows(_HONOURED, "the vocabulary", "tokenizer.ggml.", "tokens token_type"),
    Key("tokenizer.ggml.merges", _HONOURED, "`gpt2`, `gemma4`"),
    Key("tokenizer.ggml.scores", _HONOURED, "`llama`, `t5`; BPE ranks by its merges"),
    *_rows(
        _HONOURED, "ends a generation", "tokenizer.ggml.", "eos_token_id eot_token_id eom_token_id"
    ),
    *_rows(
        _HONOURED,
        "the token before a text",
        "tokenizer.ggml.",
        "bos_token_id add_bos_token",
    ),
    *_rows(
        _HONOURED,
        "after a text that is not continued",
        "tokenizer.ggml.",
        "add_eos_token add_sep_token",
    ),
    Key("tokenizer.ggml.add_space_prefix", _HONOURED, "`llama`, `t5`"),
    *_rows(_HONOURED, "`t5`", "tokenizer.ggml.", "remove_extra_whitespaces precompiled_charsmap"),
    *_rows(
        _HONOURED,
        "`bert`; on, where it is missing",
        "tokenizer.ggml.normalizer.",
        "lowercase strip_accents",
    ),
    *_rows(
        _IGNORED,
        "of no tokenizer that is here",
        "tokenizer.ggml.",
        "token_type_count escape_whitespaces",
    ),
    Key("tokenizer.ggml.suppress_tokens", _HONOURED, "never drawn"),
    *_rows(
        _HONOURED,
        "chat templates, texts; a warning unless it is a token",
        "tokenizer.ggml.",
        "unknown_token_id seperator_token_id padding_token_id mask_token_id cls_token_id",
    ),
    *_rows(
        _HONOURED,
        "`fim_pad`, `fim_rep`, `fim_sep` end a generation, as in llama.cpp",
        "tokenizer.ggml.",
        "fim_pre_token_id fim_suf_token_id fim_mid_token_id fim_pad_token_id fim_rep_token_id "
        "fim_sep_token_id prefix_token_id suffix_token_id middle_token_id",
    ),
    *_rows(_HONOURED, "chat", "tokenizer.", "chat_template chat_template.{name}"),
    Key("tokenizer.chat_templates", _IGNORED, "the templates name themselves"),
    *_rows(
        _IGNORED,
        "tokenizer.ggml.* says the same",
        "tokenizer.",
        "huggingface.json rwkv.world ggml.added_tokens",
    ),
)

KEYS = (*_GENERAL, *_MODEL, *_TOKENIZER, *_CLIP)
