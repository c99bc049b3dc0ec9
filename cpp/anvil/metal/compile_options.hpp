// MTLCompileOptions.
#pragma once

#include <Metal/MTLLibrary.hpp>
#include <Metal/MTLTypes.hpp>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/service/compiler_service.hpp"

namespace anvil::metal {

struct CompileOptions : objc::Object {
  using Super = RootObject;

  bool fast_math() const { return math_mode == MTL::MathModeFast; }
  void set_fast_math(bool fast) { math_mode = fast ? MTL::MathModeFast : MTL::MathModeSafe; }

  objc::Ref<Dictionary> preprocessor_macros;
  MTL::LanguageVersion language_version = MTL::LanguageVersion3_1;
  MTL::MathMode math_mode = MTL::MathModeFast;
  MTL::MathFloatingPointFunctions math_functions = MTL::MathFloatingPointFunctionsFast;
  MTL::LibraryType library_type = MTL::LibraryTypeExecutable;
  MTL::LibraryOptimizationLevel optimization_level = MTL::LibraryOptimizationLevelDefault;
  MTL::CompileSymbolVisibility symbol_visibility = MTL::CompileSymbolVisibilityDefault;
  NS::UInteger max_total_threads = 0;
  MTL::Size required_threads = {0, 0, 0};
  bool preserve_invariance = false;
  bool enable_logging = false;
  bool allow_undefined_symbols = false;
  objc::Ref<String> install_name;
  objc::Ref<Array> libraries;
};

/// What there is of the language; Apple's driver takes a newer version for its newest.
constexpr auto kNewestLanguage = MTL::LanguageVersion4_0;

/// As anvil-compiler has it: metal3.1.
std::string language_name(MTL::LanguageVersion version);

/// What the compiler is told; null: the defaults. Throws CompileError for options that it has not.
service::CompileOptions service_options(const CompileOptions* options);

}  // namespace anvil::metal
