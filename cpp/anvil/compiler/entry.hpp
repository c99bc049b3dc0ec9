// entry.hpp: the thunk between the executor's call and a kernel's parameters.
#pragma once

#include <string>

#include "signature.hpp"

namespace anvil {

/// C++ for `void anvil_scalar_entry(tg, simdgroup, lane)`, one lane's program
/// (prelude/anvil/entry.h has the vocabulary). `full`: see the kernel ABI.
std::string entry_source(const KernelSignature& kernel, bool full);

}  // namespace anvil
