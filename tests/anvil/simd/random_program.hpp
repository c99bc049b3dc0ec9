// random_program.hpp: random programs of one lane, for comparison of the vectoriser with execution
// lane by lane.
#pragma once

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <cstdint>
#include <memory>
#include <random>

namespace anvil::test {

/// Buffers that every program uses, at these indices of the dispatch.
struct ProgramBuffers {
  static constexpr unsigned kInput = 0;    ///< kInputWords random words
  static constexpr unsigned kOutput = 1;   ///< kOutputWords words a lane, lane-major
  static constexpr unsigned kColumns = 2;  ///< kOutputWords words a lane, word-major
  static constexpr unsigned kInputWords = 256;
  static constexpr unsigned kOutputWords = 16;
};

/// A random control-flow graph, not necessarily reducible, over random integer, float, short-vector
/// and memory operations, ended by a budget of steps. Lanes touch only their own output.
std::unique_ptr<llvm::Module> random_program(llvm::LLVMContext& context, uint32_t seed);

}  // namespace anvil::test
