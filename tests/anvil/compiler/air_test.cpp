// Functions that Apple's compiler has compiled: read, described, run; and what is refused.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "air.hpp"
#include "compiler.hpp"

using compiler_test::AirText;
using compiler_test::bitcode;
using compiler_test::buffer;
using compiler_test::input;
using compiler_test::Output;
using compiler_test::Session;

namespace {

const std::string kIndex = "thread_position_in_grid";

/// out[i] = CODE(x), which is text that computes %r from x, i32 %i and i64 %j.
AirText on_each(const std::string& declarations, const std::string& from, const std::string& to,
                const std::string& code, const std::string& msl_from = "float",
                const std::string& msl_to = "float") {
  return {declarations + R"(
define void @f(ptr addrspace(1) %in, ptr addrspace(1) %out, i32 %i) {
  %j = zext i32 %i to i64
  %p = getelementptr inbounds )" +
              from + R"(, ptr addrspace(1) %in, i64 %j
  %x = load )" +
              from + R"(, ptr addrspace(1) %p
)" + code + R"(
  %q = getelementptr inbounds )" +
              to + R"(, ptr addrspace(1) %out, i64 %j
  store )" + to +
              R"( %r, ptr addrspace(1) %q
  ret void
}
)",
          buffer(0, 0, msl_from, 4) + ", " + buffer(1, 1, msl_to, 4) + ", " +
              input(2, kIndex, "uint")};
}

Output read(Session& session, const std::string& bytes) {
  compiler_test::write(session.path("air"), bytes);
  return compiler_test::run_compiler({"library", "--air", session.path("air"), "--name", "test",
                                      "--output", session.path("library")});
}

void compile(Session& session, const std::string& bytes,
             const std::vector<std::string>& options = {}) {
  const Output library = read(session, bytes);
  REQUIRE_MESSAGE(library.exit_code == 0, library.errors);
  const Output kernel = session.kernel("f", options);
  REQUIRE_MESSAGE(kernel.exit_code == 0, kernel.errors);
}

std::string refusal(const std::string& bytes) {
  Session session;
  const Output library = read(session, bytes);
  if (library.exit_code != 0) {
    CHECK(library.exit_code == 1);
    return library.errors;
  }
  const Output kernel = session.kernel("f");
  CHECK(kernel.exit_code == 1);
  return kernel.errors;
}

template <typename From, typename To = From>
std::vector<To> run(const AirText& text, std::vector<From> in) {
  Session session;
  compile(session, bitcode(text));
  in.resize(32);
  std::vector<To> out(32);
  session.run({in.data(), out.data()}, {32, 1, 1}, {32, 1, 1});
  return out;
}

}  // namespace

TEST_CASE("a function is read, listed and run") {
  const AirText text = on_each("", "i32", "i32", "  %r = mul i32 %x, 3", "uint", "uint");
  Session session;
  compile(session, bitcode(text));
  const auto index = compiler_test::read(session.path("library"));
  CHECK(index.starts_with(R"({"constants":[],"functions":[{"name":"f"}],"version":1})"));
  std::vector<uint32_t> in(32), out(32);
  for (uint32_t i = 0; i < 32; ++i) in[i] = i * i;
  session.run({in.data(), out.data()}, {32, 1, 1}, {32, 1, 1});
  for (uint32_t i = 0; i < 32; ++i) CHECK(out[i] == 3 * i * i);
}

