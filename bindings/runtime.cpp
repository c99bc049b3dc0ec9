// Foundry: allocate, run, wait. Scopes as context managers.
#include "foundry/runtime/foundry.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <unistd.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "array_bytes.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/release_queue.hpp"
#include "foundry/core/waiting.hpp"
#include "interpreter_exit.hpp"
#include "operation.hpp"
#include "tensor.hpp"
#include "values.hpp"

namespace foundry::python {
namespace {

using Shared = std::shared_ptr<Runtime>;

StorageMode to_mode(const std::string& name) {
  for (StorageMode mode : {StorageMode::shared, StorageMode::private_}) {
    if (name == name_of(mode)) return mode;
  }
  throw ArgumentError(concat("storage mode '", name, "': there are 'shared' and 'private'"));
}

TensorHandle tensor(const Shared& runtime, nb::handle values, nb::handle dtype, std::string name,
                    const std::string& mode) {
  drain_released();
  std::optional<DType> wanted;
  if (!dtype.is_none()) {
    wanted = to_dtype(dtype);
    require_supported(*wanted, "tensor");
    if (is_block(*wanted)) {
      throw DTypeError(
          concat("tensor: values do not convert to the block format ", name_of(*wanted)));
    }
  }
  const nb::object array = values_of(values, wanted, "tensor");
  TensorHandle handle(
      AnyTensor::dedicated(runtime->device(), to_extents(array.attr("shape")),
                           dtype_of_numpy(array.attr("dtype")), to_mode(mode), std::move(name)),
      runtime);
  handle.copy_from_host(runtime->stream(), ArrayBytes(array).bytes());
  return handle;
}

/// Every runtime of the process, so that the interpreter's exit can wait for its work. Guarded by
/// the GIL.
std::set<Runtime*>& runtimes() {
  static auto* set = new std::set<Runtime*>;
  return *set;
}

Device to_device(nb::handle device) {
  if (device.is_none()) return Device::system_default();
  if (nb::isinstance<Device>(device)) return nb::cast<Device>(device);
  std::string_view name;
  if (!nb::try_cast(device, name)) {
    throw ArgumentTypeError(concat("Foundry: device is a ", type_name_of(device),
                                   "; expected a Device, a name such as \"cpu:0\", or None"));
  }
  return Device::find(name);
}

bool is_busy(Runtime& runtime) {
  return runtime.stream().statistics().in_flight > 0;
}

/// At interpreter exit: waits for work in flight. Ctrl-C ends the wait, also if it came before and
/// that work still runs. Other threads may still be inside of Foundry, so that the hooks around
/// waits stay. A forked child has no work of its own to wait for.
void leave(pid_t owner) {
  if (getpid() != owner) return;
  // Their Python objects, since other threads run meanwhile and may let go of theirs.
  std::vector<nb::object> held;
  for (Runtime* runtime : runtimes()) {
    if (const nb::object object = nb::find(*runtime); object.is_valid()) held.push_back(object);
  }
  for (const nb::object& object : held) {
    try {
      auto& runtime = nb::cast<Runtime&>(object);
      if (is_interrupted() && is_busy(runtime)) abandon_work();
      if (!detail::is_work_abandoned()) runtime.synchronize();
    } catch (nb::python_error& error) {
      if (error.matches(PyExc_KeyboardInterrupt)) abandon_work();
      error.discard_as_unraisable("foundry at exit");
    } catch (const std::exception& error) {
      PySys_WriteStderr("foundry: %s\n", describe_error(error).c_str());
    }
  }
  if (detail::is_work_abandoned())
    PySys_WriteStderr("foundry: interrupted; exit does not wait for the device's work\n");
  drain_released();
  set_release_hook(nullptr);
  keep_others_out();
  // What daemon threads hold in their stacks is never let go of, and no leak of ours.
  PyThreadState* const first = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
  if (first && PyThreadState_Next(first)) nb::set_leak_warnings(false);
}

nb::dict statistics(const Foundry& runtime, CommandStream& stream) {
  const StreamStatistics work = stream.statistics();
  const RegistryStatistics kernels = runtime.registry().statistics();
  nb::dict result;
  result["dispatches"] = work.dispatches;
  result["barriers"] = work.barriers;
  result["copies"] = work.copies;
  result["command_buffers"] = work.command_buffers;
  result["in_flight"] = work.in_flight;
  result["compilations"] = kernels.compilations;
  result["kernels"] = kernels.kernels;
  return result;
}

}  // namespace

TensorHandle alloc(const ArenaHandle& arena, nb::handle shape, nb::handle dtype, nb::handle init,
                   std::string name) {
  drain_released();
  const Extents extents = to_extents(shape);
  const DType type = to_dtype(dtype);
  const auto make = [&] {
    return TensorHandle(AnyTensor::pooled(*arena.arena, extents, type, std::move(name)),
                        arena.runtime);
  };
  if (init.is_none()) return make();
  if (const auto bytes = row_major_bytes(init, type, extents)) {
    TensorHandle tensor = make();
    tensor.copy_from_host(tensor.runtime->stream(), *bytes);
    return tensor;
  }
  // The values first: where they do not fit, the arena stays as it was.
  const nb::object values = values_of(init, type, "alloc");
  if (!is_block(type)) require_shape(values, extents, "alloc", name, type);
  const TensorHandle tensor = make();
  tensor.copy_from_host(tensor.runtime->stream(), ArrayBytes(values).bytes());
  return tensor;
}

Runtime::Runtime(const Device& device, const FoundryOptions& options) : Foundry(device, options) {
  runtimes().insert(this);
}

Runtime::~Runtime() {
  runtimes().erase(this);
}

void bind_runtime(nb::module_& m) {
  m.attr("DEFAULT_ARENA") = Foundry::kDefaultArena;

  nb::class_<Runtime> runtime_class(
      m, "Foundry", nb::is_weak_referenceable(),
      "One device, one stream of work, a kernel registry and named arenas. "
      "Thread-safe; runs are asynchronous.");
  runtime_class
      .def(
          "__init__",
          [](Runtime* self, nb::handle device, std::uint64_t arena_cap) {
            FoundryOptions options;
            options.arena_cap_bytes = arena_cap;
            new (self) Runtime(to_device(device), options);
          },
          nb::arg("device") = nb::none(), nb::kw_only(), nb::arg("arena_cap") = 0,
          nb::sig("def __init__(self, device: Device | str | None = None, *, arena_cap: int = 0) "
                  "-> None"),
          "`device`: a Device, a name or \"cpu:0\"; None takes the default. `arena_cap`: bytes of "
          "the default arena at most, 0 for no cap.")
      .def_prop_ro("device", [](const Runtime& f) { return f.device(); })
      .def(
          "alloc",
          [](const Shared& runtime, nb::handle shape, nb::handle dtype, nb::handle init,
             std::string name, const std::string& arena) {
            return alloc({runtime, &runtime->arena(arena)}, shape, dtype, init, std::move(name));
          },
          nb::arg("shape"), nb::arg("dtype"), nb::arg("init") = nb::none(), nb::kw_only(),
          nb::arg("name") = "", nb::arg("arena") = Foundry::kDefaultArena,
          nb::sig("def alloc(self, shape: int | collections.abc.Sequence[int], dtype: DType | "
                  "numpy.typing.DTypeLike, init: numpy.typing.ArrayLike | None = None, *, name: "
                  "str = '', arena: str = 'default') -> Tensor"),
          "A tensor from an arena, uninitialised or with the values of `init`. OutOfMemoryError "
          "past the arena's cap.")
      .def(
          "empty",
          [](const Shared& runtime, nb::handle shape, nb::handle dtype, std::string name,
             const std::string& arena) {
            return alloc({runtime, &runtime->arena(arena)}, shape, dtype, nb::none(),
                         std::move(name));
          },
          nb::arg("shape"), nb::arg("dtype"), nb::kw_only(), nb::arg("name") = "",
          nb::arg("arena") = Foundry::kDefaultArena,
          nb::sig("def empty(self, shape: int | collections.abc.Sequence[int], dtype: DType | "
                  "numpy.typing.DTypeLike, *, name: str = '', arena: str = 'default') -> Tensor"),
          "An uninitialised tensor from an arena.")
      .def("tensor", &tensor, nb::arg("values"), nb::arg("dtype") = nb::none(), nb::kw_only(),
           nb::arg("name") = "", nb::arg("mode") = "shared",
           nb::sig("def tensor(self, values: numpy.typing.ArrayLike, dtype: DType | "
                   "numpy.typing.DTypeLike | None = None, *, name: str = '', mode: str = 'shared') "
                   "-> Tensor"),
           "A copy of `values` in a buffer of its own, shared or private, for what lives long.")
      .def(
          "dedicated",
          [](const Shared& runtime, nb::handle shape, nb::handle dtype, std::string name,
             const std::string& mode) {
            return TensorHandle(
                AnyTensor::dedicated(runtime->device(), to_extents(shape), to_dtype(dtype),
                                     to_mode(mode), std::move(name)),
                runtime);
          },
          nb::arg("shape"), nb::arg("dtype"), nb::kw_only(), nb::arg("name") = "",
          nb::arg("mode") = "shared",
          nb::sig("def dedicated(self, shape: int | collections.abc.Sequence[int], dtype: DType | "
                  "numpy.typing.DTypeLike, *, name: str = '', mode: str = 'shared') -> Tensor"),
          "An uninitialised tensor with a buffer of its own.")
      .def("borrow", &borrow, nb::arg("array"), nb::arg("dtype") = nb::none(),
           nb::arg("shape") = nb::none(), nb::kw_only(), nb::arg("name") = "",
           nb::sig("def borrow(self, array: typing.Any, dtype: DType | numpy.typing.DTypeLike | "
                   "None = None, shape: int | collections.abc.Sequence[int] | None = None, *, "
                   "name: str = '') -> Tensor"),
           "The memory of a numpy array or of any buffer (mmap, bytes, memoryview) as a tensor, "
           "without a copy; read-only where it is. `dtype` and `shape` say what its bytes are, "
           "block formats included. StorageError unless it is contiguous and aligned: "
           "Foundry.tensor() copies.")
      .def("from_dlpack", &from_dlpack, nb::arg("array"), nb::kw_only(), nb::arg("copy") = false,
           nb::arg("name") = "",
           nb::sig("def from_dlpack(self, array: typing.Any, *, copy: bool = False, name: str = '')"
                   " -> Tensor"),
           "The host memory of another library's array as a tensor, without a copy unless one is "
           "asked for; the producer gets it back when the last use is done. StorageError where it "
           "cannot be shared: another device's, not contiguous, or not aligned.")
      .def(
          "run", [](Runtime& f, const Operation& operation) { operation.encode(f.encoder()); },
          nb::arg("operation"),
          "Compiles the kernel if it is new and encodes its dispatch; does not wait.")
      .def(
          "prepare", [](Runtime& f, const Operation& operation) { f.prepare(operation); },
          nb::arg("operation"),
          "Compiles what run() would compile and checks what it would check; encodes nothing. "
          "Called from several threads, it compiles several kernels at once.")
      .def(
          "scope",
          [](const Shared& runtime, const std::string& arena) {
            return std::make_unique<ArenaScopeHandle>(ArenaHandle{runtime, &runtime->arena(arena)});
          },
          nb::arg("arena") = Foundry::kDefaultArena,
          "A context manager: the arena's allocations inside are retired when it ends.")
      .def(
          "reset",
          [](Runtime& f, const std::string& arena) {
            drain_released();
            f.reset(arena);
          },
          nb::arg("arena") = Foundry::kDefaultArena,
          "Waits for the device, then makes everything in the arena free. ArenaInUseError names "
          "the tensors and numpy arrays that still hold it.")
      .def(
          "arena",
          [](const Shared& runtime, const std::string& name) {
            return ArenaHandle{runtime, &runtime->arena(name)};
          },
          nb::arg("name") = Foundry::kDefaultArena,
          "The arena of that name; made on first use, shared storage, no cap.")
      .def(
          "make_arena",
          [](const Shared& runtime, const std::string& name, const std::string& mode,
             std::uint64_t chunk_bytes, std::uint64_t cap_bytes) {
            ArenaOptions options;
            options.mode = to_mode(mode);
            if (chunk_bytes != 0) options.chunk_bytes = chunk_bytes;
            options.cap_bytes = cap_bytes;
            return ArenaHandle{runtime, &runtime->make_arena(name, options)};
          },
          nb::arg("name"), nb::kw_only(), nb::arg("mode") = "shared", nb::arg("chunk_bytes") = 0,
          nb::arg("cap_bytes") = 0,
          "Makes an arena; 0 means the default chunk size, and no cap. ArgumentError if there is "
          "one of that name.")
      .def_prop_ro("arena_names", [](const Runtime& f) { return f.arena_names(); })
      .def_prop_ro(
          "statistics", [](Runtime& f) { return statistics(f, f.stream()); },
          "Counts since the runtime was made: dispatches, barriers, compilations, ...",
          nb::sig("def statistics(self) -> dict[str, int]"))
      .def(
          "synchronize",
          [](Runtime& f) {
            f.synchronize();
            drain_released();
          },
          "Waits for everything, without the GIL; Ctrl-C interrupts it. Raises the failures since "
          "the last call as one DeviceError.")
      .def(
          "flush", [](Runtime& f) { f.flush(); }, "Commits what is encoded; does not wait.")
      .def("__repr__", [](const Runtime& f) { return to_string(f); });

  bind_creation(runtime_class);

  m.def(
      "finish", [owner = getpid()] { leave(owner); },
      "At interpreter exit: waits for the work of every runtime unless Ctrl-C was pressed.");
}

}  // namespace foundry::python
