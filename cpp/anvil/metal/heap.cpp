#include "anvil/metal/heap.hpp"

#include "anvil/metal/device.hpp"
#include "anvil/metal/report.hpp"

namespace anvil::metal {

void HeapDescriptor::set_resource_options(MTL::ResourceOptions options) {
  storage_mode = metal::storage_mode(options);
  cpu_cache_mode = metal::cpu_cache_mode(options);
  hazard_tracking_mode = metal::hazard_tracking_mode(options);
}

Heap::Heap(Device* device, const HeapDescriptor& descriptor,
           std::unique_ptr<backend::Memory> memory)
    : device(device),
      options(descriptor.resource_options()),
      type(descriptor.type),
      size(descriptor.size),
      memory_(std::move(memory)) {
  allocated_size = size;
}

MTL::HazardTrackingMode Heap::hazard_tracking_mode() const {
  const auto mode = metal::hazard_tracking_mode(options);
  return mode == MTL::HazardTrackingModeDefault ? MTL::HazardTrackingModeUntracked : mode;
}

bool Heap::options_match(MTL::ResourceOptions wanted) const {
  return metal::storage_mode(wanted) == storage_mode() &&
         metal::cpu_cache_mode(wanted) == cpu_cache_mode();
}

objc::Ref<Buffer> Heap::place(size_t offset, size_t length, MTL::ResourceOptions wanted) {
  used_.emplace(offset, length);
  objc::Ref<Buffer> buffer = objc::make<Buffer>(device, wanted, *memory_, offset, length);
  buffer->heap = objc::Ref<Heap>(this);
  buffer->heap_offset = offset;
  return buffer;
}

Buffer* Heap::new_buffer(NS::UInteger length, MTL::ResourceOptions wanted) {
  const std::string method = "-[MTLHeap newBufferWithLength:options:]: ";
  if (type != MTL::HeapTypeAutomatic)
    return report_nil(method + "the heap is a placement heap: give an offset");
  if (length == 0) return report_nil(method + "length is 0");
  if (!options_match(wanted))
    return report_nil(method + "storage or cache mode differs from the heap's");
  std::lock_guard lock(mutex_);
  // First fit between the ranges in use, which are in order of offset.
  size_t offset = 0;
  for (const auto& [start, used] : used_) {
    if (start >= offset && start - offset >= length) break;
    offset = (start + used + kHeapAlignment - 1) & ~(kHeapAlignment - 1);
  }
  // Exhaustion is an ordinary answer here, as in Metal.
  if (offset > size || length > size - offset) return nullptr;
  return place(offset, length, wanted).detach();
}

Buffer* Heap::new_buffer_at(NS::UInteger length, MTL::ResourceOptions wanted, NS::UInteger offset) {
  const std::string method = "-[MTLHeap newBufferWithLength:options:offset:]: ";
  if (type != MTL::HeapTypePlacement) return report_nil(method + "the heap is no placement heap");
  if (length == 0) return report_nil(method + "length is 0");
  if (!options_match(wanted))
    return report_nil(method + "storage or cache mode differs from the heap's");
  if (offset % kHeapAlignment != 0)
    return report_nil(method + "offset " + std::to_string(offset) + " is not a multiple of " +
                      std::to_string(kHeapAlignment));
  if (offset > size || length > size - offset)
    return report_nil(method + "range [" + std::to_string(offset) + ", +" + std::to_string(length) +
                      ") is beyond the heap's size " + std::to_string(size));
  std::lock_guard lock(mutex_);
  return place(offset, length, wanted).detach();
}

void Heap::give_back(size_t offset) {
  std::lock_guard lock(mutex_);
  if (const auto range = used_.find(offset); range != used_.end()) used_.erase(range);
}

NS::UInteger Heap::used_size() const {
  std::lock_guard lock(mutex_);
  size_t sum = 0;
  for (const auto& [start, length] : used_) sum += length;
  return sum;
}

NS::UInteger Heap::max_available_size(NS::UInteger alignment) const {
  std::lock_guard lock(mutex_);
  const size_t step = alignment > kHeapAlignment ? alignment : kHeapAlignment;
  size_t best = 0, free_from = 0;
  const auto consider = [&](size_t end) {
    const size_t start = (free_from + step - 1) / step * step;
    if (end > start && end - start > best) best = end - start;
  };
  for (const auto& [start, length] : used_) {
    consider(start);
    if (start + length > free_from) free_from = start + length;
  }
  consider(size);
  return best;
}

objc::Ref<Heap> new_heap(Device* device, const HeapDescriptor* descriptor) {
  const std::string method = "-[MTLDevice newHeapWithDescriptor:]: ";
  if (!descriptor) return report_nil(method + "nil descriptor");
  if (descriptor->size == 0) return report_nil(method + "size is 0");
  if (descriptor->size > device->max_buffer_length())
    return report_nil(method + "size " + std::to_string(descriptor->size) + " exceeds " +
                      std::to_string(device->max_buffer_length()));
  if (descriptor->type == MTL::HeapTypeSparse)
    return report_nil(method + "there are no sparse heaps");
  std::unique_ptr<backend::Memory> memory =
      device->backend.allocate(descriptor->size, storage_of(descriptor->resource_options()));
  if (!memory)
    return report_nil(method + "no memory for " + std::to_string(descriptor->size) + " bytes");
  return objc::make<Heap>(device, *descriptor, std::move(memory));
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<HeapDescriptor> heap_descriptor_definition{
    "MTLHeapDescriptor",
    {
        objc::property<&HeapDescriptor::size>("size", "setSize:"),
        objc::property<&HeapDescriptor::storage_mode>("storageMode", "setStorageMode:"),
        objc::property<&HeapDescriptor::cpu_cache_mode>("cpuCacheMode", "setCpuCacheMode:"),
        objc::property<&HeapDescriptor::hazard_tracking_mode>("hazardTrackingMode",
                                                              "setHazardTrackingMode:"),
        objc::property<&HeapDescriptor::type>("type", "setType:"),
        objc::method<&HeapDescriptor::resource_options>("resourceOptions"),
        objc::method<&HeapDescriptor::set_resource_options>("setResourceOptions:"),
        objc::copying<HeapDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<Heap> heap_definition{
    "MTLHeap",
    {
        objc::property<&Heap::device>("device"),
        objc::property<&Heap::label>("label", "setLabel:"),
        objc::property<&Heap::size>("size"),
        objc::property<&Heap::type>("type"),
        objc::property<&Heap::options>("resourceOptions"),
        objc::property<&Heap::size>("currentAllocatedSize"),
        objc::method<&Heap::used_size>("usedSize"),
        objc::method<&Heap::max_available_size>("maxAvailableSizeWithAlignment:"),
        objc::method<&Heap::storage_mode>("storageMode"),
        objc::method<&Heap::cpu_cache_mode>("cpuCacheMode"),
        objc::method<&Heap::hazard_tracking_mode>("hazardTrackingMode"),
        objc::method<&Heap::set_purgeable_state>("setPurgeableState:"),
        objc::method<&Heap::new_buffer>("newBufferWithLength:options:"),
        objc::method<&Heap::new_buffer_at>("newBufferWithLength:options:offset:"),
    }};

}  // namespace
}  // namespace anvil::metal
