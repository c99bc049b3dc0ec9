// Wrong use of Metal, and how it is reported. One rule for every class of this folder:
//
// - a method with an NSError** argument fills it;
// - what is encoded wrongly into a command buffer makes that buffer fail: nothing of it runs, its
//   status becomes Error and its error names method, encoder, kernel, argument and the figures
//   (CommandBuffer::fail; the first mistake counts);
// - a method whose only sign of failure is nil returns nil, as Metal does, and says why on stderr;
// - a call out of order for which none of these is left throws InvalidUse (objc/errors.hpp).
//
// Metal's validation layer stops the program in the second and fourth case; what it alone finds
// wrong is asked of validation.hpp.
#pragma once

#include <string>

namespace anvil::metal {

/// One line on stderr.
void report(const std::string& text);

/// The same, and nil to return.
inline std::nullptr_t report_nil(const std::string& text) {
  report(text + "; returning nil");
  return nullptr;
}

}  // namespace anvil::metal
