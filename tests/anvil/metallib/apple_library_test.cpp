// What the reader of Apple's containers finds, and what it says of damaged ones.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "anvil/metallib/apple_library.hpp"
#include "container.hpp"

using namespace anvil::metallib;
using container::with;
using container::write;

namespace {

AppleLibrary read(const std::string& bytes) {
  const auto kept = std::make_shared<const std::string>(bytes);
  return AppleLibrary(Input::of("lib.metallib", std::as_bytes(std::span(*kept)), kept));
}

/// What reading says is wrong, and what looking at every function does.
std::string error_of(const std::string& bytes) {
  try {
    const AppleLibrary library = read(bytes);
    for (const AppleFunction& function : library.functions()) {
      static_cast<void>(library.constants(function));
      static_cast<void>(library.bitcode(function));
    }
    return "";
  } catch (const FormatError& error) {
    return error.what();
  }
}

const std::vector<container::Function> kFunctions = {
    {.name = "scale", .constants = {{"factor", 29, 3}, {"negate", 53, 4, false}}, .hash = {}},
    {.name = "shade", .kind = 1, .bitcode = "fragment's", .hash = {}},
    {.name = "add", .bitcode = "of add", .hash = std::string(32, '\0')},
};

}  // namespace

TEST_CASE("a library has the functions that were written, in their order and by name") {
  const container::Written written = write(kFunctions);
  const AppleLibrary library = read(written.bytes);
  REQUIRE(library.functions().size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    const AppleFunction& function = library.functions()[i];
    CHECK(function.name == kFunctions[i].name);
    CHECK(static_cast<uint8_t>(function.kind) == kFunctions[i].kind);
    CHECK(library.bitcode(function) == kFunctions[i].bitcode);
    CHECK(library.find(kFunctions[i].name) == &function);
  }
  CHECK(std::string(name_of(library.functions()[1].kind)) == "fragment");
  CHECK(library.find("missing") == nullptr);
  CHECK(library.find("") == nullptr);
  const auto constants = library.constants(library.functions()[0]);
  REQUIRE(constants.size() == 2);
  CHECK(constants[0].name == "factor");
  CHECK(constants[0].index == 3);
  CHECK(constants[0].type == 29);
  CHECK(constants[0].required);
  CHECK_FALSE(constants[1].required);
  CHECK(library.constants(library.functions()[1]).empty());
}

TEST_CASE("a library without functions is one") {
  CHECK(read(write({}).bytes).functions().empty());
}

TEST_CASE("a file is read as it is needed, and one that is cut meanwhile is an error") {
  const auto path = std::filesystem::temp_directory_path() /
                    ("anvil-metallib-" + std::to_string(getpid()) + ".metallib");
  const container::Written written = write(kFunctions);
  std::ofstream(path, std::ios::binary) << written.bytes;
  const AppleLibrary library(Input::open(path));
  CHECK(library.bitcode(*library.find("add")) == "of add");
  std::filesystem::resize_file(path, written.bitcode + 3);
  std::string error;
  try {
    static_cast<void>(library.bitcode(*library.find("add")));
  } catch (const FileError& failure) {
    error = failure.what();
  }
  CHECK(error == path.string() + ": the file ends at byte " +
                     std::to_string(library.find("add")->offset) + "; it had " +
                     std::to_string(written.bytes.size()) + " bytes when it was opened");
  std::filesystem::remove(path);
  CHECK_THROWS_WITH_AS(Input::open(path), (path.string() + ": No such file or directory").c_str(),
                       FileError);
  CHECK_THROWS_WITH_AS(Input::open("/tmp"), "/tmp: this is no file", FileError);
}