TEST_CASE("Metal's functions are Anvil's") {
  const auto call = [](const std::string& name, const std::string& arguments,
                       const std::string& parameters) {
    return on_each("declare float @air." + name + "(" + parameters + ")", "float", "float",
                   "  %r = call float @air." + name + "(" + arguments + ")");
  };
  CHECK(run<float>(call("exp2.f32", "float %x", "float"), {3, -1})[0] == 8);
  CHECK(run<float>(call("fast_exp2.f32", "float %x", "float"), {3, -1})[1] == 0.5f);
  CHECK(run<float>(call("ldexp.f32", "float %x, i32 -3", "float, i32"), {3})[0] == 0.375f);
  CHECK(run<float>(call("fma.f32", "float %x, float %x, float 1.0", "float, float, float"),
                   {3})[0] == 10);
  CHECK(run<float>(call("simd_sum.f32", "float %x", "float"), {1, 2, 3})[31] == 6);
  CHECK(run<float>(call("simd_shuffle_xor.f32", "float %x, i16 1", "float, i16"), {1, 2})[0] == 2);
  CHECK(run<float>(call("fmin.f32", "float %x, float 2.0", "float, float"), {NAN})[0] == 2);

  const auto integers = [](const std::string& name, const std::string& arguments,
                           const std::string& parameters) {
    return on_each("declare i32 @air." + name + "(" + parameters + ")", "i32", "i32",
                   "  %r = call i32 @air." + name + "(" + arguments + ")", "int", "int");
  };
  CHECK(run<int>(integers("max.s.i32", "i32 %x, i32 -2", "i32, i32"), {-7})[0] == -2);
  CHECK(run<int>(integers("max.u.i32", "i32 %x, i32 2", "i32, i32"), {-7})[0] == -7);
  CHECK(run<int>(integers("clz.i32", "i32 %x, i1 false", "i32, i1"), {1})[0] == 31);
  CHECK(run<int>(integers("mul_hi.s.i32", "i32 %x, i32 -4", "i32, i32"), {1 << 30})[0] == -1);
  CHECK(run<int>(integers("extract_bits.u.i32", "i32 %x, i32 4, i32 8", "i32, i32, i32"),
                 {0x12345})[0] == 0x34);
  CHECK(run<int>(integers("rotate.i32", "i32 %x, i32 8", "i32, i32"), {0x01000002})[0] == 0x201);
  CHECK(run<int>(integers("add_sat.s.i32", "i32 %x, i32 9", "i32, i32"), {INT32_MAX})[0] ==
        INT32_MAX);

  const AirText votes = on_each(R"(
declare i1 @air.simd_any(i1)
declare i64 @air.simd_ballot.i64(i1))",
                                "i32", "i64", R"(
  %c = icmp eq i32 %x, 5
  %a = call i1 @air.simd_any(i1 %c)
  %b = call i64 @air.simd_ballot.i64(i1 %c)
  %r = select i1 %a, i64 %b, i64 -1)");
  CHECK(run<int, uint64_t>(votes, {5, 1, 5})[7] == 5);

  const AirText vectors = on_each(R"(
declare float @air.dot.v4f32(<4 x float>, <4 x float>)
declare <4 x float> @air.convert.f.v4f32.s.v4i8(<4 x i8>))",
                                  "<4 x i8>", "float", R"(
  %c = call <4 x float> @air.convert.f.v4f32.s.v4i8(<4 x i8> %x)
  %r = call float @air.dot.v4f32(<4 x float> %c, <4 x float> <float 1.0, float 2.0, float 3.0, float 4.0>))");
  CHECK(run<uint32_t, float>(vectors, {0xff020304})[0] == 4 + 6 + 6 - 4);
}

TEST_CASE("conversions are by kind and width") {
  const auto convert = [](const std::string& name, const std::string& to, const std::string& from) {
    return on_each("declare " + to + " @air.convert." + name + "(" + from + ")", from, to,
                   "  %r = call " + to + " @air.convert." + name + "(" + from + " %x)");
  };
  CHECK(run<int, float>(convert("f.f32.s.i32", "float", "i32"), {-3})[0] == -3);
  CHECK(run<int, float>(convert("f.f32.u.i32", "float", "i32"), {-1})[0] == 4294967296.0f);
  CHECK(run<float, int64_t>(convert("s.i64.f.f32", "i64", "float"), {-3.75f})[0] == -3);
  CHECK(run<float, uint16_t>(convert("f.bf16.f.f32", "bfloat", "float"), {1.00390625f})[0] ==
        0x3f80);  // halfway, to even
  const AirText to_bool = on_each("declare i1 @air.convert.u.i1.f.f32(float)", "float", "i8", R"(
  %b = call i1 @air.convert.u.i1.f.f32(float %x)
  %r = zext i1 %b to i8)");
  CHECK(run<float, uint8_t>(to_bool, {0.0f, -0.0f, 0.25f}) == [] {
    std::vector<uint8_t> is(32);
    is[2] = 1;
    return is;
  }());
}

