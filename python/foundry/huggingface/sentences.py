"""What the `sentence-transformers` package keeps in a folder: pooling, dense layers, prompts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foundry.errors import ModelError, UnsupportedModelError
from foundry.huggingface.prompts import Prompts
from foundry.huggingface.weights import StoredTensor, json_object, json_value, stored_tensors
from foundry.metadata import shown

_POOLINGS = {"mean": 1, "cls": 2, "lasttoken": 3}
"""By the package's names, GGUF's numbers."""
_FLAGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "lasttoken",
}
_DENSE = ("dense_2", "dense_3")
_PLAIN = ("torch.nn.modules.linear.Identity", None)


def prompts_of(folder: Path) -> Prompts:
    """`ModelError` where they are no texts."""
    path = folder / "config_sentence_transformers.json"
    if not path.exists():
        return Prompts()
    settings = json_object(path)
    texts, default = settings.get("prompts") or {}, settings.get("default_prompt_name")
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ModelError(f"{path}: prompts is {shown(texts)}; expected texts by name")
    if default is not None and default not in texts:
        raise ModelError(f"{path}: default_prompt_name is {shown(default)}, no prompt of its own")
    return Prompts(texts, default)


def pooling_of(folder: Path) -> int | None:
    """GGUF's number, where the folder says it. `UnsupportedModelError` for another pooling."""
    for path in _modules(folder, "Pooling"):
        settings = json_object(path / "config.json")
        modes = [settings["pooling_mode"]] if "pooling_mode" in settings else []
        modes += [
            _FLAGS.get(name, name)
            for name, value in settings.items()
            if name.startswith("pooling_mode_") and value is True
        ]
        if len(modes) != 1 or modes[0] not in _POOLINGS:
            raise UnsupportedModelError(
                f"{path}: unsupported pooling {shown(', '.join(map(str, modes)))}; supported: "
                f"{', '.join(_POOLINGS)}"
            )
        return _POOLINGS[modes[0]]
    return None


def dense_layers(folder: Path) -> dict[str, StoredTensor]:
    """By GGUF's names. `UnsupportedModelError` for more than two and for those that bend."""
    found = {}
    paths = list(_modules(folder, "Dense"))
    if len(paths) > len(_DENSE):
        raise UnsupportedModelError(
            f"{folder}: unsupported: {len(paths)} Dense modules; supported: {len(_DENSE)} at most"
        )
    for name, path in zip(_DENSE, paths, strict=False):
        activation = json_object(path / "config.json").get("activation_function")
        if activation not in _PLAIN:
            raise UnsupportedModelError(
                f"{path}: unsupported activation_function {shown(activation)}; supported: "
                f"{_PLAIN[0]}"
            )
        for own, tensor in stored_tensors(path).items():
            found[f"{name}.{own.removeprefix('linear.')}"] = tensor
    return found


def _modules(folder: Path, kind: str) -> Iterator[Path]:
    """The folders of the modules of a kind."""
    path = folder / "modules.json"
    if not path.exists():
        return
    modules: Any = json_value(path)
    if not isinstance(modules, list) or not all(isinstance(each, dict) for each in modules):
        raise ModelError(f"{path}: is no list of modules")
    for module in modules:
        place = module.get("path")
        if str(module.get("type")).rpartition(".")[2] != kind:
            continue
        if not isinstance(place, str) or Path(place).name != place:
            raise ModelError(f"{path}: {shown(place)} is no name of a folder beside it")
        yield folder / place
