#include "interpreter.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <span>
#include <string>
#include <vector>

using namespace anvil::oracle;

namespace {

// Lane programs get buffer 0 as %out, the number of their thread in the threadgroup as %index.
std::string program(const std::string& body, const std::string& outside = "") {
  return R"(
    target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
    declare i32 @__anvil_ballot(i1)
    declare i32 @__anvil_shuffle_i32(i32, i32)
    declare float @__anvil_reduce_add_f32(float)
    declare i32 @__anvil_reduce_add_i32(i32)
    declare i32 @__anvil_reduce_max_i32(i32)
    declare i32 @__anvil_reduce_min_u32(i32)
    declare i32 @__anvil_scan_inclusive_add_i32(i32)
    declare i32 @__anvil_scan_exclusive_mul_i32(i32)
    declare void @__anvil_threadgroup_barrier(i32)
  )" + outside +
         R"(
    define void @anvil_scalar_entry(ptr %tg, i32 %simdgroup, i32 %lane) {
    entry:
      %dispatch = load ptr, ptr %tg
      %out = load ptr, ptr %dispatch
      %first = mul i32 %simdgroup, 32
      %index = add i32 %first, %lane
      %at = getelementptr i32, ptr %out, i32 %index
  )" + body +
         "\n}\n";
}

std::vector<uint32_t> run(const std::string& body, uint32_t threads = 32,
                          const std::string& outside = "", uint64_t static_memory = 0) {
  std::vector<uint32_t> out(threads);
  Dispatch dispatch;
  dispatch.buffers[0] = std::as_writable_bytes(std::span(out));
  dispatch.threads_per_grid = dispatch.threads_per_threadgroup = {threads, 1, 1};
  dispatch.static_memory = static_memory;
  Interpreter::parse(program(body, outside)).run(dispatch);
  return out;
}

std::string fault(const std::string& body, uint32_t threads = 32) {
  try {
    run(body, threads);
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "no fault";
}

}  // namespace

TEST_CASE("each lane computes with its own registers") {
  const auto out = run(R"(
      %square = mul i32 %index, %index
      store i32 %square, ptr %at
      ret void)",
                       64);
  for (uint32_t i = 0; i < 64; ++i) CHECK(out[i] == i * i);
}

TEST_CASE("lanes that part meet again at the join, and each turn of a loop has those still in it") {
  // for (n = 0; n < lane; ++n) own += lanes in the loop + (n odd ? 100 : 0); all meet after it.
  const auto out = run(R"(
      br label %head
    head:
      %n = phi i32 [0, %entry], [%next, %latch]
      %own = phi i32 [0, %entry], [%sum, %latch]
      %more = icmp ult i32 %n, %lane
      br i1 %more, label %body, label %done
    body:
      %odd = trunc i32 %n to i1
      br i1 %odd, label %left, label %latch
    left:
      br label %latch
    latch:
      %bias = phi i32 [0, %body], [100, %left]
      %votes = call i32 @__anvil_ballot(i1 true)
      %count = call i32 @llvm.ctpop.i32(i32 %votes)
      %biased = add i32 %count, %bias
      %sum = add i32 %own, %biased
      %next = add i32 %n, 1
      br label %head
    done:
      %all = call i32 @__anvil_ballot(i1 true)
      %everybody = icmp eq i32 %all, -1
      %result = select i1 %everybody, i32 %own, i32 -1
      store i32 %result, ptr %at
      ret void)");
  uint32_t expected = 0;
  for (uint32_t lane = 0; lane < 32; ++lane) {
    CHECK(out[lane] == expected);
    expected += 31 - lane + (lane % 2 ? 100 : 0);  // turn number `lane`: lanes above it are in
  }
}

TEST_CASE("lanes that go round a loop by different ways meet before its next turn") {
  const auto out = run(R"(
      br label %head
    head:
      %n = phi i32 [0, %entry], [%next, %even], [%next, %odd]
      %own = phi i32 [0, %entry], [%sum, %even], [%plus, %odd]
      %votes = call i32 @__anvil_ballot(i1 true)
      %count = call i32 @llvm.ctpop.i32(i32 %votes)
      %sum = add i32 %own, %count
      %next = add i32 %n, 1
      %mixed = add i32 %lane, %n
      %bit = trunc i32 %mixed to i1
      %more = icmp ult i32 %next, 5
      br i1 %more, label %again, label %done
    again:
      br i1 %bit, label %odd, label %even
    odd:
      %plus = add i32 %sum, 1000
      br label %head
    even:
      br label %head
    done:
      store i32 %sum, ptr %at
      ret void)");
  // Five turns of 32 lanes; of four turns' ways back two are odd for every lane.
  for (const uint32_t value : out) CHECK(value == 5 * 32 + 2 * 1000);
}

