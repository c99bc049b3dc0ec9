#include "foundry/tensor/any_tensor.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <numeric>

#include "foundry/core/error.hpp"

using namespace foundry;

namespace {

const Device& device() {
  static const Device device = Device::system_default();
  return device;
}

AnyTensor counted(const Extents& extents, const char* name = "") {
  AnyTensor tensor = AnyTensor::dedicated(device(), extents, DType::f32, StorageMode::shared, name);
  const auto values = tensor.host_mutable<float>();
  std::iota(values.begin(), values.end(), 0.0f);
  return tensor;
}

}  // namespace

TEST_CASE("a tensor has its own bytes; copies of the handle share them") {
  const AnyTensor x = counted({3, 4}, "x");
  const AnyTensor same = x;
  same.host_mutable<float>()[5] = 50;
  CHECK(x.host<float>()[5] == 50);
  CHECK(x.byte_length() == 48);
  CHECK(x.is_contiguous());
  CHECK(x.storage() == StorageKind::dedicated);
  CHECK(to_string(x) == "Tensor 'x' (3, 4) f32, dedicated, shared");
  CHECK(to_string(AnyTensor()) == "Tensor (empty)");
  CHECK_THROWS_WITH_AS(AnyTensor().reshape({1}), "this tensor is empty", StorageError);
}

TEST_CASE("views share bytes, hold the lease, and know their place") {
  AnyTensor view;
  {
    const AnyTensor x = counted({4, 6}, "x");
    view = x.slice(0, 1, 3).select(0, 1);
  }
  CHECK(view.storage() == StorageKind::view);
  CHECK(view.byte_offset() == 2 * 6 * 4);
  CHECK(view.host<float>()[0] == 12);
  CHECK(view.extents() == Extents{6});
  CHECK(view.describe() == "x (6,) f32");
  const AnyTensor column = counted({4, 6}, "x").transpose().select(0, 2);
  CHECK(column.byte_length() == (3 * 6 + 1) * 4);
  CHECK(to_string(column) == "Tensor 'x' (4,) f32, view, shared, strides (6,)");
  CHECK_THROWS_WITH_AS(column.host<float>(),
                       "host view of 'x': (4,) with strides (6,) is not contiguous", ShapeError);
  CHECK_THROWS_WITH_AS(column.select(0, 4), "select: index 4 is not in axis 0 of (4,)", ShapeError);
  const AnyTensor last = column.select(0, -1);
  CHECK(last.host<float>()[0] == 20);
}

TEST_CASE("a broadcast view is read-only") {
  const AnyTensor row = counted({1, 3}, "bias").broadcast({4, 3});
  CHECK(row.is_read_only());
  CHECK_FALSE(row.is_contiguous());
  CHECK_THROWS_WITH_AS(row.host_bytes_mutable(), "host view of 'bias': it is read-only",
                       StorageError);
}

TEST_CASE("another element type is a typed error") {
  const AnyTensor x = counted({2}, "x");
  CHECK_THROWS_WITH_AS(x.host<f16>(), "host view of 'x' as f16: it is f32", DTypeError);
  CHECK_THROWS_WITH_AS(
      AnyTensor::dedicated(device(), {256}, DType::q8_k, StorageMode::shared, "w"),
      ("w (256,) q8_k: unsupported dtype q8_k; supported: " + supported_dtypes()).c_str(),
      DTypeError);
}

TEST_CASE("private storage is never seen by the host, only copied") {
  CommandStream stream(device());
  const AnyTensor kv =
      AnyTensor::dedicated(device(), {1000}, DType::f32, StorageMode::private_, "kv_cache");
  CHECK_THROWS_WITH_AS(kv.host<float>(),
                       "host view of 'kv_cache': its storage is private to the GPU; use "
                       ".copy_to_host()",
                       StorageError);
  CHECK_THROWS_WITH_AS(kv.host_bytes("numpy view"),
                       "numpy view of 'kv_cache': its storage is private to the GPU; use "
                       ".copy_to_host()",
                       StorageError);
  std::vector<float> values(1000);
  std::iota(values.begin(), values.end(), 0.5f);
  kv.copy_from_host(stream, std::as_bytes(std::span(values)));
  const std::vector<std::byte> back = kv.copy_to_host(stream);
  CHECK(std::memcmp(back.data(), values.data(), back.size()) == 0);
  const std::vector<std::byte> part = kv.slice(0, 10, 12).copy_to_host(stream);
  CHECK(unsafe::load<float>(part, 4) == 11.5f);
  CHECK_THROWS_WITH_AS(kv.copy_from_host(stream, part),
                       "copy_from_host to kv_cache (1000,) f32: 8 bytes given, it has 4000",
                       ShapeError);
}

