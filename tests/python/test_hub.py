"""Models of the Hugging Face Hub: which file is taken, from where, and what is said if none is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import foundry as fd
from fake_hub import COMMIT, FakeHub
from foundry.huggingface.hub import chosen_files
from tiny_llama import TinyLlama

SPLIT = [f"big-Q6_K-0000{part}-of-00003.gguf" for part in (1, 2, 3)]
FOLDER = ["config.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json"]


@pytest.mark.parametrize(
    ("names", "wanted", "expected"),
    [
        (["a-Q8_0.gguf", "a-Q4_K_M.gguf"], "", ["a-Q4_K_M.gguf"]),
        (["a-f16.gguf", "a-q8_0.gguf"], "", ["a-q8_0.gguf"]),
        (["a-f16.gguf", "b-f32.gguf"], "", ["a-f16.gguf"]),
        (["a-bf16.gguf", "a-f16.gguf"], "F16", ["a-f16.gguf"]),
        (["a-IQ4_NL.gguf", "a.Q4_0.gguf"], "q4_0", ["a.Q4_0.gguf"]),
        (["Q4_K_M/a-00001-of-00001.gguf"], "Q4_K_M", ["Q4_K_M/a-00001-of-00001.gguf"]),
        (["mmproj-Q4_K_M.gguf", "imatrix-Q4_K_M.gguf", "x.gguf"], "", ["x.gguf"]),
        (["README.md", *reversed(SPLIT)], "", SPLIT),
        ([*SPLIT, "a-Q8_0.gguf"], "Q6_K", SPLIT),
        (["a-Q8_0.gguf", *SPLIT], SPLIT[1], SPLIT),
        (["a.gguf", "sub/b.gguf"], "sub/b.gguf", ["sub/b.gguf"]),
        ([*FOLDER, "README.md", "pytorch_model.bin", "onnx/model.onnx"], "",
         ["config.json", "1_Pooling/config.json", "model.safetensors", "tokenizer.json"]),
        (["config.json", "a.gguf", "model.safetensors"], "", ["a.gguf"]),
    ],
)  # fmt: skip
def test_the_file_is_the_one_that_llama_cpp_takes(
    names: list[str], wanted: str, expected: list[str]
) -> None:
    assert chosen_files(names, wanted, "user/model") == expected


@pytest.mark.parametrize(
    ("names", "wanted", "message"),
    [
        (["a-Q8_0.gguf"], "Q4_0", "user/model: has no GGUF file of 'Q4_0'; there are: a-Q8_0.gguf"),
        (["a.gguf"], "b.gguf", "user/model: has no 'b.gguf'; there are: a.gguf"),
        ([], "Q4_0", "user/model: has no GGUF file of 'Q4_0'; there is nothing of that kind"),
        (["pytorch_model.bin", "config.json"], "",
         "user/model: has neither a GGUF file nor config.json with model.safetensors; "
         "there are: config.json, pytorch_model.bin"),
        (SPLIT[:2], "", f"{SPLIT[0]}: of its 3 parts there are {SPLIT[0]}, {SPLIT[1]}"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_an_error_with_what_is(
    names: list[str], wanted: str, message: str
) -> None:
    with pytest.raises(fd.ModelError, match=f"^{re.escape(message)}$"):
        chosen_files(names, wanted, "user/model")


@pytest.mark.parametrize("name", ["model", "a/b/c", "../x/y", "a b/c", "/", "https://a/b"])
def test_what_is_no_repository_is_refused(name: str) -> None:
    with pytest.raises(fd.ArgumentError, match="fetch: unsupported repository"):
        fd.models.fetch(name)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHub]:
    path = TinyLlama().write(tmp_path_factory.mktemp("hub") / "tiny.gguf")
    model = path.read_bytes()
    tiny = {"tiny-Q8_0.gguf": b"another", "tiny-Q4_K_M.gguf": model, "README.md": b"# Tiny"}
    repositories: dict[str, dict[str, bytes]] = {
        "user/tiny": tiny,
        "user/split": {name: name.encode() for name in SPLIT},
        "user/folder": {name: name.encode() for name in FOLDER},
        "user/secret": tiny,
        "user/gated": tiny,
        "user/none": {"README.md": b""},
    }
    fake = FakeHub(repositories, private={"user/secret": "key"}, gated=frozenset({"user/gated"}))
    with fake.served():
        yield fake


def environment(url: str, home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return {**kept, "HF_ENDPOINT": url, "HF_HOME": str(home), **more}


def inspect(url: str, home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "foundry", "inspect", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment(url, home, **more),
    )


def test_a_model_of_the_hub_is_fetched_once_and_serves_offline(
    hub: FakeHub, tmp_path: Path
) -> None:
    done = inspect(hub.url, tmp_path, "-hf", "user/tiny")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["name"] == "tiny-Q4_K_M.gguf"
    assert hub.fetched.count("user/tiny/tiny-Q4_K_M.gguf") == 1
    again = inspect(hub.url, tmp_path, "--hf-repo", "user/tiny:q4_k_m")
    offline = inspect("http://127.0.0.1:9", tmp_path, "-hf", "user/tiny", "--offline")
    told = inspect("http://127.0.0.1:9", tmp_path, "-hf", "user/tiny", HF_HUB_OFFLINE="1")
    for run in (again, offline, told):
        assert (run.stdout, run.stderr) == (done.stdout, "")
    assert hub.fetched.count("user/tiny/tiny-Q4_K_M.gguf") == 1
    unreached = inspect("http://127.0.0.1:9", tmp_path, "-hf", "user/tiny")
    assert unreached.stdout == done.stdout
    assert unreached.stderr == (
        "ModelWarning: user/tiny: http://127.0.0.1:9 cannot be reached; taken from the cache\n"
    )


def test_a_hub_that_cannot_be_reached_is_an_error_where_the_cache_is_empty(tmp_path: Path) -> None:
    done = inspect("http://127.0.0.1:9", tmp_path, "-hf", "user/tiny")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        "ModelError: user/tiny: http://127.0.0.1:9 cannot be reached, and the cache has nothing"
        in done.stderr
    )


def test_a_token_opens_what_is_private(hub: FakeHub, tmp_path: Path) -> None:
    words = ("-hf", "user/secret")
    assert "there is no such repository" in inspect(hub.url, tmp_path, *words).stderr
    for run in (
        inspect(hub.url, tmp_path / "a", *words, HF_TOKEN="key"),
        inspect(hub.url, tmp_path / "b", *words, "-hft", "key"),
    ):
        assert (run.returncode, run.stderr) == (0, "")


FETCHES = """
import json, os
import foundry as fd

