// The operations, group by group: what foundry.ops has.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "ops/groups.hpp"
#include "tensor.hpp"

namespace foundry::python {
namespace {

std::vector<std::string> names_in(nb::module_& m) {
  std::vector<std::string> names;
  for (nb::handle name : nb::list(m.attr("__dict__").attr("keys")())) {
    names.push_back(text_of(name));
  }
  return names;
}

}  // namespace

void bind_ops(nb::module_& m) {
  const std::size_t before = names_in(m).size();
  bind_operation_base(m);
  bind_products(m);
  bind_experts(m);
  bind_attention(m);
  bind_recurrences(m);
  bind_rows(m);
  bind_elements(m);
  bind_tokens(m);
  bind_stages(m);
  bind_fused_kernel(m);
  std::vector<std::string> names = names_in(m);
  names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(before));
  m.def("names_of_ops", [names = std::move(names)] { return names; }, "What foundry.ops exports.");
  bind_descriptions(m);
}

}  // namespace foundry::python
