#include "anvil/service/cache.hpp"

#include <dirent.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <vector>

#include "anvil/service/private_folder.hpp"
#include "anvil/service/whole_file.hpp"

namespace fs = std::filesystem;

namespace anvil::service {
namespace {

constexpr auto kEntries = "entries", kStaging = "staging", kKeyFile = "key";
// Longer than any write: what is older was left by a process that died.
constexpr time_t kAbandonedSeconds = 3600;
constexpr unsigned kStoresPerScan = 64;

std::string entry_path(const std::string& name) {
  return std::string(kEntries) + "/" + name;
}

std::string unique_name() {
  static std::atomic<uint64_t> counter{0};
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  // Process ids repeat between machines and containers that share a folder; the time tells those.
  return std::to_string(getpid()) + "-" + std::to_string(now.tv_sec) + std::to_string(now.tv_nsec) +
         "-" + std::to_string(counter++);
}

/// A regular file of this user's own, or nothing: never a pipe to wait for or a link to elsewhere.
std::optional<std::string> read_own_file(int folder, const std::string& path, Descriptor& file) {
  file = Descriptor(openat(folder, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  std::string contents;
  if (!file || fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
      read_whole(file.get(), contents) != 0)
    return std::nullopt;
  return contents;
}

/// Writes a file beside and moves it to `path` whole. 0 or an errno.
int put_file(int folder, const std::string& path, std::string_view contents) {
  const std::string staged = std::string(kStaging) + "/" + unique_name();
  Descriptor file(
      openat(folder, staged.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return errno;
  int error = fchmod(file.get(), 0600) == 0 ? write_whole(file.get(), contents) : errno;
  if (!error && renameat(folder, staged.c_str(), folder, path.c_str()) != 0) error = errno;
  if (error) unlinkat(folder, staged.c_str(), 0);
  return error;
}

int make_inner_folder(int folder, const char* name) {
  if (mkdirat(folder, name, 0700) == 0) return fchmodat(folder, name, 0700, 0) == 0 ? 0 : errno;
  return errno == EEXIST ? 0 : errno;
}

struct Item {
  std::string name;
  timespec used;
  uint64_t size;
};

bool used_before(const Item& a, const Item& b) {
  return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec);
}

/// What is in one of the inner folders.
std::vector<Item> list(int folder, const char* inner) {
  std::vector<Item> items;
  const int opened = openat(folder, inner, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR* const stream = opened < 0 ? nullptr : fdopendir(opened);
  if (!stream) {
    if (opened >= 0) close(opened);
    return items;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> closing(stream, closedir);
  while (const dirent* each = readdir(stream)) {
    const std::string name = each->d_name;
    struct stat info{};
    if (name == "." || name == ".." ||
        fstatat(opened, each->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    items.push_back(
        {std::string(inner) + "/" + name, info.st_mtim, static_cast<uint64_t>(info.st_size)});
  }
  return items;
}

}  // namespace

Cache::Cache(fs::path root, uint64_t size_limit)
    : root_(std::move(root)), size_limit_(size_limit) {}

std::optional<CacheFiles> Cache::find(const std::string& name) {
  {
    std::lock_guard lock(mutex_);
    if (const auto kept = in_memory_.find(name); kept != in_memory_.end()) return kept->second;
  }
  if (root_.empty()) return std::nullopt;
  std::string reason;
  const Descriptor folder = open_private_folder(root_, LastLink::refuse, reason);
  if (!folder) return std::nullopt;
  Descriptor file;
  const auto text = read_own_file(folder.get(), entry_path(name), file);
  if (text) {
    // Another process may have made a new key since ours was read.
    for (const bool again : {false, true}) {
      const auto key = this->key(folder.get(), again);
      auto files = key ? open_entry(*key, name, *text) : std::nullopt;
      if (!files) continue;
      futimens(file.get(), nullptr);
      return files;
    }
  }
  if (file || errno == ELOOP) unlinkat(folder.get(), entry_path(name).c_str(), 0);
  return std::nullopt;
}

void Cache::store(const std::string& name, const CacheFiles& files) {
  const std::string reason = root_.empty() ? "no folder" : try_store(name, files);
  if (reason.empty()) return;
  std::lock_guard lock(mutex_);
  in_memory_.insert_or_assign(name, files);
  if (warned_ || root_.empty()) return;
  warned_ = true;
  std::cerr << "foundry: warning: compiled kernels are not kept: cache folder " + root_.string() +
                   ": " + reason + "; FOUNDRY_CACHE_DIR names another\n";
}

std::string Cache::try_store(const std::string& name, const CacheFiles& files) {
  if (const int error = make_private_folder(root_)) return std::strerror(error);
  std::string reason;
  const Descriptor folder = open_private_folder(root_, LastLink::refuse, reason);
  if (!folder) return reason;
  for (const char* inner : {kEntries, kStaging})
    if (const int error = make_inner_folder(folder.get(), inner)) return std::strerror(error);
  const auto key = this->key(folder.get(), true);  // the folder may be another by now
  if (!key) return "the file 'key' in it cannot be made";
  const std::string text = seal_entry(*key, name, files);
  int error = put_file(folder.get(), entry_path(name), text);
  if (error == EISDIR || error == ENOTEMPTY || error == EEXIST) {
    std::error_code ignored;  // a folder that stands in the way
    fs::remove_all(root_ / kEntries / name, ignored);
    error = put_file(folder.get(), entry_path(name), text);
  }
  if (error) return std::strerror(error);
  note_stored(folder.get(), text.size());
  return {};
}

// Made by whoever comes first; one that others can read or have made is replaced, and with it all
// entries.
std::optional<Sha256::Digest> Cache::key(int folder, bool again) {
  std::lock_guard lock(mutex_);
  if (key_ && !again) return key_;
  for (int attempt = 0; attempt < 2; ++attempt) {
    Descriptor file;
    struct stat info{};
    Sha256::Digest key{};
    const auto text = read_own_file(folder, kKeyFile, file);
    if (text && text->size() == key.size() && fstat(file.get(), &info) == 0 &&
        (info.st_mode & 077) == 0) {
      std::memcpy(key.data(), text->data(), key.size());
      return key_ = key;
    }
    if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()) ||
        make_inner_folder(folder, kStaging) != 0)
      break;
    const std::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size());
    if (file) unlinkat(folder, kKeyFile, 0);
    // By a link, which does not replace the key of a process that was faster.
    const std::string staged = std::string(kStaging) + "/" + unique_name();
    if (put_file(folder, staged, bytes) != 0) break;
    linkat(folder, staged.c_str(), folder, kKeyFile, 0);
    unlinkat(folder, staged.c_str(), 0);
  }
  return std::nullopt;
}

void Cache::note_stored(int folder, uint64_t size) {
  {
    std::lock_guard lock(mutex_);
    if (size_) *size_ += size;
    if (size_ && *size_ <= size_limit_ && ++stores_since_scan_ < kStoresPerScan) return;
    stores_since_scan_ = 0;
  }
  evict(folder);
}

// Readers have an entry's file open or have read it: it can go at any time.
void Cache::evict(int folder) {
  const time_t now = time(nullptr);
  for (const Item& item : list(folder, kStaging))
    if (now - item.used.tv_sec > kAbandonedSeconds) unlinkat(folder, item.name.c_str(), 0);
  auto items = list(folder, kEntries);
  uint64_t total = 0;
  for (const Item& item : items) total += item.size;
  if (total > size_limit_) {
    // To three quarters, so that the next store does not scan again.
    const uint64_t goal = size_limit_ / 4 * 3;
    std::ranges::sort(items, used_before);
    for (const Item& item : items) {
      if (total <= goal) break;
      struct stat info{};
      if (fstatat(folder, item.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
          (info.st_mtim.tv_sec != item.used.tv_sec || info.st_mtim.tv_nsec != item.used.tv_nsec))
        continue;  // by another process, since the list was made
      std::error_code ignored;
      if (unlinkat(folder, item.name.c_str(), 0) != 0) fs::remove_all(root_ / item.name, ignored);
      total -= item.size;
    }
  }
  std::lock_guard lock(mutex_);
  size_ = total;
}

}  // namespace anvil::service
