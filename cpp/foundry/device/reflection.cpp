#include "foundry/device/reflection.hpp"

#include "foundry/core/concat.hpp"

namespace foundry {

std::string to_string(const ReflectedArgument& argument) {
  const char* kind = argument.kind == ReflectedArgument::Kind::buffer               ? "buffer "
                     : argument.kind == ReflectedArgument::Kind::threadgroup_memory ? "threadgroup "
                                                                                    : "argument ";
  return concat(kind, argument.index, " '", argument.name, "': ", argument.type, ", ",
                name_of(argument.access));
}

}  // namespace foundry
