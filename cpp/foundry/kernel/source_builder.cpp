#include "foundry/kernel/source_builder.hpp"

#include <algorithm>
#include <optional>

#include "foundry/core/concat.hpp"
#include "foundry/kernel/shader_library.hpp"

namespace foundry {
namespace {

std::string_view stripped(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// The path of an `#include "path"` line. Includes in angle brackets are the compiler's own.
std::optional<std::string_view> included_path(std::string_view line) {
  line = stripped(line);
  if (!line.starts_with('#')) return {};
  line = stripped(line.substr(1));
  if (!line.starts_with("include")) return {};
  line = stripped(line.substr(7));
  if (line.size() < 2 || !line.starts_with('"')) return {};
  const auto end = line.find('"', 1);
  if (end == line.npos) return {};
  return line.substr(1, end - 1);
}

}  // namespace

void SourceBuilder::origin(std::string_view file, unsigned line) {
  text_ += concat("#line ", line, " \"", file, "\"\n");
  ++lines_;
}

SourceBuilder& SourceBuilder::line(std::string_view text) {
  // The directive itself stands on a line too: what follows it is line lines_ + 2.
  if (!generated_) origin(name_, lines_ + 2);
  generated_ = true;
  text_ += text;
  text_ += '\n';
  lines_ += 1 + static_cast<unsigned>(std::count(text.begin(), text.end(), '\n'));
  return *this;
}

SourceBuilder& SourceBuilder::include(std::string_view path) {
  if (included_.contains(path)) return *this;
  included_.emplace(path);
  return splice(path, find_shader(path));
}

SourceBuilder& SourceBuilder::splice(std::string_view file, std::string_view text,
                                     unsigned first_line) {
  origin(file, first_line);
  generated_ = false;
  unsigned at = first_line;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    ++at;
    if (const auto path = included_path(line)) {
      if (included_.contains(*path)) {
        text_ += '\n';
        ++lines_;
      } else {
        include(*path);
        origin(file, at);
      }
      continue;
    }
    if (stripped(line) != "#pragma once") text_ += line;
    text_ += '\n';
    ++lines_;
  }
  return *this;
}

std::string without_folders(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  while (!source.empty()) {
    const auto end = source.find('\n');
    std::string_view line = source.substr(0, end == source.npos ? end : end + 1);
    source.remove_prefix(line.size());
    if (stripped(line).starts_with("#line")) {
      const auto path = line.find("\"/");
      if (path != line.npos) {
        text += line.substr(0, path + 1);
        line.remove_prefix(line.rfind('/') + 1);
      }
    }
    text += line;
  }
  return text;
}

}  // namespace foundry
