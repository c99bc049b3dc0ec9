#include "foundry/core/error.hpp"

namespace foundry {

namespace {

void append(std::string& text, const std::exception& error, const char* lead) {
  text += lead;
  if (const auto* typed = dynamic_cast<const Error*>(&error)) {
    text += typed->kind();
    text += ": ";
  }
  text += error.what();
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& cause) {
    append(text, cause, "\n  caused by: ");
  } catch (...) {
    text += "\n  caused by: an exception of unknown type";
  }
}

}  // namespace

std::string describe_error(const std::exception& error) {
  std::string text;
  append(text, error, "");
  return text;
}

}  // namespace foundry
