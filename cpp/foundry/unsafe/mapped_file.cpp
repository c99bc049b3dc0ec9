#include "foundry/unsafe/mapped_file.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "foundry/core/error.hpp"

namespace foundry::unsafe {

namespace {

[[noreturn]] void fail_map(const std::string& path, std::size_t size, int code) {
  throw ArgumentError(concat("cannot map '", path, "' of ", format_bytes(size), ": ",
                             std::generic_category().message(code)));
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::map(std::shared_ptr<const OpenFile> file) {
  file->require_whole();
  const auto size = static_cast<std::size_t>(file->size());
  // The object first: there is nothing to unmap if it cannot be made.
  std::shared_ptr<MappedFile> mapped(new MappedFile(std::move(file), {}));
  if (size > 0) {
    // Shared, so that the pages are the page cache's own and count once among processes.
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, mapped->file_->descriptor(), 0);
    if (address == MAP_FAILED) fail_map(mapped->path(), size, errno);
    // SAFETY: mmap returned `size` readable bytes; ~MappedFile alone unmaps them.
    mapped->memory_ = HostMemory::read_only({static_cast<const std::byte*>(address), size});
  }
  return mapped;
}

MappedFile::~MappedFile() {
  watched_.reset();
  if (!host_.empty()) ::munmap(host_.data(), host_.size());
  if (memory_.length() != 0) ::munmap(raw_pointer(memory_), memory_.length());
}

HostMemory MappedFile::host_memory() const {
  const std::lock_guard lock(mutex_);
  require_whole_locked();
  if (!watched_ && size() > 0) {
    if (host_.empty()) {
      const auto length = memory_.length();
      void* address = map_for_host(nullptr, length, file_->descriptor());
      if (address == MAP_FAILED) fail_map(path(), length, errno);
      // SAFETY: mmap returned `length` bytes; ~MappedFile alone unmaps them.
      host_ = {static_cast<std::byte*>(address), length};
    }
    watched_.emplace(host_, file_->descriptor());
  }
  return HostMemory::read_only(host_);
}

void MappedFile::require_whole() const {
  const std::lock_guard lock(mutex_);
  require_whole_locked();
}

void MappedFile::require_whole_locked() const {
  const std::uint64_t losses = watched_ ? watched_->losses() : 0;
  try {
    file_->require_whole();
  } catch (const ArgumentError&) {
    told_ = losses;
    throw;
  }
  if (losses == restored_) return;
  if (!watched_->restore()) fail_map(path(), host_.size(), errno);
  restored_ = losses;
  if (std::exchange(told_, losses) == losses) return;
  throw ArgumentError(concat("'", path(),
                             "' was cut while it was in use, and is whole again: what the host has "
                             "read of it since may be zeros"));
}

}  // namespace foundry::unsafe
