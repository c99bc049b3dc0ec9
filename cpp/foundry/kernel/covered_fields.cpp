#include "foundry/kernel/covered_fields.hpp"

#include <algorithm>

#include "foundry/core/error.hpp"

namespace foundry::detail {

void check_covered_bytes(const std::string& name, std::size_t size, std::size_t alignment,
                         std::size_t first, std::span<CoveredBytes> fields) {
  std::sort(fields.begin(), fields.end(),
            [](const auto& a, const auto& b) { return a.offset < b.offset; });
  std::size_t end = first;
  const auto check = [&](std::size_t next, std::size_t padding_below) {
    if (next >= end + padding_below) {
      throw ArgumentError(concat("FOUNDRY_KERNEL(", name, "): bytes ", end, " to ", next,
                                 " of the class hold a field that is not listed"));
    }
  };
  for (const CoveredBytes& field : fields) {
    check(field.offset, field.alignment);
    end = std::max(end, field.offset + field.size);
  }
  check(size, std::max(alignment, std::size_t{2}));
}

}  // namespace foundry::detail