TEST_CASE("atomics and what is coherent with the host reach memory") {
  const AirText text{R"(
declare i32 @air.atomic.global.add.u.i32(ptr addrspace(1), i32, i32, i32, i1)
declare i32 @air.atomic.global.cmpxchg.weak.i32(ptr addrspace(1), ptr, i32, i32, i32, i32, i1)
declare void @air.atomic.global.store.i32(ptr addrspace(1), i32, i32, i32, i1)
declare void @air.store.system_coherent.volatile.i32.p1i32(i32, ptr addrspace(1))
declare void @air.atomic.fence(i32, i32, i32)
define void @f(ptr addrspace(1) %out, i32 %i) {
  %expected = alloca i32
  store i32 0, ptr %expected
  %sum = call i32 @air.atomic.global.add.u.i32(ptr addrspace(1) %out, i32 %i, i32 0, i32 2, i1 true)
  %p1 = getelementptr i32, ptr addrspace(1) %out, i64 1
  %old = call i32 @air.atomic.global.cmpxchg.weak.i32(ptr addrspace(1) %p1, ptr %expected, i32 7, i32 0, i32 0, i32 2, i1 true)
  %p2 = getelementptr i32, ptr addrspace(1) %out, i64 2
  call void @air.atomic.global.store.i32(ptr addrspace(1) %p2, i32 9, i32 0, i32 2, i1 true)
  %p3 = getelementptr i32, ptr addrspace(1) %out, i64 3
  call void @air.store.system_coherent.volatile.i32.p1i32(i32 11, ptr addrspace(1) %p3)
  call void @air.atomic.fence(i32 1, i32 5, i32 3)
  %seen = load i32, ptr %expected
  %same = icmp eq i32 %seen, %old
  %lost = icmp eq i32 %old, 7
  %both = and i1 %same, %lost
  %count = zext i1 %both to i32
  %p4 = getelementptr i32, ptr addrspace(1) %out, i64 4
  call i32 @air.atomic.global.add.u.i32(ptr addrspace(1) %p4, i32 %count, i32 0, i32 2, i1 true)
  ret void
}
)",
                     buffer(0, 0, "uint", 4) + ", " + input(1, kIndex, "uint")};
  Session session;
  compile(session, bitcode(text));
  std::vector<uint32_t> out(5);
  session.run({out.data()}, {32, 1, 1}, {32, 1, 1});
  CHECK(out == std::vector<uint32_t>{31 * 32 / 2, 7, 9, 11, 31});
}

namespace {

// D = A B + 1 of three 8 x 8 matrices in a row, through each of the forms that addresses have.
std::string product(const std::string& load, const std::string& store) {
  return R"(
%matrix = type { <64 x float> }
declare <64 x float> @air.simdgroup_matrix_8x8_load.v64f32.p1f32(ptr addrspace(1), )" +
         load + R"()
declare <64 x float> @air.simdgroup_matrix_8x8_init_filled.v64f32.f32(float)
declare <64 x float> @air.simdgroup_matrix_8x8_multiply_accumulate.v64f32.v64f32.v64f32.v64f32(<64 x float>, <64 x float>, <64 x float>)
declare void @air.simdgroup_matrix_8x8_store.v64f32.p1f32(<64 x float>, ptr addrspace(1), )" +
         load + R"()
define void @f(ptr addrspace(1) %m, i32 %i) {
entry:
  %kept = alloca [2 x %matrix]
  %b = getelementptr float, ptr addrspace(1) %m, i64 64
  %d = getelementptr float, ptr addrspace(1) %m, i64 128
  %one = call <64 x float> @air.simdgroup_matrix_8x8_init_filled.v64f32.f32(float 1.0)
  %mb = call <64 x float> @air.simdgroup_matrix_8x8_load.v64f32.p1f32(ptr addrspace(1) %b, )" +
         store + R"()
  %second = getelementptr [2 x %matrix], ptr %kept, i64 0, i64 1
  store <64 x float> %mb, ptr %second
  br label %loop
loop:
  %n = phi i32 [ 0, %entry ], [ %next, %loop ]
  %sum = phi <64 x float> [ %one, %entry ], [ %more, %loop ]
  %old = phi <64 x float> [ undef, %entry ], [ %ma, %loop ]
  %ma = call <64 x float> @air.simdgroup_matrix_8x8_load.v64f32.p1f32(ptr addrspace(1) %m, )" +
         store + R"()
  %own = shufflevector <64 x float> %ma, <64 x float> poison, <2 x i32> <i32 0, i32 1>
  %half = fmul <2 x float> %own, <float 0.5, float 0.5>
  %wide = shufflevector <2 x float> %half, <2 x float> poison, <64 x i32> <i32 0, i32 1, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison, i32 poison>
  %again = load <64 x float>, ptr %second
  %more = call <64 x float> @air.simdgroup_matrix_8x8_multiply_accumulate.v64f32.v64f32.v64f32.v64f32(<64 x float> %wide, <64 x float> %again, <64 x float> %sum)
  %next = add i32 %n, 1
  %done = icmp eq i32 %next, 2
  br i1 %done, label %end, label %loop
end:
  %first = extractelement <64 x float> %more, i64 0
  %plus = fadd float %first, 0.0
  %result = insertelement <64 x float> %more, float %plus, i64 0
  call void @air.simdgroup_matrix_8x8_store.v64f32.p1f32(<64 x float> %result, ptr addrspace(1) %d, )" +
         store + R"()
  ret void
}
)";
}

}  // namespace

