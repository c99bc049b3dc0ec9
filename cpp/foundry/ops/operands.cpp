#include "foundry/ops/operands.hpp"

#include "foundry/fusion/policy.hpp"
#include "foundry/ops/checks.hpp"

namespace foundry::ops {

void require_elements(std::string_view op, std::string_view what, const AnyTensor& tensor,
                      Elements elements) {
  switch (elements) {
    case Elements::any:
      return require_present(op, what, tensor);
    case Elements::floats:
      return require_float(op, what, tensor);
    case Elements::plain:
      return require_plain(op, what, tensor);
    case Elements::index:
      return require_index(op, what, tensor);
    case Elements::weights:
      require_present(op, what, tensor);
      static_cast<void>(policy_of(tensor.dtype(), op));
      return;
  }
}

}  // namespace foundry::ops
