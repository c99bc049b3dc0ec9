// Every kind of argument that a kernel struct may have, run: what is described is what is bound.
#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace app {

using Half = f16;
using Input = In<Half>;  // an alias of a field type

struct Blend {
  /// Nested, with arrays and packed vectors.
  struct Params {
    std::uint32_t count;
    std::array<float, 3> factors;
    Packed<float, 3> colour;
    std::uint8_t shift;
    Packed<f16, 2> pair;
    std::array<Packed<std::int16_t, 4>, 2> rows;
    std::uint64_t big;
  };
  using Bound = Params;

  Input x;
  std::optional<In<float>> extra;
  InOut<foundry::f32> y;
  ThreadgroupMemory<float> scratch;
  Constant<std::uint32_t> repeat;
  Constant<bool> negate;
  float offset = 0.0f;
  Bound params;

  static constexpr auto source = msl(R"(
    const uint lane = thread_position_in_threadgroup.x;
    scratch[lane] = gid < params.count ? float(x[gid]) : 0.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (gid >= params.count) return;
    float value = scratch[lane] * params.factors[gid % 3] + float3(params.colour)[gid % 3] + offset;
    value += float(params.shift) + float(params.pair[gid % 2]) + float(params.rows[1][gid % 4]);
    value += float(params.big >> 32) + float(x_size - y_size);
    for (uint i = 0; i < repeat; ++i) value += has_extra ? extra[gid] : 1.0f;
    y[gid] = negate ? -value : value;
  )");
  DispatchConfig dispatch_config() const { return covering(params.count); }
};
FOUNDRY_KERNEL(Blend, x, extra, y, scratch, repeat, negate, offset, params);

namespace other {
struct Params {
  float count;
};
}  // namespace other

struct TwoParams {
  Out<f32> y;
  Blend::Params params;
  other::Params more;
  static constexpr auto source = msl("y[gid] = 0.0f;");
  DispatchConfig dispatch_config() const { return per_element(y.count()); }
};
FOUNDRY_KERNEL(TwoParams, y, params, more);

struct TwiceTheSame {
  Out<f32> y;
  other::Params first;
  other::Params second;
  static constexpr auto source = msl("if (gid < y_size) y[gid] = first.count - second.count;");
  DispatchConfig dispatch_config() const { return per_element(y.count()); }
};
FOUNDRY_KERNEL(TwiceTheSame, y, first, second);

}  // namespace app

TEST_CASE(
    "aliases, nested structs, arrays, packed vectors, optional buffers, views and constants") {
  Random random(81);
  const std::size_t count = 100;
  Values x, extra;
  // Views into larger buffers: their offsets reach the kernel.
  const auto inputs = random_tensor({3, count}, DType::f16, random, x);
  const auto extras = random_tensor({2, count}, DType::f32, random, extra);
  const auto memory = output({3, count}, DType::f32);
  const Values own(x.begin() + count, x.begin() + 2 * count);
  for (const bool with_extra : {false, true}) {
    for (const bool negate : {false, true}) {
      for (const std::uint32_t repeat : {0u, 2u}) {
        CAPTURE(with_extra);
        CAPTURE(negate);
        CAPTURE(repeat);
        app::Blend kernel;
        kernel.x = inputs.select(0, 1);
        if (with_extra) kernel.extra = extras.select(0, 1);
        kernel.y = memory.select(0, 1);
        kernel.scratch.elements = 256;
        kernel.repeat.value = repeat;
        kernel.negate.value = negate;
        kernel.offset = 0.25f;
        kernel.params = {count,
                         {1.0f, 2.0f, 3.0f},
                         {{10.0f, 20.0f, 30.0f}},
                         7,
                         {{f16(0.5f), f16(1.5f)}},
                         {{{{1, 2, 3, 4}}, {{-5, -6, -7, -8}}}},
                         std::uint64_t{9} << 32};
        runtime().run(kernel);
        const Values have = download(memory);
        Values want(count), got(have.begin() + count, have.begin() + 2 * count);
        for (std::size_t i = 0; i < count; ++i) {
          double value = own[i] * static_cast<double>(i % 3 + 1) +
                         10.0 * static_cast<double>(i % 3 + 1) + 0.25 + 7.0 + (i % 2 ? 1.5 : 0.5) -
                         5.0 - static_cast<double>(i % 4) + 9.0;
          for (std::uint32_t r = 0; r < repeat; ++r) value += with_extra ? extra[count + i] : 1.0;
          want[i] = negate ? -value : value;
        }
        // A dozen float additions of numbers below 64.
        check_close(got, want, 0.0, 64.0 * 12 * 0x1p-24);
        CHECK(std::isnan(have[count - 1]));
        CHECK(std::isnan(have[2 * count]));
      }
    }
  }
}

TEST_CASE("the layout that both sides are held to") {
  const StructLayout& layout = struct_layout<app::Blend::Params>();
  CHECK(layout.name == "Params");
  CHECK(layout.size == sizeof(app::Blend::Params));
  const std::string msl = layout.msl();
  for (const char* line :
       {"  float factors[3];\n", "  packed_float3 colour;\n", "  packed_half2 pair;\n",
        "  packed_short4 rows[2];\n", "static_assert(__builtin_offsetof(Params, colour) == 16",
        "static_assert(__builtin_offsetof(Params, pair) == 30",
        "static_assert(__builtin_offsetof(Params, rows) == 34",
        "static_assert(__builtin_offsetof(Params, big) == 56"}) {
    CAPTURE(line);
    CHECK(msl.find(line) != msl.npos);
  }
  CHECK(offsetof(app::Blend::Params, big) == 56);
  CHECK(StructLayout::packed_like_c("Params", layout.members) == layout);
}

TEST_CASE("two structs of one name are one if they are alike, and refused if not") {
  const auto y = runtime().alloc<f32>({4});
  runtime().run(app::TwiceTheSame{y, {5.0f}, {2.0f}});
  CHECK(y.host()[3] == 3.0f);
  CHECK_THROWS_WITH_AS(runtime().run(app::TwoParams{y, {}, {}}),
                       "two_params: argument 'more' is another Params than an argument before it; "
                       "MSL has one struct of a name",
                       ArgumentError);
}
