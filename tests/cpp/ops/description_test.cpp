#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "foundry/core/value_text.hpp"
#include "foundry/ops/operands.hpp"
#include "foundry/ops/operation_text.hpp"
#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace app {

struct BlendSettings {
  float share = 0.5f;
  Scalar<std::uint32_t> start = {};

  static constexpr auto fields = std::tuple(ops::setting<&BlendSettings::share>("of a"),
                                            ops::setting<&BlendSettings::start>("of the rows"));
};

/// An operation of an app's own.
struct Blend {
  AnyTensor a;
  AnyTensor mask = {};
  BlendSettings settings;
  AnyTensor y;

  static constexpr auto description = ops::operation(
      "y = share a.", ops::read<&Blend::a>(ops::Elements::floats, "any shape"),
      ops::write<&Blend::y>(ops::Elements::plain, "a's size").may_be<&Blend::a>(), ops::ByName{},
      ops::optional_read<&Blend::mask>(ops::Elements::floats, "a's size").as("hides"),
      ops::inside<&Blend::settings>(BlendSettings::fields));
};

}  // namespace app

using app::Blend;

TEST_CASE("an operation's description has its names, order and rules") {
  CHECK(std::string(ops::kName<Blend>) == "Blend");
  std::string names;
  ops::for_each_field<Blend>([&](const auto& field) { names += std::string(field.name) + " "; });
  CHECK(names == "a y hides share start ");
  CHECK(Blend::description.by_position == 2);
  CHECK(ops::documentation_of<Blend>() ==
        "y = share a.\n\n"
        "a: any shape; f32, f16 or bf16.\n"
        "y: a's size; any type but a block. It may be a.\n"
        "hides: optional; a's size; f32, f16 or bf16.\n"
        "share: of a.\n"
        "start: of the rows.");
}

TEST_CASE("an operation shows what it was given and is not the default") {
  Blend blend;
  CHECK(ops::to_string(blend) == "Blend()");
  blend.a = AnyTensor::dedicated(runtime().device(), {3}, DType::f32).named("a");
  blend.settings.share = 0.1f;
  blend.settings.start = Parameter("n") + 1;
  CHECK(ops::to_string(blend) == "Blend(a=a (3,) f32, share=0.1, start=n + 1)");
  ops::Attention attention;
  attention.form = ops::AttentionForm::decode;
  CHECK(ops::to_string(attention) == "Attention(form=decode)");
}

TEST_CASE("checks, traffic and in-place rules follow from the description") {
  const Device& device = runtime().device();
  Blend blend;
  CHECK_THROWS_WITH_AS(ops::require_operands(blend), "Blend: a is missing", ArgumentError);
  blend.a = AnyTensor::dedicated(device, {3}, DType::f16);
  blend.y = AnyTensor::dedicated(device, {3}, DType::u8);
  ops::require_operands(blend);
  CHECK(ops::traffic_of(blend) == Traffic{6, 3});
  blend.mask = AnyTensor::dedicated(device, {3}, DType::i32).named("m");
  CHECK_THROWS_WITH_AS(ops::require_operands(blend),
                       "Blend: hides takes f32, f16 or bf16, got m (3,) i32", DTypeError);

  KernelDescription kernel;
  kernel.name = "blend";
  kernel.arguments = {ArgumentDescription::buffer("a", Access::read, DType::f16),
                      ArgumentDescription::buffer("y", Access::write, DType::u8)};
  ops::allow_in_place<Blend>(kernel);
  CHECK(kernel.arguments[1].in_place == std::vector<std::string>{"a"});
}

TEST_CASE("numbers are written as Python writes them") {
  CHECK(value_text(true) == "True");
  CHECK(value_text(-3) == "-3");
  CHECK(value_text(0.1f) == "0.1");
  CHECK(value_text(10000.0f) == "10000.0");
  CHECK(value_text(500000.0f) == "500000.0");
  CHECK(value_text(1e-4f) == "0.0001");
  CHECK(value_text(1e-5f) == "1e-05");
  CHECK(value_text(1e15f) == "1000000000000000.0");
  CHECK(value_text(1e16f) == "1e+16");
  CHECK(value_text(-0.0) == "-0.0");
  CHECK(value_text(0.1) == "0.1");
  CHECK(value_text(1.0 / 3) == "0.3333333333333333");
  CHECK(value_text(std::numeric_limits<float>::infinity()) == "inf");
  CHECK(value_text(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(value_text(std::numeric_limits<float>::quiet_NaN()) == "nan");
}
