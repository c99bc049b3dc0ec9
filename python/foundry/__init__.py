"""Foundry: a Metal compute runtime. Kernels in MSL, tensors shared with numpy, language models.

On Apple hardware it drives the GPU; elsewhere the same kernels run on Anvil, the software Metal
device that comes with it.
"""

from __future__ import annotations

import atexit as _atexit
import importlib as _importlib
from typing import TYPE_CHECKING
from typing import Any as _Any

from foundry import dtypes, ops
from foundry._foundry import (
    Arena,
    ArenaHolder,
    ArenaMark,
    ArenaScope,
    ArenaStatistics,
    Device,
    DeviceTraits,
    DispatchConfig,
    DType,
    Foundry,
    FusedKernelBuilder,
    Gguf,
    GgufMetadata,
    GgufStrings,
    GgufTensor,
    GridSize,
    LibraryArgument,
    LibraryConstant,
    LibraryMember,
    Parameter,
    Program,
    SharedEvent,
    StageKind,
    StageTensor,
    StageType,
    Tensor,
    ThreadgroupSize,
    block_dtype,
    devices,
    finish,
    parse_dtype,
    policy,
    register_shader,
    stage,
    weight_formats,
)
from foundry.annotations import Constant, In, InOut, Out, ThreadgroupMemory
from foundry.call_errors import typed_call as _typed_call
from foundry.dtypes import *  # noqa: F403
from foundry.errors import (
    ArenaInUseError,
    ArgumentError,
    ArgumentTypeError,
    BatchFullError,
    ChatTemplateError,
    ContextLengthError,
    DeviceError,
    DispatchError,
    DTypeError,
    Error,
    GgufError,
    KernelCompileError,
    MissingKeyError,
    ModelError,
    ModelWarning,
    OutOfMemoryError,
    ProgramError,
    ShapeError,
    SignatureMismatchError,
    StorageError,
    TensorIndexError,
    TokenizerError,
    UnsupportedModelError,
)
from foundry.kernel import Kernel, kernel, per_element
from foundry.library import Library, LibraryKernel
from foundry.parameter_struct import Array, Packed, ParameterStruct

if TYPE_CHECKING:
    from foundry import models

__version__ = "0.1.0"


@_typed_call
def fuse(name: str) -> FusedKernelBuilder:
    """Starts a fused kernel: `fuse("mlp").prologue(...).main(...).epilogue(...).build(x=, y=)`."""
    return FusedKernelBuilder(name)


if not TYPE_CHECKING:  # which knows what is there

    def __getattr__(name: str) -> _Any:
        # Models bring a tokenizer and Jinja along: only who uses them pays for them.
        if name == "models":
            return _importlib.import_module("foundry.models")
        raise AttributeError(f"module 'foundry' has no attribute '{name}'")


# Classes are named by where users find them.
for _module, _names in (("foundry", globals()), ("foundry.ops", vars(ops))):
    for _value in list(_names.values()):
        if isinstance(_value, type) and _value.__module__ == "foundry._foundry":
            _value.__module__ = _module

# Work in flight is finished before the interpreter goes.
_atexit.register(finish)

__all__ = [
    "Arena",
    "ArenaHolder",
    "ArenaInUseError",
    "ArenaMark",
    "ArenaScope",
    "ArenaStatistics",
    "ArgumentError",
    "ArgumentTypeError",
    "Array",
    "BatchFullError",
    "ChatTemplateError",
    "Constant",
    "ContextLengthError",
    "DType",
    "DTypeError",
    "Device",
    "DeviceError",
    "DeviceTraits",
    "DispatchConfig",
    "DispatchError",
    "Error",
    "Foundry",
    "FusedKernelBuilder",
    "Gguf",
    "GgufError",
    "GgufMetadata",
    "GgufStrings",
    "GgufTensor",
    "GridSize",
    "In",
    "InOut",
    "Kernel",
    "KernelCompileError",
    "Library",
    "LibraryArgument",
    "LibraryConstant",
    "LibraryKernel",
    "LibraryMember",
    "MissingKeyError",
    "ModelError",
    "ModelWarning",
    "Out",
    "OutOfMemoryError",
    "Packed",
    "Parameter",
    "ParameterStruct",
    "Program",
    "ProgramError",
    "ShapeError",
    "SharedEvent",
    "SignatureMismatchError",
    "StageKind",
    "StageTensor",
    "StageType",
    "StorageError",
    "Tensor",
    "TensorIndexError",
    "ThreadgroupMemory",
    "ThreadgroupSize",
    "TokenizerError",
    "UnsupportedModelError",
    "block_dtype",
    "devices",
    "fuse",
    "kernel",
    "models",
    "ops",
    "parse_dtype",
    "per_element",
    "policy",
    "register_shader",
    "stage",
    "weight_formats",
]
__all__ += dtypes.__all__
