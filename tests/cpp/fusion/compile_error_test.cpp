// A compile error in a fused kernel names the stage, its file and line, whatever kind of stage it
// is.
#include <functional>

#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

std::string error_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const KernelCompileError& error) {
    return error.what();
  }
  return "it compiled";
}

/// The message's beginning, and the compiler's own words in it.
void check_error(const std::string& text, const std::string& start, const char* words) {
  CAPTURE(text);
  CHECK(text.starts_with(start));
  CHECK(text.find(words) != text.npos);
}

ops::Linear product(DType dtype = DType::f16) {
  Random random(71);
  Values ignored;
  if (!is_block(dtype)) {
    return {random_tensor({64, 32}, dtype, random, ignored), {}, {}, {}, {}};
  }
  return {runtime().empty({64, 32}, dtype), {}, {}, {}, {}};
}

void run_with(const char* name, const std::optional<Stage>& prologue, const ops::Linear& main,
              const std::optional<Stage>& stage, std::size_t tokens = 1) {
  FusedKernelBuilder kernel(name);
  if (prologue) kernel.prologue(*prologue);
  kernel.main(main);
  if (stage) kernel.epilogue(*stage);
  const bool heads = stage && is_head_stage(*stage->type);
  const auto y = heads ? output({1, 2, 32}, DType::f32) : output({tokens, 64}, DType::f32);
  runtime().run(kernel.build(output({tokens, 32}, DType::f32), y));
}

constexpr StageType kPrologue{
    .kind = StageKind::prologue, .name = "BadPrologue", .file = "stages/bad_prologue.metal"};
constexpr StageType kEpilogue{
    .kind = StageKind::epilogue, .name = "BadEpilogue", .file = "stages/bad_epilogue.metal"};
constexpr StageType kTurn{
    .kind = StageKind::head_turn, .name = "BadTurn", .file = "stages/bad_turn.metal"};

}  // namespace

TEST_CASE("a prologue") {
  register_shader("stages/bad_prologue.metal",
                  "#include \"lib/prologue.metal\"\n"
                  "template <class X> struct BadPrologue {\n"
                  "  device const X* x;\n"
                  "  uint columns;\n"
                  "  float scale(uint, uint) const { return nothing; }\n"
                  "  float at(uint, uint k, float) const { return float(x[k]); }\n"
                  "};\n");
  for (const std::size_t tokens : {1, 3}) {
    check_error(error_of([&] {
                  run_with("p", Stage{.type = &kPrologue}, product(), std::nullopt, tokens);
                }),
                "fused kernel p, stage bad_prologue (stages/bad_prologue.metal:5): ", "nothing");
  }
}

TEST_CASE("an epilogue") {
  register_shader("stages/bad_epilogue.metal",
                  "#include \"lib/epilogue.metal\"\n\nstruct BadEpilogue {\n"
                  "  float apply(float value, uint, uint, uint) const { return value + nothing; }\n"
                  "};\n");
  for (const std::size_t tokens : {1, 3}) {
    check_error(error_of([&] {
                  run_with("e", std::nullopt, product(), Stage{.type = &kEpilogue}, tokens);
                }),
                "fused kernel e, stage bad_epilogue (stages/bad_epilogue.metal:4): ", "nothing");
  }
}

TEST_CASE("a head stage") {
  register_shader("stages/bad_turn.metal",
                  "#include \"lib/heads.metal\"\n\nstruct BadTurn {\n"
                  "  float2 apply(float2 pair, uint, uint, uint) const {\n"
                  "    return pair * nothing;\n  }\n};\n");
  check_error(error_of([&] { run_with("h", std::nullopt, product(), Stage{.type = &kTurn}); }),
              "fused kernel h, stage bad_turn (stages/bad_turn.metal:5): ", "nothing");
}

TEST_CASE("a policy, and a main stage that a policy does not serve") {
  // Formats that have no policy of the library's.
  register_shader("policies/q8_1.metal",
                  "#include \"lib/policy.metal\"\n"
                  "struct Q8_1Block { uchar codes[36]; };\n"
                  "template <uint Width> struct Bad {\n"
                  "  using Block = Q8_1Block;\n"
                  "  FOUNDRY_CONSTANT uint kBlock = 32;\n"
                  "  static uint position(uint lane, uint j) { return nothing; }\n"
                  "};\n");
  static const PolicyRegistration bad(
      {.dtype = DType::q8_1, .name = "Bad", .file = "policies/q8_1.metal", .wide = 1, .narrow = 1});
  check_error(error_of([&] { run_with("w", std::nullopt, product(DType::q8_1), std::nullopt); }),
              "fused kernel w, policy q8_1 (policies/q8_1.metal:6): ", "nothing");

  register_shader("policies/own17.metal",
                  "#include \"lib/policy.metal\"\n"
                  "struct OWN17Block { uchar codes[17]; };\n"
                  "template <uint Width> struct HalfDone {\n"
                  "  using Block = OWN17Block;\n"
                  "  FOUNDRY_CONSTANT uint kBlock = 32;\n"
                  "  static uint position(uint lane, uint j) { return lane * Width + j; }\n"
                  "};\n");
  const DType own17 = register_dtype({.name = "own17", .block_elements = 32, .block_bytes = 17});
  static const PolicyRegistration half_done(
      {.dtype = own17, .name = "HalfDone", .file = "policies/own17.metal", .wide = 1, .narrow = 1});
  for (const std::size_t tokens : {1, 9}) {
    const std::string text =
        error_of([&] { run_with("m", std::nullopt, product(own17), std::nullopt, tokens); });
    // Anvil's CPU reads any policy through value(); the stage that asks for it is in the notes.
    CAPTURE(text);
    CHECK(text.starts_with("kernel m (lib/policy.metal:"));
    CHECK(text.find(tokens == 1 ? "stages/gemv.metal:" : "stages/gemm.metal:") != text.npos);
    CHECK(text.find("HalfDone<1>") != text.npos);
  }
}

namespace {
struct BadBody {
  InOut<f32> x;
  static constexpr auto source = msl(R"(
    const float fine = 1.0f;
    x[gid] = fine + nothing;
  )");
  static constexpr unsigned kLine = __LINE__ - 2;
  DispatchConfig dispatch_config() const { return per_element(x.count()); }
};
FOUNDRY_KERNEL(BadBody, x);
}  // namespace

TEST_CASE("a kernel struct of one's own") {
  const auto x = runtime().alloc<f32>({8});
  const std::string place = concat("compile_error_test.cpp:", BadBody::kLine, "): ");
  const std::string text = error_of([&] { runtime().run(BadBody{x}); });
  CAPTURE(text);
  CHECK(text.starts_with("kernel bad_body ("));
  CHECK(text.find(place) != text.npos);
  CHECK(text.find("nothing") != text.npos);
}