TEST_CASE("a simdgroup matrix is two elements a lane") {
  const std::string forms[][2] = {
      {"i64, <2 x i64>, i1", "i64 8, <2 x i64> zeroinitializer, i1 false"},
      {"<2 x i64>, <2 x i64>, <2 x i64>",
       "<2 x i64> <i64 8, i64 8>, <2 x i64> <i64 1, i64 8>, <2 x i64> zeroinitializer"}};
  for (const auto& [types, values] : forms) {
    const AirText text{product(types, values),
                       buffer(0, 0, "float", 4) + ", " + input(1, kIndex, "uint")};
    Session session;
    compile(session, bitcode(text));
    std::vector<float> m(192);
    for (int i = 0; i < 128; ++i) m[i] = static_cast<float>(i % 7 - i % 5);
    session.run({m.data()}, {32, 1, 1}, {32, 1, 1});
    for (int row = 0; row < 8; ++row)
      for (int column = 0; column < 8; ++column) {
        float sum = 1;
        for (int k = 0; k < 8; ++k) sum += m[row * 8 + k] * m[64 + k * 8 + column];
        CHECK(m[128 + row * 8 + column] == sum);
      }
  }
}

namespace {

const std::string kConstants = R"(
@_Z5width.MTL_FC_INIT_4_j = internal addrspace(2) externally_initialized constant i32 undef, section "air.fc_initializer", align 4
@_Z2on.MTL_FC_INIT_5_b = internal addrspace(2) externally_initialized constant i8 undef, section "air.fc_initializer", align 1
@derived = internal addrspace(2) global i32 undef, align 4
@given = internal addrspace(2) global i8 undef, align 1
@pred = internal addrspace(2) global i8 0, align 1
@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr null }]
@llvm.compiler.used = appending global [1 x ptr] [ptr addrspacecast (ptr addrspace(2) @pred to ptr)], section "llvm.metadata"
declare i8 @air.normalize_function_constant_predicate.i8(i8)
declare i1 @air.is_function_constant_defined(ptr addrspace(2))
define internal void @init() section "air.static_init" {
  %w = load i32, ptr addrspace(2) @_Z5width.MTL_FC_INIT_4_j
  %d = mul i32 %w, 3
  store i32 %d, ptr addrspace(2) @derived
  %is = call i1 @air.is_function_constant_defined(ptr addrspace(2) @_Z5width.MTL_FC_INIT_4_j)
  %byte = zext i1 %is to i8
  store i8 %byte, ptr addrspace(2) @given
  %on = load i8, ptr addrspace(2) @_Z2on.MTL_FC_INIT_5_b
  %p = call i8 @air.normalize_function_constant_predicate.i8(i8 %on)
  store i8 %p, ptr addrspace(2) @pred
  ret void
}
define void @f(ptr addrspace(1) %out, ptr addrspace(1) %extra, i32 %i) {
  %given = load i8, ptr addrspace(2) @given
  %is = icmp ne i8 %given, 0
  %d = load i32, ptr addrspace(2) @derived
  %r = select i1 %is, i32 %d, i32 -1
  %j = zext i32 %i to i64
  %q = getelementptr i32, ptr addrspace(1) %out, i64 %j
  store i32 %r, ptr addrspace(1) %q
  %on = load i8, ptr addrspace(2) @_Z2on.MTL_FC_INIT_5_b
  %c = icmp ne i8 %on, 0
  br i1 %c, label %yes, label %no
yes:
  store i32 1, ptr addrspace(1) %extra
  br label %no
no:
  ret void
}
!air.function_constants = !{!1, !2}
!1 = !{ptr addrspace(2) @_Z5width.MTL_FC_INIT_4_j, !"uint", !"width", i32 4, i1 false}
!2 = !{ptr addrspace(2) @_Z2on.MTL_FC_INIT_5_b, !"bool", !"on", i32 5, i1 true}
)";

