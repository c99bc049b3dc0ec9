#include <doctest/doctest.h>

#include "foundry/core/error.hpp"
#include "foundry/generation/utf8.hpp"

using namespace foundry;

TEST_CASE("broken bytes are replaced as Unicode's chapter 3.9 has it, however they come") {
  // Table 3-8 and its relatives, and what begins and never ends.
  const std::string replaced = "\xEF\xBF\xBD";
  struct Case {
    std::string bytes;
    std::string text;
  };
  const Case cases[] = {
      {"a\xF0\x9F\x98\x80z", "a\xF0\x9F\x98\x80z"},
      {"\xC0\xAF\xE0\x80\xBF", replaced + replaced + replaced + replaced + replaced},
      {"\xED\xA0\x80", replaced + replaced + replaced},
      {"\xF4\x91\x92\x93\xFF\x41", replaced + replaced + replaced + replaced + replaced + "A"},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", replaced + replaced + replaced + replaced + "A"},
      {"\xF0\x9F\x98", replaced},
      {"", ""},
  };
  for (const auto& [bytes, text] : cases) {
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      Utf8Stream stream;
      std::string found = stream.push(bytes.substr(0, cut));
      found += stream.push(bytes.substr(cut));
      CHECK(found + stream.finish() == text);
      CHECK(stream.finish().empty());
    }
  }
}

TEST_CASE("a text that is no UTF-8 is refused by its byte") {
  CHECK_NOTHROW(require_utf8("h\xC3\xA9", "encode: the text"));
  CHECK_THROWS_WITH_AS(require_utf8("ab\xC3", "encode: the text"),
                       "encode: the text is no UTF-8: byte 195 at 2 begins no whole character",
                       ArgumentError);
}
