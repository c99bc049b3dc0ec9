// Protocols: one object for each name, whichever image brought it.
#pragma once

#include "compiled.hpp"
#include "registry.hpp"

namespace anvil::objc {

/// The first protocol of that name; it becomes an object of the class Protocol.
Protocol* unique_protocol(CompiledProtocol* protocol);
bool conforms(objc_class* cls, const Protocol* protocol);

}  // namespace anvil::objc
