"""Adapters of low rank: logits against llama.cpp's of the same files, and merged weights."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import reference
from adapter_files import merge, random_updates, write_gguf
from adapter_files import write_folder as write_peft
from case import Case
from cases import CASES, EVERY_CASE, model_of, parameters
from numpy.typing import NDArray
from test_folders import write_folder
from transformers_reference import BASE
from writer import VOCABULARY, Model

import foundry as fd
from foundry.convert import convert
from test_model_numbers import cosines

# Past the windows; several tokens at once and one by one.
TOKENS = [int(token) for token in np.random.default_rng(3).integers(1, VOCABULARY, 40)]
# Of the largest: the same sums in another order. Those of matrix units, which take many tokens, are
# off by 5e-6 in place of 3e-7 (docs/fusion.md).
ANOTHER_ORDER = 2e-5
AT_ONCE = 3.4e-4 if fd.devices()[0].traits.has_matrix_units else ANOTHER_ORDER
KERNELS = (
    "attn_q attn_k attn_v attn_qkv attn_q_a attn_kv_a_mqa attn_gate ssm_ba ssm_alpha ssm_beta",
    "attn_q_b",
    "attn_output",
    "ffn_gate ffn_up",
    "ffn_down",
    "ffn_gate_shexp ffn_up_shexp",
    "ffn_down_shexp",
    "ffn_gate_inp",
    "ffn_gate_inp_shexp",
    "inp_gate",
    "proj",
    "in_proj",
    "out_proj",
    "ssm_in",
    "ssm_out",
)
"""By the input that their products have."""
ALL = " ".join([*KERNELS, "per_layer_model_proj output"])
_IGNORED = {
    "deepseek2": "attn_q attn_q_a attn_q_b attn_kv_a_mqa output",
    "gemma4": "per_layer_model_proj",
}
"""What llama.cpp takes updates of and does not add them to: merged there."""
_UNUSED = {
    "gemma4: shared keys and values, inputs of layers": r"blk\.[456]\.attn_[kv]\.",
    "glm4moe: partial RoPE, a layer that predicts further tokens": r"blk\.3\.",
}
"""Tensors that the file has and the model does not use, of which llama.cpp may refuse updates."""
_INPUTS = "attn_q attn_k attn_v"


def _fused(model: Model) -> Model:
    """With queries, keys and values in one matrix."""
    shapes_of = {}
    for layer, shapes in model.shapes_of.items():
        rows = [shape[0] for name, shape in shapes.items() if name in _INPUTS.split()]
        fused = {"attn_qkv": (sum(rows), model.sizes.hidden)} if rows else {}
        shapes_of[layer] = {**shapes, **fused}
    return replace(model, tensors=model.tensors.replace(_INPUTS, "attn_qkv"), shapes_of=shapes_of)


_MOE = model_of("qwen2moe")
_EQUAL = Case(
    replace(_MOE, metadata={**_MOE.metadata, "expert_count": 2 * _MOE.sizes.shared}),
    "as many experts as rows of the shared expert's gate and product",
    dispatches=8,
)
_SHARED = next(name for name in _UNUSED if name.startswith("gemma4"))
_SHARED_FUSED = Case(
    _fused(next(case.model for case in CASES if case.name == _SHARED)),
    "queries in one matrix with keys and values that are not used",
    dispatches=7,
)
_FAST = (
    "llama: plain",
    "phi3: fused tensors",
    "gemma2: windows, soft caps",
    "gemma4: values of keys",
    "glm4moe: partial RoPE, a layer that predicts further tokens",
    "deepseek2: latents of queries, groups of experts, YaRN",
    "lfm2: short convolutions",
    "qwen35: gated attention in every third layer",
    _EQUAL.name,
    _SHARED_FUSED.name,
)


def _check(model: fd.models.LanguageModel, expected: reference.Logits) -> None:
    reference.compare(reference.of_foundry(model, TOKENS), expected)


def _dispatches(model: fd.models.LanguageModel) -> list[int]:
    layers = model.engine.forward.decode_step().layers
    return [layers.count(layer) for layer in range(model.config.layers)]


def _more(case: Case, layer: int) -> int:
    """Two for each kernel whose products are changed, and a shared expert's activations are no
    longer of the router's."""
    tensors = case.model.others.get(layer, case.model.tensors).split()
    names = {tensor.split(".")[-1] for tensor in tensors}
    changed = sum(not names.isdisjoint(kernel.split()) for kernel in KERNELS)
    return 2 * changed + ("ffn_up_shexp" in names)


