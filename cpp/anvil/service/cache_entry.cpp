#include "anvil/service/cache_entry.hpp"

#include <cstring>

namespace anvil::service {
namespace {

constexpr std::string_view kMagic = "foundry cache 2\n";

void add(std::string& text, std::string_view field) {
  const uint64_t size = field.size();
  text.append(reinterpret_cast<const char*>(&size), sizeof size);
  text += field;
}

/// The field in front of `text`, which is taken off it.
std::optional<std::string_view> take(std::string_view& text) {
  uint64_t size = 0;
  if (text.size() < sizeof size) return std::nullopt;
  std::memcpy(&size, text.data(), sizeof size);
  text.remove_prefix(sizeof size);
  if (size > text.size()) return std::nullopt;
  const std::string_view field = text.substr(0, size);
  text.remove_prefix(size);
  return field;
}

}  // namespace

std::string seal_entry(const Sha256::Digest& key, std::string_view name, const CacheFiles& files) {
  std::string packed;
  for (const auto& [file, contents] : files) add(packed, file), add(packed, contents);
  const Sha256::Digest code = authentication(key, name, packed);
  std::string text(kMagic);
  text.append(reinterpret_cast<const char*>(code.data()), code.size());
  return text + packed;
}

std::optional<CacheFiles> open_entry(const Sha256::Digest& key, std::string_view name,
                                     std::string_view text) {
  Sha256::Digest code;
  if (!text.starts_with(kMagic) || text.size() < kMagic.size() + code.size()) return std::nullopt;
  std::memcpy(code.data(), text.data() + kMagic.size(), code.size());
  text.remove_prefix(kMagic.size() + code.size());
  if (authentication(key, name, text) != code) return std::nullopt;
  return unpack_files(text);
}

std::optional<CacheFiles> unpack_files(std::string_view text) {
  CacheFiles files;
  while (!text.empty()) {
    const auto name = take(text);
    if (!name) return std::nullopt;
    const auto contents = take(text);
    if (!contents || !files.emplace(*name, *contents).second) return std::nullopt;
  }
  return files;
}

}  // namespace anvil::service
