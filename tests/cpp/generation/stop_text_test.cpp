#include <doctest/doctest.h>

#include "foundry/core/error.hpp"
#include "foundry/generation/stop_text.hpp"

using namespace foundry;

TEST_CASE("a text ends before a stop, however it comes in pieces") {
  const std::string text = "one two\nUser: three";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    StopText stop({"User:", "\nUser:", "zzz"});
    std::string shown;
    for (std::size_t at = 0; at < text.size(); at += step)
      shown += stop.push(text.substr(at, step));
    CHECK(stop.has_stopped());
    CHECK(shown + stop.finish() == "one two");
  }
}

TEST_CASE("what only begins a stop is shown at the end") {
  StopText stop({"stop"});
  CHECK(stop.push("a sto") == "a ");
  CHECK(stop.push("o") == "stoo");
  CHECK(stop.push("s").empty());
  CHECK_FALSE(stop.has_stopped());
  CHECK(stop.finish() == "s");
}

TEST_CASE("an empty stop is refused") {
  CHECK_THROWS_WITH_AS(StopText({""}), "generate: a stop is empty", ArgumentError);
}
