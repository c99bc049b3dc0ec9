// One Python exception class for each error class; nested causes become `__cause__`.
#include "foundry/core/error.hpp"

#include <nanobind/stl/string.h>

#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <unordered_map>

#include "interpreter_exit.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

/// Python class of each C++ error class, by its kind(): an error with a cause is of a class derived
/// from its own. Filled once at import, never destroyed: exceptions may still be translated while
/// the interpreter shuts down.
std::unordered_map<std::string_view, PyObject*>& classes() {
  static auto* map = new std::unordered_map<std::string_view, PyObject*>;
  return *map;
}

template <class T>
bool is(const std::exception& error) {
  return dynamic_cast<const T*>(&error) != nullptr;
}

/// The kind of an error that is not Foundry's own: what the standard library throws.
const char* kind_of(const std::exception& error) {
  if (is<std::bad_alloc>(error)) return "OutOfMemoryError";
  if (is<std::system_error>(error)) return "DeviceError";
  if (is<std::bad_cast>(error)) return "ArgumentTypeError";
  const bool is_value =
      is<std::logic_error>(error) || is<std::range_error>(error) || is<std::overflow_error>(error);
  return is_value ? "ArgumentError" : "Error";
}

PyObject* class_of(const std::exception& error) {
  const auto* typed = dynamic_cast<const Error*>(&error);
  const auto found = classes().find(typed ? typed->kind() : kind_of(error));
  return found != classes().end() ? found->second : classes().at("Error");
}

/// Defines `name`, the class's kind(), derived from Error and, where there is one that users
/// already catch, `builtin`.
template <class T>
void define(nb::module_& m, const char* name, const char* doc, PyObject* builtin = nullptr) {
  nb::object bases;
  if constexpr (std::is_same_v<T, Error>) {
    bases = nb::borrow(PyExc_Exception);
  } else {
    bases = builtin ? nb::make_tuple(m.attr("Error"), nb::borrow(builtin))
                    : nb::make_tuple(m.attr("Error"));
  }
  const std::string full = nb::cast<std::string>(m.attr("__name__")) + "." + name;
  nb::object type = nb::steal(PyErr_NewExceptionWithDoc(full.c_str(), doc, bases.ptr(), nullptr));
  if (!type.is_valid()) nb::raise_python_error();
  m.attr(name) = type;
  classes()[T("").kind()] = type.release().ptr();
}

/// A new Python exception object for `error`, its nested causes attached.
nb::object make_exception(const std::exception& error) {
  // A message may name a file, whose bytes need not be UTF-8.
  const std::string_view what = error.what();
  const nb::object message = nb::steal(
      PyUnicode_DecodeUTF8(what.data(), static_cast<Py_ssize_t>(what.size()), "backslashreplace"));
  if (!message.is_valid()) nb::raise_python_error();
  nb::object exception = nb::handle(class_of(error))(message);
  try {
    std::rethrow_if_nested(error);
  } catch (const nb::python_error& cause) {
    PyException_SetCause(exception.ptr(), nb::borrow(cause.value()).release().ptr());
  } catch (const std::exception& cause) {
    // PyException_SetCause steals its reference.
    PyException_SetCause(exception.ptr(), make_exception(cause).release().ptr());
  } catch (...) {
    // A cause that is no std::exception has no message to carry.
  }
  return exception;
}

void raise(const std::exception& error) {
  const nb::object exception = make_exception(error);
  PyErr_SetObject(exception.type().ptr(), exception.ptr());
}

void translate(const std::exception_ptr& pointer, void*) {
  // What is no C++ exception is the end of this thread.
  if (!pointer) sleep_for_good();
  try {
    std::rethrow_exception(pointer);
  } catch (const std::bad_cast&) {
    // nanobind's, of an argument: which one, typed_error() finds out.
    PyErr_SetString(PyExc_TypeError, "an argument of a type that is not taken there");
  } catch (const std::exception& error) {
    set_python_error(error);
  }
}

}  // namespace

void set_python_error(const std::exception& error) noexcept {
  try {
    raise(error);
  } catch (const std::exception& failure) {
    PyErr_SetString(PyExc_RuntimeError, failure.what());
  } catch (...) {
    sleep_for_good();
  }
}

bool passes_through(const nb::python_error& error) {
  return !error.matches(PyExc_Exception) || error.matches(PyExc_MemoryError) ||
         error.matches(classes().at("Error"));
}

void bind_errors(nb::module_& m) {
  define<Error>(m, "Error", "Base of every error that Foundry raises.");
  define<ShapeError>(m, "ShapeError", "Extents, ranks, indices or sizes that do not fit.",
                     PyExc_ValueError);
  define<DTypeError>(m, "DTypeError", "An element type that does not fit or is unsupported.",
                     PyExc_TypeError);
  define<StorageError>(m, "StorageError", "An access that the storage mode forbids.",
                       PyExc_BufferError);
  define<ArenaInUseError>(m, "ArenaInUseError", "An arena reset under live leases; names them.",
                          PyExc_RuntimeError);
  define<OutOfMemoryError>(m, "OutOfMemoryError",
                           "An arena's cap or the device's memory is exhausted.",
                           PyExc_MemoryError);
  define<DispatchError>(m, "DispatchError",
                        "A grid, threadgroup or binding past the device's limits.",
                        PyExc_ValueError);
  define<KernelCompileError>(m, "KernelCompileError",
                             "MSL that does not compile; the message is the compiler's.",
                             PyExc_RuntimeError);
  define<SignatureMismatchError>(m, "SignatureMismatchError",
                                 "Generated signature and compiled function disagree.",
                                 PyExc_RuntimeError);
  define<GgufError>(m, "GgufError", "A malformed GGUF file.", PyExc_ValueError);
  define<ProgramError>(m, "ProgramError",
                       "A malformed program file, or weights that are not its own.",
                       PyExc_ValueError);
  define<DeviceError>(m, "DeviceError", "No device, a failed command buffer, use after fork.",
                      PyExc_RuntimeError);
  define<ArgumentError>(m, "ArgumentError", "An argument outside its stated domain.",
                        PyExc_ValueError);
  define<ArgumentTypeError>(m, "ArgumentTypeError",
                            "An argument of a type that is not taken there.", PyExc_TypeError);
  define<TensorIndexError>(m, "TensorIndexError", "An index past an extent, or of the wrong kind.",
                           PyExc_IndexError);
  nb::register_exception_translator(translate);
}

}  // namespace foundry::python
