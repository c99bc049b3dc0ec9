// Any bytes as a program file, and as the contents of one whose header fits: a ProgramError, or an
// image that is written and read again as it was.
#include <cstring>
#include <vector>

#include "foundry/core/content_hash.hpp"
#include "foundry/core/error.hpp"
#include "foundry/program/program_file.hpp"
#include "input.hpp"

namespace {

using Bytes = std::vector<std::byte>;

void read(std::span<const std::byte> bytes) {
  try {
    const auto image = foundry::detail::read_program("fuzz", bytes);
    const Bytes again = foundry::detail::write_program(image);
    require(foundry::detail::write_program(foundry::detail::read_program("fuzz", again)) == again,
            "what was written is read as it was");
  } catch (const foundry::Error&) {
  }
}

template <class T>
void add(Bytes& bytes, const T& value) {
  const auto* from = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), from, from + sizeof value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto body = std::as_bytes(std::span(data, size));
  read(body);
  Bytes framed;
  for (const char letter : {'F', 'N', 'D', 'R', 'Y', 'P', 'R', 'G'})
    framed.push_back(static_cast<std::byte>(letter));
  add(framed, foundry::detail::kProgramVersion);
  add(framed, uint64_t{size});
  add(framed, foundry::content_hash(body));
  framed.insert(framed.end(), body.begin(), body.end());
  read(framed);
  return 0;
}