@dataclass
class _Adapters:
    """Two files, as Foundry is given them and as llama.cpp is, beside which model."""

    base: Path
    ours: list[tuple[Path, float]] = field(default_factory=list)
    theirs: list[tuple[Path, float]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _adapters(case: Case, path: Path, folder: Path) -> _Adapters:
    architecture, made = case.model.architecture, _Adapters(path)
    for rank, scale in ((3, 0.7), (8, -1.5)):
        updates = random_updates(path, ALL, rank, seed=rank)
        file = write_gguf(folder / f"{rank}.gguf", architecture, updates, alpha=0.5 * rank)
        made.ours.append((file, scale))
        unused = [name for name in updates if re.match(_UNUSED.get(case.name, "$"), name)]
        if unused:
            made.warnings.append(
                f"adapter {file}: {len(unused)} of {len(updates)} updates are of tensors that the "
                f"model does not use, '{unused[0]}' first"
            )
            updates = {name: updates[name] for name in updates.keys() - set(unused)}
            file = write_gguf(folder / f"{rank} used.gguf", architecture, updates, 0.5 * rank)
        made.theirs.append((file, scale))
        if architecture in _IGNORED:
            names = _IGNORED[architecture].split()
            ignored = {name: updates[name] for name in updates if name.split(".")[-2] in names}
            merged = folder / f"{rank} merged.gguf"
            made.base = merge(made.base, merged, ignored, 0.5 * scale)
    return made


@pytest.mark.parametrize("case", parameters((*EVERY_CASE, _EQUAL, _SHARED_FUSED), _FAST))
def test_logits_are_llama_cpps(program: Path, tmp_path: Path, case: Case) -> None:
    path = case.model.write(tmp_path / "model.gguf")
    adapters = _adapters(case, path, tmp_path)
    with warnings.catch_warnings(record=True) as told:
        model = fd.models.load(path, cache_dtype=fd.f32, adapters=adapters.ours)
    assert [str(warning.message) for warning in told] == adapters.warnings
    expected = reference.logits(program, adapters.base, TOKENS, adapters.theirs)
    _check(model, expected)
    layers = range(model.config.layers)
    plain = [case.of_layer(layer) for layer in layers]
    assert _dispatches(model) == [plain[layer] + _more(case, layer) for layer in layers]
    without = reference.logits(program, path, TOKENS)
    assert cosines(expected.at_once, without.at_once).min() < 0.9999  # they count
    model.set_adapters([])
    _check(model, without)
    assert _dispatches(model) == plain


def test_logits_are_those_of_merged_weights(tmp_path: Path) -> None:
    path = model_of("llama").write(tmp_path / "model.gguf")
    updates = random_updates(path, "attn_q attn_v ffn_down", 4)
    adapter = write_gguf(tmp_path / "adapter.gguf", "llama", updates, alpha=0.0)
    merged = fd.models.load(merge(path, tmp_path / "merged.gguf", updates, 0.5), cache_dtype=fd.f32)
    model = fd.models.load(path, cache_dtype=fd.f32, adapters=[(adapter, 0.5)])
    assert model.adapters == ((adapter, 0.5),)
    for batch, error in ((1, ANOTHER_ORDER), (40, AT_ONCE)):
        found, expected = model.logits(TOKENS, batch=batch), merged.logits(TOKENS, batch=batch)
        np.testing.assert_allclose(found, expected, rtol=0, atol=error * np.abs(expected).max())


def test_adapters_change_while_a_generation_is_open(tmp_path: Path) -> None:
    path = model_of("llama").write(tmp_path / "model.gguf")
    updates = random_updates(path, ALL, 4)
    adapter = write_gguf(tmp_path / "adapter.gguf", "llama", updates, alpha=8.0)
    model = fd.models.load(path)
    generation = model.generate(TOKENS, max_tokens=6, ignore_end=True)
    next(generation)
    before = list(generation.tokens)
    model.save_prompt_cache(tmp_path / "cache")
    model.set_adapters([adapter])
    with pytest.raises(fd.ModelError, match="is another model's"):
        model.load_prompt_cache(tmp_path / "cache")
    next(generation)
    after = [*TOKENS, *before]
    expected = model.logits(after)[-1].argmax()
    assert generation.tokens[len(before)] == expected
    model.set_adapters([])
    list(generation)
    rows = model.logits([*TOKENS, *generation.tokens]).argmax(axis=-1)
    end = len(TOKENS) + len(before)
    assert rows[end : len(TOKENS) + 5].tolist() == generation.tokens[len(before) + 1 :]


_MODULES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def _turned(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """A folder's rows as GGUF has them: elements i and i + n / 2 of a head side by side."""
    order = [
        head * (len(rows) // heads) + i + half * (len(rows) // heads // 2)
        for head in range(heads)
        for i in range(len(rows) // heads // 2)
        for half in (0, 1)
    ]
    return rows[order]


@pytest.mark.parametrize("rslora", [False, True])
def test_folders_of_peft_are_what_their_gguf_files_are(tmp_path: Path, rslora: bool) -> None:
    folder, file = tmp_path / "folder", tmp_path / "model.gguf"
    folder.mkdir()
    write_folder(folder, "LlamaForCausalLM")
    convert(folder, file, type="f32")
    of_file = dict(random_updates(file, " ".join(_MODULES), 4))
    by_module = {}
    for name, (down, up) in of_file.items():
        _, layer, part, _ = name.split(".")
        by_module[f"model.layers.{layer}.{_MODULES[part]}"] = (down, up)
        heads = {"attn_q": BASE["num_attention_heads"], "attn_k": BASE["num_key_value_heads"]}
        if part in heads:
            of_file[name] = (down, _turned(up, heads[part]))
    alpha = 6.0
    peft = write_peft(
        tmp_path / "peft", by_module, alpha, 4, use_rslora=rslora, alpha_pattern={"o_proj": 2.0}
    )
    # alpha / rank, or over its root; one module has another alpha.
    of_file = {
        name: (down, up * (2.0 / alpha if "attn_output" in name else 1.0))
        for name, (down, up) in of_file.items()
    }
    own = write_gguf(tmp_path / "own.gguf", "llama", of_file, alpha * (2.0 if rslora else 1.0))
    found = [
        fd.models.load(model, cache_dtype=fd.f32, adapters=[adapter]).logits(TOKENS)
        for model in (folder, file)
        for adapter in (peft, own)
    ]
    merged = merge(file, tmp_path / "merged.gguf", of_file, alpha / (2.0 if rslora else 4.0))
    expected = fd.models.load(merged, cache_dtype=fd.f32).logits(TOKENS)
    for logits in found:
        np.testing.assert_allclose(logits, expected, rtol=0, atol=AT_ONCE * np.abs(expected).max())
