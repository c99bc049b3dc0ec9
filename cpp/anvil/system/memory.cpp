#include "anvil/system/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace anvil {

size_t page_size() {
  static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t physical_memory() {
  static const size_t bytes = [] {
    size_t limit = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * page_size();
    // cgroup v2, then v1; "max" or a missing file: no limit.
    for (const char* path :
         {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
      size_t group = 0;
      if (std::ifstream(path) >> group) limit = std::min(limit, group);
    }
    return limit;
  }();
  return bytes;
}

}  // namespace anvil
