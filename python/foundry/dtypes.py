"""The dtypes that kernels take, under the names of MSL and GGUF.

To a type checker each is a dtype and also a type, that of the numbers which Python turns into it:
`In[f16]` and `scale: f32 = 0.5` are annotations that it understands, in signatures of kernels and
in parameter structs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from foundry._foundry import DType, block_dtype

__all__ = [
    "bf16",
    "bool_",
    "f16",
    "f32",
    "i8",
    "i16",
    "i32",
    "i64",
    "q4_0",
    "q4_1",
    "q4_k",
    "q5_0",
    "q5_1",
    "q5_k",
    "q6_k",
    "q8_0",
    "u8",
    "u16",
    "u32",
    "u64",
]

if TYPE_CHECKING:

    class _DTypeType(type, DType): ...  # type: ignore[misc]  # an enum has no subclasses

    class f32(Protocol, metaclass=_DTypeType):
        def __float__(self) -> float: ...

    class f16(Protocol, metaclass=_DTypeType):
        def __float__(self) -> float: ...

    class bf16(Protocol, metaclass=_DTypeType):
        def __float__(self) -> float: ...

    class i8(Protocol, metaclass=_DTypeType):
        def __index__(self) -> int: ...

    class i16(Protocol, metaclass=_DTypeType):
        def __index__(self) -> int: ...

    class i32(Protocol, metaclass=_DTypeType):
        def __index__(self) -> int: ...

    class i64(Protocol, metaclass=_DTypeType):
        def __index__(self) -> int: ...

    class u8(Protocol, metaclass=_DTypeType):
        def __index__(self) -> int: ...

    class u16(Protocol, metaclass=_DTypeType):
        def __index__(self) -> int: ...

    class u32(Protocol, metaclass=_DTypeType):
        def __index__(self) -> int: ...

    class u64(Protocol, metaclass=_DTypeType):
        def __index__(self) -> int: ...

    class bool_(Protocol, metaclass=_DTypeType):
        def __index__(self) -> int: ...

    class q4_0(metaclass=_DTypeType): ...

    class q4_1(metaclass=_DTypeType): ...

    class q5_0(metaclass=_DTypeType): ...

    class q5_1(metaclass=_DTypeType): ...

    class q8_0(metaclass=_DTypeType): ...

    class q4_k(metaclass=_DTypeType): ...

    class q5_k(metaclass=_DTypeType): ...

    class q6_k(metaclass=_DTypeType): ...

else:
    for _name in __all__:
        globals()[_name] = DType.boolean if _name == "bool_" else DType[_name]


def unpickled(name: str, block_elements: int, block_bytes: int, ggml_type: int | None) -> DType:
    """A dtype of one's own in the process that reads it. (A pickle cannot name the extension's
    functions.)"""
    return block_dtype(name, block_elements, block_bytes, ggml_type)
