#include "anvil/metal/texture_transfer.hpp"

#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

namespace anvil::metal {

void carry_out(const Transfer& t) {
  std::vector<std::byte> row;  // on its way between memories that the host does not see
  for (size_t plane = 0; plane < t.planes; ++plane) {
    for (size_t i = 0; i < t.rows; ++i) {
      const size_t from = plane * t.from.plane_bytes + i * t.from.row_bytes,
                   to = plane * t.to.plane_bytes + i * t.to.row_bytes;
      const std::byte* source = t.from.host ? t.from.host + from : nullptr;
      if (!source) {
        row.resize(t.bytes);
        t.device->read(t.from.address + from, row);
        source = row.data();
      }
      if (t.to.host)
        std::memmove(t.to.host + to, source, t.bytes);
      else
        t.device->write(t.to.address + to, {source, t.bytes});
    }
  }
}

backend::CallCommand later(const Transfer& transfer, CommandArena& arena) {
  static_assert(std::is_trivially_destructible_v<Transfer>);
  auto* kept = new (arena.allocate(sizeof(Transfer))) Transfer(transfer);
  return {[](void* argument) { carry_out(*static_cast<const Transfer*>(argument)); }, kept};
}

}  // namespace anvil::metal
