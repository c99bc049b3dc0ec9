// address.hpp: kernels name a byte as the host does.
#pragma once

#include "anvil/backend/memory.hpp"

namespace anvil::cpu {

inline backend::Address address_of(const std::byte* byte) {
  return reinterpret_cast<backend::Address>(byte);
}
inline std::byte* byte_at(backend::Address address) {
  return reinterpret_cast<std::byte*>(address);
}

}  // namespace anvil::cpu
