#include "anvil/service/cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>
#include <vector>

#include "anvil/service/hash.hpp"

namespace fs = std::filesystem;

namespace anvil {
namespace {

constexpr auto kManifest = "manifest.json";
constexpr time_t kRecentSeconds = 120;
// Longer than any compile: what is older was left by a process that died.
constexpr time_t kAbandonedSeconds = 24 * 3600;
constexpr unsigned kStoresPerScan = 64;

[[noreturn]] void fail(int error, const fs::path& path) {
  throw std::system_error(error, std::generic_category(), "Anvil's cache: " + path.string());
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(error.value(), path);
}

void mark_used(const fs::path& folder) {
  utimensat(AT_FDCWD, folder.c_str(), nullptr, 0);
}

std::string unique_name() {
  static std::atomic<uint64_t> counter{0};
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  // Process ids repeat between machines and containers that share a folder; the time tells those.
  return std::to_string(getpid()) + "-" + std::to_string(now.tv_sec) + std::to_string(now.tv_nsec) +
         "-" + std::to_string(counter++);
}

struct FileState {
  uint64_t size;
  uint64_t sum;
  bool operator==(const FileState&) const = default;
};

std::optional<FileState> read_state(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return std::nullopt;
  struct stat info{};
  std::optional<FileState> state;
  if (fstat(file, &info) == 0 && S_ISREG(info.st_mode)) {
    const auto size = static_cast<size_t>(info.st_size);
    // Read, not mapped: another process may truncate the file meanwhile.
    std::vector<std::byte> bytes(size);
    size_t done = 0;
    while (done < size) {
      const ssize_t count = pread(file, bytes.data() + done, size - done, static_cast<off_t>(done));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      done += static_cast<size_t>(count);
    }
    if (done == size) state = FileState{size, checksum(bytes)};
  }
  close(file);
  return state;
}

bool verify(const fs::path& folder) {
  std::ifstream file(folder / kManifest);
  const auto manifest = nlohmann::json::parse(file, nullptr, false);
  if (!manifest.is_object() || manifest.empty()) return false;
  for (const auto& [name, entry] : manifest.items()) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_number_unsigned() ||
        !entry[1].is_number_unsigned())
      return false;
    if (read_state(folder / name) != FileState{entry[0], entry[1]}) return false;
  }
  return true;
}

/// Writes the manifest; returns the entry's size.
uint64_t seal(const fs::path& folder) {
  nlohmann::json manifest;
  uint64_t total = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    const auto state = read_state(file.path());
    if (!state) fail(EIO, file.path());
    manifest[file.path().filename().string()] = {state->size, state->sum};
    total += state->size;
  }
  const fs::path path = folder / kManifest;
  std::ofstream out(path, std::ios::binary);
  out << manifest.dump() << std::flush;
  if (!out) fail(ENOSPC, path);
  return total;
}

struct Item {
  fs::path path;
  time_t used;
  uint64_t size;
};

time_t last_use(const fs::path& folder) {
  struct stat info{};
  return lstat(folder.c_str(), &info) == 0 ? info.st_mtime : 0;
}

uint64_t size_of(const fs::path& folder) {
  uint64_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    const auto size = at->is_regular_file(ignored) ? at->file_size(ignored) : 0;
    if (!ignored) total += size;
  }
  return total;
}

std::vector<Item> list(const fs::path& parent, bool with_sizes) {
  std::vector<Item> items;
  std::error_code error;
  for (fs::directory_iterator at(parent, error), end; !error && at != end; at.increment(error)) {
    if (const time_t used = last_use(at->path()))
      items.push_back({at->path(), used, with_sizes ? size_of(at->path()) : 0});
  }
  return items;
}

}  // namespace

StagedEntry::~StagedEntry() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Cache::Cache(const fs::path& root, uint64_t size_limit)
    : entries_(root / "entries"),
      tools_(root / "tools"),
      staging_(root / "staging"),
      size_limit_(size_limit) {}

std::optional<fs::path> Cache::find(const std::string& key) {
  fs::path folder = entries_ / key;
  if (access(folder.c_str(), F_OK) != 0) return std::nullopt;
  mark_used(folder);  // first: from here on no other process evicts it
  if (verify(folder)) return folder;
  discard(folder);
  return std::nullopt;
}

StagedEntry Cache::stage() {
  make_folder(staging_);
  fs::path folder = staging_ / unique_name();
  if (mkdir(folder.c_str(), 0700) != 0) fail(errno, folder);
  return StagedEntry(std::move(folder));
}

fs::path Cache::store(const std::string& key, const StagedEntry& entry) {
  const uint64_t size = seal(entry.folder());
  make_folder(entries_);
  fs::path folder = entries_ / key;
  // Each turn, the entry of a process that was faster stands, or a damaged one leaves the place.
  while (rename(entry.folder().c_str(), folder.c_str()) != 0) {
    const int error = errno;
    if (error != ENOTEMPTY && error != EEXIST && error != ENOTDIR) fail(error, folder);
    if (find(key)) return folder;
    if (error == ENOTDIR) discard(folder);
  }
  mark_used(folder);
  {
    std::lock_guard lock(mutex_);
    if (size_) *size_ += size;
    if (size_ && *size_ <= size_limit_ && ++stores_since_scan_ < kStoresPerScan) return folder;
    stores_since_scan_ = 0;
  }
  evict();
  return folder;
}

fs::path Cache::tool_folder(const std::string& name) {
  fs::path folder = tools_ / name;
  make_folder(folder);
  mark_used(folder);
  return folder;
}

// Away with one rename, so that no process ever sees half an entry.
void Cache::discard(const fs::path& folder) {
  std::error_code ignored;
  fs::create_directories(staging_, ignored);
  const fs::path away = staging_ / unique_name();
  if (rename(folder.c_str(), away.c_str()) == 0) fs::remove_all(away, ignored);
}

void Cache::evict() {
  const time_t now = time(nullptr);
  for (const auto& item : list(staging_, false))
    if (now - item.used > kAbandonedSeconds) {
      std::error_code ignored;
      fs::remove_all(item.path, ignored);
    }
  auto items = list(entries_, true);
  std::ranges::move(list(tools_, true), std::back_inserter(items));
  uint64_t total = 0;
  for (const auto& item : items) total += item.size;
  if (total > size_limit_) {
    // To three quarters, so that the next store does not scan again.
    const uint64_t goal = size_limit_ / 4 * 3;
    std::ranges::sort(items, {}, &Item::used);
    for (const auto& item : items) {
      if (total <= goal || now - item.used < kRecentSeconds) break;
      if (last_use(item.path) != item.used)
        continue;  // by another process, since the list was made
      discard(item.path);
      total -= item.size;
    }
  }
  std::lock_guard lock(mutex_);
  size_ = total;
}

}  // namespace anvil
