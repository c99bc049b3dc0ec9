// small_float_casts.hpp: casts between half and bfloat, of which clang has none.
#pragma once

#include <clang/Basic/Diagnostic.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "anvil/compiler/source/edits.hpp"

namespace anvil::compiler {

/// Whether clang complains about such a cast.
bool is_small_float_cast(const clang::Diagnostic& complaint);

/// The casts of a program that clang has complained about, C's, C++'s or a call of a type. Only
/// clang knows which they are, behind typedefs and for which arguments of a template: each is
/// rewritten to go by float, and clang runs again.
class SmallFloatCasts {
 public:
  /// `expanded` must outlive the object.
  explicit SmallFloatCasts(const std::string& expanded) : expanded_(expanded) {}

  /// Takes a cast by its place in the expanded text; false if it is none that can be rewritten, or
  /// was rewritten already.
  bool add(uint32_t offset);
  const std::vector<Edit>& edits() const { return edits_; }
  /// Whether there are edits that this run of clang has not seen.
  bool pending() const { return pending_; }
  void begin_run() { pending_ = false, seen_ = 0; }
  /// Whether a message is one that an earlier run has printed. Messages come in the same order.
  bool was_printed();

 private:
  const std::string& expanded_;
  std::set<uint32_t> offsets_;
  std::vector<Edit> edits_;
  bool pending_ = false;
  size_t printed_ = 0, seen_ = 0;
};

}  // namespace anvil::compiler
