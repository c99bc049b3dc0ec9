// MTLLinkedFunctions: functions for a pipeline's kernel to call through tables.
#pragma once

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/service/compiler_service.hpp"

namespace anvil::metal {

struct LinkedFunctions : objc::Object {
  using Super = RootObject;

  objc::Ref<Array> functions;
  objc::Ref<Array> binary_functions;
  objc::Ref<Array> private_functions;
  objc::Ref<Dictionary> groups;
};

/// The kernel with those that are linked to it, and with what their function constants are.
/// Throws service::CompileError that names the function that cannot be.
service::SpecializedFunction link(const service::SpecializedFunction& kernel,
                                  const LinkedFunctions& linked);

}  // namespace anvil::metal
