#include "foundry/ops/repeat_kv.hpp"

#include "foundry/ops/copy.hpp"
#include "foundry/ops/element_run.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {

void RepeatKv::encode(Encoder& encoder) const {
  require_operands(*this);
  const Extents& from = x.extents();
  const Extents& to = y.extents();
  if (from.rank() != 3 || to.rank() != 3 || from[0] != to[0] || to[1] % from[1] != 0 ||
      from[2] != to[2]) {
    throw ShapeError(concat("RepeatKv: x is ", to_string(from), ", y is ", to_string(to),
                            "; (positions, kv_heads, head_dim) becomes (positions, heads, "
                            "head_dim), heads a multiple of kv_heads"));
  }
  if (!y.is_contiguous()) {
    throw ShapeError(concat("RepeatKv: y must be contiguous; ", to_string(y), " has gaps"));
  }
  const Extents grouped{from[0], from[1], to[1] / from[1], from[2]};
  Copy{x.unsqueeze(2).broadcast(grouped), y.reshape(grouped)}.encode(encoder);
}

Traffic RepeatKv::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
