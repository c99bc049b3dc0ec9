"""Streams an answer from a language model: `python generate.py MODEL.gguf "a question"`."""

import sys

import foundry as fd

path, question = sys.argv[1], " ".join(sys.argv[2:])
model = fd.models.load(path)
answer = model.generate([{"role": "user", "content": question}], max_tokens=128)
for piece in answer:
    print(piece, end="", flush=True)
print()
print(answer.statistics, file=sys.stderr)
