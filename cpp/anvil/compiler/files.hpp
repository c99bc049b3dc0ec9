// files.hpp: whole files in and out; writes are atomic.
#pragma once

#include <string>
#include <string_view>

namespace anvil {

/// Thrown where the environment fails (a file that cannot be read or written), not the user's code.
struct FileError {
  std::string message;
};

std::string read_file(const std::string& path);

/// A fresh name beside `path`, for a file that will be renamed to it.
std::string temporary_beside(const std::string& path);
void rename_file(const std::string& from, const std::string& to);
/// Readers see the old file or the new one, never a part.
void write_file(const std::string& path, std::string_view contents);

}  // namespace anvil
