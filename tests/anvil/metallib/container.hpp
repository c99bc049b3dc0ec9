// container.hpp: writes compiled libraries as Apple's compiler lays them out, for tests of what
// reads them: by the layout, with nothing of the readers'.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace container {

struct Constant {
  std::string name;
  uint8_t type;
  uint16_t index;
  bool required = true;
};

struct Function {
  std::string name;
  uint8_t kind = 2;
  std::string bitcode = "\xde\xc0\x17\x0b bitcode of it";
  std::vector<Constant> constants = {};
  std::optional<std::string> hash = {};  ///< that of the bitcode, unless another is named
};

/// Where in the file something begins.
struct Written {
  std::string bytes;
  uint64_t list = 0, public_metadata = 0, private_metadata = 0, bitcode = 0;
};

Written write(const std::vector<Function>& functions);

/// `bytes` with a number of its own width at `at`.
template <class T>
std::string with(std::string bytes, uint64_t at, T number) {
  return bytes.replace(at, sizeof number,
                       std::string(reinterpret_cast<const char*>(&number), sizeof number));
}

/// SHA-256 by other code than the reader's: the portable one.
std::string sha256(const std::string& text);

}  // namespace container
