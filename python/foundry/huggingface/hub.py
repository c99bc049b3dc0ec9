"""Models of the Hugging Face Hub: which files of a repository, and where they lie once fetched.

Fetching, its cache and its tokens are the `huggingface_hub` package's; which file is llama.cpp's
choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundry.call_errors import typed_call
from foundry.errors import ArgumentError, ModelError
from foundry.generation.arguments import checked_text
from foundry.metadata import shown, warn

Progress = Callable[[str, int, int], None]

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_SPLIT = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf", re.IGNORECASE)
_NO_MODELS = ("mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-")
"""What GGUF files that are no models, but go with one, have in their names."""
_USUAL = ("Q4_K_M", "Q8_0")
"""The formats that are taken where none is asked for."""
_FOLDER = re.compile(
    r"[^/]+\.(json|jinja|model|txt)|model[^/]*\.safetensors|\d+_\w+/(config\.json|model\.safetensors)"
)
"""What a folder has that `transformers` or `sentence-transformers` loads."""
_FIRST = "config.json"
_TIMEOUT = 10.0  # seconds
_LISTED = 20  # names in a message


@typed_call
def fetch(
    repository: str,
    *,
    file: str | None = None,
    revision: str | None = None,
    token: str | None = None,
    offline: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Fetches a model of the Hugging Face Hub into its cache; the path that `load` takes.

    `repository` is "user/model", "user/model:Q4_K_M" for a format, or "user/model:name.gguf", as
    `file` says it too. Without, Q4_K_M is taken, or Q8_0, or the first GGUF file; of a split one
    all parts; of a repository without any the folder with its safetensors. `revision` is a branch,
    a tag or a commit, `token` opens what is not public, else `$HF_TOKEN` does. What the cache has
    is not fetched again; it serves alone where `offline` says so, and with a `ModelWarning` where
    the hub cannot be reached. `progress` is called with a file's name, its bytes there and in all.

    Raises `ArgumentError` for what is no name of a repository, `ModelError` where there is none of
    that name, nothing in it that was asked for, or no way to it.
    """
    repository = checked_text(repository, "fetch: repository")
    name, _, wanted = repository.partition(":")
    if not _REPOSITORY.fullmatch(name):
        raise ArgumentError(
            f"fetch: unsupported repository {shown(repository)}; supported: user/model, "
            "user/model:FORMAT, user/model:FILE.gguf"
        )
    place = _Place(name, revision, token)
    names = None if offline else place.listed()
    if names is not None:
        chosen = chosen_files(names, file or wanted, name)
        paths = [place.fetched(each, progress) for each in chosen]
    else:
        home = place.cached()
        if not home.is_dir():
            raise ModelError(f"{name}: the cache has nothing of it, and offline none is fetched")
        names = sorted(path.relative_to(home).as_posix() for path in home.rglob("*.*"))
        paths = [home / each for each in chosen_files(names, file or wanted, name)]
    return paths[0] if paths[0].suffix.lower() == ".gguf" else paths[0].parent


def chosen_files(names: Collection[str], wanted: str, repository: str) -> list[str]:
    """Those of a repository's files that are the model; a folder's begin with `config.json`."""
    files = [name for name in names if name.lower().endswith(".gguf")]
    if wanted.lower().endswith(".gguf"):
        if wanted not in files:
            raise ModelError(f"{repository}: has no {shown(wanted)}; {_listed(files)}")
        return _parts(wanted, files)
    models = [
        name
        for name in files
        if not any(word in name.rpartition("/")[2].lower() for word in _NO_MODELS)
        and ((split := _SPLIT.fullmatch(name)) is None or int(split[2]) == 1)
    ]
    for format in [wanted] if wanted else _USUAL:
        pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(format)}[./-]", re.IGNORECASE)
        for name in models:
            if pattern.search(name):
                return _parts(name, files)
    if wanted:
        raise ModelError(f"{repository}: has no GGUF file of {shown(wanted)}; {_listed(files)}")
    if models:
        return _parts(models[0], files)
    folder = sorted(
        filter(_FOLDER.fullmatch, names), key=lambda name: (name != "config.json", name)
    )
    if folder[:1] != ["config.json"] or not any(n.endswith(".safetensors") for n in folder):
        raise ModelError(
            f"{repository}: has neither a GGUF file nor config.json with model.safetensors; "
            f"{_listed(names)}"
        )
    return folder


