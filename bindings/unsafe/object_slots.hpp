// Slots of CPython's own objects that have no function to reach them.
#pragma once

#include <Python.h>

#include <cstddef>

namespace foundry::python::unsafe {

/// Where a callable keeps the function that calls of it go to. Its type must have one.
inline vectorcallfunc& dispatcher_of(PyObject* function) {
  // SAFETY: CPython itself reads the dispatcher at this offset of the object ("The Vectorcall
  // Protocol", tp_vectorcall_offset).
  return *reinterpret_cast<vectorcallfunc*>(reinterpret_cast<std::byte*>(function) +
                                            Py_TYPE(function)->tp_vectorcall_offset);
}

/// The slots of a class; `type` must be one.
inline PyTypeObject& slots_of(PyObject* type) {
  // SAFETY: every type object begins with a PyTypeObject.
  return *reinterpret_cast<PyTypeObject*>(type);
}

/// Calls of a slot's descriptor go to `init` from now on. False, and nothing done, for another
/// object.
inline bool redirect(PyObject* descriptor, initproc init) {
  if (!Py_IS_TYPE(descriptor, &PyWrapperDescr_Type)) return false;
  // SAFETY: the type was checked; d_wrapped is the slot's function, as type objects have it.
  reinterpret_cast<PyWrapperDescrObject*>(descriptor)->d_wrapped = reinterpret_cast<void*>(init);
  return true;
}

}  // namespace foundry::python::unsafe
