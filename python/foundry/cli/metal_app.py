"""The commands of `foundry metal` and their options."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from foundry.cli.options import command_of

metal = typer.Typer(
    name="metal", help="Work on `.metal` files.", no_args_is_help=True, add_completion=False
)
command = command_of(metal)


class Math(enum.Enum):
    fast = "fast"
    relaxed = "relaxed"
    safe = "safe"


class Format(enum.Enum):
    text = "text"
    github = "github"
    sarif = "sarif"


Device = Annotated[
    str | None, typer.Option(help="Device name, see `foundry devices`. [default: the first]")
]
Include = Annotated[
    list[Path] | None,
    typer.Option("--include", "-I", help="A folder for #include; may be repeated."),
]
Define = Annotated[
    list[str] | None,
    typer.Option("--define", "-D", help="A macro, NAME or NAME=VALUE; may be repeated."),
]
MathMode = Annotated[Math, typer.Option(help="Math mode.")]


@command
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


@command
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