def _parts(name: str, files: Iterable[str]) -> list[str]:
    """The file, or all parts of the one that it is a part of, the first one first."""
    split = _SPLIT.fullmatch(name)
    if split is None:
        return [name]
    beside = re.compile(rf"{re.escape(split[1])}-\d{{5}}-of-{split[3]}\.gguf", re.IGNORECASE)
    found = sorted(file for file in files if beside.fullmatch(file))
    if len(found) != int(split[3]):
        raise ModelError(f"{name}: of its {int(split[3])} parts there are {', '.join(found)}")
    return found


def _listed(names: Collection[str]) -> str:
    if not names:
        return "there is nothing of that kind"
    first = ", ".join(sorted(names)[:_LISTED])
    return f"there are: {first}" + (", ..." if len(names) > _LISTED else "")


@dataclass
class _Place:
    """A revision of a repository, on the hub and in the cache."""

    repository: str
    revision: str | None
    token: str | None

    def listed(self) -> list[str] | None:
        """The names that the hub has; None where it cannot be reached."""
        import huggingface_hub

        api = huggingface_hub.HfApi(token=self.token)
        try:
            found = api.model_info(self.repository, revision=self.revision, timeout=_TIMEOUT)
        except huggingface_hub.errors.OfflineModeIsEnabled:
            return None
        except huggingface_hub.errors.HfHubHTTPError as error:
            raise self._refused(error) from error
        except Exception as error:  # of the package's HTTP client, whichever that is
            if not self.cached().is_dir():
                raise ModelError(
                    f"{self.repository}: {_endpoint()} cannot be reached, and the cache has "
                    f"nothing of it: {error}"
                ) from error
            warn(f"{self.repository}: {_endpoint()} cannot be reached; taken from the cache")
            return None
        return sorted(sibling.rfilename for sibling in found.siblings or ())

    def cached(self) -> Path:
        """Its folder in the cache, as that is laid out: refs/NAME has the commit of a branch,
        snapshots/COMMIT its files."""
        from huggingface_hub import constants
        from huggingface_hub.file_download import repo_folder_name

        name = repo_folder_name(repo_id=self.repository, repo_type="model")
        home, revision = Path(constants.HF_HUB_CACHE) / name, self.revision or "main"
        try:
            commit = (home / "refs" / revision).read_text().strip()
        except OSError:
            commit = revision
        return home / "snapshots" / commit

    def fetched(self, name: str, progress: Progress | None) -> Path:
        import huggingface_hub

        bar: Mapping[str, Any] = {"tqdm_class": _bar_of(name, progress)}
        try:
            path = huggingface_hub.hf_hub_download(
                self.repository,
                name,
                revision=self.revision,
                token=self.token,
                library_name="foundry",
                **bar,
            )
        except huggingface_hub.errors.HfHubHTTPError as error:
            raise self._refused(error) from error
        except Exception as error:  # no narrower: its HTTP client's, the file system's
            raise ModelError(f"{self.repository}: {name} cannot be fetched: {error}") from error
        return Path(path)

    def _refused(self, error: Exception) -> ModelError:
        from huggingface_hub import errors

        at = f"{_endpoint()}/{self.repository}"
        if isinstance(error, errors.GatedRepoError):
            return ModelError(
                f"{self.repository}: is gated: accept its terms on {at}, and set HF_TOKEN"
            )
        if isinstance(error, errors.RepositoryNotFoundError):
            return ModelError(
                f"{self.repository}: there is no such repository on {_endpoint()}, or it is "
                "private and HF_TOKEN does not open it"
            )
        if isinstance(error, errors.RevisionNotFoundError):
            return ModelError(f"{self.repository}: has no revision {shown(self.revision)}")
        return ModelError(f"{self.repository}: {str(error).splitlines()[0]}")


def _endpoint() -> str:
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def _bar_of(name: str, progress: Progress | None) -> type:
    """What the package takes for a progress bar, which reports to `progress`."""

    class Bar:
        def __init__(self, *_: object, **settings: Any) -> None:
            self._total, self._done = settings.get("total"), settings.get("initial") or 0
            self.update(0)

        def update(self, count: float | None = 1) -> None:
            self._done += int(count or 0)
            if progress is not None and self._total:
                progress(name, min(self._done, self._total), self._total)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: None

    return Bar
