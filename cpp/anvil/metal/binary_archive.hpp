// MTLBinaryArchive: which kernels have been compiled. Their code is in the cache on disk, which
// every program of the user shares; an archive says what a program counts on.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>

#include <Metal/MTLBinaryArchive.hpp>
#include <Metal/MTLDevice.hpp>

#include "anvil/foundation/error.hpp"
#include "anvil/foundation/url.hpp"
#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/library.hpp"

namespace anvil::metal {

struct BinaryArchiveDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<URL> url;  ///< null: an empty archive
};

struct BinaryArchive : objc::Object {
  using Super = RootObject;

  BinaryArchive(Device* device, std::set<std::string> keys)
      : device(device), keys_(std::move(keys)) {}

  /// Compiles it.
  bool add_compute(const ComputePipelineDescriptor* descriptor, Error** error);
  bool add_function(const FunctionDescriptor* descriptor, Library* library, Error** error);
  bool serialize(const URL* url, Error** error) const;
  bool has(const service::SpecializedFunction& function) const;

  Device* device;
  objc::Ref<String> label;

 private:
  bool add(const ComputePipelineDescriptor& descriptor, Error** error);

  mutable std::mutex mutex_;  // guards the rest
  std::set<std::string> keys_;
};

/// Null and an error in MTLBinaryArchiveDomain for a file that is no archive.
objc::Ref<BinaryArchive> new_binary_archive(Device* device,
                                            const BinaryArchiveDescriptor* descriptor,
                                            Error** error);

/// Whether the pipeline may be made: its kernel is in one of the descriptor's archives, or the
/// options do not ask for that. If not, there is an error.
bool is_archived(const ComputePipelineDescriptor& descriptor, MTL::PipelineOption options,
                 Error** error);

}  // namespace anvil::metal
