"""MLX's compiled library as a program loads it: listed whole, and a kernel of it run."""

import resource
import subprocess
import sys

from compare import fetch_library
from corpus import BUILD, ENVIRONMENT


def test_every_function_is_listed_in_little_memory() -> None:
    """Against the other reader, of Python; what is read is the index, a fiftieth of the file: it
    does with fewer addresses than the file has bytes."""
    library = fetch_library()
    file = next((BUILD / "mlx-library").glob("*/mlx.metallib"))
    size = file.stat().st_size
    listed = subprocess.run(
        [BUILD / "bin/tools/metal-nm", file],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)),
    ).stdout
    lines = [line.split() for line in listed.splitlines()]
    assert [name for _, _, name, _ in lines] == list(library)
    assert {kind for *_, kind in lines} == {"(kernel)"}


PROGRAM = """
import ctypes, sys
objc, metal = (ctypes.CDLL(f"{sys.argv[1]}/lib{name}.so") for name in ("objc", "Metal"))
P, N = ctypes.c_void_p, ctypes.c_ulong
class Size(ctypes.Structure):
    _fields_ = [(axis, N) for axis in "xyz"]
objc.objc_getClass.restype = objc.sel_registerName.restype = P
metal.MTLCreateSystemDefaultDevice.restype = P
def send(target, selector, *arguments, result=P):
    types = [type(each) if isinstance(each, ctypes._SimpleCData | ctypes.Structure)
             else ctypes.c_char_p if isinstance(each, bytes) else P for each in arguments]
    call = ctypes.CFUNCTYPE(result, P, P, *types)(("objc_msgSend", objc))
    return call(target, objc.sel_registerName(selector), *arguments)
def string(text):
    return send(objc.objc_getClass(b"NSString"), b"stringWithUTF8String:", text.encode())
device = metal.MTLCreateSystemDefaultDevice()
url = send(objc.objc_getClass(b"NSURL"), b"fileURLWithPath:", string(sys.argv[2]))
library = send(device, b"newLibraryWithURL:error:", url, None)
print(send(send(library, b"functionNames"), b"count", result=N))
function = send(library, b"newFunctionWithName:", string("vv_Addfloat32"))
pipeline = send(device, b"newComputePipelineStateWithFunction:error:", function, None)
count = 1000
values = [(ctypes.c_float * count)(*(scale * i for i in range(count))) for scale in (1, 0.5, 0)]
buffers = [send(device, b"newBufferWithBytes:length:options:", ctypes.addressof(each),
                N(ctypes.sizeof(each)), N(0)) for each in values]
commands = send(send(device, b"newCommandQueue"), b"commandBuffer")
encoder = send(commands, b"computeCommandEncoder")
send(encoder, b"setComputePipelineState:", pipeline, result=None)
for i, buffer in enumerate(buffers):
    send(encoder, b"setBuffer:offset:atIndex:", buffer, N(0), N(i), result=None)
size = ctypes.c_uint(count)
send(encoder, b"setBytes:length:atIndex:", ctypes.addressof(size), N(4), N(3), result=None)
send(encoder, b"dispatchThreads:threadsPerThreadgroup:", Size(count, 1, 1), Size(64, 1, 1),
     result=None)
send(encoder, b"endEncoding", result=None)
for method in (b"commit", b"waitUntilCompleted"):
    send(commands, method, result=None)
result = (ctypes.c_float * count).from_address(send(buffers[2], b"contents"))
print(all(result[i] == 1.5 * i for i in range(count)))
"""


def test_a_program_runs_a_kernel_of_it() -> None:
    fetch_library()
    file = next((BUILD / "mlx-library").glob("*/mlx.metallib"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, BUILD / "lib/anvil", file],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    assert (done.stdout, done.stderr) == ("17251\nTrue\n", "")
