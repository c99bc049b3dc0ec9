#include "foundry/core/intern.hpp"

#include <functional>
#include <mutex>
#include <set>

namespace foundry {

const std::string& intern(std::string_view name) {
  static std::mutex mutex;
  static auto& names = *new std::set<std::string, std::less<>>;
  const std::lock_guard lock(mutex);
  const auto found = names.find(name);
  return found != names.end() ? *found : *names.emplace(name).first;
}

}  // namespace foundry
