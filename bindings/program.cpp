// Programs: parameters, recording as a context manager, replay, files; events that replays signal.
#include "foundry/program/program.hpp"

#include <nanobind/operators.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundry/core/release_queue.hpp"
#include "foundry/program/recording.hpp"
#include "gguf.hpp"
#include "parameter.hpp"
#include "tensor.hpp"

namespace foundry::python {

std::optional<ParameterValue> to_parameter_value(nb::handle value) {
  if (PyFloat_Check(value.ptr())) return PyFloat_AS_DOUBLE(value.ptr());
  if (PyIndex_Check(value.ptr())) {
    const nb::object index = nb::steal(PyNumber_Index(value.ptr()));
    if (!index.is_valid()) nb::raise_python_error();
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
    if (overflow == 0) return std::int64_t{number};
    if (overflow < 0) return std::nullopt;
    const unsigned long long large = PyLong_AsUnsignedLongLong(index.ptr());
    if (PyErr_Occurred()) {
      PyErr_Clear();
      return std::nullopt;
    }
    return std::uint64_t{large};
  }
  if (!PyNumber_Check(value.ptr())) return std::nullopt;
  const double number = PyFloat_AsDouble(value.ptr());  // numpy's floats and the like
  if (PyErr_Occurred()) {
    PyErr_Clear();
    return std::nullopt;
  }
  // An integer that is no Python int (a Decimal) and that no double holds is none of 64 bits.
  if (std::abs(number) >= 0x1p53 && !value.equal(nb::float_(number))) return std::nullopt;
  return number;
}

namespace {

using Shared = std::shared_ptr<Runtime>;
using Settings = std::vector<ParameterSetting>;

/// A Python Program: to be recorded, being recorded, or there.
class ProgramHandle {
 public:
  ProgramHandle(Shared runtime, std::string name)
      : runtime_(std::move(runtime)), name_(std::move(name)) {}
  ProgramHandle(Shared runtime, Program program)
      : runtime_(std::move(runtime)), name_(program.name()), program_(std::move(program)) {}

  ProgramHandle& enter() {
    if (program_ || recording_) {
      throw ArgumentError(concat("program '", name_, "' is recorded once"));
    }
    recording_ = std::make_unique<Recording>(runtime_->encoder(), name_);
    return *this;
  }
  /// After an exception what was recorded is dropped.
  void leave(bool failed) {
    if (!recording_) return;
    if (!failed) program_ = recording_->finish();
    recording_.reset();
  }
  Program& program() {
    if (!program_) {
      throw ArgumentError(concat("program '", name_, "' is there once its recording has ended"));
    }
    return *program_;
  }
  bool is_recorded() const noexcept { return program_.has_value(); }
  const std::string& name() const noexcept { return name_; }
  const Shared& runtime() const noexcept { return runtime_; }

