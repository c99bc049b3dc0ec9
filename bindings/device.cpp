// Device: what kernels run on, and its limits.
#include "foundry/device/device.hpp"

#include <nanobind/operators.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "module.hpp"

namespace foundry::python {

void bind_device(nb::module_& m) {
  nb::class_<Device>(m, "Device", "A Metal device. Thread-safe; unusable after fork (DeviceError).")
      .def_static("find", &Device::find, nb::arg("name"),
                  "The device of that name, or by \"type:index\" (\"cpu:0\", \"cuda:0\"). "
                  "DeviceError lists what there is.")
      .def_prop_ro("name", &Device::name)
      .def_prop_ro("has_unified_memory", &Device::has_unified_memory,
                   "Whether host and device share one memory.")
      .def_prop_ro("allocated_bytes", &Device::allocated_bytes, "Bytes of its live buffers.")
      .def_prop_ro(
          "max_threads_per_threadgroup",
          [](const Device& device) {
            const ThreadgroupSize& size = device.limits().max_threads_per_threadgroup;
            return nb::typed<nb::tuple, int, int, int>(nb::make_tuple(size.x, size.y, size.z));
          },
          "Threads of a threadgroup at most, in each dimension.")
      .def_prop_ro(
          "max_threadgroup_memory",
          [](const Device& device) { return device.limits().max_threadgroup_memory; },
          "Bytes of threadgroup memory at most.")
      .def_prop_ro(
          "max_buffer_length",
          [](const Device& device) { return device.limits().max_buffer_length; },
          "Bytes of one buffer at most.")
      .def_prop_ro(
          "recommended_working_set",
          [](const Device& device) { return device.limits().recommended_working_set; },
          "Bytes that fit on the device; 0 where it does not say.")
      .def_prop_rw(
          "memory_limit", &Device::memory_limit, &Device::set_memory_limit,
          "The most bytes of buffers of Foundry's own on the device, for the whole process: past "
          "it, OutOfMemoryError. 0: no limit but the device's.")
      .def(nb::self == nb::self, nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def("__hash__", [](const Device& device) { return std::hash<std::string>()(device.name()); })
      .def("__repr__", [](const Device& device) { return to_string(device); });
  m.def("devices", &Device::all, "Every device of this machine, the default one first.");
}

}  // namespace foundry::python
