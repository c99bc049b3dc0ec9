// Any text through the pass that turns MSL's tokens into C++'s: every line stays where it was, and
// places lead back into the text.
#include <algorithm>
#include <string>

#include "anvil/compiler/frontend/token_pass.hpp"
#include "anvil/compiler/source/edits.hpp"
#include "input.hpp"

// LLVM's archives are not instrumented: its headers, compiled here, and they would disagree on
// containers and arenas.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "detect_container_overflow=0:allow_user_poisoning=0";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const anvil::compiler::TokenPassResult result = anvil::compiler::run_token_pass(text);
  for (const anvil::compiler::Edit& edit : result.edits) {
    require(edit.begin <= edit.end && edit.end <= size, "an edit lies within the text");
    require(edit.replacement.find('\n') == std::string::npos, "an edit adds no line");
  }
  for (const auto& error : result.errors)
    require(error.offset <= size, "an error lies in the text");
  const anvil::compiler::EditedText edited(text, result.edits);
  require(std::ranges::count(edited.text(), '\n') == std::ranges::count(text, '\n'),
          "every line stays where it was");
  for (uint32_t at = 0; at <= edited.text().size(); at += 1 + at / 64)
    require(edited.original_offset(at) <= size, "a place leads back into the text");
  return 0;
}
