// diagnostics.hpp: clang's messages in clang's format, about the text that the user wrote.
#pragma once

#include <clang/Basic/Diagnostic.h>

#include <optional>
#include <string>

#include "anvil/compiler/frontend/small_float_casts.hpp"
#include "anvil/compiler/source/edits.hpp"
#include "anvil/compiler/source/source.hpp"

namespace anvil::compiler {

/// An error of our own about what clang reads.
void report_error(clang::DiagnosticsEngine& engine, clang::SourceLocation location,
                  const std::string& message);

/// Prints to stderr. While clang reads the original text, only `source` is set; while it reads the
/// transformed text, `edited` leads back to the original. Casts between half and bfloat are no
/// errors but go to `casts`, if it takes them; clang will run again then, and what follows is not
/// printed.
class Diagnostics : public clang::DiagnosticConsumer {
 public:
  explicit Diagnostics(const Source& source, const EditedText* edited = nullptr,
                       SmallFloatCasts* casts = nullptr)
      : source_(source), edited_(edited), casts_(casts) {}

  void HandleDiagnostic(clang::DiagnosticsEngine::Level level,
                        const clang::Diagnostic& info) override;

  /// An error of our own about byte `offset` of the expanded text.
  void error_at(uint32_t offset, const std::string& message);
  /// "file:line:column" of a place in what the user wrote; nothing for one that is not.
  std::optional<std::string> where(clang::SourceLocation location,
                                   const clang::SourceManager& sources) const;
  bool failed() const { return failed_ || getNumErrors() > 0; }

 private:
  /// Whether nothing is to be said about it: a cast that is taken, or what comes after one.
  bool goes_to_casts(const clang::Diagnostic& info);

  struct Place {
    std::string file;
    uint32_t line = 0;
    uint32_t column = 0;
    std::string text;  ///< the whole line
  };
  std::optional<Place> place(clang::SourceLocation location,
                             const clang::SourceManager& sources) const;
  Place place_in_source(uint32_t line, uint32_t column) const;
  static void print(const std::optional<Place>& place, const std::string& name,
                    std::string_view severity, std::string_view message, std::string_view option);

  const Source& source_;
  const EditedText* edited_;
  SmallFloatCasts* casts_;
  bool failed_ = false;
};

}  // namespace anvil::compiler
