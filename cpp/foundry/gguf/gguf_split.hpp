// The parts of a split GGUF file: their names, and the keys by which llama-gguf-split tells them
// apart (split.no, split.count, split.tensors.count).
#pragma once

#include <cstdint>
#include <string>

#include "foundry/gguf/gguf_contents.hpp"

namespace foundry {

/// How many parts the file has whose first one `contents` describe; 1 unless it is split. GgufError
/// if it is another part, or its name is not that of a first one.
[[nodiscard]] std::uint64_t count_of_parts(const std::string& path, const GgufContents& contents);

/// "m-00003-of-00009.gguf" of "m-00001-of-00009.gguf", 2 and 9.
[[nodiscard]] std::string path_of_part(const std::string& first, std::uint64_t number,
                                       std::uint64_t count);

/// GgufError unless `contents` are those of part `number`, from 0, of `count`.
void require_part(const std::string& path, const GgufContents& contents, std::uint64_t number,
                  std::uint64_t count);

/// GgufError unless all parts together have the tensors that the first one claims.
void require_all_tensors(const std::string& path, const GgufContents& contents,
                         std::uint64_t count);

}  // namespace foundry
