// UTF-8: characters of a text, and text of bytes that come in pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace foundry {

/// What bytes begin with.
struct Utf8Character {
  enum class Kind : std::uint8_t {
    whole,   // a character of `length` bytes
    broken,  // `length` bytes that no character begins with
    open,    // all that is there, the begin of a character
  };
  Kind kind = Kind::broken;
  std::uint32_t length = 1;
  char32_t code = 0;
};

/// Of the bytes from `at` on, which is below text.size(). `broken` ones are taken together as
/// Unicode recommends (chapter 3.9, "maximal subparts").
[[nodiscard]] Utf8Character utf8_at(std::string_view text, std::size_t at) noexcept;

/// ArgumentError that names the first byte of `text` that is no UTF-8. `what` opens its message.
void require_utf8(std::string_view text, const char* what);

/// Text of bytes as they come; what is no UTF-8 becomes U+FFFD. Never cuts a character in two.
class Utf8Stream {
 public:
  /// The characters that `bytes` complete.
  [[nodiscard]] std::string push(std::string_view bytes);
  /// What is still open, as U+FFFD.
  [[nodiscard]] std::string finish();

 private:
  std::string open_;
};

}  // namespace foundry
