#include "files.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace anvil {
namespace {

[[noreturn]] void fail(const char* what, const std::string& path) {
  throw FileError{std::string("cannot ") + what + " '" + path + "': " + std::strerror(errno)};
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  if (file.peek() != std::ifstream::traits_type::eof()) contents << file.rdbuf();
  if (!file.is_open() || file.bad() || contents.bad()) fail("read", path);
  return std::move(contents).str();
}

std::string temporary_beside(const std::string& path) {
  static std::atomic<unsigned> counter = 0;
  return path + "." + std::to_string(getpid()) + "." + std::to_string(counter++) + ".tmp";
}

void rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return;
  const int error = errno;
  unlink(from.c_str());
  errno = error;
  fail("write", to);
}

void write_file(const std::string& path, std::string_view contents) {
  const std::string temporary = temporary_beside(path);
  {
    std::ofstream file(temporary, std::ios::binary);
    file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    file.close();
    if (!file) {
      const int error = errno;
      unlink(temporary.c_str());
      errno = error;
      fail("write", path);
    }
  }
  rename_file(temporary, path);
}

}  // namespace anvil