const std::string kExtra =
    "!{i32 1, !\"air.function_constant\", !{ptr addrspace(2) @pred, !\"bool\", !\"on\"}, "
    "!\"air.buffer\", !\"air.location_index\", i32 9, i32 1, !\"air.read_write\", "
    "!\"air.address_space\", i32 1, !\"air.arg_type_size\", i32 4, !\"air.arg_type_align_size\", "
    "i32 4, !\"air.arg_type_name\", !\"int\", !\"air.arg_name\", !\"extra\"}";

int32_t with_constants(Session& session, const std::string& json) {
  compiler_test::write(session.path("constants"), json);
  compile(session,
          bitcode({kConstants,
                   buffer(0, 0, "int", 4) + ", " + kExtra + ", " + input(2, kIndex, "uint")}),
          {"--constants", session.path("constants")});
  std::vector<int32_t> out(32), extra(1);
  session.run({out.data(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
               extra.data()},
              {32, 1, 1}, {32, 1, 1});
  return out[31] + 1000 * extra[0];
}

}  // namespace

TEST_CASE("function constants, what is computed of them, and arguments that depend on one") {
  Session on, off;
  CHECK(with_constants(on, R"([{"index":4,"type":"uint","data":"05000000"},
                               {"index":5,"type":"bool","data":"01"}])") == 1015);
  CHECK(on.reflection().getArray("arguments")->size() == 2);
  CHECK(with_constants(off, R"([{"name":"on","type":"bool","data":"00"}])") == -1);
  CHECK(off.reflection().getArray("arguments")->size() == 1);
  const auto index = off.index();
  const auto& constants = *index.getArray("constants");
  REQUIRE(constants.size() == 2);
  CHECK(constants[0] ==
        llvm::json::Object{{"name", "width"}, {"index", 4}, {"type", "uint"}, {"required", false}});
}

TEST_CASE("a function constant without its value is an error that names it") {
  Session session;
  REQUIRE(read(session, bitcode({kConstants, buffer(0, 0, "int", 4) + ", " + kExtra + ", " +
                                                 input(2, kIndex, "uint")}))
              .exit_code == 0);
  const Output output = session.kernel("f");
  CHECK(output.exit_code == 1);
  CHECK(output.errors.find("in kernel 'f': function constant 'on' (index 5, type 'bool') is used "
                           "but has no value") != std::string::npos);
}

