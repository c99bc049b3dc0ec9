"""Streams an answer: `python generate.py "a question" [MODEL.gguf]`, else by the demo model."""

import sys

import foundry as fd
from foundry.cli.demo import find_model

question = sys.argv[1] if len(sys.argv) > 1 else "What is an arena allocator?"
model = fd.models.load(sys.argv[2] if len(sys.argv) > 2 else find_model())
answer = model.generate([{"role": "user", "content": question}], max_tokens=128)
for piece in answer:
    print(piece, end="", flush=True)
print()
print(answer.statistics, file=sys.stderr)
