"""What a loaded model keeps in memory besides its file, which stays mapped."""

from __future__ import annotations

import json
from pathlib import Path

import foundry as fd
from processes import run_script

_MEASURED = """
    import json, pathlib, sys
    import foundry as fd

    def memory():
        found, name = {"anonymous": 0, "file": 0}, ""
        for line in pathlib.Path("/proc/self/smaps").read_text().splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                name = words[5] if len(words) > 5 else ""
            elif words[0] == "Anonymous:":
                found["anonymous"] += int(words[1]) * 1024
            elif words[0] == "Rss:" and name == sys.argv[1]:
                found["file"] += int(words[1]) * 1024
        return found

    before = memory()
    model = fd.models.load(sys.argv[1])
    list(model.generate(range(100, 400), max_tokens=8, ignore_end=True))
    print(json.dumps([before, memory()]))
"""


def test_a_model_takes_its_cache_and_64_mib_besides_its_file(
    model: fd.models.LanguageModel, model_path: Path
) -> None:
    done = run_script(_MEASURED, str(model_path.resolve()))
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    positions = 512  # what 308 tokens make a cache grow to
    each, _ = model.config.cache_elements
    cache = positions * each * 2
    # Vocabulary, kernels, activations of 300 tokens; none of it a copy of the weights.
    assert after["anonymous"] - before["anonymous"] < cache + 64 * 2**20
    assert after["file"] > 0.9 * model_path.stat().st_size
