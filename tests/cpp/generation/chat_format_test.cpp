#include <doctest/doctest.h>

#include "foundry/core/error.hpp"
#include "foundry/generation/chat_format.hpp"
#include "table_file.hpp"

using namespace foundry;

namespace {

TableFile::Values chat() {
  return {{"chat.absence", TableFile::text("")},
          {"chat.places", TableFile::bytes(std::string("\3\1\1\2\2\1\1\4", 8))},
          {"chat.pieces", TableFile::texts({"<s>[", "] ", "</s>[", "]: "})},
          {"chat.strips", TableFile::bytes(std::string("\0\3\2", 3))},
          {"chat.reasoning", TableFile::number(2)},
          {"chat.white_space", TableFile::text(" \n\u3000")}};
}

}  // namespace

TEST_CASE("messages stand between fixed texts, which alone may spell control tokens") {
  const TableFile file(chat());
  const TextTables tables(file.path());
  const ChatFormat format(tables);
  const std::vector<Message> messages = {
      {"user", "\u3000 hi [x]\n"}, {"assistant", "<think>so</think>\n\n yes\n"}, {"user", "ok"}};
  const ChatText found = format.render(messages);
  CHECK(found.text == "<s>[hi [x]]  yes</s>[ok]: ");
  std::string own;
  for (const auto& [start, end] : found.own) own += found.text.substr(start, end - start) + "|";
  CHECK(own == "<s>[|] |</s>[|]: |");
}

TEST_CASE("what the template does not take is refused") {
  const TableFile file(chat());
  const TextTables tables(file.path());
  const ChatFormat format(tables);
  const auto render = [&](std::vector<Message> messages) { return format.render(messages); };
  CHECK_THROWS_WITH_AS(render({}), "chat: no messages; a chat has one at least", ArgumentError);
  CHECK_THROWS_WITH_AS(render({{"tool", "x"}}),
                       "chat: unsupported role 'tool'; supported: 'system', 'user', 'assistant'",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(
      render({{"system", "x"}, {"user", "y"}}),
      "chat: the model's chat template has nothing between 'the start' and 'system'",
      ArgumentError);
  CHECK_THROWS_AS(render({{"user", "\xFF"}}), ArgumentError);
}

TEST_CASE("a model without a chat says why, and damaged tables are named") {
  TableFile::Values values = {{"chat.absence", TableFile::text("the model has no chat template")}};
  const TableFile file(values);
  const TextTables tables(file.path());
  const std::vector<Message> messages = {{"user", "x"}};
  CHECK_THROWS_WITH_AS(static_cast<void>(ChatFormat(tables).render(messages)),
                       "chat: the model has no chat template; supported: a raw text",
                       ArgumentError);

  for (const auto& [key, value] :
       TableFile::Values{{"chat.places", TableFile::bytes("\3\1")},
                         {"chat.places", TableFile::bytes(std::string("\3\7\1\2\2\1\1\4", 8))},
                         {"chat.pieces", TableFile::texts({"\xFF", "", "", ""})},
                         {"chat.strips", TableFile::bytes("")},
                         {"chat.reasoning", TableFile::number(3)}}) {
    TableFile::Values damaged = chat();
    damaged[key] = value;
    const TableFile other(damaged);
    const TextTables read(other.path());
    CHECK_THROWS_AS(ChatFormat{read}, Error);
  }
}
