#include "anvil/cpu/fault_report.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <new>
#include <string>

#include "anvil/cpu/guarded_memory.hpp"
#include "anvil/cpu/kernel_fault.hpp"
#include "anvil/cpu/watchdog.hpp"

namespace anvil::cpu {
namespace {

// An index of 32 bits that wrapped, times the size of a float4, is not farther off than this.
constexpr uint64_t kFar = uint64_t{64} << 30;

/// Where an address lies as seen from memory.
struct Place {
  enum class Side { inside, before, behind } side;
  uint64_t distance;  // from its first byte if inside, otherwise to its nearest
};

Place locate(uintptr_t address, const backend::Binding& binding) {
  const uintptr_t begin = binding.first;
  if (address < begin) return {Place::Side::before, begin - address};
  const uint64_t offset = address - begin;
  if (offset < binding.length) return {Place::Side::inside, offset};
  return {Place::Side::behind, offset - binding.length};
}

std::string describe(const KernelFault& fault, const Place& place) {
  const std::string bytes = std::to_string(place.distance) + " bytes ";
  switch (place.side) {
    case Place::Side::before:
      return bytes + "before the start of ";
    case Place::Side::behind:
      return bytes + "past the end of ";
    case Place::Side::inside:
      break;
  }
  const char* why = fault.kind == KernelFault::Kind::lost_memory
                        ? "the file that is mapped there has become shorter or cannot be read: "
                    : fault.access == Trap::Access::write ? "memory that is read-only: "
                                                          : "memory that cannot be accessed: ";
  return why + ("offset " + std::to_string(place.distance)) + " of ";
}

backend::Failure::Kind kind_of(const KernelFault& fault) {
  switch (fault.kind) {
    case KernelFault::Kind::memory:
      return backend::Failure::Kind::page_fault;
    case KernelFault::Kind::lost_memory:
      return backend::Failure::Kind::invalid_resource;
    case KernelFault::Kind::stack_overflow:
      return backend::Failure::Kind::stack_overflow;
    case KernelFault::Kind::interrupted:
      return backend::Failure::Kind::timeout;
    case KernelFault::Kind::invalid_code:
      break;
  }
  return backend::Failure::Kind::internal;
}

/// With the limit if it is one of time.
std::string explain(const KernelFault& fault) {
  std::string text = fault.what();
  const auto limit = Watchdog::shared().limit();
  if (fault.kind != KernelFault::Kind::interrupted || !limit) return text;
  const double seconds = std::chrono::duration<double>(*limit).count();
  char figure[32];
  const auto end = std::to_chars(figure, std::end(figure), seconds, std::chars_format::general).ptr;
  return text + ": the time limit of a command buffer, " + std::string(figure, end) +
         " s (ANVIL_COMMAND_TIMEOUT), is over";
}

/// And which of the dispatch's arguments it missed by how much.
std::string name_of(const service::ArgumentInfo& argument) {
  return "buffer " + std::to_string(argument.index) + " ('" + argument.name + "'";
}

/// A fault at an address near 0, and the arguments that lie there because nothing is bound to them.
std::string unbound_near(const KernelFault& fault, const backend::DispatchCommand& dispatch) {
  if (fault.address >= kFar) return "";
  const std::vector<service::ArgumentInfo>& arguments = dispatch.kernel->info.arguments;
  std::string names;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].kind == service::ArgumentInfo::Kind::buffer && dispatch.bindings[i].first == 0)
      names += (names.empty() ? "" : " or ") + name_of(arguments[i]) + ")";
  return names.empty() ? "" : "nothing is bound to " + names;
}

std::string explain(const KernelFault& fault, const backend::DispatchCommand& dispatch) {
  std::string text = explain(fault);
  if (fault.kind == KernelFault::Kind::interrupted)
    return text + "; " + std::to_string(fault.finished) + " of " +
           std::to_string(fault.threadgroups) + " threadgroups were done";
  if (!fault.has_address || fault.kind == KernelFault::Kind::stack_overflow) return text;
  const std::vector<service::ArgumentInfo>& arguments = dispatch.kernel->info.arguments;
  if (const std::string unbound = unbound_near(fault, dispatch); !unbound.empty())
    return text + ", " + unbound;
  const service::ArgumentInfo* nearest = nullptr;
  Place place{Place::Side::inside, kFar};
  size_t length = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].kind != service::ArgumentInfo::Kind::buffer) continue;
    if (fault.access == Trap::Access::write && arguments[i].access == "read") continue;
    const Place candidate = locate(fault.address, dispatch.bindings[i]);
    const bool inside = candidate.side == Place::Side::inside;
    if (!inside && candidate.distance >= place.distance) continue;
    nearest = &arguments[i];
    place = candidate;
    length = dispatch.bindings[i].length;
    if (inside) break;
  }
  if (!nearest) return text;
  text +=
      ", " + describe(fault, place) + name_of(*nearest) + ", " + std::to_string(length) + " bytes)";
  const bool certain = place.side == Place::Side::inside ||
                       place.distance <= GuardedMemory::slack() + GuardedMemory::kGuard;
  return certain ? text : text + ", the nearest argument";
}

}  // namespace

backend::Failure failure_of(const std::exception& error,
                            const backend::DispatchCommand* const* dispatches) noexcept {
  using Kind = backend::Failure::Kind;
  try {
    if (const auto* fault = dynamic_cast<const KernelFault*>(&error))
      return {kind_of(*fault),
              dispatches ? explain(*fault, *dispatches[fault->dispatch]) : explain(*fault)};
    if (!dynamic_cast<const std::bad_alloc*>(&error)) return {Kind::internal, error.what()};
  } catch (const std::bad_alloc&) {
  }
  return {Kind::out_of_memory, "out of memory"};
}

}  // namespace anvil::cpu
