// Operations between tokens and vectors: the embedding, and the choice of the next token.
#include "foundry/ops/ops.hpp"

#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_tokens(nb::module_& m) {
  bind_operations(m, ops::TokenOperations());
}

}  // namespace foundry::python
