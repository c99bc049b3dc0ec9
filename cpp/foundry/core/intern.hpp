// Names that live as long as the process.
#pragma once

#include <string>
#include <string_view>

namespace foundry {

/// Equal names are one object. Thread-safe.
[[nodiscard]] const std::string& intern(std::string_view name);

}  // namespace foundry