TEST_CASE("what metadata says is reflected") {
  const std::string structure =
      "!{i32 1, !\"air.buffer\", !\"air.buffer_size\", i32 32, !\"air.location_index\", i32 3, "
      "i32 1, !\"air.read\", !\"air.address_space\", i32 2, !\"air.struct_type_info\", "
      "!{i32 0, i32 4, i32 0, !\"uint\", !\"count\", !\"air.struct_type_info\", "
      "!{i32 0, i32 4, i32 0, !\"float\", !\"re\"}, i32 8, i32 4, i32 2, !\"mine::pair\", "
      "!\"pairs\", !\"air.struct_type_info\", !{i32 0, i32 4, i32 0, !\"uint\", !\"__s\"}, "
      "i32 16, i32 4, i32 0, !\"metal::_atomic\", !\"turns\"}, !\"air.arg_type_size\", i32 32, "
      "!\"air.arg_type_align_size\", i32 16, "
      "!\"air.arg_type_name\", !\"mine::Params\", !\"air.arg_name\", !\"params\"}";
  Session session;
  compile(session, bitcode({R"(
@shared = internal addrspace(3) global [65 x float] undef, align 4
define void @f(ptr addrspace(3) %t, ptr addrspace(2) %params, <3 x i16> %at) {
  %x = extractelement <3 x i16> %at, i64 0
  %j = zext i16 %x to i64
  %p = getelementptr float, ptr addrspace(3) @shared, i64 %j
  %c = load float, ptr addrspace(2) %params
  store float %c, ptr addrspace(3) %p
  %v = load float, ptr addrspace(3) @shared
  store float %v, ptr addrspace(3) %t
  ret void
}
)",
                            buffer(0, 2, "float", 4, 3) + ", " + structure + ", " +
                                input(2, "thread_position_in_threadgroup", "ushort3")}));
  const auto reflection = session.reflection();
  CHECK(*reflection.getInteger("static_memory") == 272);
  CHECK(*reflection.getInteger("max_threads") == 1024);
  const auto& arguments = *reflection.getArray("arguments");
  REQUIRE(arguments.size() == 2);
  CHECK(*arguments[0].getAsObject()->getString("kind") == "threadgroup");
  CHECK(*arguments[0].getAsObject()->getInteger("index") == 2);
  const auto& params = *arguments[1].getAsObject();
  CHECK(*params.getString("access") == "read");
  CHECK(*params.getString("address_space") == "constant");
  CHECK(*params.getObject("struct")->getString("name") == "Params");
  const auto& members = *params.getObject("struct")->getArray("members");
  REQUIRE(members.size() == 3);
  CHECK(*members[2].getAsObject()->getString("type") == "atomic_uint");
  const auto& pairs = *members[1].getAsObject();
  CHECK(*pairs.getString("type") == "pair[2]");
  CHECK(*pairs.getInteger("offset") == 8);
  CHECK(*pairs.getInteger("size") == 8);
  CHECK(*(*pairs.getArray("members"))[0].getAsObject()->getString("name") == "re");
}

TEST_CASE("what is stored beside a private array is stored nowhere") {
  // Threads store before the array, in it and behind it; all read its element 2.
  const AirText text = on_each("declare float @air.simd_sum.f32(float)", "i32", "i32", R"(
  %a = alloca [4 x i32]
  store [4 x i32] [i32 10, i32 20, i32 30, i32 40], ptr %a
  %from = sub i32 %i, 16
  br label %next
next:
  %k = phi i32 [ %from, %0 ], [ %l, %next ]
  %place = sext i32 %k to i64
  %element = getelementptr inbounds [4 x i32], ptr %a, i64 0, i64 %place
  store i32 %x, ptr %element
  %l = add i32 %k, 7
  %done = icmp sgt i32 %l, 300
  br i1 %done, label %end, label %next
end:
  %third = getelementptr inbounds [4 x i32], ptr %a, i64 0, i64 2
  %r = load i32, ptr %third)",
                               "int", "int");
  std::vector<int> in(32);
  for (int i = 0; i < 32; ++i) in[static_cast<size_t>(i)] = 100 + i;
  const auto out = run<int>(text, in);
  for (int i = 0; i < 32; ++i) {
    const bool met = i - 16 <= 2 && (2 - (i - 16)) % 7 == 0;
    CHECK(out[static_cast<size_t>(i)] == (met ? 100 + i : 30));
  }
}

