// FileBlocks: the parts of a file that were looked at, copied into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "foundry/unsafe/open_file.hpp"

namespace foundry {

/// A file is read, not mapped, where its contents are decided on: what is checked stays what it was
/// when the file changes, and no page of it can be gone. Views stay valid as long as the blocks.
class FileBlocks {
 public:
  explicit FileBlocks(std::shared_ptr<const unsafe::OpenFile> file) : file_(std::move(file)) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return file_->size(); }
  /// Bytes within the file. ArgumentError if it is shorter by now.
  std::span<const std::byte> view(std::uint64_t offset, std::uint64_t length) {
    if (offset < begin_ || length > end_ - begin_ || offset - begin_ > end_ - begin_ - length) {
      load(offset, length);
    }
    return std::span<const std::byte>(blocks_.back()).subspan(offset - begin_, length);
  }

 private:
  void load(std::uint64_t offset, std::uint64_t length);

  std::shared_ptr<const unsafe::OpenFile> file_;
  std::vector<std::vector<std::byte>> blocks_;
  std::uint64_t begin_ = 0;  // of the last block, in the file
  std::uint64_t end_ = 0;
};

/// A reader's share in the blocks of somebody else.
class BlockSource {
 public:
  explicit BlockSource(FileBlocks& blocks) : blocks_(&blocks) {}
  [[nodiscard]] std::uint64_t size() const noexcept { return blocks_->size(); }
  std::span<const std::byte> view(std::uint64_t offset, std::uint64_t length) {
    return blocks_->view(offset, length);
  }

 private:
  FileBlocks* blocks_;
};

}  // namespace foundry
