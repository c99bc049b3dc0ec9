// cache_entry.hpp: the files of one cache entry as one text, sealed with the user's key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "anvil/service/hash.hpp"

namespace anvil::service {

/// By name.
using CacheFiles = std::map<std::string, std::string>;

/// The text holds an authentication code over the entry's name and all that follows it: an entry
/// that was damaged, made without the key, or copied from another name is none.
std::string seal_entry(const Sha256::Digest& key, std::string_view name, const CacheFiles& files);
std::optional<CacheFiles> open_entry(const Sha256::Digest& key, std::string_view name,
                                     std::string_view text);

/// What is sealed, without trust in it; nothing where it is malformed.
std::optional<CacheFiles> unpack_files(std::string_view text);

}  // namespace anvil::service
