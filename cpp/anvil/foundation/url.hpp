// NSURL, for files.
#pragma once

#include "anvil/foundation/string.hpp"

namespace anvil {

struct URL : objc::Object {
  using Super = RootObject;

  std::string text;  ///< as given to initWithString:, or file:// and the escaped path
  std::string path;  ///< of the local file; empty for other URLs
};

objc::Ref<URL> make_file_url(std::string path);

}  // namespace anvil
