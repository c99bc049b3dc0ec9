"""RMSNorm, a matrix product and SiLU as one generated kernel, beside the same in numpy."""

import numpy as np

import foundry as fd

rng = np.random.default_rng(0)
weights = rng.standard_normal((1536, 576)).astype(np.float16)
gamma, x = (rng.standard_normal(576).astype(np.float32) for _ in range(2))

rt = fd.Foundry()
y = rt.empty((1536,), fd.f32, name="y")
kernel = (
    fd.fuse("mlp_in")
    .prologue(fd.ops.RmsNorm(weight=rt.tensor(gamma), epsilon=1e-5))
    .main(fd.ops.Gemv(weights=rt.tensor(weights)))
    .epilogue(fd.ops.Silu())
    .build(x=rt.tensor(x), y=y)
)
rt.run(kernel)

normed = x / np.sqrt(np.mean(x * x) + 1e-5) * gamma
product = weights.astype(np.float32) @ normed
expected = product / (1 + np.exp(-product))
print("largest difference from numpy:", np.abs(np.asarray(y) - expected).max())
print(kernel.source(rt.device))
