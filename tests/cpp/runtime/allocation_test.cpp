// Counts every C++ allocation of the encoding thread: dispatches make none of their own.
#include <cstdlib>
#include <new>

#include "support.hpp"

namespace {
thread_local std::size_t allocations = 0;

void* allocate(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  if (void* memory = std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment)) {
    return memory;
  }
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t bytes) {
  return allocate(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

using namespace foundry;
using namespace foundry::test;

namespace {

constexpr std::size_t kHidden = 64, kHeads = 2, kHeadDim = 32, kInner = 96, kCapacity = 8;

struct User {
  InOut<f32> x;
  float factor;

  static constexpr auto source = msl("if (gid < x_size) x[gid] *= factor;");
  DispatchConfig dispatch_config() const { return per_element(x.count()); }
};
FOUNDRY_KERNEL(User, x, factor);

/// A decoder layer on one token, 5 dispatches, and a kernel struct of one's own.
struct Layer {
  ops::QkvLinear qkv;
  ops::Attention attention;
  ops::Linear out;
  ops::GatedLinear gated;
  ops::Linear down;
  User user;

  explicit Layer(Foundry& runtime) {
    const auto tensor = [&](const Extents& extents, DType dtype) {
      std::vector<std::byte> zeros(byte_length(extents, dtype));
      return runtime.tensor(extents, dtype, zeros);
    };
    const auto weights = [&](std::size_t rows, std::size_t columns) {
      return tensor({rows, columns}, DType::q4_1);
    };
    const Stage norm = ops::RmsNorm{tensor({kHidden}, DType::f32), 1e-5f, {}, {}};
    const auto x = tensor({kHidden}, DType::f32);
    const auto q = tensor({1, kHeads, kHeadDim}, DType::f32);
    const auto keys = tensor({kCapacity, kHeads, kHeadDim}, DType::f16);
    const auto values = tensor({kCapacity, kHeads, kHeadDim}, DType::f16);
    const auto mixed = tensor({kHidden}, DType::f32);
    const auto inner = tensor({kInner}, DType::f32);
    qkv.query = weights(kHidden, kHidden);
    qkv.key = weights(kHidden, kHidden);
    qkv.value = weights(kHidden, kHidden);
    qkv.query_bias = tensor({kHidden}, DType::f32);
    qkv.x = x;
    qkv.q = q;
    qkv.k_cache = keys;
    qkv.v_cache = values;
    qkv.prologue = norm;
    attention = {q, keys, values, mixed.reshape({1, kHeads, kHeadDim})};
    out = {weights(kHidden, kHidden), mixed, x, {}, {ops::Residual{x}}};
    gated = {weights(kInner, kHidden), weights(kInner, kHidden), x, inner, norm, ops::Silu(), {}};
    down = {weights(kHidden, kInner), inner, x, {}, {ops::Residual{x}}};
    user = {x, 0.5f};
  }

  void run(Foundry& runtime) const {
    runtime.run(qkv);
    runtime.run(attention);
    runtime.run(out);
    runtime.run(gated);
    runtime.run(down);
    runtime.run(user);
  }
};

}  // namespace

TEST_CASE("a dispatch allocates nothing on the host, a command buffer a constant number of times") {
  FoundryOptions options;
  options.stream.dispatches_per_command_buffer = 100000;  // one command buffer until synchronize()
  Foundry runtime(Device::system_default(), options);
  const Layer layer(runtime);
  const auto allocations_of = [&](int layers) {
    const std::size_t before = allocations;
    for (int i = 0; i < layers; ++i) layer.run(runtime);
    const std::size_t encoding = allocations - before;
    runtime.synchronize();
    return encoding;
  };
  allocations_of(64);  // compiles, and fills what is kept from one command buffer to the next
  const std::size_t one = allocations_of(1);
  const std::size_t few = allocations_of(16);
  const std::size_t many = allocations_of(64);
  MESSAGE(one, " allocations of a command buffer with 1 layer, ", few, " with 16, ", many,
          " with 64");
  // 288 dispatches more: a vector that doubles as it grows does so twice from 16 to 64 layers. Such
  // are the command buffer's own lists.
  CHECK(many - few <= 2 * 8);
  CHECK(allocations_of(64) == many);
}
