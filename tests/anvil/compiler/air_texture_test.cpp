// Textures and samplers in what Apple's compiler has compiled, written as it writes it.
#include <cstring>

#include "air.hpp"
#include "anvil/abi/texture_abi.h"
#include "compiler.hpp"

using compiler_test::AirText;
using compiler_test::bitcode;
using compiler_test::buffer;
using compiler_test::input;
using compiler_test::Output;
using compiler_test::Session;

namespace {

constexpr uint32_t kWidth = 8, kHeight = 4;

/// 32 texels of four floats, at address `texels`.
AnvilTexture image(const void* texels, uint32_t width = kWidth, uint32_t height = kHeight,
                   uint32_t slices = 1) {
  AnvilTexture texture{};
  texture.levels = texture.samples = 1;
  texture.slices = slices;
  texture.layout = ANVIL_TEXEL_32X4;
  texture.kind = ANVIL_TEXEL_FLOAT;
  for (unsigned& bits : texture.bits) bits = 32;
  texture.shortcut = ANVIL_SHORTCUT_RGBA32_FLOAT;
  AnvilTextureLevel& level = texture.level[0];
  level.texels = reinterpret_cast<uintptr_t>(texels);
  level.row_bytes = width * 16;
  level.slice_bytes = static_cast<uint64_t>(width) * height * 16;
  level.width = width;
  level.height = height;
  level.depth = 1;
  return texture;
}

std::string texture(unsigned position, unsigned index, const std::string& access,
                    const std::string& type, unsigned count = 1) {
  return "!{i32 " + std::to_string(position) + ", !\"air.texture\", !\"air.location_index\", i32 " +
         std::to_string(index) + ", i32 " + std::to_string(count) + ", !\"air." + access +
         "\", !\"air.arg_type_name\", !\"" + type + "\", !\"air.arg_name\", !\"image" +
         std::to_string(index) + "\"}";
}
std::string sampler(unsigned position) {
  return "!{i32 " + std::to_string(position) +
         ", !\"air.sampler\", !\"air.location_index\", i32 0, i32 1, !\"air.arg_type_name\", "
         "!\"sampler\", !\"air.arg_name\", !\"s\"}";
}

/// out[i] = CODE(%image, %s), text that computes <4 x float> %r from i32 %x and %y, the texel that
/// is i'th.
AirText on_texels(const std::string& declarations, const std::string& code,
                  const std::string& access = "sample",
                  const std::string& type = "texture2d<float, sample>") {
  return {declarations + R"(
define void @f(ptr addrspace(1) %image, ptr addrspace(2) %s, ptr addrspace(1) %out, i32 %i) {
  %x = and i32 %i, 7
  %y = lshr i32 %i, 3
)" + code + R"(
  %j = zext i32 %i to i64
  %q = getelementptr inbounds <4 x float>, ptr addrspace(1) %out, i64 %j
  store <4 x float> %r, ptr addrspace(1) %q
  ret void
}
)",
          texture(0, 0, access, type) + ", " + sampler(1) + ", " + buffer(2, 0, "float4", 16) +
              ", " + input(3, "thread_position_in_grid", "uint")};
}

Output compile(Session& session, const AirText& text) {
  compiler_test::write(session.path("air"), bitcode(text));
  const Output library =
      compiler_test::run_compiler({"library", "--air", session.path("air"), "--name", "test",
                                   "--output", session.path("library")});
  return library.exit_code == 0 ? session.kernel("f") : library;
}

std::vector<float> run(const AirText& text, const AnvilTexture& texture, uint64_t sampler = 0) {
  Session session;
  const Output compiled = compile(session, text);
  REQUIRE_MESSAGE(compiled.exit_code == 0, compiled.errors);
  std::vector<float> out(4 * 32);
  session.run({out.data()}, {32, 1, 1}, {32, 1, 1},
              {reinterpret_cast<uintptr_t>(&texture), sampler});
  return out;
}

std::vector<float> counted(size_t count) {
  std::vector<float> texels(count);
  for (size_t i = 0; i < count; ++i) texels[i] = static_cast<float>(i);
  return texels;
}

