// A small vocabulary by hand, and tables that lie: each is a ProgramError, or reads as a tokenizer
// that encodes; run under AddressSanitizer for the reads past the end.
#include <doctest/doctest.h>

#include <random>

#include "foundry/core/error.hpp"
#include "foundry/generation/tokenizer.hpp"
#include "table_file.hpp"

using namespace foundry;

namespace {

using Ids = std::vector<std::int32_t>;

/// Bytes 0 to 255, then "ab", "abc" and two special tokens; words are letters or anything else.
TableFile::Values byte_pair() {
  std::vector<std::string> texts;
  std::vector<std::uint32_t> bytes;
  for (int byte = 0; byte < 256; ++byte) {
    texts.emplace_back(1, static_cast<char>(byte));
    bytes.push_back(static_cast<std::uint32_t>(byte));
  }
  std::string flags(256, '\0');
  for (const char* text : {"ab", "abc", "<s>", "<end>"}) texts.emplace_back(text);
  flags += std::string("\0\0\1\x11", 4);
  TableFile::Values values;
  TableFile::add_strings(values, "tokenizer.texts", texts);
  texts[258] = texts[259] = "";
  TableFile::add_strings(values, "pieces.spelled", texts);
  values["tokenizer.model"] = TableFile::text("gpt2");
  values["tokenizer.flags"] = TableFile::bytes(flags);
  values["tokenizer.first"] = TableFile::tokens({258});
  values["tokenizer.last"] = TableFile::tokens({});
  values["tokenizer.space_prefix"] = TableFile::flag(false);
  values["pieces.bytes"] = TableFile::tokens(bytes);
  values["pieces.merges"] = TableFile::tokens({'a', 'b', 256, 256, 'c', 257});
  values["pieces.bytewise"] = TableFile::flag(true);
  values["pieces.whole_words"] = TableFile::flag(false);
  values["pieces.whole_newlines"] = TableFile::flag(false);
  // [a-z]+ : take, split back or on, look ahead for no digit, match.
  values["words.starts"] = TableFile::numbers({0, 'a', 'z' + 1});
  values["words.codes"] = TableFile::bytes(std::string("\0\1\0", 3));
  values["words.class_count"] = TableFile::number(1);
  values["words.classes"] = TableFile::bytes(std::string("\0\1", 2));
  values["words.code"] =
      TableFile::numbers({1, 0, 0, 2, 0, 2, 6, 4, 0, 3, 6, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0});
  values["words.ends"] = TableFile::numbers({7});
  return values;
}

}  // namespace

TEST_CASE("neighbours merge by rank within words, and control tokens are found before") {
  const TableFile file(byte_pair());
  const Tokenizer tokenizer = Tokenizer::load(file.path());
  CHECK(tokenizer.size() == 260);
  CHECK(tokenizer.encode("abcab<end>ab-c") == Ids{258, 257, 256, 259, 256, '-', 'c'});
  CHECK(tokenizer.encode("<s>ab") == Ids{258, 256});
  CHECK(tokenizer.encode("<end>", {.parse_special = false}) == Ids{258, '<', 'e', 'n', 'd', '>'});
  CHECK(tokenizer.decode(Ids{258, 257, 0xC3, 0xA9, 0xC3, 259}) == "abc\xC3\xA9\xEF\xBF\xBD");
  CHECK(tokenizer.is_end(259));
  CHECK_FALSE(tokenizer.is_end(258));
  CHECK(tokenizer.control_token("<end>") == 259);
  CHECK_FALSE(tokenizer.control_token("ab"));
  CHECK_THROWS_WITH_AS(static_cast<void>(tokenizer.bytes_of(260)),
                       "token 260: the vocabulary has 260 tokens", ArgumentError);
  CHECK_THROWS_AS(static_cast<void>(tokenizer.encode("\xFF")), ArgumentError);
}

TEST_CASE("a table that is missing or of another kind is named") {
  for (const auto& [key, value] : byte_pair()) {
    TableFile::Values values = byte_pair();
    values.erase(key);
    {
      const TableFile file(values);
      CHECK_THROWS_WITH_AS(static_cast<void>(Tokenizer::load(file.path())),
                           (file.path() + ": " + key + " is missing").c_str(), ProgramError);
    }
    values[key] = TableFile::texts({"x"});
    const TableFile file(values);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(Tokenizer::load(file.path())),
        (file.path() + ": " + key + " is array of 1 string, which it cannot be").c_str(),
        ProgramError);
  }
  const TableFile empty("GGUF");
  CHECK_THROWS_AS(static_cast<void>(Tokenizer::load(empty.path())), ProgramError);
}

TEST_CASE("tables that do not fit together are refused") {
  struct Case {
    const char* key;
    std::string value;
    const char* message;
  };
  const Case cases[] = {
      {"tokenizer.model", TableFile::text("bert"), "unsupported 'bert'; supported: 'gemma4', "},
      {"tokenizer.flags", TableFile::bytes("\1"), "has 1 entries, expected 260"},
      {"tokenizer.first", TableFile::tokens({260}), "names token 260, there are 260"},
      {"pieces.merges", TableFile::tokens({1, 2}), "has 2 entries, expected threes"},
      {"pieces.merges", TableFile::tokens({1, 2, 1000}), "names token 1000"},
      {"tokenizer.texts.ends", TableFile::numbers({5, 4}), "has 4 after 5"},
      {"words.starts", TableFile::numbers({0, 9, 9}), "has a range from 9 to 9"},
      {"words.code", TableFile::numbers({9, 0, 0}), "of 1 instructions"},
      {"words.ends", TableFile::numbers({2, 7}), "has instruction 1 that goes on past its end"},
  };
  for (const auto& [key, value, message] : cases) {
    CAPTURE(key);
    TableFile::Values values = byte_pair();
    values[key] = value;
    const TableFile file(values);
    try {
      static_cast<void>(Tokenizer::load(file.path()));
      FAIL("was read");
    } catch (const ProgramError& error) {
      CHECK(std::string(error.what()).find(message) != std::string::npos);
    }
  }
}

TEST_CASE("damaged bytes are refused or encode") {
  std::mt19937 random(7);
  const std::string whole = TableFile::contents(byte_pair());
  int read = 0;
  for (int round = 0; round < 600; ++round) {
    std::string damaged = whole;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (round % 10 == 0) damaged.resize(random() % damaged.size());
    const TableFile file(damaged);
    try {
      const Tokenizer tokenizer = Tokenizer::load(file.path());
      const Ids ids = tokenizer.encode("abc ab<end> \xC3\xA9 12");
      static_cast<void>(tokenizer.decode(ids));
      ++read;
    } catch (const Error&) {
    }
  }
  CHECK(read > 0);
}
