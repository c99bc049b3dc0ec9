#include "foundry/memory/label.hpp"

#include "foundry/core/concat.hpp"

namespace foundry {

std::string to_string(const Dimensions& dimensions) {
  std::string text = "(";
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    text += (i ? ", " : "") + std::to_string(dimensions[i]);
  }
  return text + (dimensions.size() == 1 ? ",)" : ")");
}

std::string Label::to_string() const {
  if (type_name == nullptr) {
    return concat(name.empty() ? "memory" : name, ' ',
                  format_bytes(dimensions.empty() ? 0 : dimensions[0]));
  }
  return concat(name.empty() ? "tensor" : name, ' ', foundry::to_string(dimensions), ' ',
                type_name);
}

}  // namespace foundry
