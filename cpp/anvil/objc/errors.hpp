// Errors of host code that no NSError can carry, thrown as C++ exceptions through the message send.
#pragma once

#include <stdexcept>

namespace anvil {

/// A message whose receiver has no such method, or whose class Anvil does not have. what() reads as
/// Apple's: "-[MTLBuffer foo:]: unrecognized selector sent to instance 0x...".
struct UnrecognizedSelector : std::logic_error {
  using logic_error::logic_error;
};

/// A call out of order (a command buffer committed twice, say), where Metal's validation layer
/// would stop the program: there is nothing left that could carry an NSError.
struct InvalidUse : std::logic_error {
  using logic_error::logic_error;
};

/// An index or a range past the end of a collection's objects, a string's or a data's.
struct OutOfRange : InvalidUse {
  using InvalidUse::InvalidUse;
};

}  // namespace anvil
