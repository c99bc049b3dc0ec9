"""Foundry's C++ runtime. Import `foundry`, which names what is public."""

from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
    ValuesView
)
import enum
import os
from typing import Any, Literal, overload

import numpy
import numpy.typing


class Error(Exception):
    """Base of every error that Foundry raises."""

class ShapeError(Error, ValueError):
    """Extents, ranks, indices or sizes that do not fit."""

class DTypeError(Error, TypeError):
    """An element type that does not fit or is unsupported."""

class StorageError(Error, BufferError):
    """An access that the storage mode forbids."""

class ArenaInUseError(Error, RuntimeError):
    """An arena reset under live leases; names them."""

class OutOfMemoryError(Error, MemoryError):
    """An arena's cap or the device's memory is exhausted."""

class DispatchError(Error, ValueError):
    """A grid, threadgroup or binding past the device's limits."""

class KernelCompileError(Error, RuntimeError):
    """MSL that does not compile; the message is the compiler's."""

class SignatureMismatchError(Error, RuntimeError):
    """Generated signature and compiled function disagree."""

class GgufError(Error, ValueError):
    """A malformed GGUF file."""

class ProgramError(Error, ValueError):
    """A malformed program file, or weights that are not its own."""

class DeviceError(Error, RuntimeError):
    """No device, a failed command buffer, use after fork."""

class ArgumentError(Error, ValueError):
    """An argument outside its stated domain."""

class ArgumentTypeError(Error, TypeError):
    """An argument of a type that is not taken there."""

class TensorIndexError(Error, IndexError):
    """An index past an extent, or of the wrong kind."""

class DType(enum.Enum):
    """
    An element type: plain, a block-quantised format of GGUF, or one that `block_dtype()` added.
    """

    def __str__(self) -> str: ...

    f32 = 0

    f16 = 1

    bf16 = 2

    f64 = 3

    i8 = 4

    i16 = 5

    i32 = 6

    i64 = 7

    u8 = 8

    u16 = 9

    u32 = 10

    u64 = 11

    boolean = 12

    q4_0 = 13

    q4_1 = 14

    q5_0 = 15

    q5_1 = 16

    q8_0 = 17

    q8_1 = 18

    q2_k = 19

    q3_k = 20

    q4_k = 21

    q5_k = 22

    q6_k = 23

    q8_k = 24

    iq1_s = 25

    iq1_m = 26

    iq2_xxs = 27

    iq2_xs = 28

    iq2_s = 29

    iq3_xxs = 30

    iq3_s = 31

    iq4_nl = 32

    iq4_xs = 33

    tq1_0 = 34

    tq2_0 = 35

    mxfp4 = 36

    nvfp4 = 37

    q1_0 = 38

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]: ...

    @property
    def is_block(self) -> bool:
        """Whether elements come in quantised blocks."""

    @property
    def is_float(self) -> bool: ...

    @property
    def is_supported(self) -> bool:
        """Whether tensors of it can be made."""

    @property
    def format(self) -> str | None:
        """
        Of the struct module and the buffer protocol; None where they have none.
        """

    @property
    def ggml_type(self) -> int | None:
        """The number that GGUF files have for it; None where they have none."""

    @property
    def metal_name(self) -> str:
        """As MSL has it, "half"; of a block format that of its bytes."""

    @property
    def block_elements(self) -> int: ...

    @property
    def block_bytes(self) -> int:
        """Bytes of a block; of an element where the type is plain."""

def parse_dtype(name: str) -> DType:
    """The dtype of that name ("f16", "Q4_1"); DTypeError lists the names."""

def block_dtype(name: str, block_elements: int, block_bytes: int, ggml_type: int | None = None) -> DType:
    """
    A block format of one's own, for the rest of the process: `block_elements` weights, a multiple of 32, in `block_bytes` bytes. Tensors of it are made of their bytes, `policy()` says what they mean. name: small letters, digits and '_'. ggml_type: the number that GGUF files have for it, if they do. The same again is the same dtype; ArgumentError for another format of a name or a number that exists.
    """

class DeviceTraits:
    """What a device is, as far as plans of kernels depend on it."""

    @property
    def architecture(self) -> str:
        """
        Metal's name for it, "applegpu_g13g" or "anvil_cpu"; empty before macOS 14.
        """

    @property
    def lanes(self) -> Literal['gpu', 'registers']:
        """
        What a lane of a simdgroup is: a GPU's, or an element of a processor's vector registers.
        """

    @property
    def register_bytes(self) -> int:
        """
        Bytes of a vector register that kernels are compiled for; 0 with a GPU's lanes.
        """

    @property
    def threads(self) -> int:
        """
        Threads that run threadgroups at the same time; 0 where it does not say.
        """

    @property
    def cache_bytes(self) -> tuple[int, int, int]:
        """
        Bytes of its data caches, the first level first; 0 for one that it does not tell.
        """

    @property
    def has_matrix_units(self) -> bool:
        """
        Whether products of matrices of bfloats run on units of the processor's own.
        """

    @property
    def has_unified_memory(self) -> bool:
        """Whether host and device share one memory."""

    def __repr__(self) -> str: ...

class Device:
    """A Metal device. Thread-safe; unusable after fork (DeviceError)."""

    @staticmethod
    def find(name: str) -> Device:
        """
        The device of that name, or by "type:index" ("cpu:0", "cuda:0"). DeviceError lists what there is.
        """

    @property
    def name(self) -> str: ...

    @property
    def traits(self) -> DeviceTraits:
        """What it is, for plans of kernels."""

    @property
    def allocated_bytes(self) -> int:
        """Bytes of its live buffers."""

    @property
    def max_threads_per_threadgroup(self) -> tuple[int, int, int]:
        """Threads of a threadgroup at most, in each dimension."""

    @property
    def max_threadgroup_memory(self) -> int:
        """Bytes of threadgroup memory at most."""

    @property
    def max_buffer_length(self) -> int:
        """Bytes of one buffer at most."""

    @property
    def recommended_working_set(self) -> int:
        """Bytes that fit on the device; 0 where it does not say."""

    @property
    def memory_limit(self) -> int:
        """
        The most bytes of buffers of Foundry's own on the device, for the whole process: past it, OutOfMemoryError. 0: no limit but the device's.
        """

    @memory_limit.setter
    def memory_limit(self, arg: int, /) -> None: ...

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

def devices() -> list[Device]:
    """Every device of this machine, the default one first."""

def numpy_dtype(dtype: DType) -> numpy.dtype[Any]:
    """numpy's dtype for a dtype; uint8, its bytes, for a block format."""

class Tensor:
    """
    A handle on typed device memory: copies and views share the bytes, and each holds the lease. Made by Foundry.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def strides(self) -> tuple[int, ...]:
        """Steps in elements."""

    @property
    def dtype(self) -> DType: ...

    @property
    def ndim(self) -> int: ...

    @property
    def size(self) -> int:
        """Elements."""

    @property
    def nbytes(self) -> int:
        """Bytes of the elements; of a view without the gaps between them."""

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""

    @property
    def device(self) -> Device: ...

    @property
    def storage(self) -> str:
        """"dedicated", "pooled" or "view"."""

    @property
    def mode(self) -> str:
        """"shared", "private" or "borrowed"."""

    @property
    def is_contiguous(self) -> bool: ...

    @property
    def is_read_only(self) -> bool: ...

    @property
    def name(self) -> str:
        """What messages call it."""

    @name.setter
    def name(self, arg: str, /) -> None: ...

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """
        A view of another shape, in which one extent may be -1: what the others leave. ShapeError where only a copy could have it.
        """

    def transpose(self, *order: int | Sequence[int]) -> Tensor:
        """Dimensions reversed, or in `order`."""

    @property
    def T(self) -> Tensor:
        """Dimensions reversed: a view."""

    def squeeze(self, axis: int | None = None) -> Tensor:
        """Without the dimensions of extent 1, or without `axis`."""

    def unsqueeze(self, axis: int) -> Tensor: ...

    def broadcast_to(self, *shape: int | Sequence[int]) -> Tensor:
        """Dimensions of extent 1 repeated, without memory; read-only."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> numpy.typing.NDArray[Any]: ...

    def __dlpack__(self, *, stream: None = None, max_version: tuple[int, int] | None = None, dl_device: tuple[int, int] | None = None, copy: bool | None = None) -> Any:
        """
        A DLPack capsule over the memory, after waiting for the device. Read-only memory is lent as a copy, flagged read-only, and to a consumer without max_version not at all: StorageError.
        """

    def __dlpack_device__(self) -> tuple[int, int]: ...

    def host(self) -> numpy.typing.NDArray[Any]:
        """
        A numpy array over the tensor's memory, after waiting for the device; what numpy.asarray() gives, at less cost.
        """

    def copy_to_host(self) -> numpy.typing.NDArray[Any]:
        """
        A numpy array of the values, from any storage; a block dtype gives its bytes (uint8).
        """

    def copy_from(self, source: numpy.typing.ArrayLike) -> None:
        """
        Copies an array of the same shape in, converting its dtype. After kernels that use the tensor, before later ones.
        """

    def __repr__(self) -> str:
        """
        Name, shape, dtype and storage. Reads no values, so that it never waits or fails.
        """

    def __getitem__(self, key: Any) -> Tensor:
        """
        A view. Integers drop a dimension, slices keep it, None adds one, ... stands for the dimensions that are not named. TensorIndexError past an extent, ShapeError for a slice that leaves it or is empty.
        """

    def __setitem__(self, key: Any, value: numpy.typing.ArrayLike) -> None:
        """
        Copies values in, broadcast to the view's shape, converted as Foundry.tensor() does.
        """

    def __delitem__(self, key: Any) -> None: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Tensor]:
        """Views of the rows."""

    def __contains__(self, value: object) -> bool:
        """Whether any element is equal to it."""

    def item(self, *index: int) -> float | int | bool:
        """The one element, or the element at `index`, as a number of Python's."""

    def tolist(self) -> Any:
        """Nested lists of Python's numbers; of a scalar the number."""

    def __float__(self) -> float: ...

    def __int__(self) -> int: ...

    def __index__(self) -> int: ...

    def __bool__(self) -> bool: ...

    def astype(self, dtype: DType | numpy.typing.DTypeLike) -> Tensor:
        """
        A copy of its own in another dtype: exact, or rounded to nearest in a float; ArgumentError for a value that the dtype does not hold.
        """

    def copy(self) -> Tensor:
        """A tensor of its own with the same values, of any dtype and storage."""

    def __copy__(self) -> Tensor: ...

    def __deepcopy__(self, memo: Any) -> Tensor: ...

    def __reduce_ex__(self, protocol: Any) -> Any: ...

    def __eq__(self, other: object, /) -> Any:
        """
        Element by element, exactly, as a numpy array of bool; a float of Python's is first rounded to a float dtype. Waits for the device.
        """

    def __hash__(self) -> int: ...

    def __ne__(self, other: object, /) -> Any: ...

    def __add__(self, other: Any, /) -> Any: ...

    def __radd__(self, other: Any, /) -> Any: ...

    def __iadd__(self, other: Any, /) -> Any: ...

    def __sub__(self, other: Any, /) -> Any: ...

    def __rsub__(self, other: Any, /) -> Any: ...

    def __isub__(self, other: Any, /) -> Any: ...

    def __mul__(self, other: Any, /) -> Any: ...

    def __rmul__(self, other: Any, /) -> Any: ...

    def __imul__(self, other: Any, /) -> Any: ...

    def __truediv__(self, other: Any, /) -> Any: ...

    def __rtruediv__(self, other: Any, /) -> Any: ...

    def __itruediv__(self, other: Any, /) -> Any: ...

    def __floordiv__(self, other: Any, /) -> Any: ...

    def __rfloordiv__(self, other: Any, /) -> Any: ...

    def __ifloordiv__(self, other: Any, /) -> Any: ...

    def __mod__(self, other: Any, /) -> Any: ...

    def __rmod__(self, other: Any, /) -> Any: ...

    def __imod__(self, other: Any, /) -> Any: ...

    def __pow__(self, other: Any, /) -> Any: ...

    def __rpow__(self, other: Any, /) -> Any: ...

    def __ipow__(self, other: Any, /) -> Any: ...

    def __matmul__(self, other: Any, /) -> Any: ...

    def __rmatmul__(self, other: Any, /) -> Any: ...

    def __imatmul__(self, other: Any, /) -> Any: ...

    def __lshift__(self, other: Any, /) -> Any: ...

    def __rlshift__(self, other: Any, /) -> Any: ...

    def __ilshift__(self, other: Any, /) -> Any: ...

    def __rshift__(self, other: Any, /) -> Any: ...

    def __rrshift__(self, other: Any, /) -> Any: ...

    def __irshift__(self, other: Any, /) -> Any: ...

    def __and__(self, other: Any, /) -> Any: ...

    def __rand__(self, other: Any, /) -> Any: ...

    def __iand__(self, other: Any, /) -> Any: ...

    def __or__(self, other: Any, /) -> Any: ...

    def __ror__(self, other: Any, /) -> Any: ...

    def __ior__(self, other: Any, /) -> Any: ...

    def __xor__(self, other: Any, /) -> Any: ...

    def __rxor__(self, other: Any, /) -> Any: ...

    def __ixor__(self, other: Any, /) -> Any: ...

    def __lt__(self, other: Any, /) -> Any: ...

    def __le__(self, other: Any, /) -> Any: ...

    def __gt__(self, other: Any, /) -> Any: ...

    def __ge__(self, other: Any, /) -> Any: ...

    def __neg__(self) -> None: ...

    def __pos__(self) -> None: ...

    def __invert__(self) -> None: ...

    def __abs__(self) -> None: ...

    def numpy(self) -> numpy.typing.NDArray[Any]:
        """The same as host()."""

