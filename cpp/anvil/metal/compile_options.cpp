#include "anvil/metal/compile_options.hpp"

#include <algorithm>

#include "anvil/metal/validation.hpp"

namespace anvil::metal {

std::string language_name(MTL::LanguageVersion version) {
  return "metal" + std::to_string(version >> 16) + "." + std::to_string(version & 0xffff);
}

service::CompileOptions service_options(const CompileOptions* options) {
  service::CompileOptions result;
  result.logging = options && options->enable_logging;
  if (!options) return result;
  if (options->library_type != MTL::LibraryTypeExecutable)
    throw service::CompileError(
        "MTLCompileOptions.libraryType: dynamic libraries are not supported");
  if (options->libraries && !options->libraries->items.empty())
    throw service::CompileError(
        "MTLCompileOptions.libraries: linking against libraries is not supported");
  if (const auto refusal = validation::of_options(*options)) throw service::CompileError(*refusal);
  result.math = options->math_mode == MTL::MathModeFast      ? "fast"
                : options->math_mode == MTL::MathModeRelaxed ? "relaxed"
                                                             : "safe";
  result.std = language_name(std::min(options->language_version, kNewestLanguage));
  if (options->preprocessor_macros)
    for (const auto& [name, value] : options->preprocessor_macros->entries)
      result.defines.emplace_back(description_of(name.get()), description_of(value.get()));
  return result;
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<CompileOptions> compile_options_definition{
    "MTLCompileOptions",
    {
        objc::property<&CompileOptions::preprocessor_macros>("preprocessorMacros",
                                                             "setPreprocessorMacros:"),
        objc::property<&CompileOptions::language_version>("languageVersion", "setLanguageVersion:"),
        objc::method<&CompileOptions::fast_math>("fastMathEnabled"),
        objc::method<&CompileOptions::set_fast_math>("setFastMathEnabled:"),
        objc::property<&CompileOptions::math_mode>("mathMode", "setMathMode:"),
        objc::property<&CompileOptions::math_functions>("mathFloatingPointFunctions",
                                                        "setMathFloatingPointFunctions:"),
        objc::property<&CompileOptions::library_type>("libraryType", "setLibraryType:"),
        objc::property<&CompileOptions::optimization_level>("optimizationLevel",
                                                            "setOptimizationLevel:"),
        objc::property<&CompileOptions::symbol_visibility>("compileSymbolVisibility",
                                                           "setCompileSymbolVisibility:"),
        objc::property<&CompileOptions::max_total_threads>("maxTotalThreadsPerThreadgroup",
                                                           "setMaxTotalThreadsPerThreadgroup:"),
        objc::property<&CompileOptions::required_threads>("requiredThreadsPerThreadgroup",
                                                          "setRequiredThreadsPerThreadgroup:"),
        objc::property<&CompileOptions::preserve_invariance>("preserveInvariance",
                                                             "setPreserveInvariance:"),
        objc::property<&CompileOptions::enable_logging>("enableLogging", "setEnableLogging:"),
        objc::property<&CompileOptions::allow_undefined_symbols>(
            "allowReferencingUndefinedSymbols", "setAllowReferencingUndefinedSymbols:"),
        objc::property<&CompileOptions::install_name>("installName", "setInstallName:"),
        objc::property<&CompileOptions::libraries>("libraries", "setLibraries:"),
        objc::copying<CompileOptions>(),
    }};

}  // namespace
}  // namespace anvil::metal
