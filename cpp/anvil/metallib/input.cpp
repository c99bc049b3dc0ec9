#include "anvil/metallib/input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace anvil::metallib {

std::shared_ptr<const Input> Input::open(const std::string& path) {
  std::shared_ptr<Input> input(new Input);
  input->name_ = path;
  input->file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info{};
  if (input->file_ < 0 || fstat(input->file_, &info) != 0)
    throw FileError(path + ": " + std::strerror(errno));
  if (!S_ISREG(info.st_mode)) throw FileError(path + ": this is no file");
  input->size_ = static_cast<uint64_t>(info.st_size);
  return input;
}

std::shared_ptr<const Input> Input::of(std::string name, std::span<const std::byte> bytes,
                                       std::shared_ptr<const void> owner) {
  std::shared_ptr<Input> input(new Input);
  input->name_ = std::move(name);
  input->size_ = bytes.size();
  input->bytes_ = bytes;
  input->owner_ = std::move(owner);
  return input;
}

Input::~Input() {
  if (file_ >= 0) close(file_);
}

void Input::read(uint64_t offset, std::span<std::byte> to) const {
  if (file_ < 0) {
    std::ranges::copy(bytes_.subspan(offset, to.size()), to.begin());
    return;
  }
  while (!to.empty()) {
    const ssize_t count = pread(file_, to.data(), to.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError(name_ + ": " + std::strerror(errno));
    if (count == 0)
      throw FileError(name_ + ": the file ends at byte " + std::to_string(offset) + "; it had " +
                      std::to_string(size_) + " bytes when it was opened");
    offset += static_cast<uint64_t>(count);
    to = to.subspan(static_cast<size_t>(count));
  }
}

std::string Input::text(uint64_t offset, uint64_t length) const {
  std::string text(length, '\0');
  read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace anvil::metallib