TEST_CASE("lanes that leave a loop early wait behind it for the others") {
  // Lanes leave by a break in turn lane / 8; what follows the break runs once, for all of them.
  const auto out = run(R"(
      br label %head
    head:
      %n = phi i32 [0, %entry], [%next, %latch]
      %mine = lshr i32 %lane, 3
      %go = icmp eq i32 %n, %mine
      br i1 %go, label %left, label %latch
    latch:
      %next = add i32 %n, 1
      br label %head
    left:
      %votes = call i32 @__anvil_ballot(i1 true)
      store i32 %votes, ptr %at
      ret void)");
  for (const uint32_t votes : out) CHECK(votes == ~0u);
}

TEST_CASE("the order of reductions and scans, and their identities for lanes that are off") {
  const auto sums = run(R"(
      %low = icmp ult i32 %lane, 20
      br i1 %low, label %some, label %end
    some:
      %sum = call i32 @__anvil_reduce_add_i32(i32 %lane)
      %signed = sub i32 0, %lane
      %max = call i32 @__anvil_reduce_max_i32(i32 %signed)
      %plus = add i32 %lane, 7
      %min = call i32 @__anvil_reduce_min_u32(i32 %plus)
      %scan = call i32 @__anvil_scan_inclusive_add_i32(i32 1)
      %twice = call i32 @__anvil_scan_exclusive_mul_i32(i32 2)
      %a = mul i32 %sum, 1000
      %b = mul i32 %max, 500
      %c = mul i32 %min, 100
      %x = add i32 %a, %b
      %y = add i32 %x, %c
      %z = add i32 %y, %scan
      %w = add i32 %z, %twice
      store i32 %w, ptr %at
      br label %end
    end:
      ret void)");
  for (uint32_t l = 0; l < 32; ++l)
    CHECK(sums[l] == (l < 20 ? 190u * 1000 + 0 * 500 + 7 * 100 + (l + 1) + (1u << l) : 0u));

  // A float sum whose result depends on the order.
  const auto floats = run(R"(
      %f = uitofp i32 %lane to float
      %scaled = fmul float %f, 1.1e7
      %sum = call float @__anvil_reduce_add_f32(float %scaled)
      %bits = bitcast float %sum to i32
      store i32 %bits, ptr %at
      ret void)");
  float v[32];
  for (int l = 0; l < 32; ++l) v[l] = static_cast<float>(l) * 1.1e7f;
  for (int w = 16; w; w /= 2)
    for (int l = 0; l < w; ++l) v[l] = v[l] + v[l + w];
  CHECK(std::bit_cast<float>(floats[5]) == v[0]);
}

TEST_CASE("barriers hold simdgroups together") {
  // Each simdgroup writes its number, then reads its neighbour's.
  const auto out = run(R"(
      %field = getelementptr i8, ptr %tg, i64 40
      %memory = load ptr, ptr %field
      %slot = getelementptr i32, ptr %memory, i32 %simdgroup
      store i32 %simdgroup, ptr %slot
      call void @__anvil_threadgroup_barrier(i32 2)
      %step = add i32 %simdgroup, 1
      %neighbour = and i32 %step, 3
      %other = getelementptr i32, ptr %memory, i32 %neighbour
      %value = load i32, ptr %other
      store i32 %value, ptr %at
      ret void)",
                       128, "", 16);
  for (uint32_t i = 0; i < 128; ++i) CHECK(out[i] == (i / 32 + 1) % 4);
}

TEST_CASE("lanes that have ended early are not waited for at a barrier") {
  const auto out = run(R"(
      %some = icmp ult i32 %index, 40
      br i1 %some, label %in, label %end
    in:
      call void @__anvil_threadgroup_barrier(i32 2)
      store i32 1, ptr %at
      br label %end
    end:
      ret void)",
                       64);
  for (uint32_t i = 0; i < 64; ++i) CHECK(out[i] == (i < 40 ? 1 : 0));
}

TEST_CASE("half and bfloat are rounded once, to nearest even") {
  const auto out = run(R"(
      %h = uitofp i32 %lane to half
      %third = fdiv half 1.0, 3.0
      %sum = fadd half %third, %h
      %fused = call half @llvm.fma.half(half %third, half %h, half 0xH0001)
      %b = bitcast i16 16269 to bfloat
      %c = fmul bfloat %b, %b
      %one = bitcast half %sum to i16
      %two = bitcast bfloat %c to i16
      %low = zext i16 %one to i32
      %wide = zext i16 %two to i32
      %high = shl i32 %wide, 16
      %both = or i32 %low, %high
      store i32 %both, ptr %at
      ret void)");
  for (int l = 0; l < 32; ++l) {
    const _Float16 third = static_cast<_Float16>(1.0 / 3.0);
    const _Float16 sum = static_cast<_Float16>(static_cast<double>(third) + l);  // exact, then once
    CHECK((out[static_cast<size_t>(l)] & 0xffff) == std::bit_cast<uint16_t>(sum));
    const float b = std::bit_cast<float>(16269u << 16);
    const uint32_t product = std::bit_cast<uint32_t>(b * b);  // 16 digits: exact in float
    const uint32_t rounded = product + 0x7fff + (product >> 16 & 1);
    CHECK((out[static_cast<size_t>(l)] & 0xffff0000) == (rounded & 0xffff0000));
  }
}

