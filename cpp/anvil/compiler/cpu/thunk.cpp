#include "anvil/compiler/cpu/thunk.hpp"

#include "anvil/compiler/source/inputs.hpp"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler::cpu {
namespace {

std::string argument(const Parameter& parameter, size_t position) {
  const std::string type = "P" + std::to_string(position);
  if (parameter.kind == Parameter::Kind::input) {
    const std::string value =
        "thread." + std::string(find_kernel_input(parameter.input)->value) + "()";
    if (!find_kernel_input(parameter.input)->vector)
      return "static_cast<" + type + ">(" + value + ")";
    std::string components;
    for (unsigned i = 0; i < parameter.width; ++i) {
      if (i > 0) components += ", ";
      components += "static_cast<" + parameter.component + ">(" + value + "." + "xyz"[i] + ")";
    }
    return type + "(" + components + ")";
  }
  if (parameter.kind == Parameter::Kind::texture || parameter.kind == Parameter::Kind::sampler)
    return "*(const " + type + "*)(tg->dispatch->handles + " + std::to_string(parameter.slot) + ")";
  const std::string table = parameter.kind == Parameter::Kind::buffer ? "tg->dispatch->buffers["
                                                                      : "tg->threadgroup_memory[";
  const std::string pointer = table + std::to_string(parameter.index) + "]";
  if (parameter.is_table) return type + "{static_cast<const unsigned long*>(" + pointer + ")}";
  return parameter.reference ? "*(" + type + "*)" + pointer : "(" + type + ")" + pointer;
}

}  // namespace

std::string thunk(const KernelSignature& kernel, bool full) {
  std::string text = "extern \"C\" __attribute__((convergent)) void " + std::string(kScalarEntry) +
                     "(const AnvilThreadgroup* tg, unsigned simdgroup, unsigned lane) {\n"
                     "  using F = " +
                     kernel.type + ";\n";
  for (size_t i = 0; i < kernel.parameters.size(); ++i)
    text += "  using P" + std::to_string(i) + " = __anvil::parameter<" + std::to_string(i) +
            ", F>::type;\n";
  text += std::string("  const __anvil::") + (full ? "full" : "any") +
          "_thread thread(tg, simdgroup, lane);\n"
          "  if (!thread.active()) return;\n"
          "  " +
          kernel.callee + "(";
  for (size_t i = 0; i < kernel.parameters.size(); ++i)
    text += (i > 0 ? ",\n      " : "\n      ") + argument(kernel.parameters[i], i);
  return text + ");\n}\n";
}

}  // namespace anvil::compiler::cpu
