#include "anvil/metal/blit_encoder.hpp"

#include "anvil/metal/buffer.hpp"

namespace anvil::metal {

void BlitCommandEncoder::copy(Buffer* from, NS::UInteger from_offset, Buffer* to,
                              NS::UInteger to_offset, NS::UInteger size) {
  constexpr const char* method = "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:";
  if (!open(method) || !check_range(method, "source", from, from_offset, size) ||
      !check_range(method, "destination", to, to_offset, size))
    return;
  buffer->hold(from);
  buffer->hold(to);
  buffer->commands().push_back(
      backend::CopyCommand{from->address + from_offset, to->address + to_offset, size});
}

void BlitCommandEncoder::fill(Buffer* target, NS::Range range, uint8_t value) {
  constexpr const char* method = "fillBuffer:range:value:";
  if (!open(method) || !check_range(method, "buffer", target, range.location, range.length)) return;
  buffer->hold(target);
  buffer->commands().push_back(
      backend::FillCommand{target->address + range.location, range.length, value});
}

void BlitCommandEncoder::synchronize(Resource* resource) {
  constexpr const char* method = "synchronizeResource:";
  if (!open(method)) return;
  if (!resource)
    fail(method, "nil resource");
  else if (resource->storage_mode() != MTL::StorageModeManaged)
    fail(method, "resource" + quoted(resource->label) + " is not of managed storage mode");
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<BlitCommandEncoder> blit_command_encoder_definition{
    "MTLBlitCommandEncoder",
    {
        objc::method<&BlitCommandEncoder::copy>(
            "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:"),
        objc::method<&BlitCommandEncoder::fill>("fillBuffer:range:value:"),
        objc::method<&BlitCommandEncoder::synchronize>("synchronizeResource:"),
    }};

}  // namespace
}  // namespace anvil::metal
