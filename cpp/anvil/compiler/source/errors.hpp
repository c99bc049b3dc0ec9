// errors.hpp: what ends a compilation that no line of the user's source is at fault for.
#pragma once

#include <stdexcept>

namespace anvil::compiler {

/// A command line that makes no sense.
struct UsageError : std::runtime_error {
  using runtime_error::runtime_error;
};
/// The environment fails: a file that cannot be read or written.
struct FileError : std::runtime_error {
  using runtime_error::runtime_error;
};
/// A library or function constants that this version of the compiler cannot have been meant to
/// read.
struct InputError : std::runtime_error {
  using runtime_error::runtime_error;
};
/// A library of Apple's compiler that is damaged, or uses what is not there: its maker's, as errors
/// in a source are.
struct AirError : std::runtime_error {
  using runtime_error::runtime_error;
};
/// A machine that there is no code generator for, or one below what kernels need.
struct TargetError : std::runtime_error {
  using runtime_error::runtime_error;
};
/// The compiler's own fault: its headers, its IR or the code it makes are not what they have to be.
struct InternalError : std::runtime_error {
  using runtime_error::runtime_error;
};

}  // namespace anvil::compiler
