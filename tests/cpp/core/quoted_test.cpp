#include "foundry/core/quoted.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "foundry/core/concat.hpp"

using namespace foundry;

namespace {

std::string quoted(std::string_view text) {
  return concat(Quoted{text});
}

}  // namespace

TEST_CASE("ordinary text of any script is shown as it is") {
  for (const char* text :
       {"", "blk.0.attn_q.weight", "h\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\xa6\x99"}) {
    CHECK(quoted(text) == "'" + std::string(text) + "'");
    CHECK(is_utf8(text));
  }
}

TEST_CASE("what a terminal would obey, and what is no text, is escaped") {
  CHECK(quoted("\x1b[31m\n\x7f") == "'\\x1b[31m\\x0a\\x7f'");
  CHECK(quoted(std::string_view("a\0b", 3)) == "'a\\x00b'");
  CHECK(quoted("\xc2\x9b") == "'\\x9b'");  // CSI in one character
  CHECK(quoted("a\xe2\x80\xae"
               "b") == "'a\\u202eb'");  // right-to-left override
  CHECK(quoted("\xf3\xa0\x80\x81") == "'\\U000e0001'");
  CHECK(quoted("\xff\xed\xa0\x80\xc0\x80") == "'\\xff\\xed\\xa0\\x80\\xc0\\x80'");
  CHECK(!is_utf8("\xed\xa0\x80"));  // a surrogate
  CHECK(!is_utf8("\xc0\x80"));      // overlong
  CHECK(!is_utf8("\xf4\x90\x80\x80"));
  CHECK(!is_utf8("a\xe6\xbc"));
}

TEST_CASE("long text is cut between characters") {
  const std::string sixty(60, 'x');
  CHECK(quoted(sixty) == "'" + sixty + "'");
  CHECK(quoted(sixty + "y") == "'" + sixty + "\xe2\x80\xa6'");
  std::string lamas;
  for (int i = 0; i < 100; ++i) lamas += "\xf0\x9f\xa6\x99";
  CHECK(is_utf8(quoted(lamas)));
}

TEST_CASE("any bytes become printable UTF-8") {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 80, ' ');
    for (char& byte : bytes) byte = static_cast<char>(random() % (round % 2 ? 256 : 64));
    const std::string text = quoted(bytes);
    CHECK(is_utf8(text));
    for (const char c : text) CHECK((c < 0 || (c >= ' ' && c != 0x7f)));
  }
}
