#include "anvil/compiler/frontend/preprocess.hpp"

#include <clang/Basic/SourceManager.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Lex/Pragma.h>
#include <clang/Lex/Preprocessor.h>

#include <algorithm>
#include <cctype>

#include "anvil/compiler/frontend/clang_setup.hpp"
#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/frontend/header_files.hpp"

namespace anvil::compiler {
namespace {

bool is_ours(llvm::StringRef file) {
  return file.starts_with("/anvil/") || file.starts_with("<");
}

/// Of the main file, so that line N holds what line N expands to, or of all, with #line.
enum class Lines { main_file, all_files };

// Writes tokens at the lines and columns they have in the source.
class Printer {
 public:
  Printer(clang::Preprocessor& preprocessor, Source& source, Lines lines)
      : preprocessor_(preprocessor),
        sources_(preprocessor.getSourceManager()),
        source_(source),
        lines_(lines) {}

  void token(const clang::Token& token) {
    if (!move_to(token.getLocation(), token.hasLeadingSpace())) return;
    write(preprocessor_.getSpelling(token));
  }
  void pragma(clang::SourceLocation location, const std::string& text) {
    if (move_to(location, true)) write("_Pragma(\"" + text + "\")");
  }
  void finish() {
    if (lines_ == Lines::all_files) return new_line();
    const auto lines = std::count(source_.original.begin(), source_.original.end(), '\n');
    while (line_ <= static_cast<uint32_t>(lines)) new_line();
  }

 private:
  bool move_to(clang::SourceLocation location, bool leading_space) {
    const bool from_macro = location.isMacroID();
    const clang::SourceLocation place = sources_.getExpansionLoc(location);
    const uint32_t column = sources_.getSpellingColumnNumber(place);
    bool fresh = false;
    if (lines_ == Lines::all_files) {
      if (is_ours(sources_.getFilename(place))) return false;
      fresh = go_to(sources_.getPresumedLoc(place));
    } else {
      if (sources_.getFileID(place) != sources_.getMainFileID()) return false;
      const uint32_t line = sources_.getSpellingLineNumber(place);
      fresh = line_ < line;
      while (line_ < line) new_line();
      if (fresh) note_origin(place);
    }
    if (column > column_) {
      source_.expanded.append(column - column_, ' ');
      column_ = column;
    } else if (!fresh && (column < column_ || leading_space || from_macro)) {
      source_.expanded += ' ';
      ++column_;
    }
    return true;
  }
  bool go_to(const clang::PresumedLoc& place) {
    constexpr uint32_t kMostEmptyLines = 8;
    const uint32_t line = place.getLine();
    const bool follows = file_ == place.getFilename() && line >= line_;
    const bool fresh = !follows || line > line_;
    if (follows && line <= line_ + kMostEmptyLines) {
      while (line_ < line) new_line();
      return fresh;
    }
    file_ = place.getFilename();
    if (column_ > 1) new_line();
    source_.expanded += "#line " + std::to_string(line) + " \"" + escaped(file_) + "\"\n";
    line_ = line;
    return fresh;
  }
  static std::string escaped(const std::string& name) {
    std::string text;
    for (const char c : name) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    return text;
  }
  void write(const std::string& text) {
    source_.expanded += text;
    for (char c : text) {
      ++column_;
      if (c != '\n') continue;  // a raw string
      ++line_;
      column_ = 1;
    }
  }
  void new_line() {
    source_.expanded += '\n';
    ++line_;
    column_ = 1;
  }
  // Remembers what #line says where it differs from counting on.
  void note_origin(clang::SourceLocation place) {
    const clang::PresumedLoc presumed = sources_.getPresumedLoc(place);
    if (presumed.isInvalid()) return;
    const LineOrigin expected = source_.presumed(line_);
    if (expected.presumed == presumed.getLine() && expected.file == presumed.getFilename()) return;
    source_.origins.push_back({line_, presumed.getLine(), presumed.getFilename()});
  }

