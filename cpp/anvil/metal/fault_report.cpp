#include "anvil/metal/fault_report.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>

#include "anvil/cpu/memory.hpp"
#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/watchdog.hpp"

namespace anvil::metal {
namespace {

// An index of 32 bits that wrapped, times the size of a float4, is not farther off than this.
constexpr uint64_t kFar = uint64_t{64} << 30;

/// Where an address lies as seen from memory.
struct Place {
  enum class Side { inside, before, behind } side;
  uint64_t distance;  // from its first byte if inside, otherwise to its nearest
};

Place locate(uintptr_t address, const BoundArgument& binding) {
  const auto begin = reinterpret_cast<uintptr_t>(binding.data);
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

}  // namespace

MTL::CommandBufferError error_code(const KernelFault& fault) {
  switch (fault.kind) {
    case KernelFault::Kind::memory:
      return MTL::CommandBufferErrorPageFault;
    case KernelFault::Kind::lost_memory:
      return MTL::CommandBufferErrorInvalidResource;
    case KernelFault::Kind::stack_overflow:
      return MTL::CommandBufferErrorStackOverflow;
    case KernelFault::Kind::interrupted:
      return MTL::CommandBufferErrorTimeout;
    case KernelFault::Kind::invalid_code:
      break;
  }
  return MTL::CommandBufferErrorInternal;
}

std::string explain(const KernelFault& fault) {
  std::string text = fault.what();
  const auto limit = Watchdog::shared().limit();
  if (fault.kind != KernelFault::Kind::interrupted || !limit) return text;
  const double seconds = std::chrono::duration<double>(*limit).count();
  char figure[32];
  std::snprintf(figure, sizeof figure, "%g", seconds);
  return text + ": the time limit of a command buffer, " + figure +
         " s (ANVIL_COMMAND_TIMEOUT), is over";
}

std::string explain(const KernelFault& fault, const DispatchCommand& dispatch) {
  std::string text = explain(fault);
  if (fault.kind == KernelFault::Kind::interrupted)
    return text + "; " + std::to_string(fault.finished) + " of " +
           std::to_string(fault.threadgroups) + " threadgroups were done";
  if (!fault.has_address || fault.kind == KernelFault::Kind::stack_overflow) return text;
  const std::vector<ArgumentInfo>& arguments = dispatch.pipeline->image().arguments;
  const ArgumentInfo* nearest = nullptr;
  Place place{Place::Side::inside, kFar};
  size_t length = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].kind != ArgumentInfo::Kind::buffer) continue;
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
  text += ", " + describe(fault, place) + "buffer " + std::to_string(nearest->index) + " ('" +
          nearest->name + "', " + std::to_string(length) + " bytes)";
  const bool certain =
      place.side == Place::Side::inside || place.distance <= cpu::HostMemory::kGuard;
  return certain ? text : text + ", the nearest argument";
}

}  // namespace anvil::metal
