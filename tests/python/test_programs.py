"""Programs: record and replay, parameters, rebinding, files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foundry as fd


@fd.kernel(dispatch=fd.per_element("y"))
def axpy(x: fd.In[fd.f32], y: fd.InOut[fd.f32], a: fd.f32) -> None:
    """
    if (gid < y_size) y[gid] = a * x[gid] + y[gid];
    """


@pytest.fixture
def tensors(rt: fd.Foundry) -> tuple[fd.Tensor, fd.Tensor]:
    return (
        rt.tensor(np.ones(100, np.float32), name="x"),
        rt.tensor(np.zeros(100, np.float32), name="y"),
    )


def test_a_recording_does_not_run_and_replays_do(
    rt: fd.Foundry, tensors: tuple[fd.Tensor, fd.Tensor]
) -> None:
    x, y = tensors
    before = rt.statistics["dispatches"]
    with rt.record("step") as step:
        rt.run(axpy(x=x, y=y, a=fd.Parameter("a")))
        rt.run(axpy(x=x, y=y, a=fd.Parameter("a") + 1))
    assert rt.statistics["dispatches"] == before
    assert np.all(np.asarray(y) == 0)
    step.replay(a=2)
    step.replay(a=np.float32(0.5))
    step.replay()
    assert np.all(np.asarray(y) == (2 + 3) + (0.5 + 1.5) * 2)
    assert rt.statistics["dispatches"] == before + 6
    assert (step.name, step.parameters, step.tensors, len(step)) == ("step", ["a"], ["x", "y"], 2)
    assert repr(step) == "program 'step': 2 dispatches, 1 barriers, 2 tensors; parameters a"


def test_an_exception_drops_the_recording(
    rt: fd.Foundry, tensors: tuple[fd.Tensor, fd.Tensor]
) -> None:
    x, y = tensors
    with pytest.raises(RuntimeError, match="stop"), rt.record("broken") as step:
        rt.run(axpy(x=x, y=y, a=1.0))
        raise RuntimeError("stop")
    with pytest.raises(fd.ArgumentError, match="'broken' is there once its recording has ended"):
        step.replay()
    rt.run(axpy(x=x, y=y, a=1.0))
    assert np.asarray(y)[0] == 1, "the thread records no longer"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "parameter 'position' has no value; the first replay gives it one"),
        ({"place": 1}, "has no parameter 'place'; there are 'position'"),
        (
            {"position": -1},
            "parameter 'position' is -1; expected an integer from 0 to 4294967295",
        ),
        ({"position": 2**64}, "parameter 'position' is 18446744073709551616; expected a number"),
        ({"position": "x"}, "parameter 'position' is x; expected a number of 64 bits"),
    ],
)
def test_values_that_do_not_fit(rt: fd.Foundry, parameters: dict[str, Any], message: str) -> None:
    x = rt.tensor(np.zeros((1, 2, 4), np.float32))
    with rt.record() as step:
        rt.run(fd.ops.Rope(x=x, y=x, start=fd.Parameter("position")))
    with pytest.raises(fd.ArgumentError, match=message):
        step.replay(**parameters)


def test_scalars_of_ops_are_numbers_or_parameters(rt: fd.Foundry) -> None:
    x = rt.tensor(np.zeros((1, 2, 4), np.float32))
    message = "Rope: argument 'start' is {}; expected an integer from 0 to 4294967295, or a"
    for value in (-1, 1.5, 2**32, "x"):
        with pytest.raises(fd.ArgumentError, match=message.format(value)):
            fd.ops.Rope(x=x, y=x, start=value)  # type: ignore[arg-type]
    rope = fd.ops.Rope(x=x, y=x, start=fd.Parameter("position"))
    with pytest.raises(fd.ArgumentError, match="holds parameter 'position', which has a value"):
        rt.run(rope)
    with pytest.raises(fd.ArgumentError, match="parameter name 'a b' is not an identifier"):
        fd.Parameter("a b")
    cache = rt.tensor(np.zeros((4, 2, 4), np.float32))
    op = fd.ops.Attention(q=x, k_cache=cache, v_cache=cache, y=x, start=fd.Parameter("p") + 1)
    assert op.start == fd.Parameter("p") + 1 and op.start != fd.Parameter("p")
    op.start = 3
    assert op.start == 3


def test_a_grid_cannot_depend_on_a_parameter(rt: fd.Foundry) -> None:
    @fd.kernel(dispatch=lambda arguments: fd.DispatchConfig.per_element(arguments["n"]))
    def ramp(y: fd.Out[fd.f32], n: fd.u32) -> None:
        """
        if (gid < n) y[gid] = float(gid);
        """

    y = rt.tensor(np.zeros(8, np.float32))
    rt.run(ramp(y=y, n=4))
    assert list(np.asarray(y)) == [0, 1, 2, 3, 0, 0, 0, 0]
    with pytest.raises(fd.ArgumentError, match="kernel ramp: the grid depends on 'n', a Parameter"):
        ramp(y=y, n=fd.Parameter("n"))


def test_a_position_is_checked_against_the_cache_and_a_longer_one_may_take_its_place(
    rt: fd.Foundry,
) -> None:
    k = rt.tensor(np.ones((1, 1, 4), np.float32))
    keys, values = (rt.tensor(np.zeros((4, 1, 4), np.float32), name=n) for n in ("keys", "values"))
    with rt.record("write") as write:
        rt.run(
            fd.ops.KvWrite(k=k, v=k, k_cache=keys, v_cache=values, start=fd.Parameter("position"))
        )
    write.replay(position=3)
    assert np.asarray(keys)[:, 0, 0].tolist() == [0, 0, 0, 1]
    with pytest.raises(
        fd.ShapeError,
        match=r"parameter 'position' is 4 for 1 token; keys \(4, 1, 4\) f32 has 4 positions",
    ):
        write.replay(position=4)
    longer = rt.tensor(np.zeros((6, 1, 4), np.float32), name="longer")
    write.bind("keys", longer)
    write.bind("values", rt.tensor(np.zeros((6, 1, 4), np.float32)))
    write.replay(position=5)
    assert np.asarray(longer)[:, 0, 0].tolist() == [0, 0, 0, 0, 0, 1]
    with pytest.raises(fd.DTypeError, match=r"expected keys \(4, 1, 4\) f32"):
        write.bind("keys", rt.tensor(np.zeros((6, 1, 4), np.float16)))


def test_a_program_holds_pooled_tensors(rt: fd.Foundry) -> None:
    y = rt.alloc((16,), fd.f32, np.zeros(16), name="y")
    with rt.record() as step:
        rt.run(axpy(x=y, y=y, a=1.0))
    del y
    with pytest.raises(fd.ArenaInUseError, match=r"y \(16,\) f32 by a recorded program"):
        rt.reset()
    step.replay()
    del step
    rt.reset()


def test_events_come_while_a_range_runs(
    rt: fd.Foundry, tensors: tuple[fd.Tensor, fd.Tensor]
) -> None:
    x, y = tensors
    with rt.record() as step:
        rt.run(axpy(x=x, y=y, a=fd.Parameter("a")))
    event = fd.SharedEvent(rt)
    before = rt.statistics["command_buffers"]
    step.replay_range("a", 1, 10, event)
    assert rt.statistics["command_buffers"] == before + 1
    for value in range(2, 12):
        event.wait(value, rt)
        assert event.value >= value
    assert np.asarray(y)[0] == 55


def test_a_file_is_loaded_again(
    rt: fd.Foundry, tensors: tuple[fd.Tensor, fd.Tensor], tmp_path: Path
) -> None:
    x, y = tensors
    with rt.record("step") as step:
        rt.run(axpy(x=x, y=y, a=fd.Parameter("a")))
    path = tmp_path / "step.foundry"
    step.export(path)
    other = fd.Foundry()
    loaded = fd.Program.load(other, path, trusted=True)
    loaded.replay(a=3)
    assert np.all(np.asarray(loaded.tensor("y")) == 3)
    assert np.all(np.asarray(loaded.tensor("x")) == 1)

    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(
        fd.ProgramError, match=r"step\.foundry: at byte 28: \d+ bytes should follow"
    ):
        fd.Program.load(rt, path, trusted=True)
    path.write_bytes(bytes([*data[:100], data[100] ^ 1, *data[101:]]))
    with pytest.raises(fd.ProgramError, match="the contents are damaged"):
        fd.Program.load(rt, path, trusted=True)
    path.write_bytes(data)
    with pytest.raises(fd.ProgramError, match="1 weight files given, it needs 0"):
        fd.Program.load(rt, path, weights=["model.gguf"], trusted=True)


@pytest.fixture
def step(rt: fd.Foundry, tensors: tuple[fd.Tensor, fd.Tensor]) -> fd.Program:
    """One dispatch, y = x + y."""
    x, y = tensors
    with rt.record("step") as program:
        rt.run(axpy(x=x, y=y, a=1.0))
    return program


def test_a_file_runs_code_only_where_it_is_trusted(
    rt: fd.Foundry, step: fd.Program, tmp_path: Path
) -> None:
    path = tmp_path / "step.foundry"
    step.export(path)
    with pytest.raises(fd.ArgumentError, match=r"step\.foundry' would run .* pass trusted=True"):
        fd.Program.load(rt, path)
    assert len(fd.Program.load(rt, path, trusted=True)) == 1


def test_a_file_says_nothing_of_where_its_author_works(step: fd.Program, tmp_path: Path) -> None:
    step.export(tmp_path / "step.foundry")
    data = (tmp_path / "step.foundry").read_bytes()
    here = Path(__file__)
    assert f'"{here.name}"'.encode() in data  # compile errors still name the file
    assert str(here.parent).encode() not in data


def test_export_replaces_a_file_whole_and_keeps_its_permissions(
    rt: fd.Foundry, step: fd.Program, tmp_path: Path
) -> None:
    path = tmp_path / "step.foundry"
    path.write_bytes(b"old")
    path.chmod(0o600)
    (tmp_path / "link").symlink_to(path)
    step.export(tmp_path / "link")
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "link").is_symlink()
    assert len(fd.Program.load(rt, path, trusted=True)) == 1
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(fd.ProgramError, match=r"fifo: cannot be written: .* no regular file"):
        step.export(tmp_path / "fifo")
    assert (tmp_path / "fifo").is_fifo()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["fifo", "link", "step.foundry"]
