"""Which model a command takes, and how it is loaded, by llama.cpp's names."""

from __future__ import annotations

import enum
import inspect
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import foundry
from foundry.cli import adapters, ui
from foundry.cli.options import WrongUsage, one_of, option, stands_for

_GROUP = "Model"


def types() -> Sequence[str]:
    """Of weights, that one may name."""
    from foundry.convert import TYPES

    return TYPES


class CacheType(enum.Enum):
    f16 = "f16"
    bf16 = "bf16"
    f32 = "f32"
    q8_0 = "q8_0"
    q4_0 = "q4_0"


@dataclass(frozen=True)
class ModelOptions:
    """A model, as the command line names it."""

    file: Path | None
    repository: str | None
    hub_file: str | None
    token: str | None
    offline: bool
    device: str | None = None
    ctx_size: int = 0
    cache_type: CacheType = CacheType.f16
    threads: int | None = None
    quantize: str | None = None
    lora: list[str] | None = None
    lora_scaled: list[str] | None = None

    @property
    def path(self) -> Path:
        """Its file or folder, which is fetched where it is one of the hub's."""
        if self.file is not None:
            return self.file
        from foundry.models import fetch

        assert self.repository is not None
        with ui.progress_bars() as report:
            return fetch(
                self.repository,
                file=self.hub_file,
                token=self.token,
                offline=self.offline,
                progress=report,
            )

    def load(self) -> foundry.models.LanguageModel:
        """A model that generates, with a bar for each stage: what is fetched, weights, kernels."""
        model: object = self.load_any()
        if isinstance(model, foundry.models.EmbeddingModel):
            raise foundry.UnsupportedModelError(
                f"{model.path}: unsupported: an embedding model ({model.config.architecture.name}),"
                " which generates no text; supported: foundry embed"
            )
        assert isinstance(model, foundry.models.LanguageModel)
        return model

    def load_any(self) -> foundry.models.Embeds:
        """Any model, as load() does."""
        path = self.path
        if self.threads is not None:
            os.environ["ANVIL_THREADS"] = str(self.threads)
        with ui.progress_bars() as report:
            return foundry.models.load(
                path,
                device=self.device,
                context_length=self.ctx_size or None,
                cache_dtype=foundry.DType[self.cache_type.value],
                progress=report,
                quantize=self.quantize,
                adapters=adapters.adapters_of(self.lora, self.lora_scaled),
            )


def takes_model(
    *,
    loads: bool = True,
    without: tuple[str, ...] = (),
    then: str | None = None,
    many: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command's `model` becomes an argument, and options that name one instead; with `loads`
    those of loading too, but for those `without`. `then` is the argument after it, or with `many`
    the list of those, which is the first where an option names the model."""
    of_loading = [each for each in _LOADING if loads and each.name not in without]

    def make(given: dict[str, Any]) -> ModelOptions:
        place = given.pop("model")
        named = given.pop("model_file")
        repository, hub_file = given.pop("hf_repo"), given.pop("hf_file")
        if named is not None or repository is not None:
            if place is not None and then is not None and (many or given[then] is None):
                given[then] = [place, *(given[then] or ())] if many else place
                place = None
        elif hub_file is not None:
            raise WrongUsage("--hf-file is a file of --hf-repo, which is not given")
        chosen = one_of("the model", "its path, --model or --hf-repo", place, named, repository)
        file = None if chosen is repository else Path(chosen)
        loading = {each.name: given.pop(each.name) for each in of_loading}
        return ModelOptions(
            file, repository, hub_file, given.pop("hf_token"), given.pop("offline"), **loading
        )

    return stands_for("model", [*_NAMING, *of_loading], make)


_NAMING = [
    inspect.Parameter(
        "model",
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=None,
        annotation=Annotated[
            str | None,
            typer.Argument(
                help="A GGUF file, the first of its parts, or a Hugging Face folder; or --hf-repo.",
                show_default=False,
            ),
        ],
    ),
    option("model_file", Path | None, None, "--model", "-m", metavar="PATH", group=_GROUP,
           help="The same, as an option."),
    option("hf_repo", str | None, None, "--hf-repo", "-hf", metavar="USER/MODEL", group=_GROUP,
           help="One of the Hugging Face Hub; USER/MODEL:FORMAT for another than Q4_K_M."),
    option("hf_file", str | None, None, "--hf-file", "-hff", metavar="FILE", group=_GROUP,
           help="Which of its files."),
    option("hf_token", str | None, None, "--hf-token", "-hft", metavar="TOKEN", group=_GROUP,
           help="For what is not public; else $HF_TOKEN."),
    option("offline", bool, False, "--offline", help="Only what was fetched before.", group=_GROUP),
]  # fmt: skip
_LOADING = [
    option("ctx_size", int, 0, "--ctx-size", "-c", min=0, metavar="N", group=_GROUP,
           help="Tokens of the context; 0: as many as the model was made for."),
    option("cache_type", CacheType, CacheType.f16, "--cache-type-k", "-ctk", "--cache-type-v",
           "-ctv", group=_GROUP, help="Of keys and values."),
    option("device", str | None, None, "--device", "-dev", metavar="NAME", group=_GROUP,
           help="One of `foundry devices`; else the first."),
    option("threads", int | None, None, "--threads", "-t", min=1, max=1024, metavar="N",
           group=_GROUP, help="Of Anvil's processor device; else all."),
    option("quantize", str | None, None, "--quantize", metavar="TYPE", group=_GROUP,
           help="Encode f32, f16 and bf16 weights so: q8_0, q4_k ...", autocompletion=types),
    *adapters.OPTIONS,
]  # fmt: skip