def encode_scalar(value: object | None, dtype: DType) -> bytes | None:
    """
    The bytes of a number in a plain dtype; None for what is no number, or that it does not hold.
    """

class ArenaStatistics:
    """
    A moment's accounts of an arena, in bytes: reserved = leased + alignment + stranded + available.
    """

    @property
    def reserved_bytes(self) -> int:
        """In chunks."""

    @property
    def leased_bytes(self) -> int:
        """In use: in ranges that anyone but command buffers holds."""

    @property
    def peak_leased_bytes(self) -> int:
        """The high water of leased_bytes."""

    @property
    def alignment_bytes(self) -> int:
        """That pad leased ranges."""

    @property
    def stranded_bytes(self) -> int:
        """Passed by and leased no longer: free at a rewind or reset."""

    @property
    def available_bytes(self) -> int:
        """Free now, without another chunk."""

    @property
    def waste_bytes(self) -> int:
        """alignment_bytes + stranded_bytes."""

    @property
    def retired_bytes(self) -> int:
        """Of the leased ones, left behind by a scope."""

    @property
    def cap_bytes(self) -> int:
        """0: none."""

    @property
    def allocations(self) -> int: ...

    @property
    def chunks(self) -> int: ...

    @property
    def leases(self) -> int:
        """Ranges that anyone but command buffers holds."""

    @property
    def retired(self) -> int:
        """Of these, left behind by a scope."""

    def __repr__(self) -> str: ...

class ArenaHolder:
    """Who holds what: one kind of holder of one range."""

    @property
    def name(self) -> str:
        """Of the tensor; may be empty."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor; of raw bytes, their number."""

    @property
    def dtype(self) -> DType | None:
        """Of the tensor; None for raw bytes."""

    @property
    def nbytes(self) -> int:
        """Of the range."""

    @property
    def kind(self) -> str:
        """"tensor", "view", "array", "capsule", "program" or "command_buffer"."""

    @property
    def command_buffer(self) -> int | None:
        """
        The number of the command buffer, of the last if there are several; else None.
        """

    @property
    def claims(self) -> int:
        """How many of this kind hold it."""

    @property
    def allocation(self) -> int:
        """The range's number, in order of allocation."""

    @property
    def is_retired(self) -> bool:
        """Left behind by a scope."""

    def __repr__(self) -> str: ...

class ArenaMark:
    """A position of an arena to return to, until its reset."""

    def __repr__(self) -> str: ...

class ArenaScope:
    """What is allocated inside is retired at the end."""

    def __enter__(self) -> ArenaScope: ...

    def __exit__(self, *args: object) -> None: ...

    def __repr__(self) -> str: ...

class Arena:
    """
    Bump allocation in growable chunks, never reused under a live lease. Made by Foundry.arena() and Foundry.make_arena().
    """

    @property
    def name(self) -> str: ...

    @property
    def mode(self) -> str:
        """"shared" or "private"."""

    def alloc(self, shape: int | Sequence[int], dtype: DType | numpy.typing.DTypeLike, init: numpy.typing.ArrayLike | None = None, *, name: str = '') -> Tensor:
        """
        A tensor, uninitialised or with the values of `init`. OutOfMemoryError past the cap.
        """

    def scope(self) -> ArenaScope:
        """A context manager: what is allocated inside is retired when it ends."""

    def mark(self) -> ArenaMark:
        """Where the next allocation goes, to return to with rewind()."""

    def rewind(self, mark: ArenaMark) -> None:
        """
        Frees what was allocated since `mark`; what is still held is retired until it is let go. Never waits. A mark from before a reset changes nothing.
        """

    def reset(self) -> None:
        """
        Waits for the device, then makes everything free. ArenaInUseError names the holders.
        """

    def trim(self) -> None:
        """
        Gives chunks that nobody holds back to the device, except the first and the current one.
        """

    @property
    def statistics(self) -> ArenaStatistics: ...

    def holders(self) -> list[ArenaHolder]:
        """
        Who holds what now, in order of allocation: one entry for each kind of holder of each range.
        """

    def __repr__(self) -> str: ...

class GgufStrings(Sequence[str]):
    """
    An array of strings in a GGUF file, decoded as they are asked for. Bytes that are not UTF-8 are lone surrogates (PEP 383).
    """

    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, index: int, /) -> str: ...

    @overload
    def __getitem__(self, index: slice, /) -> list[str]: ...

    def __iter__(self) -> Iterator[str]: ...

    def __eq__(self, other: object, /) -> bool: ...

    def index(self, value: Any, start: int = 0, stop: int = ...) -> int: ...

    def count(self, value: Any) -> int: ...

    def __repr__(self) -> str: ...

class GgufMetadata(Mapping[str, Any]):
    """Values by key, in the file's order, made as they are asked for."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, key: object, /) -> bool: ...

    def __getitem__(self, key: str, /) -> Any: ...

    def get(self, key: str, default: Any = None, /) -> Any: ...

    def keys(self) -> KeysView[str]: ...

    def values(self) -> ValuesView[Any]: ...

    def items(self) -> ItemsView[str, Any]: ...

    def __repr__(self) -> str: ...

class GgufTensor:
    """One tensor of a GGUF file."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Outermost dimension first: numpy's order, the reverse of the file's."""

    @property
    def dtype(self) -> DType: ...

    @property
    def offset(self) -> int:
        """Bytes from the start of its part."""

    @property
    def part(self) -> int:
        """Of a split file: which of `paths` has it."""

    @property
    def nbytes(self) -> int: ...

    def __repr__(self) -> str: ...

