// cache.hpp: compiled things on disk, shared by every process of a user.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

namespace anvil {

/// The folder for cached files: $FOUNDRY_CACHE_DIR, else $XDG_CACHE_HOME/foundry, else
/// ~/.cache/foundry. When that cannot be written, a folder of this user's own below the temporary
/// directory, with one warning on standard error.
std::filesystem::path cache_directory();

/// Bytes that cached files may take: $FOUNDRY_CACHE_SIZE_MB, else 2 GiB. Throws std::runtime_error
/// when the variable is no number.
uint64_t cache_size_limit();

/// A folder that is removed with its scope, unless it was stored.
class StagedEntry {
 public:
  explicit StagedEntry(std::filesystem::path folder) : folder_(std::move(folder)) {}
  StagedEntry(StagedEntry&& other) noexcept : folder_(std::move(other.folder_)) {
    other.folder_.clear();
  }
  ~StagedEntry();
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

/// An entry is a folder of files with a manifest of their sizes and checksums, written elsewhere
/// and renamed into place whole. Safe for any number of threads and processes.
class Cache {
 public:
  Cache(const std::filesystem::path& root, uint64_t size_limit);

  /// The entry's folder, its contents verified, marked as used now. A damaged entry is removed.
  std::optional<std::filesystem::path> find(const std::string& key);

  /// An empty folder to write an entry's files to.
  StagedEntry stage();

  /// Makes the staged files the entry `key` and returns its folder; if another process was first,
  /// its entry stands. Evicts what was used least recently when the size limit is exceeded, but
  /// nothing used within the last two minutes.
  std::filesystem::path store(const std::string& key, const StagedEntry& entry);

  /// A folder for a tool's own cached files, marked as used now; evicted as a whole like an entry.
  std::filesystem::path tool_folder(const std::string& name);

 private:
  void discard(const std::filesystem::path& folder);
  void evict();

  const std::filesystem::path entries_, tools_, staging_;
  const uint64_t size_limit_;
  std::mutex mutex_;                // guards the two below
  std::optional<uint64_t> size_;    // as of the last scan, plus what was stored since
  unsigned stores_since_scan_ = 0;  // other processes store too
};

}  // namespace anvil
