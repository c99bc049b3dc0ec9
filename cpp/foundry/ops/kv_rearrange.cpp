#include "foundry/ops/kv_rearrange.hpp"

#include "foundry/ops/copy.hpp"
#include "foundry/ops/element_run.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {

void KvRearrange::encode(Encoder& encoder) const {
  require_operands(*this);
  const Extents& from = x.extents();
  const Extents& to = y.extents();
  if (from.rank() != 3 || to.rank() != 3 || from[0] != to[1] || from[1] != to[0] ||
      from[2] != to[2]) {
    throw ShapeError(concat("KvRearrange: x is ", to_string(from), ", y is ", to_string(to),
                            "; (a, b, head_dim) becomes (b, a, head_dim)"));
  }
  constexpr std::array<std::int64_t, 3> kOrder{1, 0, 2};
  Copy{x.transpose(kOrder), y}.encode(encoder);
}

Traffic KvRearrange::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
