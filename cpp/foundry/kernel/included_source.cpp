#include "foundry/kernel/included_source.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/core/quoted.hpp"
#include "foundry/kernel/shader_library.hpp"
#include "foundry/unsafe/host_memory.hpp"
#include "foundry/unsafe/open_file.hpp"

namespace foundry {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostIncludes = 200;                 // within each other, as clang has it
constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // of the whole

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\f\v";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// A preprocessor directive: its name and what follows.
struct Directive {
  std::string_view name;
  std::string_view rest;
};

std::optional<Directive> directive(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('#')) return {};
  line = trimmed(line.substr(1));
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto end = std::find_if_not(line.begin(), line.end(), is_letter);
  const auto length = static_cast<std::size_t>(end - line.begin());
  return Directive{line.substr(0, length), trimmed(line.substr(length))};
}

struct Included {
  std::string path;
  bool is_quoted;
};

std::optional<Included> included(const Directive& directive) {
  if (directive.name != "include" && directive.name != "import") return {};
  const std::string_view rest = directive.rest;
  if (rest.size() < 3 || (rest[0] != '"' && rest[0] != '<')) return {};
  const auto end = rest.find(rest[0] == '"' ? '"' : '>', 1);
  if (end == rest.npos || end == 1) return {};
  return Included{std::string(rest.substr(1, end - 1)), rest[0] == '"'};
}

/// Whether a comment is open after `line`, of which one was before.
bool in_comment_after(std::string_view line, bool in_comment) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::string_view two = line.substr(i, 2);
    if (in_comment) {
      if (two == "*/") in_comment = false, ++i;
    } else if (two == "//") {
      return false;
    } else if (two == "/*") {
      in_comment = true, ++i;
    } else if (line[i] == '"' || line[i] == '\'') {
      const char quote = line[i];
      for (++i; i < line.size() && line[i] != quote; ++i) i += line[i] == '\\';
    }
  }
  return in_comment;
}

/// Calls `each(line, is_code)` for every line without its break; `is_code`: it begins in no
/// comment.
template <class Each>
void for_each_line(std::string_view text, const Each& each) {
  bool in_comment = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    each(line, !in_comment);
    in_comment = in_comment_after(line, in_comment);
  }
}

/// What makes a text count once: #pragma once, or a guard around all of it.
struct Once {
  bool pragma = false;
  bool guard = false;
};

Once once(std::string_view text) {
  std::vector<Directive> directives;
  bool has_code_outside = false;
  bool is_pragma = false;
  std::size_t depth = 0;
  std::size_t tops = 0;  // conditionals that begin at depth 0
  for_each_line(text, [&](std::string_view line, bool is_code) {
    if (!is_code) return;
    const auto found = directive(line);
    if (!found) {
      const std::string_view code = trimmed(line);
      const bool is_blank = code.empty() || code.starts_with("//") || code.starts_with("/*");
      has_code_outside = has_code_outside || (depth == 0 && !is_blank);
      return;
    }
    is_pragma = is_pragma || (found->name == "pragma" && found->rest.starts_with("once"));
    if (directives.size() < 2) directives.push_back(*found);
    if (found->name.starts_with("if")) {
      if (depth++ == 0) ++tops;
    } else if (found->name == "endif" && depth > 0) {
      --depth;
    } else if (depth == 0 && found->name != "pragma") {
      has_code_outside = true;
    }
  });
  const bool is_guarded = directives.size() == 2 && directives[0].name == "ifndef" &&
                          directives[1].name == "define" && !directives[0].rest.empty() &&
                          directives[1].rest.starts_with(directives[0].rest) && tops == 1 &&
                          !has_code_outside;
  return {is_pragma, is_guarded};
}

