"""Every error that Foundry raises, and the ones that only Python code can meet.

The runtime's own errors are C++ exceptions, one Python class for each; all derive from `Error`.
"""

from __future__ import annotations

from foundry._foundry import (
    ArenaInUseError,
    ArgumentError,
    ArgumentTypeError,
    DeviceError,
    DispatchError,
    DTypeError,
    Error,
    GgufError,
    KernelCompileError,
    OutOfMemoryError,
    ProgramError,
    ShapeError,
    SignatureMismatchError,
    StorageError,
    TensorIndexError,
)

__all__ = [
    "ArenaInUseError",
    "ArgumentError",
    "ArgumentTypeError",
    "BatchFullError",
    "ChatTemplateError",
    "ContextLengthError",
    "DTypeError",
    "DeviceError",
    "DispatchError",
    "Error",
    "GgufError",
    "KernelCompileError",
    "MissingKeyError",
    "ModelError",
    "ModelWarning",
    "OutOfMemoryError",
    "ProgramError",
    "ShapeError",
    "SignatureMismatchError",
    "StorageError",
    "TensorIndexError",
    "TokenizerError",
    "UnsupportedModelError",
]

for _error in (
    ArgumentError,
    ArgumentTypeError,
    DeviceError,
    DispatchError,
    DTypeError,
    Error,
    GgufError,
    KernelCompileError,
    OutOfMemoryError,
    ArenaInUseError,
    ProgramError,
    ShapeError,
    SignatureMismatchError,
    StorageError,
    TensorIndexError,
):
    _error.__module__ = "foundry"  # where users find it


class MissingKeyError(Error, KeyError):
    """A key that a mapping of Foundry's has not."""

    __str__ = Exception.__str__  # KeyError shows its text as a value


class ModelError(Error, ValueError):
    """A model file that is well-formed GGUF but not a usable model."""


class UnsupportedModelError(ModelError):
    """An architecture, quantisation or tokenizer that Foundry does not have; lists what it has."""


class TokenizerError(ModelError):
    """A vocabulary, merge list or token id that does not fit together."""


class ChatTemplateError(ModelError):
    """A chat template that does not parse, refuses its messages, or exceeds a limit."""


class ContextLengthError(ModelError):
    """More tokens than the model's context holds; names both numbers."""


class BatchFullError(Error, RuntimeError):
    """A batch that has no place for another sequence now; names how many it has."""


class ModelWarning(UserWarning):
    """Something in a model file that Foundry passes over; names it."""
