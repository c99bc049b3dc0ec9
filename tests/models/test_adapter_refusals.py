"""Adapters that a model does not take, and what is said of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from adapter_files import Updates, random_updates, write_gguf
from adapter_files import write_folder as write_peft
from cases import CASES, model_of

import foundry as fd


def test_refusals(tmp_path: Path) -> None:
    model = fd.models.load(model_of("llama").write(tmp_path / "model.gguf"))
    layers = random_updates(model.path, "attn_q", 4)
    down, up = layers["blk.0.attn_q.weight"]

    def refused(error: type[Exception], text: str, sources: Any) -> None:
        with pytest.raises(error, match=re.escape(text)):
            model.set_adapters(sources)
        assert model.adapters == ()

    def file(name: str, updates: Updates, **more: Any) -> Path:
        return write_gguf(tmp_path / name, "llama", updates, 1.0, **more)

    def folder(name: str, updates: Updates, **more: Any) -> Path:
        return write_peft(tmp_path / name, updates, 1.0, 4, **more)

    refused(
        fd.ModelError,
        "has an update of 'blk.9.attn_q.weight', a tensor that the model has not",
        [file("a", {"blk.9.attn_q.weight": (down, up)})],
    )
    refused(
        fd.ModelError,
        "'blk.0.attn_q.weight' has shapes (95, 4) and (4, 96); the model's tensor has (96, 96)",
        [file("b", {"blk.0.attn_q.weight": (down, up[1:])})],
    )
    refused(
        fd.ModelError,
        "'blk.0.attn_q.weight' has shapes (96, 4) and (3, 96)",
        [file("c", {"blk.0.attn_q.weight": (down[1:], up)})],
    )
    refused(
        fd.UnsupportedModelError,
        "unsupported update of 'token_embd.weight'; supported: attn_q, attn_k",
        [file("d", random_updates(model.path, "token_embd", 4))],
    )
    refused(
        fd.ModelError,
        "is for 'qwen2' models; the model is 'llama'",
        [write_gguf(tmp_path / "e", "qwen2", layers, 1.0)],
    )
    refused(
        fd.UnsupportedModelError,
        "unsupported general.type 'model'; supported: 'adapter'",
        [file("f", layers, metadata={"general.type": "model"})],
    )
    refused(
        fd.UnsupportedModelError,
        "unsupported adapter.type 'vera'; supported: 'lora'",
        [file("g", layers, metadata={"adapter.type": "vera"})],
    )
    refused(fd.ArgumentTypeError, "adapters is a str; expected a list of paths", "a")
    refused(fd.ArgumentTypeError, "the scale of a is 'x'; expected a number", [("a", "x")])
    refused(fd.ArgumentTypeError, "adapters: 3; expected a path", [3])
    refused(fd.GgufError, "nowhere", ["nowhere"])

    module = {"model.layers.0.self_attn.q_proj": (down, up)}
    refused(
        fd.UnsupportedModelError,
        "unsupported use_dora True; supported: False",
        [folder("h", module, use_dora=True)],
    )
    refused(
        fd.UnsupportedModelError,
        "unsupported peft_type 'IA3'; supported: 'LORA'",
        [folder("i", module, peft_type="IA3")],
    )
    refused(
        fd.ModelError,
        "'model.layers.0.nothing' is no module of a llama model of 3 layers",
        [folder("j", {"model.layers.0.nothing": (down, up)})],
    )
    refused(
        fd.UnsupportedModelError,
        "unsupported module 'model.layers.0.mlp.experts.0.up_proj'; supported: those that every "
        "token takes",
        [folder("k", {"model.layers.0.mlp.experts.0.up_proj": (down, up)})],
    )
    refused(
        fd.ModelError, "lora_alpha is 'x'; expected a number", [folder("l", module, lora_alpha="x")]
    )
    path = folder("m", module)
    (path / "adapter_model.safetensors").unlink()
    refused(fd.ModelError, "there is no adapter_model.safetensors", [path])


@pytest.mark.parametrize("name", ["attn_kv_b", "attn_k_b", "attn_v_b", "ffn_up_exps"])
def test_products_that_nothing_is_added_to_are_refused(tmp_path: Path, name: str) -> None:
    case = next(
        case
        for case in CASES
        if case.model.architecture == "deepseek2" and name in case.model.tensors.split()
    )
    model = fd.models.load(case.model.write(tmp_path / "model.gguf"))
    updates = random_updates(model.path, name, 4)
    adapter = write_gguf(tmp_path / "adapter.gguf", "deepseek2", updates, alpha=1.0)
    text = f"adapter {adapter}: unsupported update of '{next(iter(updates))}'; supported: attn_q, "
    with pytest.raises(fd.UnsupportedModelError, match=re.escape(text)):
        model.set_adapters([adapter])
    assert model.adapters == ()


def test_delta_nets_of_folders_are_refused(tmp_path: Path) -> None:
    model = fd.models.load(model_of("qwen35").write(tmp_path / "model.gguf"))
    name = "model.layers.0.linear_attn.out_proj"
    (update,) = random_updates(model.path, "attn_output", 4).values()
    adapter = write_peft(tmp_path / "adapter", {name: update}, 1.0, 4)
    text = (
        f"adapter {adapter}: unsupported module '{name}', whose rows GGUF has in another order; "
        "supported: adapters as GGUF files"
    )
    with pytest.raises(fd.UnsupportedModelError, match=re.escape(text)):
        model.set_adapters([adapter])
