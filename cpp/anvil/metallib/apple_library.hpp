// apple_library.hpp: a .metallib as Apple's compiler writes it: an index, and functions as LLVM
// bitcode, read when they are asked for.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "anvil/metallib/function_index.hpp"
#include "anvil/metallib/input.hpp"

namespace anvil::metallib {

struct AppleFunction {
  std::string_view name;
  FunctionKind kind = FunctionKind::kernel;
  uint64_t offset = 0, size = 0;  ///< of its bitcode in the file
  uint64_t description = 0;       ///< where the file describes its constants
  std::string_view hash;          ///< SHA-256 of the bitcode; empty where the file has none
};

struct AppleConstant {
  std::string name;
  uint16_t index = 0;
  uint8_t type = 0;  ///< an MTLDataType
  bool required = false;
};

/// Immutable and thread-safe. Every failure is a FormatError with the file, the place in it and the
/// figures. Nothing is allocated on a claim that the file's size does not bear out.
class AppleLibrary {
 public:
  /// Whether the bytes that a file begins with are those of such a library.
  static bool begins(std::string_view bytes);

  /// Reads the index: a few megabytes of a file of any size.
  explicit AppleLibrary(std::shared_ptr<const Input> input);

  const std::string& name() const { return input_->name(); }
  /// In the order of the file.
  std::span<const AppleFunction> functions() const { return functions_; }
  /// Null if there is none of that name.
  const AppleFunction* find(std::string_view name) const {
    return find_by_name(functions_, by_name_, name);
  }
  /// Its bitcode, with the wrapper it has in the file; it has the hash that the file says.
  std::string bitcode(const AppleFunction& function) const;
  /// The function constants that it uses.
  std::vector<AppleConstant> constants(const AppleFunction& function) const;

 private:
  struct Section {
    const char* name;
    uint64_t offset, size;
  };

  void read_header();
  void read_index();
  AppleFunction read_function(class ByteReader reader) const;
  void sort_and_check();

  const std::shared_ptr<const Input> input_;
  Section list_{}, public_{}, private_{}, bitcode_{};
  std::string index_;  ///< the list of functions, which their names and hashes are views into
  std::vector<AppleFunction> functions_;
  std::vector<uint32_t> by_name_;
};

}  // namespace anvil::metallib