std::string quoted_for_msl(std::string_view path) {
  std::string text = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

class Expansion {
 public:
  Expansion(std::span<const std::string> folders, ShaderFiles shader_files)
      : folders_(folders), shader_files_(shader_files) {}

  void add(std::string_view text, const std::string& name, unsigned first_line = 1) {
    if (stack_.size() >= kMostIncludes) {
      throw KernelCompileError(
          concat(name, ": error: #include nested too deeply: more than ", kMostIncludes, " files"));
    }
    stack_.push_back(name);
    line_directive(first_line, name);
    unsigned at = first_line - 1;
    for_each_line(text, [&](std::string_view line, bool is_code) {
      ++at;
      const auto found = is_code ? directive(line) : std::nullopt;
      const auto wanted = found ? included(*found) : std::nullopt;
      File* const file = wanted ? find(*wanted, name) : nullptr;
      if (file) {
        include(*file);
        line_directive(at + 1, name);
      } else if (found && found->name == "pragma" && found->rest.starts_with("once")) {
        text_ += '\n';  // a text of several files has no meaning for it
      } else {
        if (found) depth_ += found->name.starts_with("if") ? 1 : found->name == "endif" ? -1 : 0;
        text_ += line;
        text_ += '\n';
      }
      if (text_.size() > kMostBytes) {
        throw KernelCompileError(concat(name, ":", at,
                                        ": error: with what it includes it has more "
                                        "than ",
                                        kMostBytes >> 20, " MiB"));
      }
    });
    stack_.pop_back();
  }

  std::string take() { return std::move(text_); }

 private:
  struct File {
    std::string name;
    std::string text;
    Once once = {};
    bool is_there = false;  // outside of all conditions
    std::size_t number = 0;
  };

  void line_directive(unsigned line, std::string_view name) {
    text_ += concat("#line ", line, " ", quoted_for_msl(name), "\n");
  }

  File* find(const Included& wanted, const std::string& from) {
    std::vector<fs::path> places;
    if (fs::path(wanted.path).is_absolute()) {
      places.emplace_back(wanted.path);
    } else {
      if (wanted.is_quoted) places.push_back(fs::path(from).parent_path() / wanted.path);
      for (const std::string& folder : folders_) places.push_back(fs::path(folder) / wanted.path);
    }
    for (const fs::path& place : places) {
      std::error_code none;
      if (!fs::is_regular_file(place, none)) continue;
      const std::string name = place.lexically_normal().string();
      const auto known = files_.find(name);
      return known != files_.end() ? &known->second : keep({name, read_source(name)});
    }
    const bool may_be_shader = wanted.is_quoted && shader_files_ == ShaderFiles::taken;
    const auto shader = may_be_shader ? known_shader(wanted.path) : std::nullopt;
    if (!shader) return nullptr;
    const auto known = files_.find(wanted.path);
    return known != files_.end() ? &known->second : keep({wanted.path, std::string(*shader)});
  }

  File* keep(File file) {
    file.once = once(file.text);
    file.number = files_.size();
    std::string name = file.name;
    return &files_.emplace(std::move(name), std::move(file)).first->second;
  }

  void include(File& file) {
    const bool is_open = std::find(stack_.begin(), stack_.end(), file.name) != stack_.end();
    const auto [has_pragma, has_guard] = file.once;
    if ((has_pragma || has_guard) && (file.is_there || is_open)) return;
    file.is_there = file.is_there || depth_ == 0;
    depth_ -= has_guard ? 1 : 0;  // what stands within it is unconditional
    const std::string guard = concat("FOUNDRY_INCLUDED_", file.number);
    if (has_pragma) text_ += concat("#ifndef ", guard, "\n#define ", guard, "\n");
    add(file.text, file.name);
    if (has_pragma) text_ += "#endif\n";
    depth_ += has_guard ? 1 : 0;
  }

  std::span<const std::string> folders_;
  ShaderFiles shader_files_;
  std::string text_;
  std::map<std::string, File> files_;
  std::vector<std::string> stack_;
  int depth_ = 0;  // of conditions that are open
};

}  // namespace

void check_source(std::string_view text, std::string_view name) {
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8 character = first_character(text.substr(at));
    if (text[at] == '\0' || character.length == 0) {
      const auto byte = static_cast<unsigned>(static_cast<unsigned char>(text[at]));
      throw ArgumentError(concat(name, ":", line, ": byte ", byte, " at offset ", at,
                                 text[at] == '\0' ? " is a NUL" : " is no UTF-8",
                                 "; a Metal source is UTF-8 text"));
    }
    line += text[at] == '\n';
    at += character.length;
  }
}

std::string read_source(const std::string& path) {
  const auto bytes = unsafe::OpenFile::open(path)->read_all();
  std::string_view text = unsafe::text_of(bytes);
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  check_source(text, path);
  return std::string(text);
}

std::string with_includes(std::string_view text, const std::string& name,
                          std::span<const std::string> folders, ShaderFiles shader_files,
                          unsigned first_line) {
  Expansion expansion(folders, shader_files);
  expansion.add(text, name, first_line);
  return expansion.take();
}

}  // namespace foundry
