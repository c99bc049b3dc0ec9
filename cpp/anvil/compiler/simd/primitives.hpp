// primitives.hpp: the external functions through which a lane talks to the rest of its simdgroup.
#pragma once

#include <llvm/IR/InstrTypes.h>

#include <optional>

namespace anvil::compiler::simd {

/// A call of one of the `__anvil_*` functions of the IR contract, by meaning.
struct Primitive {
  enum class Kind {
    ballot,
    shuffle,
    reduce,
    scan_inclusive,
    scan_exclusive,
    threadgroup_barrier,
    simdgroup_barrier,
    matrix_multiply,
    look_up,  ///< each byte of a word, in a table of 16 (byte_tables.hpp)
  };
  enum class Operation { none, add, mul, min, max, bit_and, bit_or, bit_xor };
  Kind kind;
  Operation operation = Operation::none;
  bool is_signed = false;
  unsigned lane_bytes = 0;  ///< of matrix_multiply: elements' of an array of each lane; 0: memory

  bool is_barrier() const {
    return kind == Kind::threadgroup_barrier || kind == Kind::simdgroup_barrier;
  }
  /// One value for the whole simdgroup, whatever the operands.
  bool is_uniform() const { return kind == Kind::ballot || kind == Kind::reduce; }
};

std::optional<Primitive> primitive_of(const llvm::CallBase& call);

/// Whether an instruction only informs the optimiser or the debugger and is not to be emitted.
bool is_ignorable(const llvm::Instruction& instruction);

}  // namespace anvil::compiler::simd
