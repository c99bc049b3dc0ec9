// NSData and NSMutableData.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "anvil/foundation/error.hpp"
#include "anvil/foundation/object.hpp"
#include "anvil/foundation/string.hpp"

namespace anvil {

struct Data : objc::Object {
  using Super = RootObject;

  std::vector<std::byte> bytes;
};
struct MutableData : Data {
  using Super = Data;
};

objc::Ref<Data> make_data(std::span<const std::byte> bytes);

/// A file's bytes. Nothing, and an NSError for who wants one, if it cannot be read.
std::optional<std::string> read_file(const std::string& path, Error** error);
/// False, and an error, if it cannot be written; `whole` puts it in place at once.
bool write_file(const std::string& path, std::string_view bytes, bool whole, Error** error);
/// In NSPOSIXErrorDomain, with errno and the path.
void give_system_error(Error** error, const std::string& path);

}  // namespace anvil
