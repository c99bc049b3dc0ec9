#include "foundry/unsafe/mapped_file.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <system_error>

#include "foundry/core/error.hpp"

namespace foundry::unsafe {

std::shared_ptr<const MappedFile> MappedFile::map(std::shared_ptr<const OpenFile> file) {
  file->require_whole();
  const auto size = static_cast<std::size_t>(file->size());
  // The object first: there is nothing to unmap if it cannot be made.
  std::shared_ptr<MappedFile> mapped(new MappedFile(std::move(file), {}));
  if (size > 0) {
    // Shared, so that the pages are the page cache's own and count once among processes.
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, mapped->file_->descriptor(), 0);
    if (address == MAP_FAILED) {
      throw ArgumentError(concat("cannot map '", mapped->path(), "' of ", format_bytes(size), ": ",
                                 std::generic_category().message(errno)));
    }
    // SAFETY: mmap returned `size` readable bytes; ~MappedFile alone unmaps them.
    mapped->memory_ = HostMemory::read_only({static_cast<const std::byte*>(address), size});
  }
  return mapped;
}

MappedFile::~MappedFile() {
  if (memory_.length() != 0) ::munmap(raw_pointer(memory_), memory_.length());
}

}  // namespace foundry::unsafe