 private:
  Shared runtime_;
  std::string name_;
  std::unique_ptr<Recording> recording_;
  std::optional<Program> program_;
};

/// The names are text of the dict, which outlives the settings.
Settings to_settings(const std::string& program, const nb::kwargs& parameters) {
  Settings settings;
  settings.reserve(parameters.size());
  for (const auto& [key, value] : parameters) {
    Py_ssize_t length = 0;
    const char* text = PyUnicode_AsUTF8AndSize(key.ptr(), &length);
    if (!text) nb::raise_python_error();
    const std::string_view name(text, static_cast<std::size_t>(length));
    const auto number = to_parameter_value(value);
    if (!number) {
      throw ArgumentError(concat("program '", program, "': parameter '", name, "' is ",
                                 text_of(value), "; expected a number of 64 bits"));
    }
    settings.emplace_back(name, *number);
  }
  return settings;
}

void replay(ProgramHandle& handle, const nb::kwargs& parameters) {
  handle.program().replay(to_settings(handle.name(), parameters));
}

void replay_range(ProgramHandle& handle, std::string_view parameter, std::uint64_t first,
                  std::uint64_t count, const SharedEvent* event, const nb::kwargs& parameters) {
  handle.program().replay_range(parameter, first, count, event,
                                to_settings(handle.name(), parameters));
}

void save(ProgramHandle& handle, const std::filesystem::path& path, nb::handle weights) {
  std::vector<std::shared_ptr<const GgufFile>> files;
  for (nb::handle file : nb::iter(weights)) {
    files.push_back(nb::cast<const GgufHandle&>(file).file);
  }
  handle.program().save(path.string(), files);
}

std::unique_ptr<ProgramHandle> load(const Shared& runtime, const std::filesystem::path& path,
                                    nb::handle weights, bool is_trusted) {
  if (!is_trusted) {
    throw ArgumentError(concat("Program.load: the kernels of '", path.string(),
                               "' would run with all rights of this process; pass trusted=True "
                               "for a file that you or somebody you trust has made"));
  }
  std::vector<std::string> files;
  for (nb::handle file : nb::iter(weights)) {
    files.push_back(nb::cast<std::filesystem::path>(file).string());
  }
  return std::make_unique<ProgramHandle>(runtime,
                                         Program::load(trusted, *runtime, path.string(), files));
}

void bind_parameter(nb::module_& m) {
  nb::class_<Parameter>(m, "Parameter",
                        "A named value that a recorded program takes at each replay. Ops and "
                        "kernels take one where they take a scalar; `parameter + 1` too.")
      .def(nb::init<std::string_view>(), nb::arg("name"))
      .def_prop_ro("name", [](const Parameter& p) { return p.name(); })
      .def(
          "__add__", [](const Parameter& p, std::int64_t plus) { return p + plus; },
          nb::is_operator())
      .def(
          "__radd__", [](const Parameter& p, std::int64_t plus) { return p + plus; },
          nb::is_operator())
      .def(
          "__sub__", [](const Parameter& p, std::int64_t minus) { return p - minus; },
          nb::is_operator())
      .def(nb::self == nb::self, nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def("__hash__", [](const Parameter& p) { return std::hash<std::string>()(to_string(p)); })
      .def("__repr__", [](const Parameter& p) { return "Parameter " + to_string(p); });
}

void bind_event(nb::module_& m) {
  nb::class_<SharedEvent>(m, "SharedEvent",
                          "A counter that the device raises in the midst of its work; starts at "
                          "0.")
      .def(
          "__init__",
          [](SharedEvent* self, const Runtime& runtime) {
            new (self) SharedEvent(runtime.device());
          },
          nb::arg("runtime"))
      .def_prop_ro("value", &SharedEvent::value)
      .def(
          "wait",
          [](const SharedEvent& event, std::uint64_t value, Runtime& runtime) {
            event.wait(value, runtime.stream());
          },
          nb::arg("value"), nb::arg("runtime"),
          "Waits, without the GIL, until the value is `value` or more; Ctrl-C interrupts it. "
          "`runtime` is the one that signals: its failure ends the wait.")
      .def("__repr__",
           [](const SharedEvent& event) { return concat("SharedEvent(", event.value(), ")"); });
}

}  // namespace

void bind_program(nb::module_& m) {
  bind_parameter(m);
  bind_event(m);
  nb::class_<ProgramHandle>(
      m, "Program",
      "Recorded dispatches, replayed with new scalars and tensors. As a context manager it records "
      "what its thread runs: that does not run now. It holds every tensor it touches. Made by "
      "Foundry.record() and load().")
      .def("__enter__", &ProgramHandle::enter, nb::rv_policy::reference_internal)
      .def(
          "__exit__",
          [](ProgramHandle& handle, nb::handle kind, nb::handle, nb::handle) {
            handle.leave(!kind.is_none());
          },
          nb::arg("kind") = nb::none(), nb::arg("error") = nb::none(),
          nb::arg("traceback") = nb::none(),
          nb::sig("def __exit__(self, kind: object, error: object, traceback: object) -> None"))
      .def_static("load", &load, nb::arg("runtime"), nb::arg("path"), nb::kw_only(),
                  nb::arg("weights") = nb::make_tuple(), nb::arg("trusted") = false,
                  nb::sig("def load(runtime: Foundry, path: str | os.PathLike[str], *, weights: "
                          "collections.abc.Iterable[str | os.PathLike[str]] = (), trusted: bool = "
                          "False) -> Program"),
                  "Reads what export() wrote and compiles its kernels; `weights` are the GGUF "
                  "files. The kernels run with all rights of this process, as your own do: "
                  "ArgumentError unless `trusted` says that the file is from somebody who may. "
                  "ProgramError for a damaged file and for other weights.")
      .def("replay", &replay, nb::arg("parameters"),
           nb::sig("def replay(self, **parameters: float) -> None"),
           "Encodes every dispatch once more; does not wait. Parameters that are not named keep "
           "their last value. ArgumentError for one that is not there, has no value yet or cannot "
           "hold this one, ShapeError for a position past the end of its tensor.")
      .def("replay_range", &replay_range, nb::arg("parameter"), nb::arg("first"), nb::arg("count"),
           nb::arg("event").none() = nb::none(), nb::arg("parameters"),
           nb::sig("def replay_range(self, parameter: str, first: int, count: int, event: "
                   "SharedEvent | None = None, **parameters: float) -> None"),
           "`count` replays in one command buffer, which is then committed: the parameter runs "
           "from `first` on, and `event` becomes its value plus one after each.")
      .def(
          "bind",
          [](ProgramHandle& handle, std::string_view name, const TensorHandle& tensor) {
            drain_released();
            handle.program().bind(name, tensor);
          },
          nb::arg("name"), nb::arg("tensor"),
          "Replays use `tensor`, a whole one of the same dtype and shape, in place of the one of "
          "that name. More of the outermost dimension is fine: a cache that has grown.")
      .def(
          "tensor",
          [](ProgramHandle& handle, std::string_view name) {
            return TensorHandle(handle.program().tensor(name), handle.runtime());
          },
          nb::arg("name"), "The tensor that replays use under that name.")
      .def("export", &save, nb::arg("path"), nb::kw_only(), nb::arg("weights") = nb::make_tuple(),
           nb::sig("def export(self, path: str | os.PathLike[str], *, weights: "
                   "collections.abc.Iterable[Gguf] = ()) -> None"),
           "Writes a file that load(), here or in C++, reads. Tensors of the `weights` are stored "
           "by name and hash; what the program writes by shape, to begin with zeros.")
      .def_prop_ro("name", &ProgramHandle::name)
      .def_prop_ro("parameters", [](ProgramHandle& h) { return h.program().parameters(); })
      .def_prop_ro(
          "tensors", [](ProgramHandle& h) { return h.program().tensors(); },
          "Their names, as they were allocated with; of equal ones the second is 'x (2)'.")
      .def_prop_ro(
          "barriers", [](ProgramHandle& h) { return h.program().barriers(); },
          "Between the dispatches of a replay.")
      .def("__len__", [](ProgramHandle& h) { return h.program().size(); })
      .def("__repr__", [](ProgramHandle& h) {
        return h.is_recorded() ? to_string(h.program()) : concat("program '", h.name(), "'");
      });
  nb::object runtime = m.attr("Foundry");
  nb::cpp_function_def(
      [](const Shared& self, std::string name) {
        return std::make_unique<ProgramHandle>(self, std::move(name));
      },
      nb::scope(runtime), nb::name("record"), nb::is_method(), nb::arg("name") = "program",
      "A context manager: what this thread runs inside becomes a program, and does not run now.");
}

}  // namespace foundry::python