TEST_CASE("what LLVM's own functions compute and nobody reads is dropped") {
  // Were the call one that may do something, LLVM would keep it without its operands, and crash.
  std::vector<float> in(32);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i) / 8;
  const auto out =
      run<float>(on_each("declare i32 @llvm.umin.i32(i32, i32)\n", "float", "float", R"(
  %c = fcmp ogt float %x, 1.0
  %s = select i1 %c, i32 %i, i32 3
  %unread = call i32 @llvm.umin.i32(i32 %s, i32 13)
  %r = select i1 %c, float %x, float 2.0
)"),
                 in);
  for (size_t i = 0; i < in.size(); ++i) CHECK(out[i] == (in[i] > 1 ? in[i] : 2));
}

TEST_CASE("what is not there is refused by its name") {
  const std::string place = "test: error: in function 'f': ";
  CHECK(refusal(bitcode(on_each("declare float @air.dream.f32(float)", "float", "float",
                                "  %r = call float @air.dream.f32(float %x)"))) ==
        place +
            "unsupported function 'air.dream.f32' of Metal's; supported: arithmetic, conversions, "
            "packing, operations across simdgroups and quadgroups, simdgroup matrices, barriers, "
            "atomics, textures\n");
  // As Metal 4's tensors do.
  CHECK(refusal(bitcode(on_each("declare float @__tensorops_dream(float)", "float", "float",
                                "  %r = call float @__tensorops_dream(float %x)")))
            .starts_with(place + "unsupported function '__tensorops_dream' of Metal's; supported"));
  CHECK(refusal(bitcode(on_each("declare float @air.wg.barrier(i32, i32)", "float", "float",
                                "  %r = call float @air.wg.barrier(i32 1, i32 1)")))
            .find(place + "a function of Metal's that it calls has other types here\n") !=
        std::string::npos);
  const std::string computes =
      "; supported: functions that compute, as Metal's compiler writes them\n";
  CHECK(refusal(bitcode(on_each("declare i64 @llvm.readcyclecounter()", "i64", "i64",
                                "  %r = call i64 @llvm.readcyclecounter()"))) ==
        place + "unsupported function 'llvm.readcyclecounter'" + computes);
  CHECK(refusal(bitcode(on_each("", "double", "double", "  %r = fadd double %x, %x"))) ==
        place + "unsupported type 'double'" + computes);
  CHECK(refusal(bitcode(
            on_each("", "i64", "i64", "  %r = call i64 asm \"mov $1, $0\", \"=r,r\"(i64 %x)"))) ==
        place + "unsupported assembly in function 'f'" + computes);

  AirText text = on_each("", "i32", "i32", "  %r = add i32 %x, 1");
  text.version = "i32 3, i32 1, i32 0";
  CHECK(refusal(bitcode(text)) == place + "unsupported AIR version 3.1; supported: up to 2.x\n");
  text = on_each("", "i32", "i32", "  %r = add i32 %x, 1");
  text.kind = "air.vertex";
  CHECK(refusal(bitcode(text)) ==
        place + "unsupported kind of function 'vertex'; supported: kernel\n");
  text = on_each("", "i32", "i32", "  %r = add i32 %x, 1");
  text.arguments =
      buffer(0, 0, "int", 4) +
      ", !{i32 1, !\"air.visible_function_table\", !\"air.location_index\", i32 0, i32 1, "
      "!\"air.arg_type_name\", !\"table\", !\"air.arg_name\", !\"functions\"}, " +
      input(2, kIndex, "uint");
  CHECK(
      refusal(bitcode(text)) ==
      place +
          "unsupported argument 'functions' of kind 'visible_function_table'; supported: buffers, "
          "threadgroup memory, textures, samplers, and positions and sizes of threads\n");
}

TEST_CASE("damaged bitcode is an error, not a crash") {
  const std::string good = bitcode(on_each("", "i32", "i32", "  %r = add i32 %x, 1"));
  CHECK(refusal("nothing of the kind").find("test: error: the function's bitcode is damaged: ") ==
        0);
  CHECK(refusal(good.substr(0, good.size() / 2)).find("bitcode is damaged: ") != std::string::npos);
  AirText text = on_each("", "i32", "i32", "  %r = add i32 %x, 1");
  text.arguments = buffer(0, 0, "int", 4);
  CHECK(refusal(bitcode(text)) ==
        "test: error: in function 'f': the function's metadata is damaged: the kernel's arguments "
        "are not all described\n");
}
