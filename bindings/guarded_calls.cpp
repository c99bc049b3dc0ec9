// Every bound function, method, constructor, property and operator raises Foundry's errors only:
// what else comes out of a call (nanobind's refusal of its arguments, a Python exception that they
// raised) is turned into a typed error by foundry.call_errors.
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "foundry/core/error.hpp"
#include "interpreter_exit.hpp"
#include "tensor.hpp"
#include "unsafe/object_slots.hpp"

namespace foundry::python {
namespace {

/// What a guarded function is called in messages: "Foundry.alloc", "Tensor.name". By the function,
/// which its class keeps; never destroyed, as functions may be called while the interpreter leaves.
std::unordered_map<PyObject*, std::string>& names() {
  static auto* map = new std::unordered_map<PyObject*, std::string>;
  return *map;
}

/// foundry.call_errors.typed_error, once the package is imported: a weak proxy, never released.
PyObject* typed_error = nullptr;

constexpr const char* kUnchanged = "_foundry_unchanged";

/// The exception to raise in place of `error`; an invalid object where it stays as it is.
nb::object replacement(PyObject* function, PyObject* const* arguments, std::size_t count,
                       PyObject* keywords, const nb::python_error& error) {
  const nb::handle raised = error.value();
  // KeyboardInterrupt and its like, and what a signal handler raised, pass.
  if (!typed_error || !PyErr_GivenExceptionMatches(raised.ptr(), PyExc_Exception) ||
      nb::hasattr(raised, kUnchanged)) {
    return {};
  }
  nb::list positional;
  for (std::size_t i = 0; i < count; ++i) positional.append(nb::handle(arguments[i]));
  nb::dict named;
  const std::size_t keyword_count =
      keywords ? static_cast<std::size_t>(PyTuple_GET_SIZE(keywords)) : 0;
  for (std::size_t i = 0; i < keyword_count; ++i) {
    named[nb::handle(PyTuple_GET_ITEM(keywords, i))] = nb::handle(arguments[count + i]);
  }
  const std::string& name = names().at(function);
  return nb::handle(typed_error)(nb::handle(function).attr("__nb_signature__"),
                                 nb::str(name.c_str(), name.size()), positional, named, raised);
}

/// After a failed call: replaces the pending exception.
[[gnu::cold, gnu::noinline]] PyObject* fail(PyObject* function, PyObject* const* arguments,
                                            std::size_t flags, PyObject* keywords) noexcept {
  // nanobind marks calls of a constructor in the bit below CPython's own.
  constexpr std::size_t kMarks =
      PY_VECTORCALL_ARGUMENTS_OFFSET | (PY_VECTORCALL_ARGUMENTS_OFFSET >> 1);
  if (!PyErr_Occurred()) return nullptr;
  nb::python_error error;
  try {
    const nb::object raised = replacement(function, arguments, flags & ~kMarks, keywords, error);
    if (raised.is_valid() && !raised.is(error.value())) {
      PyErr_SetObject(raised.type().ptr(), raised.ptr());
    } else {
      error.restore();
    }
  } catch (const std::exception&) {  // no memory, or no stack, to say it better
    error.restore();
  } catch (...) {
    sleep_for_good();
  }
  return nullptr;
}

/// nanobind's own dispatchers, of which there are a few: a function's stands in its object, and a
/// guard of its place in this table goes there instead.
std::array<vectorcallfunc, 8> dispatchers{};

template <std::size_t kIndex>
PyObject* guarded(PyObject* function, PyObject* const* arguments, std::size_t flags,
                  PyObject* keywords) {
  const CallScope inside;
  PyObject* result = dispatchers[kIndex](function, arguments, flags, keywords);
  if (result) [[likely]]
    return result;
  return fail(function, arguments, flags, keywords);
}

template <std::size_t... kIndices>
constexpr std::array<vectorcallfunc, sizeof...(kIndices)> guards(std::index_sequence<kIndices...>) {
  return {&guarded<kIndices>...};
}

vectorcallfunc guard_of(vectorcallfunc dispatcher) {
  static constexpr auto all = guards(std::make_index_sequence<dispatchers.size()>());
  for (std::size_t i = 0; i < dispatchers.size(); ++i) {
    if (!dispatchers[i]) dispatchers[i] = dispatcher;
    if (dispatchers[i] == dispatcher) return all[i];
  }
  throw std::length_error("more dispatchers in nanobind than guarded_calls.cpp has guards");
}

/// Puts the guard in place, if `function` is one of nanobind's.
void guard(nb::handle function, const std::string& name) {
  if (!nb::hasattr(function, "__nb_signature__") || names().contains(function.ptr())) return;
  vectorcallfunc& dispatcher = unsafe::dispatcher_of(function.ptr());
  dispatcher = guard_of(dispatcher);
  names().emplace(function.ptr(), name);
}

/// tp_init of a class without a constructor.
int refuse_construction(PyObject* self, PyObject*, PyObject*) {
  try {
    const PyTypeObject* documented = Py_TYPE(self);
    while (documented->tp_base && !documented->tp_doc) documented = documented->tp_base;
    set_python_error(ArgumentTypeError(concat(text_of(nb::handle(Py_TYPE(self)).attr("__name__")),
                                              " has no constructor: ", documented->tp_doc)));
  } catch (nb::python_error& error) {
    error.restore();
  }
  return -1;
}

void guard_class(nb::handle type) {
  const std::string class_name = text_of(type.attr("__name__"));
  const nb::object members = type.attr("__dict__");
  for (nb::handle key : nb::list(members.attr("keys")())) {
    const nb::object member = members[key];
    const std::string name = text_of(key);
    const std::string full = name == "__init__" ? class_name : concat(class_name, ".", name);
    guard(member, full);
    for (const char* accessor : {"fget", "fset"}) {  // of a property
      if (nb::hasattr(member, accessor)) guard(member.attr(accessor), full);
    }
  }
  if (!nb::type_check(type)) return;
  const nb::object init = members["__init__"];
  if (names().contains(init.ptr())) return;
  // Of a class without a constructor: a call goes through tp_init then, and classes of Python that
  // derive from it take theirs from the descriptor.
  PyTypeObject& slots = unsafe::slots_of(type.ptr());
  slots.tp_vectorcall = nullptr;
  slots.tp_init = refuse_construction;
  static_cast<void>(unsafe::redirect(init.ptr(), refuse_construction));
}

}  // namespace

void pass_unchanged(nb::handle exception) {
  if (PyObject_SetAttrString(exception.ptr(), kUnchanged, Py_True)) PyErr_Clear();
}

void guard_calls(nb::module_& m) {
  for (nb::handle item : nb::list(nb::handle(m.attr("__dict__")).attr("items")())) {
    const nb::object value = item[1];
    if (PyType_Check(value.ptr())) {
      guard_class(value);
    } else {
      guard(value, text_of(item[0]));
    }
  }
  m.def(
      "set_typed_error", [](nb::object function) { typed_error = function.release().ptr(); },
      nb::arg("function"),
      "What turns an exception out of a bound function into one of Foundry's: called with the "
      "function's signatures and name, the arguments by position and by name, and the exception.",
      nb::sig("def set_typed_error(function: collections.abc.Callable[..., BaseException]) -> "
              "None"));
}

}  // namespace foundry::python