class Gguf:
    """
    A GGUF model file, memory-mapped and checked; a split one by its first part. GgufError for a malformed one, and for a part that is missing.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None: ...

    @property
    def path(self) -> str: ...

    @property
    def paths(self) -> tuple[str, ...]:
        """Of a split file every part's, `path` first."""

    @property
    def version(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    @property
    def metadata(self) -> GgufMetadata:
        """
        Values by key, in the file's order: numbers, bools and texts as Python has them, arrays of numbers as read-only numpy arrays over the file's own memory, arrays of texts as GgufStrings.
        """

    @property
    def tensors(self) -> dict[str, GgufTensor]:
        """In the file's order."""

    def tensor(self, runtime: Foundry, name: str) -> Tensor:
        """
        The tensor on the runtime's device, without a copy: read-only, the file stays mapped. DTypeError for an unsupported format, GgufError for a missing tensor.
        """

    def read(self, name: str) -> numpy.typing.NDArray[numpy.uint8]:
        """
        The tensor's bytes as the file has them, copied: uint8 (nbytes,). GgufError for a missing tensor, and for a file that was cut since it was opened.
        """

    def require_whole(self) -> None:
        """
        GgufError with both sizes if the file, or a part of it, is shorter than when it was opened.
        """

    def __repr__(self) -> str: ...

class Traffic:
    """Bytes that an operation must move: each tensor counts once."""

    @property
    def reads(self) -> int: ...

    @property
    def writes(self) -> int: ...

    @property
    def total(self) -> int: ...

    def __add__(self, other: Traffic) -> Traffic: ...

    def __eq__(self, other: object, /) -> bool: ...

    def __repr__(self) -> str: ...

class Operation:
    """What Foundry.run() takes."""

    @property
    def traffic(self) -> Traffic:
        """
        The bytes that it has to move; divided by the bandwidth, its floor. ArgumentError for a stage, whose share the fused kernel states.
        """

    def source(self, device: Device | None = None) -> str:
        """
        The whole MSL that it would compile on the device (None: the default one), of each of its kernels; compiles nothing. ArgumentError for a stage, which is a part of a fused kernel's, and while this thread records.
        """

class Gemv(Operation):
    """
    y = W x for up to 8 tokens, each as if alone, accumulated in f32.

    weights: (rows, columns); any format with a policy.
    x: left out in a fused kernel; (columns,) or (tokens, columns); f32, f16 or bf16.
    y: left out in a fused kernel; (rows,) or (tokens, rows); f32, f16 or bf16.
    prologue: what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm.
    epilogue: what is done to a result before it is stored: one stage, or several in order.
    rows_per_simdgroup: 1 to 8; 0 lets the device choose.
    simdgroups: of a threadgroup, 1 to 32; 0 lets the device choose.
    """

    def __init__(self, weights: Tensor, x: Tensor | None = None, y: Tensor | None = None, *, prologue: Operation | None = None, epilogue: Operation | Sequence[Operation] | None = None, rows_per_simdgroup: int = 0, simdgroups: int = 0) -> None: ...

    def __repr__(self) -> str: ...

class LinearForm(enum.Enum):
    """How a product runs."""

    automatic = 0
    """gemv for up to 8 tokens, gemm for more"""

    gemv = 1
    """up to 8 tokens, each as if alone"""

    gemm = 2
    """by lanes, tiles or matrices, whichever suits the device"""

    gemm_lanes = 3
    """a lane is a token"""

    gemm_matrices = 4
    """on simdgroup matrices"""

    gemm_tiles = 5
    """on a processor's matrix units, with scratch"""

class Gemm(Operation):
    """
    y = x W^T for many tokens, accumulated in f32.

    weights: (rows, columns); any format with a policy.
    x: left out in a fused kernel; (tokens, columns); f32, f16 or bf16.
    y: left out in a fused kernel; (tokens, rows); f32, f16 or bf16.
    prologue: what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm.
    epilogue: what is done to a result before it is stored: one stage, or several in order.
    form: gemm lets the device choose between gemm_lanes, gemm_tiles and gemm_matrices.
    scratch: optional; bf16, linear_scratch() elements: with it, many tokens run on a processor's matrix units, after a first dispatch that makes x ready for them.
    """

    def __init__(self, weights: Tensor, x: Tensor | None = None, y: Tensor | None = None, *, prologue: Operation | None = None, epilogue: Operation | Sequence[Operation] | None = None, form: LinearForm = ..., scratch: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

class Linear(Operation):
    """
    y = x W^T, accumulated in f32: Gemv for up to 8 tokens, Gemm for more.

    weights: (rows, columns); any format with a policy.
    x: left out in a fused kernel; (columns,) or (tokens, columns); f32, f16 or bf16.
    y: left out in a fused kernel; (rows,) or (tokens, rows); f32, f16 or bf16.
    prologue: what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm.
    epilogue: what is done to a result before it is stored: one stage, or several in order.
    scratch: optional; bf16, linear_scratch() elements: with it, many tokens run on a processor's matrix units, after a first dispatch that makes x ready for them.
    """

    def __init__(self, weights: Tensor, x: Tensor | None = None, y: Tensor | None = None, *, prologue: Operation | None = None, epilogue: Operation | Sequence[Operation] | None = None, scratch: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

class GatedLinear(Operation):
    """
    y = activation(x G^T + gate_bias) * (x U^T + up_bias) in one kernel: SwiGLU with Silu, GeGLU with Gelu. Shazeer 2020.

    gate: (rows, columns); any format with a policy.
    up: (rows, columns); any format with a policy.
    x: left out in a fused kernel; (columns,) or (tokens, columns); f32, f16 or bf16.
    y: left out in a fused kernel; (rows,) or (tokens, rows); f32, f16 or bf16.
    prologue: what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm.
    activation: an epilogue without a tensor, or a gating; Silu, if left out.
    epilogue: what is done to a result before it is stored: one stage, or several in order.
    gate_bias: optional; (rows,); f32, f16 or bf16.
    up_bias: optional; (rows,); f32, f16 or bf16.
    scratch: optional; bf16, linear_scratch() elements: with it, many tokens run on a processor's matrix units, after a first dispatch that makes x ready for them.
    """

    def __init__(self, gate: Tensor, up: Tensor, x: Tensor | None = None, y: Tensor | None = None, *, prologue: Operation | None = None, activation: Operation | None = None, epilogue: Operation | Sequence[Operation] | None = None, gate_bias: Tensor | None = None, up_bias: Tensor | None = None, scratch: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

class QkNorm(enum.Enum):
    """Which norm queries and keys have."""

    head = 0
    """
    RMSNorm of every head by itself, with (head_dim,) weights (Qwen 3, Gemma 3)
    """

    row = 1
    """
    RMSNorm of all heads at once, with (heads * head_dim,) weights (OLMo 2)
    """

    head_layer = 2
    """
    LayerNorm of every head by itself, with (heads * head_dim,) weights (Command R+)
    """

class QkvLinear(Operation):
    """
    The input half of attention for up to 8 tokens, in one kernel: q, k and v with their biases and head norms, RoPE, and the write to positions start and on of the cache. A norm of whole rows needs all of them first: RopeKvWrite has it. ShapeError past the capacity. For more tokens, let fuse() write plain q, k and v, and run RopeKvWrite.

    query: (heads * head_dim, columns); any format with a policy.
    key: (kv_heads * head_dim, columns); any format with a policy.
    value: (kv_heads * head_dim, columns); any format with a policy.
    x: (columns,) or (tokens, columns); f32, f16 or bf16.
    q: (tokens, heads, head_dim); f32, f16 or bf16.
    k_cache: f32, f16, bf16, q8_0 or q4_0; (capacity, kv_heads, head_dim), any strides but the innermost, which is 1.
    v_cache: as k_cache, of the same dtype.
    start: position of the first token.
    base: of the frequencies base^(-2i / dims).
    interleaved: pairs are (2i, 2i + 1), as in GGUF's Llama tensors; else (i, i + dims / 2), NeoX's.
    factors: optional; (dims / 2,); f32: frequencies are divided by them (Llama 3).
    dims: elements of a head that are turned, its first ones; the others pass through (Phi 2); 0: all.
    magnitude: what turned elements are multiplied by (YaRN, LongRoPE).
    prologue: what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm.
    query_bias: optional; (heads * head_dim,); f32, f16 or bf16.
    key_bias: optional; (kv_heads * head_dim,); f32, f16 or bf16.
    value_bias: optional; (kv_heads * head_dim,); f32, f16 or bf16.
    query_norm: optional; (head_dim,), or (heads * head_dim,) as `norm` says; f32, f16 or bf16.
    key_norm: optional; (head_dim,), or (kv_heads * head_dim,); f32, f16 or bf16.
    norm_epsilon: of the norms.
    norm: which norm it is.
    norm_after_rope: the norms follow RoPE (Hunyuan).
    norm_values: every head of the values gets RMSNorm, too, without weights (Gemma 4).
    ring: position p goes to slot p % capacity of the caches.
    places: optional; u32 (tokens, 2), for each token its position and its sequence, an index of the outermost dimension that caches and states have then: (sequences, ...). Of a state each token is another sequence's. start is 0; the numbers are not checked.
    """

    def __init__(self, query: Tensor, key: Tensor, value: Tensor, x: Tensor, q: Tensor, k_cache: Tensor, v_cache: Tensor, *, start: int | Parameter = 0, base: float = 10000.0, interleaved: bool = True, factors: Tensor | None = None, dims: int = 0, magnitude: float = 1.0, prologue: Operation | None = None, query_bias: Tensor | None = None, key_bias: Tensor | None = None, value_bias: Tensor | None = None, query_norm: Tensor | None = None, key_norm: Tensor | None = None, norm_epsilon: float = 1e-06, norm: QkNorm = ..., norm_after_rope: bool = False, norm_values: bool = False, ring: bool = False, places: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """position of the first token"""

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class GemvColumns(Operation):
    """
    y = W^T x: a product down the columns of a row-major matrix, in f32. The same bytes as a column-major (columns, rows) matrix, whose product this is.

    weights: (rows, columns); any format with a policy.
    x: (rows,); f32, f16 or bf16.
    y: (columns,); f32, f16 or bf16.
    """

    def __init__(self, weights: Tensor, x: Tensor, y: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class TileWeights(Operation):
    """
    A matrix in the layout of GemvTiled; quantised weights are decoded. ShapeError with both shapes.

    weights: (rows, columns); any format with a policy.
    y: (ceil(rows / 32), columns, 32); f32, f16 or bf16.
    """

    def __init__(self, weights: Tensor, y: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class GemvTiled(Operation):
    """
    y = W x with W in tiles of 32 rows, as TileWeights makes them: no sum crosses lanes. In f32. ShapeError with the shapes.

    weights: (tiles, columns, 32); f32, f16 or bf16.
    x: (columns,); f32, f16 or bf16.
    y: (rows,), within the last tile; f32, f16 or bf16.
    """

    def __init__(self, weights: Tensor, x: Tensor, y: Tensor) -> None: ...

    def __repr__(self) -> str: ...

def linear_scratch(tokens: int, columns: int) -> int:
    """
    Elements of bf16 scratch with which products of so many tokens may run on a processor's matrix units.
    """

class ExpertGating(enum.Enum):
    """What becomes of an expert's logit."""

    softmax = 0
    """softmax over all experts (Mixtral, Qwen)"""

    sigmoid = 1
    """each by itself (DeepSeek V3, GLM 4.5)"""

    softmax_of_chosen = 2
    """they are chosen by their logits, softmax over those (gpt-oss)"""

class ChooseExperts(Operation):
    """
    The experts with the highest gates of every token, the highest first, of equal ones the first; and their shares of its result: the gates, with `normalised` over their sum, times scale. A NaN among a token's gates makes its shares NaN; its ids are experts all the same. As llama.cpp has it, which takes a sum of at least 2^-14.

    logits: (experts,) or (tokens, experts), up to 512 experts; f32, f16 or bf16.
    ids: (used,) or (tokens, used), up to 32; i32 or u32.
    shares: ids' size; f32.
    bias: optional; (experts,), added to the gates for the choice, not for the shares; f32, f16 or bf16.
    gating: what becomes of a logit.
    normalised: a token's shares are divided by their sum.
    scale: of the shares.
    groups: neighbouring experts are groups, so many: only those of the best groups are chosen.
    groups_used: the groups whose two highest gates together are highest.
    """

    def __init__(self, logits: Tensor, ids: Tensor, shares: Tensor, *, bias: Tensor | None = None, gating: ExpertGating = ..., normalised: bool = False, scale: float = 1.0, groups: int = 1, groups_used: int = 1) -> None: ...

    def __repr__(self) -> str: ...

class GroupExperts(Operation):
    """
    Which tokens each expert takes: with it ExpertGatedLinear and ExpertLinear take an expert's tokens together, so that its weights are read once for them. An id that is no expert is in a group of its own, whose results are NaN.

    ids: (tokens, used); i32 or u32.
    groups: expert_groups(tokens, used, experts) elements, up to 512 experts; u32.
    """

    def __init__(self, ids: Tensor, groups: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class ExpertGatedLinear(Operation):
    """
    y = activation(x G^T) * (x U^T) with the weights of each expert that a token has chosen, in one kernel; other experts' weights are not read. gate and up may be slices of one tensor. An id that is no expert gives a row of NaN.

    gate: (experts, rows, columns); any format with a policy.
    up: (experts, rows, columns); any format with a policy.
    ids: (used,) or (tokens, used); i32 or u32.
    x: (columns,) or (tokens, columns); f32, f16 or bf16.
    y: (tokens * used, rows), in the order of ids; f32, f16 or bf16.
    groups: optional; u32, by GroupExperts of ids: an expert's tokens are taken together; without, each by itself, which is for few tokens.
    prologue: what is done to x as it is read: RmsNorm.
    activation: an epilogue without a tensor, or a gating; Silu, if left out.
    gate_bias: optional; (experts, rows); f32, f16 or bf16.
    up_bias: optional; (experts, rows); f32, f16 or bf16.
    epilogue: what is done to a result before it is stored: one stage, or several in order.
    form: with groups; gemm lets the device choose between gemm_lanes and gemm_matrices.
    """

    def __init__(self, gate: Tensor, up: Tensor, ids: Tensor, x: Tensor, y: Tensor, *, groups: Tensor | None = None, prologue: Operation | None = None, activation: Operation | None = None, gate_bias: Tensor | None = None, up_bias: Tensor | None = None, epilogue: Operation | Sequence[Operation] | None = None, form: LinearForm = ...) -> None: ...

    def __repr__(self) -> str: ...

class ExpertLinear(Operation):
    """
    x W^T + bias with the weights of each expert that a token has chosen: y is the sum of a token's results, each times its share, or without shares every one. Other experts' weights are not read. An id that is no expert gives NaN.

    weights: (experts, rows, columns); any format with a policy.
    ids: (used,) or (tokens, used); i32 or u32.
    x: (tokens * used, columns), in the order of ids; or (tokens, columns), for all of a token's; without a prologue there may be gaps between rows; f32, f16 or bf16.
    y: (tokens, rows) with shares; (tokens * used, rows) without, maybe with gaps between rows; f32, f16 or bf16.
    shares: optional; ids' size; f32.
    groups: optional; u32, by GroupExperts of ids: an expert's tokens are taken together; without, each by itself, which is for few tokens.
    scratch: optional; f32, tokens * used * rows elements: what shares with groups need, for the results before a second dispatch sums them.
    bias: optional; (experts, rows); f32, f16 or bf16.
    prologue: what is done to x as it is read: RmsNorm.
    epilogue: what is done to a result, or to a sum, before it is stored: one stage, or several in order; to a sum of groups Residual alone.
    form: with groups; gemm lets the device choose between gemm_lanes and gemm_matrices.
    """

    def __init__(self, weights: Tensor, ids: Tensor, x: Tensor, y: Tensor, *, shares: Tensor | None = None, groups: Tensor | None = None, scratch: Tensor | None = None, bias: Tensor | None = None, prologue: Operation | None = None, epilogue: Operation | Sequence[Operation] | None = None, form: LinearForm = ...) -> None: ...

    def __repr__(self) -> str: ...

def expert_groups(tokens: int, used: int, experts: int) -> int:
    """Elements of u32 that GroupExperts writes."""

class AttentionForm(enum.Enum):
    """Which attention kernel runs."""

    automatic = 0
    """decode for up to 8 tokens, and with places, prefill for more"""

    decode = 1
    """a threadgroup per token and group of query heads, or several"""

    prefill = 2
    """a lane per query; K and V pass through threadgroup memory"""

class Attention(Operation):
    """
    y = softmax(scale q K^T + mask) V over the cache, grouped-query, online softmax in f32 (Dao et al. 2022). Token t stands at position start + t and attends to positions 0 to start + t, without causal to start + tokens - 1; with a window to the last `window` up to its own position, and to those `ahead` of it. The new tokens' keys and values are in the cache already. A query that may attend to nothing gives zeros. ShapeError, DTypeError and ArgumentError with the sizes.

    q: (tokens, heads, head_dim), any strides but the innermost, which is 1; heads a multiple of kv_heads; head_dim is even, up to 576; f32, f16 or bf16.
    k_cache: f32, f16, bf16, q8_0 or q4_0; (capacity, kv_heads, head_dim), any strides but the innermost, which is 1.
    v_cache: as k_cache, of the same dtype; its heads may have another size, value_dim.
    y: (tokens, heads, value_dim): q's size, as a rule; f32, f16 or bf16.
    start: position of the first token.
    scale: of the scores; 0: 1 / sqrt(head_dim).
    window: positions up to its own that a query attends to; 0: all.
    form: which kernel runs.
    causal: nothing after a token's own position is seen.
    ahead: without causal, positions after its own that a query attends to at most; 0: all (half a window in Gemma's embedding models).
    soft_cap: scores become soft_cap * tanh(score / soft_cap), before the mask; 0: as they are (Gemma 2).
    mask: optional; (tokens, positions) or (heads, tokens, positions), for start + tokens positions at least, added to the scores; -inf hides one; f32, f16 or bf16.
    scratch: optional; f32, attention_scratch() elements: with it, decoding splits a long context over more threadgroups than there are heads, and a second dispatch merges the parts; with less, there are fewer parts.
    splits: parts of the context, up to MAX_ATTENTION_SPLITS; 0: chosen.
    ring: position p is in slot p % capacity of the caches; a window, and window + tokens - 1 slots at least, are needed.
    sinks: optional; (heads,), for each a score that has no position and takes its share of the weights (gpt-oss); -inf: none; f32, f16 or bf16.
    slopes: optional; (heads,), for each what a position of distance 1 takes from the score (ALiBi, Press et al. 2022); f32, f16 or bf16.
    gate: optional; (tokens, heads, value_dim), strides as q's: the result is multiplied by its logistic function (Qwen 3 Next); f32, f16 or bf16.
    places: optional; u32 (tokens, 2), for each token its position and its sequence, an index of the outermost dimension that caches and states have then: (sequences, ...). Of a state each token is another sequence's. start is 0; the numbers are not checked.
    """

    def __init__(self, q: Tensor, k_cache: Tensor, v_cache: Tensor, y: Tensor, *, start: int | Parameter = 0, scale: float = 0.0, window: int = 0, form: AttentionForm = ..., causal: bool = True, ahead: int = 0, soft_cap: float = 0.0, mask: Tensor | None = None, scratch: Tensor | None = None, splits: int = 0, ring: bool = False, sinks: Tensor | None = None, slopes: Tensor | None = None, gate: Tensor | None = None, places: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """position of the first token"""

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class Rope(Operation):
    """
    Rotary position embedding: token t stands at position start + t. Su et al. 2021. As a stage of a fused kernel x, y, start and places do not count.

    x: left out in a fused kernel; (tokens, heads, head_dim); f32, f16 or bf16.
    y: left out in a fused kernel; x's size; f32, f16 or bf16. It may be x.
    start: position of the first token.
    base: of the frequencies base^(-2i / dims).
    interleaved: pairs are (2i, 2i + 1), as in GGUF's Llama tensors; else (i, i + dims / 2), NeoX's.
    factors: optional; (dims / 2,); f32: frequencies are divided by them (Llama 3).
    dims: elements of a head that are turned, its first ones; the others pass through (Phi 2); 0: all.
    magnitude: what turned elements are multiplied by (YaRN, LongRoPE).
    places: optional; u32 (tokens, 2), for each token its position and its sequence, an index of the outermost dimension that caches and states have then: (sequences, ...). Of a state each token is another sequence's. start is 0; the numbers are not checked.
    """

    def __init__(self, x: Tensor | None = None, y: Tensor | None = None, *, start: int | Parameter = 0, base: float = 10000.0, interleaved: bool = True, factors: Tensor | None = None, dims: int = 0, magnitude: float = 1.0, places: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """position of the first token"""

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class RopeKvWrite(Operation):
    """
    Turns q in place, turns k into the cache, and copies v into the cache, in one dispatch, with norms where there are weights for them. Token t goes to position start + t; ShapeError past the capacity. Heads and head_dim may be folded in q, k and v.

    q: (tokens, heads, head_dim), any strides but the innermost, which is 1; f32, f16 or bf16.
    k: (tokens, kv_heads, head_dim), q's dtype; f32, f16 or bf16.
    v: k's size, q's dtype; f32, f16 or bf16.
    k_cache: f32, f16, bf16, q8_0 or q4_0; (capacity, kv_heads, head_dim), any strides but the innermost, which is 1.
    v_cache: as k_cache, of the same dtype.
    start: position of the first token.
    base: of the frequencies base^(-2i / dims).
    interleaved: pairs are (2i, 2i + 1), as in GGUF's Llama tensors; else (i, i + dims / 2), NeoX's.
    factors: optional; (dims / 2,); f32: frequencies are divided by them (Llama 3).
    dims: elements of a head that are turned, its first ones; the others pass through (Phi 2); 0: all.
    magnitude: what turned elements are multiplied by (YaRN, LongRoPE).
    query_norm: optional; (head_dim,), or (heads * head_dim,) as `norm` says; f32, f16 or bf16.
    key_norm: optional; (head_dim,), or (kv_heads * head_dim,); f32, f16 or bf16.
    norm_epsilon: of the norms.
    norm: which norm it is.
    norm_after_rope: the norms follow RoPE (Hunyuan).
    norm_values: every head of the values gets RMSNorm, too, without weights (Gemma 4).
    ring: position p goes to slot p % capacity of the caches.
    places: optional; u32 (tokens, 2), for each token its position and its sequence, an index of the outermost dimension that caches and states have then: (sequences, ...). Of a state each token is another sequence's. start is 0; the numbers are not checked.
    """

    def __init__(self, q: Tensor, k: Tensor, v: Tensor, k_cache: Tensor, v_cache: Tensor, *, start: int | Parameter = 0, base: float = 10000.0, interleaved: bool = True, factors: Tensor | None = None, dims: int = 0, magnitude: float = 1.0, query_norm: Tensor | None = None, key_norm: Tensor | None = None, norm_epsilon: float = 1e-06, norm: QkNorm = ..., norm_after_rope: bool = False, norm_values: bool = False, ring: bool = False, places: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """position of the first token"""

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class LatentWrite(Operation):
    """
    The middle of latent attention's input (DeepSeek-AI, "DeepSeek-V2", 2024), in one dispatch: the last elements of q's heads are turned into y; kv is a latent, which is normalised, and a key for all heads, which is turned: both go to the cache. Token t stands at position start + t; ShapeError past the capacity.

    q: (tokens, heads, head_dim); f32, f16 or bf16.
    kv: (tokens, latent + dims), q's dtype; f32, f16 or bf16.
    norm: (latent,): RMSNorm's weights; f32, f16 or bf16.
    y: (tokens, heads, dims), any strides but the innermost, which is 1; f32, f16 or bf16.
    cache: (capacity, 1, latent + dims), any strides but the innermost; f32, f16 or bf16.
    start: position of the first token.
    base: of the frequencies base^(-2i / dims).
    interleaved: pairs are (2i, 2i + 1), as in GGUF's Llama tensors; else (i, i + dims / 2), NeoX's.
    factors: optional; (dims / 2,); f32: frequencies are divided by them (Llama 3).
    dims: elements of a head that are turned, its first ones; the others pass through (Phi 2); 0: all.
    magnitude: what turned elements are multiplied by (YaRN, LongRoPE).
    norm_epsilon: of the norm.
    places: optional; u32 (tokens, 2), for each token its position and its sequence, an index of the outermost dimension that caches and states have then: (sequences, ...). Of a state each token is another sequence's. start is 0; the numbers are not checked.
    """

    def __init__(self, q: Tensor, kv: Tensor, norm: Tensor, y: Tensor, cache: Tensor, *, start: int | Parameter = 0, base: float = 10000.0, interleaved: bool = True, factors: Tensor | None = None, dims: int = 0, magnitude: float = 1.0, norm_epsilon: float = 1e-06, places: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """position of the first token"""

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class KvWrite(Operation):
    """
    Keys and values into positions start and on of the caches. ShapeError past the capacity.

    k: (tokens, kv_heads, head_dim); heads may be folded; f32, f16 or bf16.
    v: k's size; f32, f16 or bf16.
    k_cache: f32, f16, bf16, q8_0 or q4_0; (capacity, kv_heads, head_dim), any strides but the innermost, which is 1.
    v_cache: as k_cache, of the same dtype.
    start: position of the first token.
    """

    def __init__(self, k: Tensor, v: Tensor, k_cache: Tensor, v_cache: Tensor, *, start: int | Parameter = 0) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """position of the first token"""

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class KvRearrange(Operation):
    """
    Keys or values from position-major to head-major order: y[h, p] = x[p, h]. The same operation leads back, its x being head-major. Converted as Copy does. ShapeError unless the shapes belong together.

    x: (positions, heads, head_dim), or a view such as the filled part of a cache; any type but a block.
    y: (heads, positions, head_dim), or a view; any type but a block.
    """

    def __init__(self, x: Tensor, y: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class RepeatKv(Operation):
    """
    Each key-value head for every query head of its group: y[p, h] = x[p, h / (heads / kv_heads)]. For attention without grouped queries; Attention itself needs it not. Converted as Copy does. ShapeError unless the shapes belong together.

    x: (positions, kv_heads, head_dim), or a view; any type but a block.
    y: (positions, heads, head_dim), heads a multiple of kv_heads, no gaps; any type but a block.
    """

    def __init__(self, x: Tensor, y: Tensor) -> None: ...

    def __repr__(self) -> str: ...

MAX_ATTENTION_SPLITS: int = 32

def attention_scratch(tokens: int, heads: int, head_dim: int, splits: int = 32) -> int:
    """
    Elements of f32 scratch with which Attention can split a context into so many parts.
    """

class CausalConv(Operation):
    """
    A short convolution over tokens, channel by channel: y[t] = bias + the sum of weights[j] x[t - taps + 1 + j], where x before the first token is the state; the last taps - 1 inputs become the state. x may be multiplied by a gate before, and y by one after (LFM 2).

    x: (tokens, channels), any strides but the innermost, which is 1; f32, f16 or bf16.
    weights: (channels, taps), 2 to 16 taps; f32, f16 or bf16.
    state: (taps - 1, channels); f32.
    y: (tokens, channels), strides as x's; f32, f16 or bf16.
    start: position of the first token; at 0 the state counts as zeros, whatever stands there.
    bias: optional; (channels,); f32, f16 or bf16.
    input_gate: optional; x's size, strides likewise; f32, f16 or bf16.
    output_gate: optional; x's size, strides likewise; f32, f16 or bf16.
    silu: y goes through SiLU before its gate (Mamba, Qwen 3 Next).
    places: optional; u32 (tokens, 2), for each token its position and its sequence, an index of the outermost dimension that caches and states have then: (sequences, ...). Of a state each token is another sequence's. start is 0; the numbers are not checked.
    """

    def __init__(self, x: Tensor, weights: Tensor, state: Tensor, y: Tensor, *, start: int | Parameter = 0, bias: Tensor | None = None, input_gate: Tensor | None = None, output_gate: Tensor | None = None, silu: bool = False, places: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """
        position of the first token; at 0 the state counts as zeros, whatever stands there
        """

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class GatedDeltaNet(Operation):
    """
    The gated delta rule (Yang, Kautz & Hatamizadeh 2024), token by token: the state S of a head decays, S = exp(g) S, takes the difference between the value and what it holds for the key, S = S + b k (v - S^T k), and answers, y = scale S^T q. q and k are divided by their lengths, g is decay_scale softplus(decay + decay_bias) and b sigmoid(beta). Several value heads may share a key head. The state is read and written once for all tokens.

    q: (tokens, key heads, key_dim), any strides but the innermost, which is 1; key_dim is up to 256; f32, f16 or bf16.
    k: as q, of the same dtype; f32, f16 or bf16.
    v: (tokens, heads, value_dim), likewise; heads a multiple of key heads; f32, f16 or bf16.
    decay: (tokens, heads), or a view of it as (tokens, groups, heads of a group), any strides but the innermost; f32, f16 or bf16.
    beta: as decay; f32, f16 or bf16.
    state: (heads, key_dim, value_dim); f32.
    y: (tokens, heads, value_dim), no gaps; f32, f16 or bf16.
    start: position of the first token; at 0 the state counts as zeros, whatever stands there.
    decay_scale: optional; (heads,); without it g is decay + decay_bias itself; f32, f16 or bf16.
    decay_bias: optional; (heads,); f32, f16 or bf16.
    scale: of the answers; 0: 1 / sqrt(key_dim).
    epsilon: added to the squares of q's and k's lengths.
    tiled: head h has key head h % key heads (Qwen 3.5); else neighbours share one (Qwen 3 Next).
    lanes: lanes that share a column of the state, a power of two up to 32; 0: chosen.
    places: optional; u32 (tokens, 2), for each token its position and its sequence, an index of the outermost dimension that caches and states have then: (sequences, ...). Of a state each token is another sequence's. start is 0; the numbers are not checked.
    """

    def __init__(self, q: Tensor, k: Tensor, v: Tensor, decay: Tensor, beta: Tensor, state: Tensor, y: Tensor, *, start: int | Parameter = 0, decay_scale: Tensor | None = None, decay_bias: Tensor | None = None, scale: float = 0.0, epsilon: float = 1e-06, tiled: bool = False, lanes: int = 0, places: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """
        position of the first token; at 0 the state counts as zeros, whatever stands there
        """

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class SsmScan(Operation):
    """
    The selective scan of Mamba 2 (Dao & Gu 2024), token by token: with s = softplus(dt + dt_bias) the state S of a head decays and grows, S = exp(s a) S + s B x^T, and answers, y = S^T C + d x; then y silu(gate). Neighbouring heads share the B and the C of a group. The state is read and written once for all tokens.

    xbc: (tokens, heads head_dim + 2 groups state_size): a row's x of all heads, B of all groups, C of all groups; any stride of rows; f32, f16 or bf16.
    dt: (tokens, heads), any stride of rows; f32, f16 or bf16.
    a: (heads,); f32, f16 or bf16.
    state: (heads, state_size, head_dim); f32.
    y: (tokens, heads head_dim), no gaps; f32.
    start: position of the first token; at 0 the state counts as zeros, whatever stands there.
    dt_bias: optional; (heads,); f32, f16 or bf16.
    d: optional; (heads,); f32, f16 or bf16.
    gate: optional; y's size, any stride of rows; f32, f16 or bf16.
    places: optional; u32 (tokens, 2), for each token its position and its sequence, an index of the outermost dimension that caches and states have then: (sequences, ...). Of a state each token is another sequence's. start is 0; the numbers are not checked.
    """

    def __init__(self, xbc: Tensor, dt: Tensor, a: Tensor, state: Tensor, y: Tensor, *, start: int | Parameter = 0, dt_bias: Tensor | None = None, d: Tensor | None = None, gate: Tensor | None = None, places: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """
        position of the first token; at 0 the state counts as zeros, whatever stands there
        """

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class RmsNorm(Operation):
    """
    y = x / sqrt(mean(x^2) + epsilon) * weight * silu(gate) + residual, row by row, sums in f32. As a prologue only weight and epsilon count. Zhang & Sennrich 2019.

    weight: optional; (columns,), or (n, columns), which every n rows have in turn; f32, f16 or bf16.
    epsilon: added to the mean of squares.
    x: left out in a fused kernel; (columns,) or (rows, columns); f32, f16 or bf16.
    y: left out in a fused kernel; x's size; f32, f16 or bf16. It may be x or residual.
    residual: optional; x's size (OLMo 2, Gemma 2); f32, f16 or bf16.
    gate: optional; x's size (Qwen 3 Next); f32, f16 or bf16.
    """

    def __init__(self, weight: Tensor | None = None, epsilon: float = 1e-05, x: Tensor | None = None, y: Tensor | None = None, residual: Tensor | None = None, gate: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

class LayerNorm(Operation):
    """
    y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, in f32; the variance is the biased one. As a prologue only weight, bias and epsilon count. Ba, Kiros & Hinton 2016.

    x: left out in a fused kernel; (columns,) or (..., columns); f32, f16 or bf16.
    y: left out in a fused kernel; x's size; f32, f16 or bf16. It may be x.
    weight: optional; (columns,); f32, f16 or bf16.
    bias: optional; (columns,); f32, f16 or bf16.
    epsilon: added to the variance.
    """

    def __init__(self, x: Tensor | None = None, y: Tensor | None = None, weight: Tensor | None = None, bias: Tensor | None = None, epsilon: float = 1e-05) -> None: ...

    def __repr__(self) -> str: ...

class Softmax(Operation):
    """
    y = exp(scale x + mask) / sum of the same, row by row, in f32; nothing overflows, however large the input. A row of -inf alone gives zeros, NaN anywhere in a row makes it NaN.

    x: (columns,) or (..., columns); f32, f16 or bf16.
    y: x's size; f32, f16 or bf16. It may be x or mask.
    mask: optional; (columns,) or x's size, added after the scale; -inf hides an element; f32, f16 or bf16.
    scale: of x.
    """

    def __init__(self, x: Tensor, y: Tensor, mask: Tensor | None = None, scale: float = 1.0) -> None: ...

    def __repr__(self) -> str: ...

class Add(Operation):
    """
    y = a + b, element by element. In f32 if one of the three is of a float type, then as Copy casts; else in y's own integers, which wrap. All have the same number of elements, below 2^32, and no gaps. DTypeError for a block type, ShapeError for another number of elements, with both numbers.

    a: any shape; any type but a block.
    b: a's size; any type but a block.
    y: a's size; any type but a block. It may be a or b.
    """

    def __init__(self, a: Tensor, b: Tensor, y: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class Multiply(Operation):
    """
    y = a * b, element by element, in the types that Add computes in. With a alone an epilogue: value * a[token, row].

    a: any shape; of an epilogue the result's, a float type; any type but a block.
    b: left out in a fused kernel; a's size; any type but a block.
    y: left out in a fused kernel; a's size; any type but a block. It may be a or b.
    """

    def __init__(self, a: Tensor, b: Tensor | None = None, y: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

class SwiGlu(Operation):
    """
    y = silu(gate) * up, element by element, in f32. Shazeer 2020.

    gate: any shape; f32, f16 or bf16.
    up: gate's size; f32, f16 or bf16.
    y: gate's size; f32, f16 or bf16. It may be gate or up.
    """

    def __init__(self, gate: Tensor, up: Tensor, y: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class GeGlu(Operation):
    """
    y = gelu(gate) * up, element by element, in f32, with GELU's tanh form. Shazeer 2020.

    gate: any shape; f32, f16 or bf16.
    up: gate's size; f32, f16 or bf16.
    y: gate's size; f32, f16 or bf16. It may be gate or up.
    """

    def __init__(self, gate: Tensor, up: Tensor, y: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class Clamp(Operation):
    """
    y = x, but low where x is below and high where it is above, in f32; NaN stays. ArgumentError unless low is at most high.

    x: any shape, no gaps, below 2^32 elements; f32, f16 or bf16.
    y: x's size, no gaps; f32, f16 or bf16. It may be x.
    low: the lower bound.
    high: the upper bound.
    """

    def __init__(self, x: Tensor, y: Tensor, *, low: float = 0.0, high: float = 1.0) -> None: ...

    def __repr__(self) -> str: ...

class Copy(Operation):
    """
    y = x, converted to y's dtype: a cast, the gather of a view, the write to a view. Float types round to nearest, beyond the range to infinity; a float to an integer drops its fraction, beyond the range goes to its end, NaN to 0; integers wrap; bool is "not zero". Below 2^32 elements. Without gaps on either side the shapes need only the same number of elements, else they are equal: ShapeError, with both. Blocks are copied to blocks of the same dtype, as they are, without gaps.

    x: any view: transposed, sliced, broadcast; any type but a block.
    y: any view but a broadcast one; any type but a block. It may be x.
    """

    def __init__(self, x: Tensor, y: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class Fill(Operation):
    """
    y = value everywhere. A float type rounds a number of its range to nearest, once. An integer type takes a whole number of its range, exactly, bool 0 or 1; else ArgumentError with value, dtype and range.

    y: any shape, no gaps, below 2^32 elements; any type but a block.
    value: any number.
    """

    def __init__(self, y: Tensor, value: float = 0.0) -> None: ...

    def __repr__(self) -> str: ...

class Arange(Operation):
    """
    y[i] = start + i * step. Float types compute in f32: start, step and i (from 2^24 on) are rounded to it, then the result, once. Integer types compute exactly: start and step are whole numbers, start and all results in the type's range, else ArgumentError with value, dtype and range.

    y: any shape, no gaps, below 2^32 elements; not bool; any type but a block.
    start: the first number.
    step: from one to the next.
    """

    def __init__(self, y: Tensor, start: float = 0.0, step: float = 1.0) -> None: ...

    def __repr__(self) -> str: ...

class RandomUniform(Operation):
    """
    y = low + (high - low) * u, u uniform in [0, 1) with 24 bits: from low on and below high in every float type, or low where they are equal. The numbers depend on seed, stream and index alone (Philox4x32-10). ArgumentError for bounds that are none or that y's type does not reach.

    y: any shape, no gaps, below 2^32 elements; f32, f16 or bf16.
    low: the smallest number.
    high: what all are below.
    seed: another one, other numbers.
    stream: as seed: for numbers of the same seed that are independent.
    """

    def __init__(self, y: Tensor, low: float = 0.0, high: float = 1.0, *, seed: int = 0, stream: int = 0) -> None: ...

    def __repr__(self) -> str: ...

class RandomNormal(Operation):
    """
    y = mean + deviation * n, n of the standard normal distribution, rounded to nearest; |n| < 6.67, all are finite. ArgumentError where y's type does not hold all of them. The numbers depend on seed, stream and index alone (Philox4x32-10, Box & Muller 1958).

    y: any shape, no gaps, below 2^32 elements; f32, f16 or bf16.
    mean: of the numbers.
    deviation: of the numbers: the standard one.
    seed: another one, other numbers.
    stream: as seed: for numbers of the same seed that are independent.
    """

    def __init__(self, y: Tensor, mean: float = 0.0, deviation: float = 1.0, *, seed: int = 0, stream: int = 0) -> None: ...

    def __repr__(self) -> str: ...

class Embedding(Operation):
    """
    Rows of a table by token id: y[t] = scale * table[ids[t]] + positions[start + t] + offset. An id outside of the table gives a row of NaN; ShapeError for positions past their table. Places count where there are positions.

    table: (rows, columns); any format with a policy.
    ids: (tokens,); i32 or u32.
    y: (tokens, columns), or (columns,) for one token; f32, f16 or bf16.
    scale: of the table's rows (Gemma).
    positions: optional; (positions, columns) (GPT-2); f32, f16 or bf16.
    offset: optional; (columns,), the same for all (BERT's token type); f32, f16 or bf16.
    start: position of the first token.
    places: optional; u32 (tokens, 2), for each token its position and its sequence, an index of the outermost dimension that caches and states have then: (sequences, ...). Of a state each token is another sequence's. start is 0; the numbers are not checked.
    """

    def __init__(self, table: Tensor, ids: Tensor, y: Tensor, *, scale: float = 1.0, positions: Tensor | None = None, offset: Tensor | None = None, start: int | Parameter = 0, places: Tensor | None = None) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """position of the first token"""

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

class Argmax(Operation):
    """
    The index of each row's largest element. As numpy has it: of equal elements the first, and NaN, the first one, above all.

    x: (columns,) or (rows, columns); f32, f16 or bf16.
    y: (rows,); i32 or u32.
    finite_only: a row whose largest element is NaN or infinite gives ~i, below zero, in place of its index i: how greedy decoding learns of logits that no token can be chosen by.
    """

    def __init__(self, x: Tensor, y: Tensor, *, finite_only: bool = False) -> None: ...

    def __repr__(self) -> str: ...

class Sample(Operation):
    """
    Draws a token in the order of llama.cpp's default chain: bias and mask, penalties, DRY, top-n-sigma, top-k, typical-p, top-p, min-p, XTC, temperature, dynamic or not, and the draw; or, with mu, mirostat 2 in place of the filters. Equal logits stay or go together. The draw depends on seed and step alone (Philox4x32-10), whatever the device does at the same time; each step of a sequence takes its own number. Logits that are -inf are never drawn. Where one, after bias, mask and penalties, is NaN or +inf, or all are -inf, nothing can be drawn: the token is ~i, below zero, of the first of those, and counts and mu stay. ArgumentError for settings outside of their range, and for filters beside mu.

    logits: (columns,); f32, f16 or bf16.
    scratch: (columns,); f32; with recent, not the logits. It may be logits.
    token: (1,); i32 or u32.
    counts: optional; (columns,); u32: the occurrences of each token so far, which the penalties read; the drawn token is added.
    bias: optional; (columns,); f32: added to the logits.
    mask: optional; (ceil(columns / 32),); u32: bit i % 32 of word i / 32 is set for the tokens that may be drawn.
    recent: optional; (capacity,), token's dtype, as AppendToken writes it up to position step - 1: what DRY reads; dry_last_n or longer; i32 or u32.
    breakers: optional; as mask: tokens that DRY finds no repetition across.
    mu: optional; (capacity,); f32, 2 at least: mirostat's mu before the draw at step % capacity; the one after is written behind.
    repetition_penalty: above 0; logits of tokens that occurred are divided by it if positive, else multiplied.
    frequency_penalty: times the number of occurrences, subtracted.
    presence_penalty: subtracted once from tokens that occurred.
    dry_multiplier: 0 or above, with recent: times dry_base^(length - dry_allowed_length), subtracted from tokens that would go on with a repetition of that length or longer.
    dry_base: 1 or above.
    dry_allowed_length: tokens of a repetition that go free.
    dry_last_n: recent tokens that repetitions are looked for in.
    top_n_sigma: keep logits within so many standard deviations of the highest; 0: all.
    top_k: keep the k largest and their equals; 0: all.
    typical_p: then the fewest above this probability, those first whose surprise is nearest to the entropy, in (0, 1].
    top_p: then the fewest that reach this probability, in (0, 1].
    min_p: then those at least this likely relative to the likeliest.
    xtc_probability: of leaving out, then, all tokens of the probability xtc_threshold or more but the least likely of them.
    xtc_threshold: in [0, 1].
    temperature: 0 takes the largest logit that is left.
    dynatemp_range: above 0: the temperature is from temperature - range, but not below 0, to temperature + range, by the entropy of what is left relative to that of as many equal tokens.
    dynatemp_exponent: of the relative entropy; 0 or above.
    mirostat_tau: with mu: the surprise in bits to keep to.
    mirostat_eta: with mu: how fast mu follows.
    seed: another one, other draws.
    step: number of the draw; with recent, the position of the token that is drawn.
    """

    def __init__(self, logits: Tensor, scratch: Tensor, token: Tensor, counts: Tensor | None = None, *, bias: Tensor | None = None, mask: Tensor | None = None, recent: Tensor | None = None, breakers: Tensor | None = None, mu: Tensor | None = None, repetition_penalty: float = 1.0, frequency_penalty: float = 0.0, presence_penalty: float = 0.0, dry_multiplier: float = 0.0, dry_base: float = 1.75, dry_allowed_length: int = 2, dry_last_n: int = 64, top_n_sigma: float = 0.0, top_k: int = 0, typical_p: float = 1.0, top_p: float = 1.0, min_p: float = 0.0, xtc_probability: float = 0.0, xtc_threshold: float = 0.1, temperature: float = 1.0, dynatemp_range: float = 0.0, dynatemp_exponent: float = 1.0, mirostat_tau: float = 5.0, mirostat_eta: float = 0.1, seed: int | Parameter = 0, step: int | Parameter = 0) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def seed(self) -> int | Parameter:
        """another one, other draws"""

    @seed.setter
    def seed(self, value: int | Parameter, /) -> None: ...

    @property
    def step(self) -> int | Parameter:
        """
        number of the draw; with recent, the position of the token that is drawn
        """

    @step.setter
    def step(self, value: int | Parameter, /) -> None: ...

class AppendToken(Operation):
    """
    ring[position % capacity] = token. With counts, to which Sample has added the token, the one that stood `window` positions before is taken off again: the penalties look at the last `window`. Ids outside of counts are ignored.

    token: (1,); i32 or u32.
    ring: (capacity,), token's dtype; longer than the window; i32 or u32.
    counts: optional; (columns,); u32.
    position: of the token.
    window: tokens that the penalties look at.
    """

    def __init__(self, token: Tensor, ring: Tensor, counts: Tensor | None = None, *, position: int | Parameter = 0, window: int = 0) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def position(self) -> int | Parameter:
        """of the token"""

    @position.setter
    def position(self, value: int | Parameter, /) -> None: ...

class CountTokens(Operation):
    """
    counts[id] += 1 for every id: a prompt for the penalties of Sample. Ids outside are ignored.

    ids: (tokens,); i32 or u32.
    counts: (columns,); u32.
    """

    def __init__(self, ids: Tensor, counts: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class LogProbabilities(Operation):
    """
    Row by row the logarithm of the probability of a token, and the likeliest tokens with theirs, in their order, of equal ones the lower id first. Where a logit is NaN or +inf, or all are -inf, all are NaN, and the ids are the first ones; so is that of a token which is none. Results are rings: row r goes to (position + r) % capacity.

    logits: (columns,) or (rows, columns); f32, f16 or bf16.
    token: (rows,); i32 or u32.
    chosen: (capacity,); f32; rows or more.
    ids: optional; (capacity, top), token's dtype, for the likeliest, 1024 at most; i32 or u32.
    values: optional; of ids: their size; f32.
    position: of the first row's results.
    """

    def __init__(self, logits: Tensor, token: Tensor, chosen: Tensor, ids: Tensor | None = None, values: Tensor | None = None, *, position: int | Parameter = 0) -> None: ...

    def __repr__(self) -> str: ...

    @property
    def position(self) -> int | Parameter:
        """of the first row's results"""

    @position.setter
    def position(self, value: int | Parameter, /) -> None: ...

class SandwichNorm(Operation):
    """
    Prologue: sum = (residual + RMSNorm(x) * weight) * scale, and the products read RMSNorm(sum) * next_weight (Gemma 2), or without next_weight the sum (OLMo 2). One threadgroup stores the sum in y, which nobody reads meanwhile: not the residual's own memory.

    residual: x's size; f32, f16 or bf16.
    weight: (columns,); f32, f16 or bf16.
    next_weight: optional; (columns,); f32, f16 or bf16.
    y: optional; x's size; f32, f16 or bf16.
    epsilon: of both norms, added to the mean of squares.
    scale: of the sum (Gemma 4).
    """

    def __init__(self, residual: Tensor, weight: Tensor, next_weight: Tensor | None = None, y: Tensor | None = None, *, epsilon: float = 1e-05, scale: float = 1.0) -> None: ...

    def __repr__(self) -> str: ...

class Bias(Operation):
    """
    Epilogue: value + bias[row].

    bias: (rows,); f32, f16 or bf16.
    """

    def __init__(self, bias: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class Residual(Operation):
    """
    Epilogue: value + residual[token, row].

    residual: the result's shape; it may be the result itself; f32, f16 or bf16.
    """

    def __init__(self, residual: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class Scale(Operation):
    """
    Epilogue: value * factor.

    factor: a finite number.
    """

    def __init__(self, factor: float = 1.0) -> None: ...

    def __repr__(self) -> str: ...

class TokenScale(Operation):
    """
    Epilogue: value * factors[token].

    factors: (tokens,); f32, f16 or bf16.
    """

    def __init__(self, factors: Tensor) -> None: ...

    def __repr__(self) -> str: ...

class SoftCap(Operation):
    """
    Epilogue: cap * tanh(value / cap), which no value passes (Gemma 2).

    cap: above 0.
    """

    def __init__(self, cap: float = 30.0) -> None: ...

    def __repr__(self) -> str: ...

class Silu(Operation):
    """Epilogue: value * sigmoid(value)."""

    def __init__(self) -> None: ...

    def __repr__(self) -> str: ...

class Gelu(Operation):
    """Epilogue: GELU, tanh form."""

    def __init__(self) -> None: ...

    def __repr__(self) -> str: ...

class GeluErf(Operation):
    """
    Epilogue: GELU itself, value * P(value), P being the normal distribution.
    """

    def __init__(self) -> None: ...

    def __repr__(self) -> str: ...

class GeluQuick(Operation):
    """Epilogue: value * sigmoid(1.702 value)."""

    def __init__(self) -> None: ...

    def __repr__(self) -> str: ...

class Sigmoid(Operation):
    """Epilogue: 1 / (1 + exp(-value))."""

    def __init__(self) -> None: ...

    def __repr__(self) -> str: ...

class Relu(Operation):
    """Epilogue: value, but 0 where it is below."""

    def __init__(self) -> None: ...

    def __repr__(self) -> str: ...

class ReluSquared(Operation):
    """
    Epilogue: the square of value, but 0 where it is below. So et al. 2021.
    """

    def __init__(self) -> None: ...

    def __repr__(self) -> str: ...

class Xielu(Operation):
    """
    Epilogue: alpha_p value^2 + beta value above 0, alpha_n (exp(min(value, epsilon)) - 1 - value) + beta value elsewhere. Huang & Schlag 2024 (Apertus).

    alpha_p: as it multiplies: after softplus.
    alpha_n: likewise: beta and softplus together.
    beta: the slope at 0.
    epsilon: below 0: the exponential is not taken of anything above.
    """

    def __init__(self, alpha_p: float = 0.8, alpha_n: float = 0.8, beta: float = 0.5, epsilon: float = -1e-06) -> None: ...

    def __repr__(self) -> str: ...

class ClampedSwiGlu(Operation):
    """
    Gating, for a gated product's activation: g sigmoid(1.702 g) (u + 1), where g is the gate's result, at most limit, and u the other one, within limit of 0 (gpt-oss).

    limit: above 0.
    """

    def __init__(self, limit: float = 7.0) -> None: ...

    def __repr__(self) -> str: ...

class HeadNorm(Operation):
    """
    Head stage: RMSNorm of every head by itself (Qwen 3, Gemma 3). By itself it is RmsNorm over a (tokens * heads, head_dim) view.

    weight: optional; (head_dim,); f32, f16 or bf16.
    epsilon: added to the mean of squares.
    """

    def __init__(self, weight: Tensor | None = None, epsilon: float = 1e-06) -> None: ...

    def __repr__(self) -> str: ...

class HeadLayerNorm(Operation):
    """
    Head stage: LayerNorm of every head by itself, with weights of its own (Command R+, StableLM 2).

    weight: optional; (heads * head_dim,); f32, f16 or bf16.
    epsilon: added to the variance.
    """

    def __init__(self, weight: Tensor | None = None, epsilon: float = 1e-05) -> None: ...

    def __repr__(self) -> str: ...

class CacheWrite(Operation):
    """
    Store: the result goes to position start of y, a (capacity, heads, head_dim) cache; build() takes start.
    """

    def __init__(self) -> None: ...

    def __repr__(self) -> str: ...

class FusedKernel(Operation):
    """Stages in one kernel, ready to run."""

    def __repr__(self) -> str: ...

    @property
    def start(self) -> int | Parameter:
        """Position of the first token, for Rope and CacheWrite."""

    @start.setter
    def start(self, value: int | Parameter, /) -> None: ...

def names_of_ops() -> list[str]:
    """What foundry.ops exports."""

def describe_operations() -> dict[str, dict[str, Any]]:
    """
    Every operation by its name: documentation, whether it runs by itself and is a stage, and its arguments with role, in-place rules and documentation.
    """

def is_msl_word(name: str) -> bool:
    """Whether MSL keeps the word for itself: a keyword, a type, a macro."""

class Access(enum.Enum):
    """What a kernel does with a tensor."""

    read = 0

    write = 1

    read_write = 2

class ThreadgroupSize:
    """Threads of one threadgroup."""

    def __init__(self, x: int, y: int = 1, z: int = 1) -> None: ...

    @property
    def x(self) -> int: ...

    @property
    def y(self) -> int: ...

    @property
    def z(self) -> int: ...

    def __repr__(self) -> str: ...

class GridSize:
    """What a dispatch covers, in threads or whole threadgroups."""

    @staticmethod
    def threads(x: int, y: int = 1, z: int = 1) -> GridSize: ...

    @staticmethod
    def threadgroups(x: int, y: int = 1, z: int = 1) -> GridSize: ...

    @property
    def x(self) -> int: ...

    @property
    def y(self) -> int: ...

    @property
    def z(self) -> int: ...

    def __repr__(self) -> str: ...

class DispatchConfig:
    """The grid and the threadgroup of a dispatch."""

    def __init__(self, grid: GridSize, threadgroup: ThreadgroupSize) -> None: ...

    @staticmethod
    def per_element(elements: int) -> DispatchConfig:
        """One thread per element."""

    @property
    def grid(self) -> GridSize: ...

    @property
    def threadgroup(self) -> ThreadgroupSize: ...

    def __repr__(self) -> str: ...

class StructLayout:
    """A parameter struct as host and shader must agree on it."""

    @staticmethod
    def packed_like_c(name: str, members: Sequence[tuple[str, DType, int, int]]) -> StructLayout:
        """
        Members in order, as C lays them out: (name, dtype, length of an array or 0, elements of a packed vector or 1).
        """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def alignment(self) -> int: ...

    @property
    def offsets(self) -> list[int]: ...

    @property
    def msl(self) -> str:
        """The definition, with its static_asserts."""

    def __repr__(self) -> str: ...

class ArgumentDescription:
    """One argument of a kernel's signature."""

    @staticmethod
    def buffer(name: str, access: Access, dtype: DType) -> ArgumentDescription: ...

    @staticmethod
    def value(name: str, dtype: DType) -> ArgumentDescription: ...

    @staticmethod
    def optional_buffer(name: str, access: Access, dtype: DType, present: bool = True) -> ArgumentDescription: ...

    @staticmethod
    def struct(name: str, layout: StructLayout) -> ArgumentDescription: ...

    @staticmethod
    def threadgroup_memory(name: str, dtype: DType) -> ArgumentDescription: ...

    @property
    def name(self) -> str: ...

    @property
    def dtype(self) -> DType: ...

    def __repr__(self) -> str: ...

class KernelCall(Operation):
    """A kernel with its values, ready to run."""

    def __repr__(self) -> str: ...

class KernelDefinition:
    """A kernel from a signature and an MSL body."""

    def __init__(self, name: str, arguments: Sequence[ArgumentDescription], body: str, file: str, first_line: int = 1, constants: Sequence[tuple[str, DType]] = [], in_place: Sequence[tuple[str, str]] | None = None, template_lines: str = '', header: str = '', header_file: str = '', header_line: int = 1, include: Sequence[str | os.PathLike[str]] = []) -> None: ...

    @property
    def source(self) -> str:
        """The whole MSL, signature included."""

    def __repr__(self) -> str: ...

    def call(self, values: list[Tensor | bytes | int | tuple[Parameter, DType] | None], config: DispatchConfig, constants: Sequence[tuple[DType, bytes]] = []) -> KernelCall: ...

class LibraryMember:
    """A member of a struct that a kernel takes."""

    @property
    def name(self) -> str: ...

    @property
    def offset(self) -> int:
        """Bytes from the struct's start."""

    @property
    def type(self) -> str:
        """As MSL has it, "float4"; or "struct", "array", "pointer"."""

    @property
    def members(self) -> list[LibraryMember]:
        """Of a struct; of an array its element alone, which has no name."""

    @property
    def length(self) -> int:
        """Elements of an array."""

    @property
    def stride(self) -> int:
        """Bytes from one element of an array to the next."""

    def __repr__(self) -> str: ...

class LibraryConstant:
    """A function constant of a kernel."""

    @property
    def name(self) -> str: ...

    @property
    def index(self) -> int: ...

    @property
    def type(self) -> str:
        """As MSL has it, "bool", "float4"."""

    @property
    def required(self) -> bool:
        """False where the function asks whether it has a value."""

    @property
    def size(self) -> int: ...

    def __repr__(self) -> str: ...

class LibraryArgument:
    """What compiled code says of an argument."""

    @property
    def name(self) -> str: ...

    @property
    def index(self) -> int:
        """Of [[buffer(index)]] or [[threadgroup(index)]]."""

    @property
    def is_threadgroup(self) -> bool:
        """Whether it is threadgroup memory."""

    @property
    def is_written(self) -> bool:
        """Whether the kernel may write it: it takes a tensor then."""

    @property
    def is_used(self) -> bool:
        """False where the code never touches it: it may be left out then."""

    @property
    def type(self) -> str:
        """
        What it points to as MSL has it, "float4", or "struct"; empty for threadgroup memory where the device does not tell.
        """

    @property
    def size(self) -> int:
        """Bytes of what it points to."""

    @property
    def members(self) -> list[LibraryMember]:
        """Of a struct."""

    @property
    def dtype(self) -> DType:
        """Of the numbers in it; u8 where they are not of one dtype."""

    def __repr__(self) -> str: ...

class CompiledLibraryKernel:
    """A kernel of a library with values for its constants."""

    @property
    def name(self) -> str: ...

    @property
    def arguments(self) -> list[LibraryArgument]: ...

    @property
    def max_threads(self) -> int:
        """Threads that one threadgroup may have."""

    def __repr__(self) -> str: ...

    def call(self, values: list[Tensor | bytes | int | tuple[Parameter, DType] | None], config: DispatchConfig) -> KernelCall: ...

class KernelLibrary:
    """Kernels of one source, compiled for a device."""

    @staticmethod
    def from_file(path: str | os.PathLike[str], include: Sequence[str | os.PathLike[str]], defines: Mapping[str, str], math: str, device: Device | None) -> KernelLibrary: ...

    @staticmethod
    def from_source(text: str, name: str, include: Sequence[str | os.PathLike[str]], defines: Mapping[str, str], math: str, device: Device | None) -> KernelLibrary: ...

    @staticmethod
    def from_metallib(path: str | os.PathLike[str], device: Device | None) -> KernelLibrary: ...

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def log(self) -> str: ...

    @property
    def functions(self) -> list[str]: ...

    def constants(self, function: str) -> list[LibraryConstant]: ...

    def kernel(self, function: str, constants: Sequence[tuple[int, str, bytes]]) -> CompiledLibraryKernel: ...

    def instantiate(self, expression: str) -> KernelLibrary: ...

    def __repr__(self) -> str: ...

def weight_formats() -> list[DType]:
    """The element types and block formats that matrices of weights may have."""

class FusedKernelBuilder:
    """
    Builds a fused kernel: a prologue, main products of one input, and the epilogues of each. ArgumentError for what does not fit.
    """

    def __init__(self, name: str) -> None: ...

    @property
    def name(self) -> str: ...

    def __repr__(self) -> str: ...

    def prologue(self, stage: Operation) -> FusedKernelBuilder: ...

    def main(self, operation: Operation) -> FusedKernelBuilder: ...

    def epilogue(self, stage: Operation) -> FusedKernelBuilder: ...

    def build(self, x: Tensor, y: Tensor | Sequence[Tensor], *, start: int | Parameter = 0, scratch: Tensor | None = None, places: Tensor | None = None) -> FusedKernel:
        """
        The kernel with its input and one output for each main. `scratch` is as Linear has it. For Rope and CacheWrite `start` is the first token's position, or `places`, u32 (tokens, 2), have each token's position and its sequence, an index of the outermost dimension that caches have then.
        """

def register_shader(path: str, text: str) -> None:
    """
    Adds a shader file, "lib/mine.metal", that kernels, stages and policies of one's own may include. The same text again changes nothing; ArgumentError for another text of a path that exists.
    """

def policy(dtype: DType, *, name: str, source: str, wide: int, narrow: int = 1) -> None:
    """
    Says how weights of a block format are read that has no policy yet, one of GGUF or one that `block_dtype()` made; from then on tensors, files, products and the embedding take it, for the rest of the process. source: MSL with the struct template `name` and the struct `name`Block, as shaders/lib/policy.metal says. wide, narrow: weights that a lane takes at once on a GPU, and on Anvil's CPU; 32 of them are whole blocks. The same again changes nothing; ArgumentError for a dtype that has another policy.
    """

class StageKind(enum.Enum):
    """Where a stage stands in a fused kernel."""

    prologue = 0
    """Where the product takes its input from."""

    gating = 1
    """Changes the results of a product and of its gate."""

    epilogue = 2
    """Changes one result by itself."""

    head_norm = 3
    """Needs a head's results all at once."""

    head_turn = 4
    """Needs the two results of a pair at once."""

class StageTensor(enum.Enum):
    """Which shape a stage's own tensor has."""

    none = 0
    """It has no tensor."""

    columns = 1
    """One value for each input element; a prologue's."""

    input = 2
    """The input's shape; a prologue's."""

    rows = 3
    """One value for each output row; an epilogue's."""

    tokens = 4
    """One value for each token; an epilogue's."""

    result = 5
    """The result's shape; an epilogue's."""

    head = 6
    """One value for each element of a head; a head norm's."""

    pairs = 7
    """One value for each pair of a head; a turn's."""

class OwnStage(Operation):
    """A stage of one's own with its values."""

    def __repr__(self) -> str: ...

class StageType:
    """A kind of stage; a call gives it its values."""

    @property
    def name(self) -> str: ...

    def __repr__(self) -> str: ...

    def __call__(self, tensor: Tensor | None = None, scalar: float | None = None) -> OwnStage:
        """
        The stage for `prologue()`, `epilogue()` and operations that take stages. ArgumentError for a value that it does not take, or that is missing.
        """

def stage(name: str, *, source: str, kind: StageKind = StageKind.epilogue, tensor: StageTensor = StageTensor.none, scalar: bool = False) -> StageType:
    """
    A kind of stage of one's own. source: MSL with the struct `name`: of an epilogue with apply(value, token, row, rows), as shaders/lib/epilogue.metal says; prologue.metal and heads.metal say it for the others. Its members: the tensor's pointer, for which the struct is a template of the element type, then the scalar, a float, as far as it has them. ArgumentError for a name that MSL does not allow, a tensor that the kind cannot have, and a source without the struct; KernelCompileError, when a kernel is first run, with the line.
    """

DEFAULT_ARENA: str = 'default'

class Foundry:
    """
    One device, one stream of work, a kernel registry and named arenas. Thread-safe; runs are asynchronous.
    """

    def __init__(self, device: Device | str | None = None, *, arena_cap: int = 0) -> None:
        """
        `device`: a Device, a name or "cpu:0"; None takes the default. `arena_cap`: bytes of the default arena at most, 0 for no cap.
        """

    @property
    def device(self) -> Device: ...

    def alloc(self, shape: int | Sequence[int], dtype: DType | numpy.typing.DTypeLike, init: numpy.typing.ArrayLike | None = None, *, name: str = '', arena: str = 'default') -> Tensor:
        """
        A tensor from an arena, uninitialised or with the values of `init`. OutOfMemoryError past the arena's cap.
        """

    def empty(self, shape: int | Sequence[int], dtype: DType | numpy.typing.DTypeLike, *, name: str = '', arena: str = 'default') -> Tensor:
        """An uninitialised tensor from an arena."""

    def tensor(self, values: numpy.typing.ArrayLike, dtype: DType | numpy.typing.DTypeLike | None = None, *, name: str = '', mode: str = 'shared') -> Tensor:
        """
        A copy of `values` in a buffer of its own, shared or private, for what lives long.
        """

    def dedicated(self, shape: int | Sequence[int], dtype: DType | numpy.typing.DTypeLike, *, name: str = '', mode: str = 'shared') -> Tensor:
        """An uninitialised tensor with a buffer of its own."""

    def borrow(self, array: Any, dtype: DType | numpy.typing.DTypeLike | None = None, shape: int | Sequence[int] | None = None, *, name: str = '') -> Tensor:
        """
        The memory of a numpy array or of any buffer (mmap, bytes, memoryview) as a tensor, without a copy; read-only where it is. `dtype` and `shape` say what its bytes are, block formats included. StorageError unless it is contiguous and aligned: Foundry.tensor() copies.
        """

    def from_dlpack(self, array: Any, *, copy: bool = False, name: str = '') -> Tensor:
        """
        The host memory of another library's array as a tensor, without a copy unless one is asked for; the producer gets it back when the last use is done. StorageError where it cannot be shared: another device's, not contiguous, or not aligned.
        """

    def run(self, operation: Operation) -> None:
        """
        Compiles the kernel if it is new and encodes its dispatch; does not wait.
        """

    def prepare(self, operation: Operation) -> None:
        """
        Compiles what run() would compile and checks what it would check; encodes nothing. Called from several threads, it compiles several kernels at once.
        """

    def scope(self, arena: str = 'default') -> ArenaScope:
        """
        A context manager: the arena's allocations inside are retired when it ends.
        """

    def reset(self, arena: str = 'default') -> None:
        """
        Waits for the device, then makes everything in the arena free. ArenaInUseError names the tensors and numpy arrays that still hold it.
        """

    def arena(self, name: str = 'default') -> Arena:
        """The arena of that name; made on first use, shared storage, no cap."""

    def make_arena(self, name: str, *, mode: str = 'shared', chunk_bytes: int = 0, cap_bytes: int = 0) -> Arena:
        """
        Makes an arena; 0 means the default chunk size, and no cap. ArgumentError if there is one of that name.
        """

    @property
    def arena_names(self) -> list[str]: ...

    @property
    def statistics(self) -> dict[str, int]:
        """
        Counts since the runtime was made: dispatches, barriers, compilations, ...
        """

    def synchronize(self) -> None:
        """
        Waits for everything, without the GIL; Ctrl-C interrupts it. Raises the failures since the last call as one DeviceError.
        """

    def flush(self) -> None:
        """Commits what is encoded; does not wait."""

    def __repr__(self) -> str: ...

    def zeros(self, shape: int | Sequence[int], dtype: DType | numpy.typing.DTypeLike = 'f32', *, name: str = '', arena: str = 'default') -> Tensor:
        """A tensor of zeros from an arena; of a block format, of zero bytes."""

    def ones(self, shape: int | Sequence[int], dtype: DType | numpy.typing.DTypeLike = 'f32', *, name: str = '', arena: str = 'default') -> Tensor:
        """A tensor of ones from an arena."""

    def full(self, shape: int | Sequence[int], value: float, dtype: DType | numpy.typing.DTypeLike | None = None, *, name: str = '', arena: str = 'default') -> Tensor:
        """
        A tensor of one value from an arena. Without a dtype, the value's: f32 of a float, i64 of an int.
        """

    def arange(self, start: float, stop: float | None = None, step: float = 1, dtype: DType | numpy.typing.DTypeLike | None = None, *, name: str = '', arena: str = 'default') -> Tensor:
        """
        A tensor from an arena of start, start + step, ... before `stop`, or of 0, 1, ... before `start`: of ints exactly (i64), of floats computed in double (f32).
        """

    def record(self, name: str = 'program') -> Program:
        """
        A context manager: what this thread runs inside becomes a program, and does not run now.
        """

def finish() -> None:
    """
    At interpreter exit: waits for the work of every runtime unless Ctrl-C was pressed.
    """

class Parameter:
    """
    A named value that a recorded program takes at each replay. Ops and kernels take one where they take a scalar; `parameter + 1` too.
    """

    def __init__(self, name: str) -> None: ...

    @property
    def name(self) -> str: ...

    def __add__(self, arg: int, /) -> Parameter: ...

    def __radd__(self, arg: int, /) -> Parameter: ...

    def __sub__(self, arg: int, /) -> Parameter: ...

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

class SharedEvent:
    """
    A counter that the device raises in the midst of its work; starts at 0.
    """

    def __init__(self, runtime: Foundry) -> None: ...

    @property
    def value(self) -> int: ...

    def wait(self, value: int, runtime: Foundry) -> None:
        """
        Waits, without the GIL, until the value is `value` or more; Ctrl-C interrupts it. `runtime` is the one that signals: its failure ends the wait.
        """

    def __repr__(self) -> str: ...

class Program:
    """
    Recorded dispatches, replayed with new scalars and tensors. As a context manager it records what its thread runs: that does not run now. It holds every tensor it touches. Made by Foundry.record() and load().
    """

    def __enter__(self) -> Program: ...

    def __exit__(self, kind: object, error: object, traceback: object) -> None: ...

    @staticmethod
    def load(runtime: Foundry, path: str | os.PathLike[str], *, weights: Iterable[str | os.PathLike[str]] = (), trusted: bool = False) -> Program:
        """
        Reads what export() wrote and compiles its kernels; `weights` are the GGUF files. The kernels run with all rights of this process, as your own do: ArgumentError unless `trusted` says that the file is from somebody who may. ProgramError for a damaged file and for other weights.
        """

    def replay(self, **parameters: float) -> None:
        """
        Encodes every dispatch once more; does not wait. Parameters that are not named keep their last value. ArgumentError for one that is not there, has no value yet or cannot hold this one, ShapeError for a position past the end of its tensor.
        """

    def replay_range(self, parameter: str, first: int, count: int, event: SharedEvent | None = None, **parameters: float) -> None:
        """
        `count` replays in one command buffer, which is then committed: the parameter runs from `first` on, and `event` becomes its value plus one after each.
        """

    def bind(self, name: str, tensor: Tensor) -> None:
        """
        Replays use `tensor`, a whole one of the same dtype and shape, in place of the one of that name. More of the outermost dimension is fine: a cache that has grown.
        """

    def tensor(self, name: str) -> Tensor:
        """The tensor that replays use under that name."""

    def export(self, path: str | os.PathLike[str], *, weights: Iterable[Gguf] = ()) -> None:
        """
        Writes a file that load(), here or in C++, reads. Tensors of the `weights` are stored by name and hash; what the program writes by shape, to begin with zeros.
        """

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> list[str]: ...

    @property
    def tensors(self) -> list[str]:
        """
        Their names, as they were allocated with; of equal ones the second is 'x (2)'.
        """

    @property
    def barriers(self) -> int:
        """Between the dispatches of a replay."""

    def __len__(self) -> int: ...

    def __repr__(self) -> str: ...

def set_typed_error(function: Callable[..., BaseException]) -> None:
    """
    What turns an exception out of a bound function into one of Foundry's: called with the function's signatures and name, the arguments by position and by name, and the exception.
    """
