#include "foundry/unsafe/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "foundry/core/error.hpp"

namespace foundry::unsafe {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void fail(const std::string& path, const char* what, int code) {
  throw ArgumentError(
      concat("cannot ", what, " '", path, "': ", std::generic_category().message(code)));
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail(path, "open", errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) fail(path, "read", errno);
  if (!S_ISREG(status.st_mode)) throw ArgumentError(concat("'", path, "' is not a regular file"));

  HostMemory memory;
  if (status.st_size > 0) {
    const auto size = static_cast<std::size_t>(status.st_size);
    // Shared, so that the pages are the page cache's own and count once among processes.
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (address == MAP_FAILED) fail(path, "map", errno);
    // SAFETY: mmap returned `size` readable bytes; ~MappedFile alone unmaps them.
    memory = HostMemory::read_only({static_cast<const std::byte*>(address), size});
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(path, memory));
}

MappedFile::~MappedFile() {
  if (memory_.length() != 0) ::munmap(raw_pointer(memory_), memory_.length());
}

}  // namespace foundry::unsafe
