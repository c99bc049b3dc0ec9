// What somebody may have meant who wrote a name that there is not.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace foundry {

/// "; did you mean 'axpy'?" where one of `names` is close to `name`, else "; there are a, b, c" or
/// "; there are none".
[[nodiscard]] std::string suggestion(std::string_view name, std::span<const std::string> names);

}  // namespace foundry
