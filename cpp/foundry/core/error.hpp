// The one error hierarchy: every failure is a typed error that carries what, where and the values.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "foundry/core/concat.hpp"

namespace foundry {

/// Base of all errors. `what()` is the message alone; `kind()` the type's name as users see it.
/// A cause is attached with std::throw_with_nested and shown by describe_error().
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  [[nodiscard]] virtual const char* kind() const noexcept { return "Error"; }
};

#define FOUNDRY_DECLARE_ERROR(name)                              \
  class name : public Error {                                    \
   public:                                                       \
    using Error::Error;                                          \
    const char* kind() const noexcept override { return #name; } \
  }

FOUNDRY_DECLARE_ERROR(ShapeError);        ///< Extents, ranks, indices or sizes that do not fit.
FOUNDRY_DECLARE_ERROR(DTypeError);        ///< An element type that does not fit or is unsupported.
FOUNDRY_DECLARE_ERROR(StorageError);      ///< An access that the storage mode forbids.
FOUNDRY_DECLARE_ERROR(ArenaInUseError);   ///< An arena reset under live leases.
FOUNDRY_DECLARE_ERROR(OutOfMemoryError);  ///< An arena's cap or the device's memory is exhausted.
FOUNDRY_DECLARE_ERROR(DispatchError);  ///< A grid, threadgroup or binding past the device's limits.
FOUNDRY_DECLARE_ERROR(KernelCompileError);  ///< MSL that does not compile, with the compiler's log.
FOUNDRY_DECLARE_ERROR(SignatureMismatchError);  ///< Generated signature and reflection disagree.
FOUNDRY_DECLARE_ERROR(GgufError);               ///< A malformed or unsupported GGUF file.
FOUNDRY_DECLARE_ERROR(
    ProgramError);                   ///< A malformed program file, or weights that are not its own.
FOUNDRY_DECLARE_ERROR(DeviceError);  ///< No device, a failed command buffer, use after fork.
FOUNDRY_DECLARE_ERROR(ArgumentError);      ///< Any other argument outside its stated domain.
FOUNDRY_DECLARE_ERROR(ArgumentTypeError);  ///< An argument of a type that is not taken there.
FOUNDRY_DECLARE_ERROR(TensorIndexError);   ///< An index past an extent, or of the wrong kind.

#undef FOUNDRY_DECLARE_ERROR

/// "ShapeError: ...", then each nested cause on its own line as "  caused by: ...".
[[nodiscard]] std::string describe_error(const std::exception& error);

}  // namespace foundry
