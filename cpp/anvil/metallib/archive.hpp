// archive.hpp: Anvil's own compiled library: translation units as preprocessed source, with an
// index of what is in them. What `metal -c` writes has one, what `metallib` makes of several has
// all.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "anvil/metallib/function_index.hpp"
#include "anvil/metallib/input.hpp"

namespace anvil::metallib {

struct UnitFunction {
  std::string name;
  FunctionKind kind = FunctionKind::kernel;
};

struct UnitConstant {
  std::string name, type;  // of MSL
  uint32_t index = 0;
  bool required = false;
};

/// One source as it was compiled. Its names are its own: units may repeat each other's, but for
/// those of kernels.
struct Unit {
  std::string name;  ///< of the source's file
  std::string math;  ///< fast, relaxed or safe
  std::string std;   ///< metal3.1, say
  bool logging = false;
  std::vector<UnitFunction> functions;
  std::vector<UnitConstant> constants;
};

/// The archive's bytes. `texts` are the units' sources. Throws FormatError where two units have a
/// kernel of one name.
std::string write_archive(const std::vector<Unit>& units, const std::vector<std::string>& texts);

/// Immutable and thread-safe. Failures as AppleLibrary's.
class Archive {
 public:
  static bool begins(std::string_view bytes);

  /// Reads the index.
  explicit Archive(std::shared_ptr<const Input> input);

  const std::string& name() const { return input_->name(); }
  const std::vector<Unit>& units() const { return units_; }
  /// The source of a unit.
  std::string text(size_t unit) const;

 private:
  struct Place {
    uint64_t offset, size;
    std::string hash;
  };

  const std::shared_ptr<const Input> input_;
  std::vector<Unit> units_;
  std::vector<Place> places_;  // of their texts
};

/// Throws FormatError that names function and units.
void require_distinct_functions(const std::string& name, const std::vector<Unit>& units);

}  // namespace anvil::metallib