TEST_CASE("vectors, aggregates, memory and tables") {
  const auto out =
      run(R"(
      %object = alloca { i8, [3 x i16], <4 x float> }
      %array = getelementptr { i8, [3 x i16], <4 x float> }, ptr %object, i32 0, i32 1
      %third = getelementptr [3 x i16], ptr %array, i32 0, i32 2
      %small = trunc i32 %lane to i16
      store i16 %small, ptr %third
      %copy = alloca [32 x i8], align 16
      call void @llvm.memcpy.p0.p0.i64(ptr %copy, ptr %object, i64 32, i1 false)
      %place = getelementptr i8, ptr %copy, i64 6
      %again = load i16, ptr %place
      %wide = zext i16 %again to i32
      %v0 = insertelement <4 x i32> zeroinitializer, i32 %wide, i32 1
      %v1 = insertelement <4 x i32> %v0, i32 5, i32 3
      %v2 = shufflevector <4 x i32> %v1, <4 x i32> <i32 9, i32 9, i32 9, i32 9>, <4 x i32> <i32 3, i32 1, i32 4, i32 0>
      %bytes = bitcast <4 x i32> %v2 to <16 x i8>
      %byte = extractelement <16 x i8> %bytes, i32 4
      %known = zext i8 %byte to i32
      %pair = insertvalue { i32, { i32, i32 } } poison, i32 %known, 1, 0
      %got = extractvalue { i32, { i32, i32 } } %pair, 1, 0
      %odd = and i32 %lane, 3
      %entry.of = getelementptr [4 x i32], ptr @table, i32 0, i32 %odd
      %from = load i32, ptr %entry.of
      %sum = add i32 %got, %from
      store i32 %sum, ptr %at
      ret void)",
          32, "@table = constant [4 x i32] [i32 1000, i32 2000, i32 3000, i32 4000]\n");
  for (uint32_t l = 0; l < 32; ++l) CHECK(out[l] == l + 1000 * (l % 4 + 1));
}

TEST_CASE("atomics happen one lane after the other") {
  const auto out = run(R"(
      %old = atomicrmw add ptr %out, i32 3 monotonic
      %own = getelementptr i32, ptr %out, i32 %index
      %isfirst = icmp eq i32 %index, 0
      br i1 %isfirst, label %end, label %write
    write:
      store i32 %old, ptr %own
      br label %end
    end:
      ret void)");
  CHECK(out[0] == 96);
  for (uint32_t l = 1; l < 32; ++l) CHECK(out[l] == 3 * l);
}

TEST_CASE("what a kernel must not do is a fault that says where") {
  CHECK(fault(R"(
      %wrong = getelementptr i32, ptr %out, i32 32
      store i32 1, ptr %wrong
      ret void)") ==
        "store of 4 bytes outside 'buffer 0' of 128 bytes, at offset 128 at  store i32 1, ptr "
        "%wrong, align 4");
  CHECK(fault(R"(
      %x = udiv i32 1, %lane
      ret void)") == "division by zero at  %x = udiv i32 1, %lane");
  CHECK(fault(R"(
      %x = shl i32 1, 33
      ret void)")
            .find("a shift by 33 of 32") == 0);
  CHECK(fault(R"(
      %some = icmp ult i32 %lane, 5
      br i1 %some, label %in, label %end
    in:
      call void @__anvil_threadgroup_barrier(i32 2)
      br label %end
    end:
      %votes = call i32 @__anvil_ballot(i1 true)
      ret void)") ==
        "divergent control flow around a barrier: lanes at  %votes = call i32 @__anvil_ballot(i1 "
        "true)");
  CHECK(fault(R"(
      %some = icmp ult i32 %simdgroup, 1
      br i1 %some, label %in, label %end
    in:
      call void @__anvil_threadgroup_barrier(i32 2)
      br label %end
    end:
      ret void)",
              64) == "only 1 of 2 simdgroups reached a threadgroup barrier");
  CHECK_THROWS_AS(Interpreter::parse("nonsense"), Fault);
  CHECK_THROWS_WITH(Interpreter::parse(""),
                    "the module has no anvil_scalar_entry of three arguments");
}
