// GgufParser: turns the bytes of a GGUF file into GgufContents.
#pragma once

#include <cstdint>
#include <string>

#include "foundry/gguf/byte_reader.hpp"
#include "foundry/gguf/file_blocks.hpp"
#include "foundry/gguf/gguf_contents.hpp"

namespace foundry {

class GgufParser {
 public:
  /// The texts of `contents`, which are new ones, become views into `blocks`.
  GgufParser(GgufContents& contents, const std::string& path, FileBlocks& blocks)
      : file_(contents), reader_(path, BlockSource(blocks)) {}

  void parse();

 private:
  void read_header();
  void require_at_most(std::uint64_t at, std::uint64_t count, std::uint64_t most,
                       const char* what) const;
  void read_entry(std::uint64_t number);
  GgufValue read_value(std::uint32_t type, std::string_view key, std::uint64_t at);
  GgufValue read_array(std::string_view key);
  template <class T>
  GgufValue read_numbers(std::uint64_t at, std::uint64_t count, std::string_view key);
  bool read_bool(std::string_view key);
  void read_alignment();
  void read_tensor(std::uint64_t number);
  void place_tensors();

  GgufContents& file_;
  BasicByteReader<GgufError, BlockSource> reader_;
  std::uint64_t entries_ = 0;
  std::uint64_t tensors_ = 0;
  std::vector<std::uint64_t> described_at_;  // by tensor: where its description starts
};

}  // namespace foundry
