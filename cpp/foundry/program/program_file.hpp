// ProgramImage: a program as its file has it, and the bytes of that file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "foundry/program/program_graph.hpp"

namespace foundry::detail {

/// What a tensor holds when the program is loaded.
struct TensorContents {
  enum class Kind : std::uint8_t {
    zero,    // it is written by the program
    bytes,   // in this file
    weight,  // tensor `weight` of weight file number `file`
  };
  Kind kind = Kind::zero;
  std::vector<std::byte> bytes;
  std::uint32_t file = 0;
  std::string weight;
  std::uint64_t hash = 0;  // content_hash() of the weight
};

struct ProgramImage {
  ProgramGraph graph;
  std::vector<TensorContents> contents;   // of graph.tensors
  std::vector<std::string> weight_files;  // as they were called when the program was saved
};

/// The file's bytes. Format: "FNDRYPRG", u32 version, u64 length and content_hash() of what
/// follows: everything of ProgramImage, in the order of its members; numbers little endian, strings
/// and vectors as a u64 length and their items; a dtype as its number, or 255 and its BlockFormat.
[[nodiscard]] std::vector<std::byte> write_program(const ProgramImage& image);

/// Reads them again. Every length, index, range and enumerator is checked before use, so that the
/// image can be trusted as far as host memory goes; ProgramError names `path`, byte and values.
[[nodiscard]] ProgramImage read_program(const std::string& path, std::span<const std::byte> bytes);

inline constexpr std::uint32_t kProgramVersion = 4;

}  // namespace foundry::detail
