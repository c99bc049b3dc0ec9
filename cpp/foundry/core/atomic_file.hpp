// write_atomically: how everything that Foundry saves reaches the disk.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace foundry {

/// Writes a file whole or not at all, and durably: the bytes go to a new file beside `path`, which
/// takes its place once the disk has them; a reader or a crash sees the old file or the new one.
///
/// A file that is there keeps its permissions, a new one gets the process's usual ones, and what a
/// symbolic link points to is written, not the link. In a folder that others write to, nothing of
/// theirs is followed or overwritten on the way. Throws std::system_error: the system's reason,
/// with nothing left behind, or EINVAL for a path that is there and no regular file.
void write_atomically(const std::string& path, std::span<const std::byte> bytes);

}  // namespace foundry
