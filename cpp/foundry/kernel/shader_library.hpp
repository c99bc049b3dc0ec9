// Shader files by path: those embedded in the library, and those that an app registers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foundry {

/// The text of `path` ("kernels/rope.metal"). The view stays valid for the whole process.
/// Throws ArgumentError with the path.
[[nodiscard]] std::string_view find_shader(std::string_view path);

/// The same; nullopt if there is none.
[[nodiscard]] std::optional<std::string_view> known_shader(std::string_view path);

/// Adds a shader file of the app's own; stages, policies and kernels may then name or include it.
/// The same text again changes nothing; another text for a path that exists throws ArgumentError,
/// as does a path that does not end in ".metal" or has other characters than letters, digits and
/// "_-./".
void register_shader(const std::string& path, const std::string& text);

/// All paths, sorted.
[[nodiscard]] std::vector<std::string> shader_paths();

}  // namespace foundry
