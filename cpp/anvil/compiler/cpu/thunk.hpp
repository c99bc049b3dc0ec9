// thunk.hpp: the thunk between the executor's call and a kernel's parameters.
#pragma once

#include <string>

#include "anvil/compiler/source/signature.hpp"

namespace anvil::compiler::cpu {

/// C++ for `void anvil_scalar_entry(tg, simdgroup, lane)`, one lane's program
/// (cpu/thunk_headers/anvil/entry.h has the vocabulary). `full`: see the kernel ABI.
std::string thunk(const KernelSignature& kernel, bool full);

}  // namespace anvil::compiler::cpu
