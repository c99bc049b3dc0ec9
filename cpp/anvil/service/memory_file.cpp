#include "anvil/service/memory_file.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <system_error>

#include "anvil/service/whole_file.hpp"

namespace anvil::service {
namespace {

Descriptor make() {
#ifdef MFD_NOEXEC_SEAL  // where the system may forbid others
  if (Descriptor file(memfd_create("anvil", MFD_CLOEXEC | MFD_NOEXEC_SEAL)); file) return file;
#endif
  return Descriptor(memfd_create("anvil", MFD_CLOEXEC));
}

}  // namespace

MemoryFile::MemoryFile(std::string_view contents) : file_(make()) {
  if (!file_) throw std::system_error(errno, std::generic_category(), "a file in memory");
  if (const int error = write_whole(file_.get(), contents))
    throw std::system_error(error, std::generic_category(), "a file in memory");
}

std::string MemoryFile::read() const {
  std::string contents;
  if (const int error = read_whole(file_.get(), contents))
    throw std::system_error(error, std::generic_category(), "a file in memory");
  return contents;
}

}  // namespace anvil::service
