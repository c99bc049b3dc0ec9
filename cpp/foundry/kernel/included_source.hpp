// A .metal file with its own includes in place: a device compiles one text and knows no folders.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace foundry {

/// The file's text. Throws ArgumentError for one that cannot be read, and for bytes that are no
/// UTF-8 or NUL, with the line. A mark of byte order in front is dropped.
[[nodiscard]] std::string read_source(const std::string& path);
/// The same of a text that is there already.
void check_source(std::string_view text, std::string_view name);

/// Whether shader files of Foundry's and of register_shader() count: a SourceBuilder has its own.
enum class ShaderFiles : std::uint8_t { taken, left };

/// `text` with every `#include` in place that names a file beside `name` (in quotes), in one of the
/// `folders`, or a shader file; `#line` tells every line's origin. Other includes stay: they are
/// the compiler's, or its error where they count. A file that says so (#pragma once, or a guard
/// around it) stands there once.
[[nodiscard]] std::string with_includes(std::string_view text, const std::string& name,
                                        std::span<const std::string> folders,
                                        ShaderFiles shader_files = ShaderFiles::taken,
                                        unsigned first_line = 1);

}  // namespace foundry
