// <metal_logging>: messages of kernels, for MTLLogState's handlers or standard error.
#pragma once

#include "primitives.h"
#include "type_traits.h"
#include "vec.h"

namespace metal {

enum class log_type { debug, info, fault, error, default_ };

namespace detail {

// The numbers of a message, as kernel_abi.h has them: sixteen at most.
struct log_words {
  ulong at[16] = {};
  uint kinds = 0, count = 0;

  ANVIL_FN void put(ulong word, uint kind) {
    at[count] = word;
    kinds |= kind << (2 * count);
    ++count;
  }
  template <class T>
  ANVIL_FN void add(T value) {
    if constexpr (is_floating_point<T>::value) {
      put(__builtin_bit_cast(uint, static_cast<float>(value)), 1);
    } else {
      put(static_cast<ulong>(value), 0);
    }
  }
  template <class T, int N>
  ANVIL_FN void add(vec<T, N> value) {
    for (int i = 0; i < N; ++i) add(value[i]);
  }
  ANVIL_FN void add(const __attribute__((opencl_constant)) char* text) {
    put(reinterpret_cast<ulong>(text), 2);
  }
  template <class T>
  ANVIL_FN void add(T* address) {
    put(reinterpret_cast<ulong>(address), 0);
  }
};

template <class T>
struct log_length {
  static constexpr uint value = 1;
};
template <class T, int N>
struct log_length<vec<T, N>> {
  static constexpr uint value = N;
};

}  // namespace detail

struct os_log {
  constexpr os_log(const char* subsystem, const char* category)
      : subsystem_(subsystem), category_(category) {}
  template <class... A>
  ANVIL_FN void log(const char* format, A... arguments) const {
    send(3, format, arguments...);
  }
  template <class... A>
  ANVIL_FN void log_debug(const char* format, A... arguments) const {
    send(1, format, arguments...);
  }
  template <class... A>
  ANVIL_FN void log_info(const char* format, A... arguments) const {
    send(2, format, arguments...);
  }
  template <class... A>
  ANVIL_FN void log_error(const char* format, A... arguments) const {
    send(4, format, arguments...);
  }
  template <class... A>
  ANVIL_FN void log_fault(const char* format, A... arguments) const {
    send(5, format, arguments...);
  }
  template <class... A>
  ANVIL_FN void log_with_type(log_type type, const char* format, A... arguments) const {
    send(type == log_type::debug   ? 1
         : type == log_type::info  ? 2
         : type == log_type::error ? 4
         : type == log_type::fault ? 5
                                   : 3,
         format, arguments...);
  }

 private:
  template <class... A>
  ANVIL_FN void send(uint level, const char* format, A... arguments) const {
    static_assert((0 + ... + detail::log_length<A>::value) <= 16,
                  "os_log: a message has more than 16 numbers");
    detail::log_words words;
    (words.add(arguments), ...);
    const ulong(&w)[16] = words.at;
    __anvil_log(subsystem_, category_, level, format, words.kinds, w[0], w[1], w[2], w[3], w[4],
                w[5], w[6], w[7], w[8], w[9], w[10], w[11], w[12], w[13], w[14], w[15]);
  }

  const char* subsystem_;
  const char* category_;
};
inline constexpr os_log os_log_default("", "");

}  // namespace metal
