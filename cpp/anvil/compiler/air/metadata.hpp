// metadata.hpp: a node of metadata, by the kinds of its operands.
#pragma once

#include <llvm/IR/Constants.h>
#include <llvm/IR/GlobalObject.h>
#include <llvm/IR/Metadata.h>
#include <llvm/IR/Module.h>

#include <optional>
#include <string>

namespace anvil::compiler::air {

inline llvm::Metadata* operand(const llvm::MDNode& node, unsigned at) {
  return at < node.getNumOperands() ? node.getOperand(at).get() : nullptr;
}
/// Empty for what is no string.
inline llvm::StringRef text(const llvm::MDNode& node, unsigned at) {
  const auto* string = llvm::dyn_cast_or_null<llvm::MDString>(operand(node, at));
  return string ? string->getString() : llvm::StringRef();
}
inline std::optional<uint32_t> number(const llvm::MDNode& node, unsigned at) {
  const auto* value = llvm::mdconst::dyn_extract_or_null<llvm::ConstantInt>(operand(node, at));
  if (!value || value->getValue().getActiveBits() > 32) return {};
  return static_cast<uint32_t>(value->getZExtValue());
}
inline const llvm::MDNode* node(const llvm::MDNode& outer, unsigned at) {
  return llvm::dyn_cast_or_null<llvm::MDNode>(operand(outer, at));
}
inline llvm::GlobalObject* global(const llvm::MDNode& node, unsigned at) {
  return llvm::mdconst::dyn_extract_or_null<llvm::GlobalObject>(operand(node, at));
}
/// Null for a name that nothing is listed under.
inline const llvm::MDNode* first_node(const llvm::Module& module, const std::string& name) {
  const llvm::NamedMDNode* list = module.getNamedMetadata(name);
  return list && list->getNumOperands() > 0 ? list->getOperand(0) : nullptr;
}

}  // namespace anvil::compiler::air
