#include "anvil/cpu/kernel_log.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string_view>

namespace anvil::cpu {
namespace {

/// One `%...`.
struct Conversion {
  std::string layout;  // "%-8.3": flags, width and precision as they stand
  unsigned elements = 1;
  unsigned bits = 32;
  char letter = '\0';  // '\0': none that there is
};

Conversion read_conversion(const char*& at) {
  Conversion conversion;
  const auto take = [&](std::string_view any) {
    while (*at && any.find(*at) != any.npos) conversion.layout += *at++;
  };
  // Before width and precision, as in AltiVec's printf, or behind them, as in OpenCL's.
  const auto take_vector = [&] {
    if (*at != 'v' || at[1] < '2' || at[1] > '4') return;
    conversion.elements = static_cast<unsigned>(at[1] - '0');
    at += 2;
  };
  take("%");
  take("-+ #0");
  take_vector();
  take("0123456789");
  if (*at == '.') conversion.layout += *at++;
  take("0123456789");
  take_vector();
  for (; *at == 'h' || *at == 'l'; ++at)
    conversion.bits = *at == 'h' ? std::max(conversion.bits / 2, 8u) : 64;
  if (*at && std::strchr("diouxXfFeEgGaAcps", *at)) conversion.letter = *at++;
  return conversion;
}

double real_of(uint64_t word, AnvilLogKind kind) {
  return kind == ANVIL_LOG_REAL ? std::bit_cast<float>(static_cast<uint32_t>(word))
                                : static_cast<double>(static_cast<int64_t>(word));
}

int64_t whole_of(uint64_t word, AnvilLogKind kind) {
  if (kind != ANVIL_LOG_REAL) return static_cast<int64_t>(word);
  const double real = real_of(word, kind);
  return real > -0x1p63 && real < 0x1p63 ? static_cast<int64_t>(real) : 0;
}

template <typename Value>
std::string print(const std::string& layout, Value value) {
  char text[512];  // a width beyond it is cut off
  const int length = std::snprintf(text, sizeof text, layout.c_str(), value);
  return {text, std::clamp<size_t>(static_cast<size_t>(std::max(length, 0)), 0, sizeof text - 1)};
}

std::string print(const Conversion& conversion, uint64_t word, AnvilLogKind kind) {
  const unsigned dropped = 64 - conversion.bits;
  switch (conversion.letter) {
    case 'd':
    case 'i':
      return print(
          conversion.layout + "lld",
          static_cast<long long>(
              static_cast<int64_t>(static_cast<uint64_t>(whole_of(word, kind)) << dropped) >>
              dropped));
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return print(conversion.layout + "ll" + conversion.letter,
                   static_cast<unsigned long long>(
                       static_cast<uint64_t>(whole_of(word, kind)) << dropped >> dropped));
    case 'c':
      return print(conversion.layout + "c", static_cast<int>(whole_of(word, kind)));
    case 'p':
      return print(conversion.layout + "p", reinterpret_cast<const void*>(word));
    case 's':
      return kind == ANVIL_LOG_TEXT
                 ? print(conversion.layout + "s", reinterpret_cast<const char*>(word))
                 : "(no string)";
    default:
      return print(conversion.layout + conversion.letter, real_of(word, kind));
  }
}

}  // namespace

std::string formatted(const char* format, uint32_t kinds, std::span<const uint64_t> words) {
  std::string text;
  size_t next = 0;
  for (const char* at = format; *at;) {
    if (*at != '%') {
      text += *at++;
      continue;
    }
    if (at[1] == '%') {
      text += '%';
      at += 2;
      continue;
    }
    const char* const begin = at;
    const Conversion conversion = read_conversion(at);
    if (!conversion.letter) {
      text.append(begin, at);  // as it stands
      continue;
    }
    for (unsigned i = 0; i < conversion.elements && next < words.size(); ++i, ++next) {
      if (i > 0) text += ',';
      text += print(conversion, words[next], static_cast<AnvilLogKind>(kinds >> 2 * next & 3));
    }
  }
  return text;
}

void KernelLog::make_room(size_t bytes) {
  const size_t most = std::numeric_limits<uint32_t>::max() / 2;
  const auto records = static_cast<uint32_t>(std::clamp<size_t>(bytes / sizeof(Record), 1, most));
  if (records == room_) return;
  memory_ = GuardedMemory(records * sizeof(Record));
  room_ = memory_.data() ? records : 0;
}

void KernelLog::add(const Record& record) noexcept {
  const uint32_t index = count_.fetch_add(1, std::memory_order_relaxed);
  if (index < room_) std::memcpy(memory_.data() + index * sizeof(Record), &record, sizeof record);
}

std::vector<backend::LogMessage> KernelLog::take() {
  if (count_.load(std::memory_order_relaxed) == 0) return {};
  const uint32_t count = count_.exchange(0, std::memory_order_relaxed);
  const uint32_t kept = std::min(count, room_);
  std::vector<backend::LogMessage> messages;
  for (uint32_t i = 0; i < kept; ++i) {
    Record record;
    std::memcpy(&record, memory_.data() + i * sizeof record, sizeof record);
    if (!record.format) continue;  // its kernel was ended as it wrote
    messages.push_back({record.subsystem, record.category,
                        formatted(record.format, record.kinds, record.words), record.level});
  }
  if (kept > 0) std::memset(memory_.data(), 0, kept * sizeof(Record));
  if (count > kept)
    messages.push_back({"", "",
                        std::to_string(count - kept) + " more messages than the " +
                            std::to_string(room_) + " there is room for",
                        ANVIL_LOG_ERROR});
  return messages;
}

}  // namespace anvil::cpu
