// private_folder.hpp: folders that nobody but this user can put anything into.
#pragma once

#include <filesystem>
#include <string>

#include "anvil/service/descriptor.hpp"

namespace anvil::service {

enum class LastLink { follow, refuse };

/// Makes the folder and its parents where they are missing, for this user alone whatever the umask.
/// 0 or an errno.
int make_private_folder(const std::filesystem::path& path);

/// The folder, open, if it belongs to this user and nobody else may write to it; else none, and
/// `reason`. What is done by the descriptor is done to the folder that was looked at. `last` says
/// whether the path may end in a symbolic link (of this user's or the administrator's).
Descriptor open_private_folder(const std::filesystem::path& path, LastLink last,
                               std::string& reason);

}  // namespace anvil::service
