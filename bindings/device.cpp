// Device: what kernels run on, and its limits.
#include "foundry/device/device.hpp"

#include <nanobind/operators.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "foundry/core/concat.hpp"
#include "module.hpp"

namespace foundry::python {

namespace {

const char* name_of(Lanes lanes) {
  return lanes == Lanes::gpu ? "gpu" : "registers";
}

/// "gpu", "registers of 64 bytes, 16 threads, matrix units".
std::string describe(const DeviceTraits& traits) {
  std::string text = name_of(traits.lanes);
  if (traits.has_register_lanes()) text += concat(" of ", traits.register_bytes, " bytes");
  if (traits.threads != 0) text += concat(", ", traits.threads, " threads");
  if (traits.has_matrix_units) text += ", matrix units";
  return text;
}

void bind_traits(nb::module_& m) {
  nb::class_<DeviceTraits>(m, "DeviceTraits",
                           "What a device is, as far as plans of kernels depend on it.")
      .def_ro("architecture", &DeviceTraits::architecture,
              "Metal's name for it, \"applegpu_g13g\" or \"anvil_cpu\"; empty before macOS 14.")
      .def_prop_ro(
          "lanes", [](const DeviceTraits& traits) { return name_of(traits.lanes); },
          nb::sig("def lanes(self) -> typing.Literal['gpu', 'registers']"),
          "What a lane of a simdgroup is: a GPU's, or an element of a processor's vector "
          "registers.")
      .def_ro("register_bytes", &DeviceTraits::register_bytes,
              "Bytes of a vector register that kernels are compiled for; 0 with a GPU's lanes.")
      .def_ro("threads", &DeviceTraits::threads,
              "Threads that run threadgroups at the same time; 0 where it does not say.")
      .def_prop_ro(
          "cache_bytes",
          [](const DeviceTraits& traits) {
            const auto& bytes = traits.cache_bytes;
            return nb::typed<nb::tuple, int, int, int>(
                nb::make_tuple(bytes[0], bytes[1], bytes[2]));
          },
          "Bytes of its data caches, the first level first; 0 for one that it does not tell.")
      .def_ro("has_matrix_units", &DeviceTraits::has_matrix_units,
              "Whether products of matrices of bfloats run on units of the processor's own.")
      .def_ro("has_unified_memory", &DeviceTraits::has_unified_memory,
              "Whether host and device share one memory.")
      .def("__repr__", [](const DeviceTraits& traits) {
        return concat("<device traits: ", describe(traits), ">");
      });
}

}  // namespace

void bind_device(nb::module_& m) {
  bind_traits(m);
  nb::class_<Device>(m, "Device", "A Metal device. Thread-safe; unusable after fork (DeviceError).")
      .def_static("find", &Device::find, nb::arg("name"),
                  "The device of that name, or by \"type:index\" (\"cpu:0\", \"cuda:0\"). "
                  "DeviceError lists what there is.")
      .def_prop_ro("name", &Device::name)
      .def_prop_ro("traits", &Device::traits, "What it is, for plans of kernels.")
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