// The middle of a texel, of 0 to 1.
const std::string kMiddle = R"(
  %fx = uitofp i32 %x to float
  %fy = uitofp i32 %y to float
  %hx = fadd float %fx, 0.5
  %hy = fadd float %fy, 0.5
  %u = fdiv float %hx, 8.0
  %v = fdiv float %hy, 4.0
  %c0 = insertelement <2 x float> undef, float %u, i64 0
  %c = insertelement <2 x float> %c0, float %v, i64 1
)";
const std::string kPlace = R"(
  %p0 = insertelement <2 x i32> undef, i32 %x, i64 0
  %p = insertelement <2 x i32> %p0, i32 %y, i64 1
)";

}  // namespace

TEST_CASE("a texture is read by its texels, and told of") {
  const std::vector<float> texels = counted(4 * 32);
  const auto read = run(on_texels(R"(
declare { <4 x float>, i8 } @air.read_texture_2d.v4f32(ptr addrspace(1), <2 x i32>, i32, i32)
declare i32 @air.get_width_texture_2d(ptr addrspace(1), i32)
declare i32 @air.get_num_mip_levels_texture_2d(ptr addrspace(1))
)",
                                  kPlace + R"(
  %t = call { <4 x float>, i8 } @air.read_texture_2d.v4f32(ptr addrspace(1) %image, <2 x i32> %p, i32 0, i32 0)
  %value = extractvalue { <4 x float>, i8 } %t, 0
  %w = call i32 @air.get_width_texture_2d(ptr addrspace(1) %image, i32 0)
  %l = call i32 @air.get_num_mip_levels_texture_2d(ptr addrspace(1) %image)
  %n = shl i32 %l, 8
  %both = or i32 %n, %w
  %number = uitofp i32 %both to float
  %r = insertelement <4 x float> %value, float %number, i64 3
)",
                                  "read", "texture2d<float, read>"),
                        image(texels.data()));
  for (size_t i = 0; i < texels.size(); ++i)
    CHECK(read[i] == (i % 4 == 3 ? 256 + kWidth : texels[i]));
}

TEST_CASE("a texture is sampled, with level and offset") {
  const std::vector<float> texels = counted(4 * 32);
  const auto sampled = [&](const std::string& offset, const std::string& is_level) {
    return run(on_texels(R"(
declare { <4 x float>, i8 } @air.sample_texture_2d.v4f32(ptr addrspace(1), ptr addrspace(2), <2 x float>, i1, <2 x i32>, i1, float, float, i32)
)",
                         kMiddle + R"(
  %t = call { <4 x float>, i8 } @air.sample_texture_2d.v4f32(ptr addrspace(1) %image, ptr addrspace(2) %s, <2 x float> %c, i1 true, <2 x i32> )" +
                             offset + ", i1 " + is_level + R"(, float 0.0, float 0.0, i32 0)
  %r = extractvalue { <4 x float>, i8 } %t, 0
)"),
               image(texels.data()));
  };
  CHECK(sampled("zeroinitializer", "false") == texels);
  CHECK(sampled("zeroinitializer", "true") == texels);
  // The row below; the last one is its own (clamped to the edge).
  const auto below = sampled("<i32 0, i32 1>", "false");
  for (size_t i = 0; i < texels.size(); ++i)
    CHECK(below[i] == texels[i + 32 < texels.size() ? i + 32 : i]);
}