TEST_CASE("block tensors are cut between blocks only") {
  const AnyTensor w =
      AnyTensor::dedicated(device(), {8, 64}, DType::q4_1, StorageMode::shared, "w");
  CHECK(w.byte_length() == 8 * 2 * 20);
  const AnyTensor rows = w.slice(0, 2, 4);
  CHECK(rows.byte_offset() == 2 * 2 * 20);
  CHECK(rows.host<q4_1>().size() == 4);
  const AnyTensor half = w.slice(1, 32, 64);
  CHECK(half.byte_offset() == 20);
  CHECK(half.byte_length() == 7 * 40 + 20);
  CHECK(w.reshape({4, 128}).extents() == Extents{4, 128});
  CHECK_THROWS_WITH_AS(w.slice(1, 16, 48),
                       "slice to (8, 32) of q4_1: the innermost dimension must stay innermost, in "
                       "whole blocks of 32",
                       DTypeError);
  CHECK_THROWS_AS(w.transpose(), DTypeError);
  CHECK_THROWS_AS(w.reshape({32, 16}), DTypeError);
  CHECK_THROWS_AS(w.select(1, 0), DTypeError);
}

TEST_CASE("borrowed host memory is shared, not copied, at any address") {
  bool dropped = false;
  struct Owner {
    explicit Owner(bool& flag) : flag(flag) {}
    ~Owner() { flag = true; }
    bool& flag;
  };
  std::vector<float> values(5000, 1.0f);
  const std::span<float> middle = std::span(values).subspan(3, 4096);
  {
    const AnyTensor x = AnyTensor::borrowed(
        device(), unsafe::HostMemory::writable(std::as_writable_bytes(middle)),
        KeepAlive::of(std::make_shared<Owner>(dropped), "vector"), {64, 64}, DType::f32, "x");
    CHECK(x.mode() == StorageMode::borrowed);
    CHECK(x.host<float>().data() == middle.data());
    values[3] = 7;
    CHECK(x.host<float>()[0] == 7);
    CHECK_FALSE(dropped);
  }
  CHECK(dropped);
  const std::vector<float> constant(16, 2.0f);
  const AnyTensor c = AnyTensor::borrowed(
      device(), unsafe::HostMemory::read_only(std::as_bytes(std::span(constant))), {}, {16},
      DType::f32, "c");
  CHECK(c.is_read_only());
  CHECK_THROWS_WITH_AS(c.host_mutable<float>(), "host view of 'c': it is read-only", StorageError);
  const auto bytes = unsafe::HostMemory::writable(std::as_writable_bytes(middle));
  CHECK_THROWS_WITH_AS(AnyTensor::borrowed(device(), bytes, {}, {5000}, DType::f32, "x"),
                       "x (5000,) f32 needs 20000 bytes, the host memory has 16384", ShapeError);
  CHECK_THROWS_WITH_AS(
      AnyTensor::borrowed(device(),
                          unsafe::HostMemory::writable(std::as_writable_bytes(middle).subspan(2)),
                          {}, {16}, DType::f32, "x"),
      "x (16,) f32: the host address is 2 modulo 4, f32 needs 0", StorageError);
}

TEST_CASE("pooled tensors lease from their arena under their own description") {
  Arena arena(device(), {"activations", StorageMode::shared, 1 << 16, 0});
  AnyTensor y = AnyTensor::pooled(arena, {14336}, DType::f16, "y");
  CHECK(y.storage() == StorageKind::pooled);
  const AnyTensor view = y.slice(0, 0, 10);
  y = AnyTensor();
  CHECK_THROWS_WITH_AS(arena.reset(),
                       "cannot reset arena 'activations': 1 lease held (y (14336,) f16 by a view)",
                       ArenaInUseError);
  CHECK(view.named("z").describe() == "z (10,) f16");
}