  clang::Preprocessor& preprocessor_;
  clang::SourceManager& sources_;
  Source& source_;
  const Lines lines_;
  std::string file_;  // of the line, where all files' are written
  uint32_t line_ = 1;
  uint32_t column_ = 1;
};

// Those that name sections and symbols, in clang's, GNU's and Microsoft's spelling.
bool places_code(const std::string& space, const std::string& part) {
  if (space == "clang") return part == "section" || part == "attribute";
  for (const char* name :
       {"weak", "redefine_extname", "section", "init_seg", "code_seg", "data_seg", "bss_seg",
        "const_seg", "alloc_text", "comment", "export", "ident"})
    if (part == name) return true;
  return false;
}

// Keeps the pragmas that steer clang's code generation and those that lay structures out, refuses
// those that place code; drops the others, `#pragma METAL` first.
class PragmaPrinter : public clang::PragmaHandler {
 public:
  PragmaPrinter(Printer& printer, std::string prefix)
      : printer_(printer), prefix_(std::move(prefix)) {}

  void HandlePragma(clang::Preprocessor& preprocessor, clang::PragmaIntroducer introducer,
                    clang::Token& first) override {
    std::vector<std::string> parts;
    for (clang::Token token = first; token.isNot(clang::tok::eod); preprocessor.Lex(token)) {
      if (token.is(clang::tok::eof)) break;
      if (token.isAnnotation()) continue;
      parts.push_back(preprocessor.getSpelling(token));
    }
    if (parts.empty()) return;
    if (places_code(prefix_, parts[0])) {
      auto& engine = preprocessor.getDiagnostics();
      engine.Report(introducer.Loc,
                    engine.getCustomDiagID(clang::DiagnosticsEngine::Error,
                                           "unsupported pragma '%0'; supported: unroll, nounroll, "
                                           "pack, clang loop, clang fp"))
          << (prefix_.empty() ? "" : prefix_ + " ") + parts[0];
      return;
    }
    std::string text;
    if (prefix_.empty() && parts[0] == "pack") {
      for (const std::string& part : parts) {
        if (part.find_first_of("\"\\") != std::string::npos) return;
        text += text.empty() ? part : ' ' + part;
      }
    } else if (prefix_.empty() && (parts[0] == "unroll" || parts[0] == "nounroll")) {
      // clang 22 crashes on a count that depends on a template parameter.
      const bool literal = parts.size() == 4 && parts[1] == "(" && is_number(parts[2]);
      const bool bare_literal = parts.size() == 2 && is_number(parts[1]);
      text = parts[0];
      if (literal) text += "(" + parts[2] + ")";
      if (bare_literal) text += "(" + parts[1] + ")";
    } else if (prefix_ == "clang" && (parts[0] == "loop" || parts[0] == "fp")) {
      text = prefix_;
      for (const std::string& part : parts) {
        if (part.find_first_of("\"\\") != std::string::npos) return;
        text += ' ' + part;
      }
    } else {
      return;
    }
    printer_.pragma(introducer.Loc, text);
  }

 private:
  static bool is_number(const std::string& part) {
    return std::all_of(part.begin(), part.end(), [](unsigned char c) { return std::isdigit(c); });
  }

  Printer& printer_;
  std::string prefix_;
};

class ExpandAction : public clang::PreprocessorFrontendAction {
 public:
  ExpandAction(Source& source, Lines lines) : source_(source), lines_(lines) {}

  /// All that were read, sorted.
  const std::vector<std::string>& files() const { return files_; }

