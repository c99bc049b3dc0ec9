#include "foundry/gguf/gguf_part.hpp"

namespace foundry {

GgufPart::GgufPart(const std::string& path)
    : file_(as_gguf_error([&] { return unsafe::OpenFile::open(path); })), blocks_(file_) {}

void GgufPart::require_whole() const {
  const std::lock_guard lock(mutex_);
  as_gguf_error([&] {
    if (mapping_) {
      mapping_->require_whole();
    } else {
      file_->require_whole();
    }
  });
}

std::span<const std::byte> GgufPart::mapped(std::uint64_t offset, std::uint64_t length) const {
  const std::lock_guard lock(mutex_);
  const unsafe::MappedFile& mapping = mapping_locked();
  return as_gguf_error([&] { return mapping.host_memory().bytes(offset, length); });
}

void GgufPart::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  as_gguf_error([&] { file_->read(offset, bytes); });
}

const unsafe::MappedFile& GgufPart::mapping_locked() const {
  if (!mapping_) mapping_ = as_gguf_error([&] { return unsafe::MappedFile::map(file_); });
  return *mapping_;
}

Buffer GgufPart::buffer(const Device& device) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [owner, buffer] : buffers_) {
    if (owner == device) return buffer;
  }
  // The mapping begins on a page, so that offsets in the file are offsets in the buffer.
  const unsafe::HostMemory memory = mapping_locked().memory();
  // The owner keeps what the window looks through.
  const unsafe::MappedFile* mapping = mapping_.get();
  Buffer buffer =
      device.borrow(memory, KeepAlive::of(mapping_, concat("file '", path(), "'")), path(),
                    [mapping] { return as_gguf_error([&] { return mapping->host_memory(); }); });
  buffers_.emplace_back(device, buffer);
  return buffer;
}

}  // namespace foundry
