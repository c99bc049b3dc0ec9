// Any bytes as a compiled library, Apple's or Anvil's: a FormatError, or functions that lie within
// it.
#include <memory>

#include "anvil/metallib/apple_library.hpp"
#include "anvil/metallib/archive.hpp"
#include "input.hpp"

using namespace anvil::metallib;

namespace {

void look_at(const AppleLibrary& library, size_t size) {
  for (const AppleFunction& function : library.functions()) {
    require(function.offset <= size && function.size <= size - function.offset,
            "a function lies within the library");
    require(library.find(function.name) == &function, "every function is found");
    try {
      require(library.bitcode(function).size() == function.size, "and has its bytes");
    } catch (const FormatError&) {  // its hash
    }
    try {
      for (const AppleConstant& constant : library.constants(function))
        require(constant.name.size() <= size, "constants are the library's own");
    } catch (const FormatError&) {
    }
  }
}

void look_at(const Archive& archive, size_t size) {
  size_t bytes = 0;
  for (size_t i = 0; i < archive.units().size(); ++i) try {
      bytes += archive.text(i).size();
    } catch (const FormatError&) {  // its hash
    }
  require(bytes <= size, "sources do not overlap");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto input =
      Input::of("fuzz", std::as_bytes(std::span(data, size)), std::shared_ptr<const void>());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    if (Archive::begins(text))
      look_at(Archive(input), size);
    else
      look_at(AppleLibrary(input), size);
  } catch (const FormatError&) {
  }
  return 0;
}