 protected:
  void ExecuteAction() override {
    clang::Preprocessor& preprocessor = getCompilerInstance().getPreprocessor();
    Printer printer(preprocessor, source_, lines_);
    PragmaPrinter plain(printer, ""), scoped(printer, "clang");
    preprocessor.AddPragmaHandler(&plain);
    preprocessor.AddPragmaHandler("clang", &scoped);
    preprocessor.EnterMainSourceFile();
    clang::Token token;
    for (preprocessor.Lex(token); token.isNot(clang::tok::eof); preprocessor.Lex(token)) {
      if (token.isOneOf(clang::tok::hash, clang::tok::hashhash)) {
        // Would be a directive once the text is read again.
        auto& engine = preprocessor.getDiagnostics();
        engine.Report(token.getLocation(), engine.getCustomDiagID(clang::DiagnosticsEngine::Error,
                                                                  "stray '%0' in program"))
            << preprocessor.getSpelling(token);
        continue;
      }
      if (!token.isAnnotation()) printer.token(token);
    }
    printer.finish();
    preprocessor.RemovePragmaHandler(&plain);
    preprocessor.RemovePragmaHandler("clang", &scoped);
    const clang::SourceManager& sources = preprocessor.getSourceManager();
    for (auto file = sources.fileinfo_begin(); file != sources.fileinfo_end(); ++file)
      if (!is_ours(file->first.getName())) files_.push_back(file->first.getName().str());
    std::ranges::sort(files_);
  }

 private:
  Source& source_;
  const Lines lines_;
  std::vector<std::string> files_;
};

// metal3.1 -> 310
std::string version_number(const std::string& standard) {
  std::string digits;
  for (char c : standard)
    if (std::isdigit(static_cast<unsigned char>(c))) digits += c;
  return digits + "0";
}

std::vector<std::string> expansion_arguments(const Expansion& expansion) {
  std::vector<std::string> arguments{
      "-E",
      "-undef",
      "-disable-pragma-debug-crash",
      "-x",
      "c++",
      "-std=c++17",
      "-nostdsysteminc",
      "-nobuiltininc",
      "-nostdinc++",
      "-D",
      "__METAL__=1",
      "-D",
      "__METAL_VERSION__=" + version_number(expansion.standard),
      "-D",
      "__METAL_MACOS__=1",
      "-isystem",
      kStubFolder,
      "-include",
      kStubFolder + std::string("/anvil/predefined.h"),
      "-Wno-builtin-macro-redefined",  // what predefined.h takes away
      "-Wno-unknown-pragmas",
      "-Wno-ignored-pragmas"};
  if (expansion.math == "fast") arguments.insert(arguments.end(), {"-D", "__FAST_MATH__=1"});
  for (const auto& [key, value] : expansion.defines) {
    arguments.push_back("-D");
    arguments.push_back(key + "=" + value);
  }
  return arguments;
}

}  // namespace

std::optional<Source> preprocess(std::string name, std::string original,
                                 const Expansion& expansion) {
  Source source;
  source.name = std::move(name);
  source.original = std::move(original);
  Diagnostics diagnostics(source);
  auto compiler = make_compiler(expansion_arguments(expansion), diagnostics);
  set_input(*compiler, source.original, source.name);
  ExpandAction action(source, Lines::main_file);
  if (!run(*compiler, action) || diagnostics.failed()) return {};
  return source;
}

std::optional<Flattened> flatten(const std::string& name, const std::optional<std::string>& text,
                                 const Expansion& expansion,
                                 const std::vector<std::string>& folders) {
  Source source;
  source.name = name;
  Diagnostics diagnostics(source);
  std::vector<std::string> arguments = expansion_arguments(expansion);
  for (const std::string& folder : folders) arguments.insert(arguments.end(), {"-I", folder});
  auto compiler = make_compiler(arguments, diagnostics, {}, Files::machine);
  if (text)
    set_input(*compiler, *text, name);
  else
    compiler->getFrontendOpts().Inputs = {
        clang::FrontendInputFile(name, clang::InputKind(clang::Language::CXX))};
  ExpandAction action(source, Lines::all_files);
  if (!run(*compiler, action) || diagnostics.failed()) return {};
  return Flattened{std::move(source.expanded), action.files()};
}

}  // namespace anvil::compiler
