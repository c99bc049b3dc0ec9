// metal_target.hpp: a machine of clang's with Metal's address spaces.
#pragma once

#include <llvm/ADT/IntrusiveRefCntPtr.h>

namespace clang {
class TargetInfo;
}

namespace anvil::compiler {

/// The machine, for which an object in the device, threadgroup or constant address space may also
/// be seen as one without: by `this`, by what copies it, by functions that take plain pointers.
llvm::IntrusiveRefCntPtr<clang::TargetInfo> metal_target(
    llvm::IntrusiveRefCntPtr<clang::TargetInfo> machine);

}  // namespace anvil::compiler
