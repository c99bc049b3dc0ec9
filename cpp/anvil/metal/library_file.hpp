// Compiled libraries that a program brings: Apple's files and Anvil's own, by what they begin with.
#pragma once

#include <dispatch/dispatch.h>

#include <string>

#include "anvil/metal/library.hpp"

namespace anvil::metal {

// All give null and an error in domain MTLLibraryErrorDomain for what cannot be read.

objc::Ref<Library> open_library(Device* device, const std::string& path, Error** error);
/// Keeps the data.
objc::Ref<Library> open_library(Device* device, dispatch_data_t data, Error** error);
/// `default.metallib` of the program, where it is a bundle's resource: beside it or in Resources.
/// Null where there is none, as in Metal; of one that cannot be read, stderr has the reason.
objc::Ref<Library> default_library(Device* device);
/// That of an NSBundle.
objc::Ref<Library> default_library(Device* device, objc_object* bundle, Error** error);

}  // namespace anvil::metal
