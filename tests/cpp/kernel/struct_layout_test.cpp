#include <doctest/doctest.h>

#include <array>
#include <cstddef>

#include "foundry/kernel/struct_layout.hpp"

using namespace foundry;

namespace {
struct MixedParams {
  std::uint8_t flag;
  std::uint32_t count;
  f16 half_value;
  std::array<float, 3> scales;
  std::uint64_t big;
  bool last;
};
struct OneParams {
  float only;
};
enum class Mode : std::uint8_t { off, on };
enum Plain : std::uint32_t { kPlain };
struct ArrayParams {
  f16 first[3];
  Mode mode;
  float weights[5];
  std::array<std::uint16_t, 2> pairs;
  Packed<float, 3> colour;
  Plain plain;
  Packed<f16, 2> points[4];
  f16 last;
};
struct OneArrayParams {
  float weights[7];
};
}  // namespace

TEST_CASE("a parameter struct's layout is read from its type") {
  const StructLayout& layout = struct_layout<MixedParams>();
  CHECK(layout.name == "MixedParams");
  CHECK(layout.size == sizeof(MixedParams));
  CHECK(layout.alignment == alignof(MixedParams));
  REQUIRE(layout.members.size() == 6);
  const std::array names{"flag", "count", "half_value", "scales", "big", "last"};
  const std::array types{DType::u8, DType::u32, DType::f16, DType::f32, DType::u64, DType::bool_};
  const std::array offsets{offsetof(MixedParams, flag),       offsetof(MixedParams, count),
                           offsetof(MixedParams, half_value), offsetof(MixedParams, scales),
                           offsetof(MixedParams, big),        offsetof(MixedParams, last)};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(layout.members[i].name == names[i]);
    CHECK(layout.members[i].type == types[i]);
    CHECK(layout.members[i].offset == offsets[i]);
    CHECK(layout.members[i].count == (i == 3 ? 3 : 0));
  }
}

TEST_CASE("C arrays, enumerations and packed vectors are members like any other") {
  const StructLayout& layout = struct_layout<ArrayParams>();
  const std::vector<StructMember> expected{
      {"first", DType::f16, 3, offsetof(ArrayParams, first)},
      {"mode", DType::u8, 0, offsetof(ArrayParams, mode)},
      {"weights", DType::f32, 5, offsetof(ArrayParams, weights)},
      {"pairs", DType::u16, 2, offsetof(ArrayParams, pairs)},
      {"colour", DType::f32, 0, offsetof(ArrayParams, colour), 3},
      {"plain", DType::u32, 0, offsetof(ArrayParams, plain)},
      {"points", DType::f16, 4, offsetof(ArrayParams, points), 2},
      {"last", DType::f16, 0, offsetof(ArrayParams, last)}};
  CHECK(layout.members == expected);
  CHECK(layout.size == sizeof(ArrayParams));
  CHECK(struct_layout<OneArrayParams>().members ==
        std::vector<StructMember>{{"weights", DType::f32, 7, 0}});
}

TEST_CASE("a layout made at run time equals the one of the type") {
  const StructLayout& typed = struct_layout<MixedParams>();
  CHECK(StructLayout::packed_like_c("MixedParams", typed.members) == typed);
  CHECK(struct_layout<OneParams>().members.front().name == "only");
}

TEST_CASE("the MSL definition asserts size, alignment and every offset") {
  struct ScaledAddParams {
    std::uint32_t count;
    float alpha;
  };
  CHECK(struct_layout<ScaledAddParams>().msl() ==
        "struct ScaledAddParams {\n  uint count;\n  float alpha;\n};\n"
        "static_assert(sizeof(ScaledAddParams) == 8 && alignof(ScaledAddParams) == 4, "
        "\"ScaledAddParams: size and alignment as on the host\");\n"
        "static_assert(__builtin_offsetof(ScaledAddParams, count) == 0, "
        "\"ScaledAddParams::count: offset as on the host\");\n"
        "static_assert(__builtin_offsetof(ScaledAddParams, alpha) == 4, "
        "\"ScaledAddParams::alpha: offset as on the host\");\n");
}
