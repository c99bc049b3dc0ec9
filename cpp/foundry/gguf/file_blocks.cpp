#include "foundry/gguf/file_blocks.hpp"

#include <algorithm>

namespace foundry {

namespace {

constexpr std::uint64_t kBlockBytes = 256 * 1024;

}  // namespace

void FileBlocks::load(std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t wanted = std::min(std::max(length, kBlockBytes), size() - offset);
  std::vector<std::byte> block(wanted);
  file_->read(offset, block);
  blocks_.push_back(std::move(block));
  begin_ = offset;
  end_ = offset + wanted;
}

}  // namespace foundry