TEST_CASE("a texture is gathered, and an array has slices") {
  std::vector<float> texels = counted(2 * 4 * 32);
  const auto green = run(on_texels(R"(
declare { <4 x float>, i8 } @air.gather_texture_2d.v4f32(ptr addrspace(1), ptr addrspace(2), <2 x float>, i1, <2 x i32>, i32, i32)
)",
                                   R"(
  %t = call { <4 x float>, i8 } @air.gather_texture_2d.v4f32(ptr addrspace(1) %image, ptr addrspace(2) %s, <2 x float> <float 0.25, float 0.5>, i1 true, <2 x i32> zeroinitializer, i32 1, i32 0)
  %r = extractvalue { <4 x float>, i8 } %t, 0
)"),
                         image(texels.data()));
  // Texels (1, 2), (2, 2), (2, 1), (1, 1) of the image, anticlockwise from below left.
  const std::vector<float> expected{4 * 17 + 1, 4 * 18 + 1, 4 * 10 + 1, 4 * 9 + 1};
  CHECK(std::vector(green.begin(), green.begin() + 4) == expected);

  const auto second = run(on_texels(R"(
declare { <4 x float>, i8 } @air.sample_texture_2d_array.v4f32(ptr addrspace(1), ptr addrspace(2), <2 x float>, i32, i1, <2 x i32>, i1, float, float, i32)
)",
                                    kMiddle + R"(
  %t = call { <4 x float>, i8 } @air.sample_texture_2d_array.v4f32(ptr addrspace(1) %image, ptr addrspace(2) %s, <2 x float> %c, i32 1, i1 true, <2 x i32> zeroinitializer, i1 false, float 0.0, float 0.0, i32 0)
  %r = extractvalue { <4 x float>, i8 } %t, 0
)",
                                    "sample", "texture2d_array<float, sample>"),
                          image(texels.data(), kWidth, kHeight, 2));
  CHECK(second == std::vector(texels.begin() + 128, texels.end()));
}

TEST_CASE("a texture is written") {
  std::vector<float> texels(4 * 32);
  run(on_texels("declare void @air.write_texture_2d.v4f32(ptr addrspace(1), <2 x i32>, "
                "<4 x float>, i32, i32)\n",
                kPlace + R"(
  %n = uitofp i32 %i to float
  %r = insertelement <4 x float> <float 1.0, float 2.0, float 3.0, float 4.0>, float %n, i64 0
  call void @air.write_texture_2d.v4f32(ptr addrspace(1) %image, <2 x i32> %p, <4 x float> %r, i32 0, i32 0)
)",
                "write", "texture2d<float, write>"),
      image(texels.data()));
  for (size_t i = 0; i < 32; ++i) {
    CHECK(texels[4 * i] == static_cast<float>(i));
    CHECK(texels[4 * i + 3] == 4);
  }
}

TEST_CASE("textures and samplers are reflected as a source's") {
  Session session;
  REQUIRE(
      compile(session, on_texels("", "  %r = fadd <4 x float> zeroinitializer, zeroinitializer"))
          .exit_code == 0);
  const auto reflection = session.reflection();
  const auto& arguments = *reflection.getArray("arguments");
  const auto& first = *arguments[0].getAsObject();
  CHECK(*first.getString("kind") == "texture");
  CHECK(*first.getString("texture") == "texture2d");
  CHECK(*first.getString("type") == "float");
  CHECK(*first.getString("access") == "read");
  const auto& second = *arguments[1].getAsObject();
  CHECK(*second.getString("kind") == "sampler");
  CHECK(*second.getInteger("slot") == 1);
}

TEST_CASE("what is not there of textures is refused by its name") {
  const std::string place = "test: error: in function 'f': ";
  Session session;
  AirText text = on_texels("", "  %r = fadd <4 x float> zeroinitializer, zeroinitializer");
  const size_t count = text.arguments.find("i32 0, i32 1");
  text.arguments.replace(count, 12, "i32 0, i32 4");
  CHECK(compile(session, text).errors ==
        place +
            "unsupported argument 'image0': an array of textures or samplers; supported: single "
            "ones\n");
  text = on_texels("@own = internal addrspace(2) constant i64 0\n",
                   "  %r = fadd <4 x float> zeroinitializer, zeroinitializer");
  text.body +=
      "!air.sampler_states = !{!800}\n!800 = !{!\"air.sampler_state\", ptr addrspace(2) @own}\n";
  CHECK(compile(session, text).errors ==
        place + "unsupported sampler of a function's own; supported: those that are arguments\n");
  text = on_texels("declare i32 @air.get_dream_texture_2d(ptr addrspace(1))\n", R"(
  %d = call i32 @air.get_dream_texture_2d(ptr addrspace(1) %image)
  %n = uitofp i32 %d to float
  %r = insertelement <4 x float> undef, float %n, i64 0
)");
  CHECK(compile(session, text)
            .errors.starts_with(place + "unsupported function 'air.get_dream_texture_2d'"));
}
