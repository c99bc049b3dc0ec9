"""The entries, each after llama.cpp's loader and graph of the architecture (src/models)."""

from foundry.models.architectures.dense import DENSE
from foundry.models.architectures.embedding import EMBEDDING
from foundry.models.architectures.mixtures import MIXTURES
from foundry.models.architectures.recurrent import RECURRENT

ARCHITECTURES = {entry.name: entry for entry in (*DENSE, *MIXTURES, *RECURRENT, *EMBEDDING)}
