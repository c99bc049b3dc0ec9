// <metal_logging>: messages of kernels. Without an MTLLogState, which Anvil's devices never have,
// Metal discards them.
#pragma once

#include "types.h"

namespace metal {

enum class log_type { debug, info, fault, error, default_ };

struct os_log {
  constexpr os_log(const char*, const char*) {}
  template <class... A>
  ANVIL_FN void log(const char*, A...) const {}
  template <class... A>
  ANVIL_FN void log_with_type(log_type, const char*, A...) const {}
  template <class... A>
  ANVIL_FN void log_debug(const char*, A...) const {}
  template <class... A>
  ANVIL_FN void log_info(const char*, A...) const {}
  template <class... A>
  ANVIL_FN void log_error(const char*, A...) const {}
  template <class... A>
  ANVIL_FN void log_fault(const char*, A...) const {}
};
inline constexpr os_log os_log_default("", "");

}  // namespace metal
