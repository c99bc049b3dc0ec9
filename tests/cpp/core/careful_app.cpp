// What an app instantiates, compiled with the warnings that careful projects turn on.
#include <foundry/foundry.hpp>

using namespace foundry;

namespace app {

enum class Mode : std::uint32_t { plain, shifted };

struct ShiftParams {
  std::uint32_t count;
  float weights[3];
  std::array<std::uint16_t, 2> window;
  Packed<float, 3> colour;
  Mode mode;
};

struct Shift {
  In<f16> x;
  std::optional<In<f32>> bias;
  InOut<f16, Shared, Rank<1>> y;
  ThreadgroupMemory<float> scratch;
  Constant<std::uint32_t> width;
  Scalar<f32> step;
  Mode mode = Mode::plain;
  ShiftParams params;

  static constexpr auto source = msl("if (gid < params.count) y[gid] = x[gid];");
  DispatchConfig dispatch_config() const { return per_element(params.count); }
};
FOUNDRY_KERNEL(Shift, x, bias, y, scratch, width, step, mode, params);

float run(Foundry& foundry) {
  const auto x = foundry.alloc<f16, Shape<32, 64>>("x");
  const auto y = foundry.alloc<f16>({2048}, "y");
  const auto rows = x.reshape<Shape<2048>>();
  foundry.run(Shift{rows, {}, y.as<Rank<1>>(), {64}, {4}, 0.5f, Mode::shifted, {}});
  Program program = foundry.record([&] { foundry.run(ops::Add{rows, y, y}); });
  program.replay({{"step", 2}});
  return static_cast<float>(y.host()[0]);
}

}  // namespace app
