// Argument encoders from descriptors: what they write, byte by byte. Those of kernels' structures
// are in end_to_end_test.cpp.
#include <algorithm>
#include <cstring>

#include "host.hpp"

namespace {

struct Arguments : host::Setup {
  NS::SharedPtr<MTL::ArgumentEncoder> encoder(
      std::initializer_list<std::pair<MTL::DataType, NS::UInteger>> arguments) {
    std::vector<NS::Object*> descriptors;
    NS::UInteger index = 0;
    for (const auto& [type, length] : arguments) {
      auto* descriptor = MTL::ArgumentDescriptor::argumentDescriptor();
      descriptor->setDataType(type);
      descriptor->setIndex(index);
      descriptor->setArrayLength(length);
      descriptors.push_back(descriptor);
      index += std::max<NS::UInteger>(length, 1);
    }
    return NS::TransferPtr(
        device->newArgumentEncoder(NS::Array::array(descriptors.data(), descriptors.size())));
  }
  template <class T>
  static T at(MTL::Buffer* buffer, size_t offset) {
    T value;
    std::memcpy(&value, static_cast<char*>(buffer->contents()) + offset, sizeof value);
    return value;
  }
};

}  // namespace

TEST_CASE("arguments lie as a structure's members do, and their indices count through arrays") {
  Arguments a;
  // struct { float f; device float* p; float3 v; device float* q[2]; uint n; }
  auto encoder = a.encoder({{MTL::DataTypeFloat, 0},
                            {MTL::DataTypePointer, 0},
                            {MTL::DataTypeFloat3, 0},
                            {MTL::DataTypePointer, 2},
                            {MTL::DataTypeUInt, 0}});
  REQUIRE(encoder);
  CHECK(encoder->encodedLength() == 64);
  CHECK(encoder->alignment() == 16);
  auto target = NS::TransferPtr(a.device->newBuffer(256, MTL::ResourceStorageModeShared));
  auto data = NS::TransferPtr(a.device->newBuffer(64, MTL::ResourceStorageModeShared));
  encoder->setArgumentBuffer(target.get(), 64, 1);
  *static_cast<float*>(encoder->constantData(0)) = 2.5f;
  encoder->setBuffer(data.get(), 8, 1);
  *static_cast<uint32_t*>(encoder->constantData(5)) = 7;
  const MTL::Buffer* buffers[] = {data.get(), nullptr};
  const NS::UInteger offsets[] = {16, 0};
  encoder->setBuffers(buffers, offsets, NS::Range(3, 2));
  CHECK(Arguments::at<float>(target.get(), 128) == 2.5f);
  CHECK(Arguments::at<uint64_t>(target.get(), 136) == data->gpuAddress() + 8);
  CHECK(Arguments::at<uint64_t>(target.get(), 160) == data->gpuAddress() + 16);
  CHECK(Arguments::at<uint64_t>(target.get(), 168) == 0);
  CHECK(Arguments::at<uint32_t>(target.get(), 176) == 7);
}

TEST_CASE("what an argument encoder cannot write is an exception, or nil, in words") {
  Arguments a;
  auto encoder = a.encoder({{MTL::DataTypePointer, 0}, {MTL::DataTypeFloat, 0}});
  auto target = NS::TransferPtr(a.device->newBuffer(32, MTL::ResourceStorageModeShared));
  CHECK_THROWS_WITH(encoder->setBuffer(target.get(), 0, 0),
                    "-[MTLArgumentEncoder setBuffer:offset:atIndex:]: no argument buffer is set");
  CHECK_THROWS_WITH(encoder->setArgumentBuffer(target.get(), 24),
                    "-[MTLArgumentEncoder setArgumentBuffer:offset:]: 16 bytes from offset 24 are "
                    "beyond the length 32 of buffer");
  CHECK_THROWS_WITH(encoder->setArgumentBuffer(target.get(), 4),
                    "-[MTLArgumentEncoder setArgumentBuffer:offset:]: offset 4 is not a multiple "
                    "of the alignment 8");
  encoder->setArgumentBuffer(target.get(), 0);
  CHECK_THROWS_WITH(encoder->setBuffer(target.get(), 0, 1),
                    "-[MTLArgumentEncoder setBuffer:offset:atIndex:]: argument 1 is no pointer but "
                    "of type float");
  CHECK_THROWS_WITH(encoder->constantData(2),
                    "-[MTLArgumentEncoder constantDataAtIndex:]: no argument has index 2");
  CHECK(a.device->newArgumentEncoder(NS::Array::array()) == nullptr);
  CHECK_FALSE(a.encoder({{MTL::DataTypeStruct, 0}}));
}
