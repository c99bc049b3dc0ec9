// whole_file.hpp: the contents of an open file, in and out.
#pragma once

#include <string>
#include <string_view>

namespace anvil::service {

/// Both give 0 or an errno. `read_whole` does not trust the file to stay as long as it was.
int read_whole(int file, std::string& contents);

/// Beyond the process's limit on file sizes it is EFBIG: the system would send a signal that ends
/// the process.
int write_whole(int file, std::string_view contents);

}  // namespace anvil::service
