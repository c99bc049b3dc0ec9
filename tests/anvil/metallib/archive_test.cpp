// Anvil's own container: what is written is read, and damage is said.
#include <doctest/doctest.h>

#include "anvil/metallib/archive.hpp"
#include "container.hpp"

using namespace anvil::metallib;
using container::with;

namespace {

Archive read(const std::string& bytes) {
  const auto kept = std::make_shared<const std::string>(bytes);
  return Archive(Input::of("lib.metallib", std::as_bytes(std::span(*kept)), kept));
}

std::string error_of(const std::string& bytes) {
  try {
    const Archive archive = read(bytes);
    for (size_t i = 0; i < archive.units().size(); ++i) static_cast<void>(archive.text(i));
    return "";
  } catch (const FormatError& error) {
    return error.what();
  }
}

const std::vector<Unit> kUnits = {
    {.name = "a.metal",
     .math = "safe",
     .std = "metal3.1",
     .logging = true,
     .functions = {{"scale"}, {"add"}},
     .constants = {{"factor", "float", 3, true}, {"negate", "bool", 4, false}}},
    {.name = "b.metal",
     .math = "fast",
     .std = "metal3.2",
     .functions = {{"gather"}},
     .constants = {}},
};
const std::vector<std::string> kTexts = {"kernel void scale();", std::string("with\0zero", 9)};

}  // namespace

TEST_CASE("an archive has the units that were written") {
  const Archive archive = read(write_archive(kUnits, kTexts));
  REQUIRE(archive.units().size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    const Unit &unit = archive.units()[i], &expected = kUnits[i];
    CHECK(unit.name == expected.name);
    CHECK(unit.math == expected.math);
    CHECK(unit.std == expected.std);
    CHECK(unit.logging == expected.logging);
    REQUIRE(unit.functions.size() == expected.functions.size());
    CHECK(unit.functions[0].name == expected.functions[0].name);
    CHECK(unit.functions[0].kind == FunctionKind::kernel);
    REQUIRE(unit.constants.size() == expected.constants.size());
    CHECK(archive.text(i) == kTexts[i]);
  }
  CHECK(archive.units()[0].constants[1].name == "negate");
  CHECK(archive.units()[0].constants[1].type == "bool");
  CHECK(archive.units()[0].constants[1].index == 4);
  CHECK_FALSE(archive.units()[0].constants[1].required);
  CHECK(read(write_archive({}, {})).units().empty());
}

TEST_CASE("two units with a kernel of one name are an error that names both") {
  std::vector<Unit> units = kUnits;
  units[1].functions = {{"add"}};
  CHECK_THROWS_WITH_AS(write_archive(units, kTexts),
                       "metallib: function 'add' is in 'a.metal' and in 'b.metal'", FormatError);
}

TEST_CASE("what is wrong with an archive is said with place and figures") {
  const std::string bytes = write_archive(kUnits, kTexts);
  const std::string at = "lib.metallib: at byte ";
  CHECK(error_of("MTLB") == at + "0: this is no library of Anvil's");
  CHECK(error_of(with<uint32_t>(bytes, 8, 2)) == at + "8: unsupported version 2; supported: 1");
  CHECK(error_of(with<uint64_t>(bytes, 16, UINT64_MAX)) ==
        at +
            "16: the file is truncated: an index of 18446744073709551615 bytes, and the file has " +
            std::to_string(bytes.size()));
  CHECK(error_of(with<uint32_t>(bytes, 12, UINT32_MAX))
            .starts_with(at + "12: 4294967295 units of at least 61 bytes each claimed, "));
  CHECK(error_of(bytes.substr(0, bytes.size() - 1))
            .find("the file is truncated: the source of 'b.metal' is 9 bytes from byte ") !=
        std::string::npos);
  CHECK(
      error_of(with<char>(bytes, bytes.size() - 1, 'x'))
          .ends_with(
              ": 'b.metal' is damaged: its 9 bytes do not have the SHA-256 that the library says"));
  const size_t math = bytes.find("safe");
  CHECK(error_of(with<char>(bytes, math, 'S')) ==
        at + std::to_string(math - 4) + ": math mode 'Safe' is not one of fast, relaxed, safe");
}

TEST_CASE("every truncation of an archive is an error, and a changed byte no crash") {
  const std::string bytes = write_archive(kUnits, kTexts);
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK(!error_of(bytes.substr(0, length)).empty());
  for (size_t i = 0; i < bytes.size(); ++i)
    for (const uint8_t flip : {1, 0x80, 0xff})
      static_cast<void>(error_of(with<uint8_t>(bytes, i, static_cast<uint8_t>(bytes[i]) ^ flip)));
}
