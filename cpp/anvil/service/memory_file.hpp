// memory_file.hpp: a file in no folder, to hand text to another process and get text back.
#pragma once

#include <string>
#include <string_view>

#include "anvil/service/descriptor.hpp"

namespace anvil::service {

class MemoryFile {
 public:
  /// Throws std::system_error: no descriptor or memory is left, or a limit on file sizes.
  explicit MemoryFile(std::string_view contents = {});

  int descriptor() const { return file_.get(); }
  /// All of it, whoever wrote it.
  std::string read() const;

 private:
  Descriptor file_;
};

}  // namespace anvil::service
