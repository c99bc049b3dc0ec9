// Any bytes as a cache entry: not one without the key; and as what is sealed: nothing, or files
// that are sealed and opened as they were.
#include <string_view>

#include "anvil/service/cache_entry.hpp"
#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const anvil::service::Sha256::Digest key{1, 2, 3}, other{3, 2, 1};
  require(!anvil::service::open_entry(key, "name", text), "no entry is made without the key");
  const auto files = anvil::service::unpack_files(text);
  if (!files) return 0;
  const std::string sealed = anvil::service::seal_entry(key, "name", *files);
  require(anvil::service::open_entry(key, "name", sealed) == files,
          "an entry is opened as it was sealed");
  require(!anvil::service::open_entry(key, "eman", sealed), "by its name alone");
  require(!anvil::service::open_entry(other, "name", sealed), "and with its key alone");
  return 0;
}
