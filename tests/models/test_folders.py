"""Hugging Face folders: `transformers` in float64, and llama.cpp on what they are converted to."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import reference
from numpy.typing import NDArray
from one_at_a_time import alone
from transformers_reference import BASE, CASES, LLAMA3, VOCABULARY

import foundry as fd
from foundry.convert import convert
from test_model_numbers import cosines

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
TOKENS = [int(token) for token in np.random.default_rng(4).integers(1, VOCABULARY, 60)]

# transformers computes in float64 with RoPE's angles of 32 bits; Foundry in f32.
NEAR = 1 - 1e-6
# llama.cpp looks GELU up in a table of f16.
NEAR_GELU = 1 - 1e-5


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of each case."""
    folder = tmp_path_factory.mktemp("saved")
    run_transformers("transformers_reference.py", folder, *map(str, TOKENS))
    return folder


def run_transformers(program: str, *arguments: str | Path) -> None:
    """Runs it in an environment with torch and transformers."""
    home = ROOT / "build/models/transformers"
    with alone(home.with_suffix(".lock")):
        python = _transformers(home)
    done = subprocess.run(
        [python, HERE / program, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def _transformers(home: Path) -> Path:
    python = home / "bin/python"
    wanted = (ROOT / "requirements/transformers.txt").read_text()
    stamp = home / "ready"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "-r", "requirements/transformers.txt"],
            cwd=ROOT,
            check=True,
        )
        stamp.write_text(wanted)
    return python


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_logits_are_those_of_transformers(saved: Path, case: str) -> None:
    expected = np.load(saved / case / "logits.npy")
    model = fd.models.load(saved / case, cache_dtype=fd.f32)
    assert cosines(model.logits(TOKENS), expected).min() >= NEAR
    assert cosines(model.logits(TOKENS, batch=1), expected).min() >= NEAR


KINDS = {
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3",
    "uint8": "U8",
    "int8": "I8",
    "int32": "I32",
    "uint32": "U32",
    "int64": "I64",
}


def write_safetensors(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """The format of the `safetensors` package: length of a JSON header, header, data."""
    header: dict[str, Any] = {}
    data = b""
    for name, values in tensors.items():
        kind = KINDS[values.dtype.name]
        end = len(data) + values.nbytes
        header[name] = {"dtype": kind, "shape": values.shape, "data_offsets": [len(data), end]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def weights(configuration: Mapping[str, Any], *more: str) -> dict[str, NDArray[Any]]:
    """Random bfloat16 for a class with Llama's names, and `more` norms of a layer."""
    random = np.random.default_rng(6)
    hidden, inner = configuration["hidden_size"], configuration["intermediate_size"]
    heads, kv_heads = configuration["num_attention_heads"], configuration["num_key_value_heads"]
    head = configuration.get("head_dim", hidden // heads)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens": (VOCABULARY, hidden)}
    for layer in range(configuration["num_hidden_layers"]):
        at = f"model.layers.{layer}"
        shapes |= {
            f"{at}.self_attn.q_proj": (heads * head, hidden),
            f"{at}.self_attn.k_proj": (kv_heads * head, hidden),
            f"{at}.self_attn.v_proj": (kv_heads * head, hidden),
            f"{at}.self_attn.o_proj": (hidden, heads * head),
            f"{at}.mlp.gate_proj": (inner, hidden),
            f"{at}.mlp.up_proj": (inner, hidden),
            f"{at}.mlp.down_proj": (hidden, inner),
            f"{at}.input_layernorm": (hidden,),
            f"{at}.post_attention_layernorm": (hidden,),
        }
        shapes |= {f"{at}.{name}": (head if "self_attn" in name else hidden,) for name in more}
    shapes |= {"model.norm": (hidden,), "lm_head": (VOCABULARY, hidden)}
    found = {}
    for name, shape in shapes.items():
        values = random.standard_normal(shape)
        values = values / np.sqrt(shape[-1]) if len(shape) > 1 else 0.2 * values + 1
        values *= 2 if "q_proj" in name or "k_proj" in name else 1
        found[f"{name}.weight"] = values.astype(ml_dtypes.bfloat16)
    return found


def write_tokenizer(folder: Path) -> None:
    import tokenizers
    from tokenizers import models, pre_tokenizers

    tokens = ["<|end|>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "ab"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    backend = tokenizers.Tokenizer(models.BPE(vocabulary, [("a", "b")]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.add_special_tokens(["<|end|>"])
    backend.save(str(folder / "tokenizer.json"))


HEAD_NORMS = ("self_attn.q_norm", "self_attn.k_norm")
SANDWICH = ("pre_feedforward_layernorm", "post_feedforward_layernorm")
FOLDERS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "LlamaForCausalLM": ({"rope_parameters": LLAMA3}, ()),
    "Qwen3ForCausalLM": ({"head_dim": 32, "rope_theta": 1e5}, HEAD_NORMS),
    "Gemma3ForCausalLM": (
        {
            "head_dim": 32,
            "hidden_activation": "gelu_pytorch_tanh",
            "query_pre_attn_scalar": 32,
            "sliding_window": 24,
            "sliding_window_pattern": 6,
            "rope_theta": 1e6,
            "rope_local_base_freq": 1e4,
            "num_hidden_layers": 7,
            "tie_word_embeddings": True,
        },
        HEAD_NORMS + SANDWICH,
    ),
}


def write_folder(folder: Path, name: str) -> None:
    settings, norms = FOLDERS[name]
    configuration = {**BASE, "architectures": [name], "rms_norm_eps": 1e-6, **settings}
    (folder / "config.json").write_text(json.dumps(configuration))
    tensors = weights(configuration, *norms)
    names = sorted(tensors)
    index: dict[str, str] = {}
    for part, chosen in enumerate((names[::2], names[1::2])):  # two files
        file = f"model-{part}.safetensors"
        write_safetensors(folder / file, {name: tensors[name] for name in chosen})
        index |= dict.fromkeys(chosen, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    write_tokenizer(folder)


@pytest.mark.parametrize("name", FOLDERS)
def test_llama_cpp_computes_the_same_of_the_converted_file(
    program: Path, tmp_path: Path, name: str
) -> None:
    folder, file = tmp_path / "folder", tmp_path / "model.gguf"
    folder.mkdir()
    write_folder(folder, name)
    convert(folder, file, type="f32")
    expected = reference.logits(program, file, TOKENS)
    near = NEAR_GELU if "Gemma" in name else NEAR
    own = fd.models.load(folder, cache_dtype=fd.f32).logits(TOKENS)
    assert cosines(own, expected.at_once).min() >= near
    again = fd.models.load(file, cache_dtype=fd.f32).logits(TOKENS)
    assert cosines(again, expected.at_once).min() >= near