TEST_CASE("what is wrong with a library is said with place and figures") {
  const container::Written written = write(kFunctions);
  const std::string& bytes = written.bytes;
  const std::string size = std::to_string(bytes.size());
  const std::string at = "lib.metallib: at byte ";
  CHECK(error_of(bytes).empty());
  CHECK(error_of("") == at + "0: this is no compiled library: it does not begin with 'MTLB'");
  CHECK(error_of("MTLB") == at + "0: the platform needs 6 bytes, 4 are left before byte 4");
  CHECK(error_of(std::string("\xca\xfe\xba\xbe\0\0\0\2", 8)) ==
        at + "0: unsupported library for several architectures; supported: the one that 'lipo "
             "-thin air64' takes out of it");
  CHECK(error_of(with<uint16_t>(bytes, 6, 9)) ==
        at + "6: unsupported container version 9; supported: 1, 2");
  CHECK(error_of(with<uint8_t>(bytes, 10, 3)) ==
        at + "10: unsupported library type 3; supported: 0 (executable), 1 (Core Image), 2 "
             "(dynamic)");
  CHECK(error_of(bytes.substr(0, bytes.size() - 1)) ==
        at + "16: the file is truncated: it says that it has " + size + " bytes and has " +
            std::to_string(bytes.size() - 1));
  CHECK(error_of(with<uint64_t>(bytes, 40, UINT64_MAX)) ==
        at + "40: the public metadata is " +
            std::to_string(written.private_metadata - written.public_metadata) +
            " bytes from byte 18446744073709551615, the file has " + size);
  CHECK(error_of(with<uint64_t>(bytes, 72, 90)).find("the bitcode is ") != std::string::npos);
  CHECK(error_of(with<uint64_t>(bytes, 72, 90))
            .ends_with(" bytes from byte 90 and overlaps what is before byte " +
                       std::to_string(written.bitcode)));
  CHECK(error_of(with<uint32_t>(bytes, 88, 1 << 30)) ==
        at + "88: 1073741824 functions of at least 8 bytes each claimed, " +
            std::to_string(written.public_metadata - 26 - 92) + " bytes are left before byte " +
            std::to_string(written.public_metadata - 26));
  CHECK(error_of(with<uint32_t>(bytes, 92, 7)) == at + "92: function 0 has 7 bytes, fewer than 8");
}

TEST_CASE("what is wrong with a function is said with its name") {
  const auto error = [](std::vector<container::Function> functions) {
    return error_of(write(functions).bytes);
  };
  CHECK(error({{.name = "a", .hash = {}}, {.name = "a", .bitcode = "x", .hash = {}}})
            .ends_with("function 'a' is there twice"));
  CHECK(error({{.name = "", .hash = {}}}).ends_with("a function's name is empty"));
  CHECK(error({{.name = "a", .kind = 9, .hash = {}}})
            .ends_with("unsupported kind of function 9; supported: 0 to 8"));
  CHECK(error({{.name = "a", .bitcode = "", .hash = {}}})
            .find("function 'a' is 0 bytes from byte ") != std::string::npos);
  CHECK(error({{.name = "a", .bitcode = "text", .hash = std::string(32, 'h')}})
            .ends_with(": 'a' is damaged: its 4 bytes do not have the SHA-256 that the library "
                       "says"));
  CHECK(error({{.name = "a", .bitcode = "text", .hash = std::string(31, 'h')}})
            .ends_with("tag HASH has 31 bytes, not 32"));
  // The second's place and size, moved into the first.
  const container::Written two = write(
      {{.name = "a", .bitcode = "text", .hash = {}}, {.name = "b", .bitcode = "code", .hash = {}}});
  const size_t places = two.bytes.rfind("OFFT") + 6;
  CHECK(error_of(with<uint64_t>(two.bytes, places + 16, 2))
            .ends_with("a function's bitcode, 4 bytes from byte " +
                       std::to_string(two.bitcode + 2) +
                       ", overlaps another's, 4 bytes from byte " + std::to_string(two.bitcode)));
  CHECK(error_of(with<uint64_t>(two.bytes, places + 16, 9)).find("a function is at ") !=
        std::string::npos);
}

TEST_CASE("every truncation of a library, and every byte of it changed, is an error or a library") {
  const std::string bytes = write(kFunctions).bytes;
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK(!error_of(bytes.substr(0, length)).empty());
  for (size_t i = 0; i < bytes.size(); ++i)
    for (const uint8_t flip : {1, 0x80, 0xff})
      static_cast<void>(error_of(with<uint8_t>(bytes, i, static_cast<uint8_t>(bytes[i]) ^ flip)));
}
