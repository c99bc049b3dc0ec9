// cache.hpp: compiled things on disk, shared by every process of a user and by nobody else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "anvil/service/cache_entry.hpp"
#include "anvil/service/descriptor.hpp"

namespace anvil::service {

/// The folder for cached files, private to this user: $FOUNDRY_CACHE_DIR, else
/// $XDG_CACHE_HOME/foundry, else ~/.cache/foundry. When that cannot be written or others may write
/// to it, a folder below the temporary directory, with one warning on standard error; empty when
/// there is none either.
std::filesystem::path cache_directory();

/// Bytes that cached files may take: $FOUNDRY_CACHE_SIZE_MB, else 2 GiB. Throws std::runtime_error
/// when the variable is no number.
uint64_t cache_size_limit();

/// An entry is one file, written elsewhere and renamed into place whole, and sealed with a random
/// key that only this user can read. Nothing is executed or mapped from the folder: an entry's
/// contents are read once, checked, and handed out. Safe for any number of threads and processes.
class Cache {
 public:
  /// `root` is made at need. Without one (an empty path) entries live as long as the object.
  Cache(std::filesystem::path root, uint64_t size_limit);

  /// The entry's files, marked as used now. What is damaged or not of this user's making is
  /// removed.
  std::optional<CacheFiles> find(const std::string& name);

  /// Evicts what was used least recently when the size limit is exceeded. What the folder cannot
  /// take (a full disk, a lost permission) is kept in memory, with one warning on standard error.
  void store(const std::string& name, const CacheFiles& files);

 private:
  std::optional<Sha256::Digest> key(int folder, bool again);
  /// Empty, or why it was not stored.
  std::string try_store(const std::string& name, const CacheFiles& files);
  void note_stored(int folder, uint64_t size);
  void evict(int folder);

  const std::filesystem::path root_;
  const uint64_t size_limit_;
  std::mutex mutex_;  // guards what follows
  std::optional<Sha256::Digest> key_;
  std::map<std::string, CacheFiles> in_memory_;
  bool warned_ = false;
  std::optional<uint64_t> size_;    // as of the last scan, plus what was stored since
  unsigned stores_since_scan_ = 0;  // other processes store too
};

}  // namespace anvil::service
