// Edited text keeps lines, and knows where each byte came from.
#include "anvil/compiler/source/edits.hpp"

#include <doctest/doctest.h>

using anvil::compiler::Edit;
using anvil::compiler::EditedText;

TEST_CASE("what an edit removes becomes blanks, so that columns stay") {
  const EditedText edited("int device* p;", {{4, 10, ""}});
  CHECK(edited.text() == "int       * p;");
  CHECK(edited.original_offset(10) == 10);
}

TEST_CASE("a longer replacement shifts its line, and the shift can be undone") {
  const EditedText edited("a bc d\ne f", {{2, 4, "12345"}});
  CHECK(edited.text() == "a 12345 d\ne f");
  CHECK(edited.original_offset(0) == 0);
  CHECK(edited.original_offset(4) == 2);  // all of the replacement stems from what it replaced
  CHECK(edited.original_offset(8) == 5);
  CHECK(edited.original_offset(12) == 9);
}

TEST_CASE("line breaks inside a removed range stay") {
  const EditedText edited("a [[x\n  y]] b\nc", {{2, 11, "Z"}});
  CHECK(edited.text() == "a Z  \n      b\nc");
  CHECK(edited.original_offset(12) == 12);
}

TEST_CASE("of overlapping edits the one that begins first wins, then the longer") {
  CHECK(EditedText("abcdef", {{1, 3, "X"}, {2, 5, "Y"}}).text() == "aX def");
  CHECK(EditedText("abcdef", {{1, 2, "X"}, {1, 4, "Y"}}).text() == "aY  ef");
}
