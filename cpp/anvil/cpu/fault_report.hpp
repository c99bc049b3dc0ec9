// fault_report.hpp: what was thrown as a submission ran, as its failure.
#pragma once

#include <exception>

#include "anvil/backend/queue.hpp"

namespace anvil::cpu {

/// A kernel's fault says which of its dispatch's arguments it missed by how much, or which limit is
/// over. `dispatches`, if any, are those that ran together.
backend::Failure failure_of(const std::exception& error,
                            const backend::DispatchCommand* const* dispatches) noexcept;

}  // namespace anvil::cpu