def files(path):
    home = path.parent if path.is_file() else path
    found = sorted(str(file.relative_to(home)) for file in home.rglob("*") if file.is_file())
    return {"name": path.name, "files": found, "size": path.stat().st_size}

seen = []
report = {
    "split": files(fd.models.fetch("user/split:q6_k", progress=lambda *step: seen.append(step))),
    "folder": files(fd.models.fetch("user/folder")),
    "file": files(fd.models.fetch("user/tiny", file="tiny-Q8_0.gguf", revision="%s")),
    "seen": seen,
}
for words in %r:
    try:
        fd.models.fetch(words[0], **dict(words[1:]))
    except fd.ModelError as error:
        report.setdefault("errors", []).append(str(error))
print(json.dumps(report))
"""
REFUSED: list[tuple[list[Any], str]] = [
    (["user/no"], "user/no: there is no such repository on {url}, or it is private and HF_TOKEN "
     "does not open it"),
    (["user/gated"], "user/gated: is gated: accept its terms on {url}/user/gated, and "
     "set HF_TOKEN"),
    (["user/tiny:Q2_K"], "user/tiny: has no GGUF file of 'Q2_K'; there are: tiny-Q4_K_M.gguf, "
     "tiny-Q8_0.gguf"),
    (["user/tiny", ("file", "x.gguf")], "user/tiny: has no 'x.gguf'; there are: tiny-Q4_K_M.gguf"
     ", tiny-Q8_0.gguf"),
    (["user/secret", ("offline", True)], "user/secret: the cache has nothing of it, and offline "
     "none is fetched"),
    (["user/tiny", ("revision", "v9")], "user/tiny: has no revision 'v9'"),
    (["user/none"], "user/none: has neither a GGUF file nor config.json with model.safetensors; "
     "there are: README.md"),
]  # fmt: skip


def test_what_is_there_is_fetched_whole_the_rest_an_error(hub: FakeHub, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FETCHES % (COMMIT, [words for words, _ in REFUSED])],
        capture_output=True,
        text=True,
        check=False,
        env=environment(hub.url, tmp_path),
    )
    assert (done.returncode, done.stderr) == (0, "")
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["split"] == {"name": SPLIT[0], "files": SPLIT, "size": len(SPLIT[0])}
    assert report["folder"]["files"] == sorted(FOLDER)
    assert report["file"]["name"] == "tiny-Q8_0.gguf"
    assert report["errors"] == [message.format(url=hub.url) for _, message in REFUSED]
    assert [SPLIT[2], len(SPLIT[2]), len(SPLIT[2])] in report["seen"]
