#include "anvil/compiler/frontend/diagnostics.hpp"

#include <clang/Basic/DiagnosticIDs.h>
#include <clang/Basic/SourceManager.h>
#include <llvm/ADT/SmallString.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>

namespace anvil::compiler {

void report_error(clang::DiagnosticsEngine& engine, clang::SourceLocation location,
                  const std::string& message) {
  engine.Report(location, engine.getCustomDiagID(clang::DiagnosticsEngine::Error, "%0")) << message;
}
namespace {

std::string_view severity_name(clang::DiagnosticsEngine::Level level) {
  switch (level) {
    case clang::DiagnosticsEngine::Ignored:
    case clang::DiagnosticsEngine::Note:
      return "note";
    case clang::DiagnosticsEngine::Remark:
      return "remark";
    case clang::DiagnosticsEngine::Warning:
      return "warning";
    case clang::DiagnosticsEngine::Error:
      return "error";
    case clang::DiagnosticsEngine::Fatal:
      return "fatal error";
  }
  return "error";
}

// Line and column (from 1) of a byte of the text.
std::pair<uint32_t, uint32_t> line_and_column(std::string_view text, uint32_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n') + 1);
  return {line, offset - static_cast<uint32_t>(before.rfind('\n') + 1) + 1};
}

// clang's words for address spaces become Metal's.
void name_address_spaces(llvm::SmallVectorImpl<char>& message) {
  std::string text(message.begin(), message.end());
  // __restrict marks methods, not objects (address_spaces.hpp).
  constexpr std::pair<const char*, const char*> kNames[] = {
      {"__restrict __", "__"},
      {"const __constant", "constant"},
      {"__constant", "constant"},
      {"__global", "device"},
      {"__local", "threadgroup"},
      {"__restrict const", "const"},
      {"generic address space", "thread address space"}};
  for (const auto& [word, name] : kNames)
    for (size_t at; (at = text.find(word)) != std::string::npos;)
      text.replace(at, std::string_view(word).size(), name);
  message.assign(text.begin(), text.end());
}

}  // namespace

Diagnostics::Place Diagnostics::place_in_source(uint32_t line, uint32_t column) const {
  const LineOrigin origin = source_.presumed(line);
  return {origin.file, origin.presumed, column, std::string(source_.original_line(line))};
}

std::optional<Diagnostics::Place> Diagnostics::place(clang::SourceLocation location,
                                                     const clang::SourceManager& sources) const {
  if (location.isInvalid()) return {};
  location = sources.getFileLoc(location);
  const auto [file, offset] = sources.getDecomposedLoc(location);
  if (file == sources.getMainFileID() && edited_) {
    const auto [line, column] = line_and_column(source_.expanded, edited_->original_offset(offset));
    return place_in_source(line, column);
  }
  const clang::PresumedLoc presumed = sources.getPresumedLoc(location);
  if (presumed.isInvalid()) return {};
  bool invalid = false;
  const std::string_view text = sources.getBufferData(file, &invalid);
  Place result{presumed.getFilename(), presumed.getLine(), presumed.getColumn(), {}};
  if (invalid) return result;
  const size_t begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
  result.text = text.substr(begin, text.find('\n', begin) - begin);
  return result;
}

std::optional<std::string> Diagnostics::where(clang::SourceLocation location,
                                              const clang::SourceManager& sources) const {
  const auto found = place(location, sources);
  if (!found) return {};
  return found->file + ':' + std::to_string(found->line) + ':' + std::to_string(found->column);
}

bool Diagnostics::goes_to_casts(const clang::Diagnostic& info) {
  if (!casts_) return false;
  if (is_small_float_cast(info) && edited_) {
    const clang::SourceManager& sources = info.getSourceManager();
    const auto [file, offset] = sources.getDecomposedLoc(sources.getFileLoc(info.getLocation()));
    if (file == sources.getMainFileID()) casts_->add(edited_->original_offset(offset));
  }
  return casts_->pending() || casts_->was_printed();
}

void Diagnostics::HandleDiagnostic(clang::DiagnosticsEngine::Level level,
                                   const clang::Diagnostic& info) {
  DiagnosticConsumer::HandleDiagnostic(level, info);
  if (goes_to_casts(info)) return;
  llvm::SmallString<256> message;
  info.FormatDiagnostic(message);
  std::string option;
  if (level == clang::DiagnosticsEngine::Warning || level == clang::DiagnosticsEngine::Remark)
    option = info.getDiags()->getDiagnosticIDs()->getWarningOptionForDiag(info.getID()).str();
  name_address_spaces(message);
  print(info.hasSourceManager() ? place(info.getLocation(), info.getSourceManager()) : std::nullopt,
        source_.name, severity_name(level), message.str(), option);
}

void Diagnostics::error_at(uint32_t offset, const std::string& message) {
  failed_ = true;
  const auto [line, column] = line_and_column(source_.expanded, offset);
  print(place_in_source(line, column), source_.name, "error", message, {});
}

void Diagnostics::print(const std::optional<Place>& place, const std::string& name,
                        std::string_view severity, std::string_view message,
                        std::string_view option) {
  llvm::raw_ostream& out = llvm::errs();
  if (place) {
    out << place->file << ':' << place->line << ':' << place->column << ": ";
  } else {
    out << name << ": ";
  }
  out << severity << ": " << message;
  if (!option.empty()) out << " [-W" << option << ']';
  out << '\n';
  if (!place || place->text.empty()) return;
  // The caret stands below its character: tabs in front of it are repeated.
  std::string indent;
  for (size_t i = 0; i + 1 < place->column; ++i)
    indent += i < place->text.size() && place->text[i] == '\t' ? '\t' : ' ';
  out << place->text << '\n' << indent << "^\n";
}

}  // namespace anvil::compiler
