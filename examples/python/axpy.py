"""A kernel of one's own: signature in Python, body in MSL, result shared with numpy."""

import numpy as np

import foundry as fd


@fd.kernel(dispatch=fd.per_element("y"))
def axpy(x: fd.In[fd.f16], y: fd.InOut[fd.f16], a: fd.f32) -> None:
    """
    if (gid < y_size) y[gid] = half(a * float(x[gid]) + float(y[gid]));
    """


rt = fd.Foundry()
print(rt.device)
with rt.scope():
    x = rt.alloc((4096,), fd.f16, np.linspace(0, 1, 4096), name="x")
    y = rt.alloc((4096,), fd.f16, np.ones(4096), name="y")
    rt.run(axpy(x=x, y=y, a=2.0))
    out = np.asarray(y)  # waits for the device, shares its memory, keeps its lease

print(out[:3], "...", out[-1])
print(axpy.source)
