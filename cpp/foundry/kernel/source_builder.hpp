// Puts MSL together from shader files and generated lines, so that every line knows its origin.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace foundry {

/// A piece of MSL and where its first line stands, for compile errors. No file: generated text.
struct SourceText {
  std::string file;
  std::string text;
  unsigned first_line = 1;
};

/// Emits `#line` wherever the origin changes: a compile error names the shader file and its line,
/// or the generated file for generated lines.
class SourceBuilder {
 public:
  /// `name` is what generated lines are called in errors, "mlp_in.metal".
  explicit SourceBuilder(std::string name) : name_(std::move(name)) {}

  /// Generated text; a line break is added.
  SourceBuilder& line(std::string_view text = "");
  /// A shader file with what it includes, each file once.
  SourceBuilder& include(std::string_view path);
  /// Text with an origin of its own; its includes of shader files are resolved too.
  SourceBuilder& splice(std::string_view file, std::string_view text, unsigned first_line = 1);

  [[nodiscard]] const std::string& str() const noexcept { return text_; }

 private:
  void origin(std::string_view file, unsigned line);

  std::string name_;
  std::string text_;
  unsigned lines_ = 0;      // in text_
  bool generated_ = false;  // the last line was generated, so its successor needs no #line
  std::set<std::string, std::less<>> included_;
};

/// `source` with the names alone where its `#line` directives have absolute paths: for a reader on
/// another machine.
[[nodiscard]] std::string without_folders(std::string_view source);

}  // namespace foundry
