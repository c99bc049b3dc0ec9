"""What tinygrad's METAL device asks a Mac for, and what answers on Linux.

tinygrad looks for Apple's libraries under macOS's paths, and compiles with MTLCompiler, a private
framework, to a `.metallib`. `prepare` answers that before tinygrad's device is imported; everything
else is tinygrad's own code over Metal's names, which Anvil's libraries have.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import platform
import struct
from pathlib import Path
from typing import Any

# A library of MTLCompiler's holds code between these marks; here it is the source.
MAGIC, END = b"MTLB", b"ENDT"


def prepare(libraries: Path) -> None:
    """Makes tinygrad's METAL device Anvil's; `libraries` is the folder of libobjc.so."""
    os.environ["METAL_PATH"] = str(libraries / "libMetal.so")
    platform.mac_ver = lambda *_: ("26.0", ("", "", ""), "arm64")  # type: ignore[assignment]

    find_library = ctypes.util.find_library
    ctypes.util.find_library = lambda name: (
        str(libraries / "libobjc.so") if name == "objc" else find_library(name)
    )

    class Library(ctypes.CDLL):
        def __init__(self, name: str | None, *args: Any, **kwargs: Any) -> None:
            system = name == "/usr/lib/libSystem.dylib"
            super().__init__(str(libraries / "libSystem.so") if system else name, *args, **kwargs)

    library_type = ctypes.CDLL
    ctypes.CDLL = Library  # type: ignore[misc]
    from tinygrad.runtime.support import c, objc

    ctypes.CDLL = library_type  # type: ignore[misc]

    class Dll(c.DLL):
        def __new__(cls, name: str, *args: Any, **kwargs: Any) -> Any:
            return CompilerService() if name == "MTLCompiler" else super().__new__(cls)

    c.DLL = Dll  # type: ignore[misc]
    from tinygrad.runtime import ops_metal
    from tinygrad.runtime.autogen import metal

    assert ops_metal
    objc.dispatch_data_create = lambda data, *_: data
    metal.MTLDevice.newLibraryWithData_error = load_library


def compile_library(device: Any, source: bytes) -> tuple[Any, Any]:
    """MTLLibrary and NSError of a source, without fast math, as tinygrad asks MTLCompiler."""
    from tinygrad.runtime.autogen import metal
    from tinygrad.runtime.ops_metal import to_ns_str

    options = metal.MTLCompileOptions.new()
    options.setFastMathEnabled(False)
    error = metal.NSError().retained()
    library = device.newLibraryWithSource_options_error(
        to_ns_str(source.decode()), options, ctypes.byref(error)
    )
    return library, error


def load_library(device: Any, data: bytes, error: Any) -> Any:
    """`-[MTLDevice newLibraryWithData:error:]` for what CompilerService replied."""
    library, failure = compile_library(device, data[len(MAGIC) : -len(END)])
    error._obj.value = failure.value
    return library


class CompilerService:
    """MTLCompiler's two functions: a request's source in, the callback told whether it compiles."""

    class Create:
        restype: Any = None

        def __call__(self, name: bytes) -> int:
            return 1

    MTLCodeGenServiceCreate = Create()

    @staticmethod
    def MTLCodeGenServiceBuildRequest(
        service: Any, unused: Any, kind: int, request: bytes, size: int, block: Any
    ) -> None:
        from tinygrad.runtime.autogen import metal
        from tinygrad.runtime.ops_metal import from_ns_str

        length, _ = struct.unpack_from("<QQ", request)
        source = request[16 : 16 + length].rstrip(b"\0")
        library, error = compile_library(metal.MTLCreateSystemDefaultDevice(), source)
        # Eight bytes, the header's size, the warnings' size; then the library.
        reply = ctypes.create_string_buffer(struct.pack("<QLL", 0, 16, 0) + MAGIC + source + END)
        text = None if library.value else from_ns_str(error.localizedDescription().retained())
        block._obj(
            None, text is not None, ctypes.addressof(reply), len(reply) - 1, text and text.encode()
        )
