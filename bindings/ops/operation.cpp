// Operation, the base of all, and Traffic.
#include "operation.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>

#include "foundry/core/concat.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_operation_base(nb::module_& m) {
  nb::class_<Traffic>(m, "Traffic", "Bytes that an operation must move: each tensor counts once.")
      .def_ro("reads", &Traffic::reads)
      .def_ro("writes", &Traffic::writes)
      .def_prop_ro("total", &Traffic::total)
      .def(
          "__add__", [](const Traffic& a, const Traffic& b) { return a + b; }, nb::arg("other"))
      .def(
          "__eq__", [](const Traffic& a, const Traffic& b) { return a == b; }, nb::arg("other"),
          nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def("__repr__", [](const Traffic& t) {
        return concat("Traffic(reads=", t.reads, ", writes=", t.writes, ")");
      });
  nb::class_<Operation>(m, "Operation", "What Foundry.run() takes.")
      .def_prop_ro(
          "traffic", [](const Operation& o) { return o.traffic(); },
          "The bytes that it has to move; divided by the bandwidth, its floor. ArgumentError for a "
          "stage, whose share the fused kernel states.")
      .def(
          "source",
          [](const Operation& o, const std::optional<Device>& device) {
            return o.source(device ? *device : Device::system_default());
          },
          nb::arg("device").none() = nb::none(),
          "The whole MSL that it would compile on the device (None: the default one), of each of "
          "its kernels; compiles nothing. ArgumentError for a stage, which is a part of a fused "
          "kernel's, and while this thread records.");
}

}  // namespace foundry::python
