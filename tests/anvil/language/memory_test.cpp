// Threadgroup memory, barriers, atomics, address spaces and grids that do not divide (MSL
// 4, 6.9, 6.15).
#include <algorithm>
#include <bit>
#include <numeric>

#include "program.hpp"

using language::buffer;
using language::Program;
using language::threadgroup_memory;
using language::value;

TEST_CASE("static and dynamic threadgroup memory reverse a threadgroup across a barrier") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
kernel void reverse_static(device const int* in [[buffer(0)]], device int* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]],
                           uint t [[thread_position_in_threadgroup]],
                           uint n [[threads_per_threadgroup]]) {
  threadgroup int tile[256];
  threadgroup int last;
  tile[t] = in[i];
  if (t == n - 1) last = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = tile[n - 1 - t] * 1000 + last;
}
kernel void reverse_dynamic(device const int* in [[buffer(0)]], device int* out [[buffer(1)]],
                            threadgroup short* low [[threadgroup(0)]],
                            threadgroup int4* high [[threadgroup(1)]],
                            uint i [[thread_position_in_grid]],
                            uint t [[thread_index_in_threadgroup]],
                            uint n [[threads_per_threadgroup]]) {
  low[t] = short(in[i]);
  high[t] = int4(in[i]);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = low[n - 1 - t] * 1000 + high[n - 1].w;
}
)");
  for (uint32_t threads : {256u, 96u, 33u}) {
    std::vector<int32_t> in(threads * 3), out(threads * 3);
    std::iota(in.begin(), in.end(), 5);
    const auto check = [&] {
      for (uint32_t i = 0; i < in.size(); ++i) {
        const uint32_t group = i / threads, t = i % threads;
        REQUIRE(out[i] ==
                in[group * threads + threads - 1 - t] * 1000 + in[group * threads + threads - 1]);
      }
    };
    program.run("reverse_static", {threads * 3}, {threads}, {buffer(in), buffer(out)});
    check();
    std::fill(out.begin(), out.end(), 0);
    program.run("reverse_dynamic", {threads * 3}, {threads},
                {buffer(in), buffer(out), threadgroup_memory((threads * 2 + 15) / 16 * 16),
                 threadgroup_memory(threads * 16)});
    check();
  }
}

TEST_CASE("addresses of threadgroup variables in initialisers, one inside another") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
struct Place { threadgroup int* first; int offset; };
struct Places { Place place[2]; };
kernel void k(device const int* in [[buffer(0)]], device int* out [[buffer(1)]],
              uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
              uint n [[threads_per_threadgroup]]) {
  threadgroup int low[64], high[64];
  const Place one = {low, 3};
  const Places both = {{{low, 1}, {high, 2}}};
  low[t] = in[i];
  high[t] = -in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const Place place = both.place[t & 1];
  out[i] = place.first[n - 1 - t] * place.offset + one.first[0] * one.offset;
}
)");
  constexpr uint32_t kThreads = 100, kGroup = 64;
  std::vector<int> in(kThreads), out(kThreads);
  for (uint32_t i = 0; i < kThreads; ++i) in[i] = static_cast<int>(i * 7 % 50) + 1;
  program.run("k", {kThreads}, {kGroup}, {buffer(in), buffer(out)});
  for (uint32_t i = 0; i < kThreads; ++i) {
    const uint32_t group = i / kGroup * kGroup, n = std::min(kGroup, kThreads - group);
    const int other = in[group + n - 1 - (i - group)];
    CHECK(out[i] == ((i - group) % 2 == 0 ? other : -2 * other) + 3 * in[group]);
  }
}

TEST_CASE("either of two operands is taken, whatever address spaces they are in") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
struct Pair { float a; half2 b; };
template <typename T> T pick(bool c, const device T* p, uint i) { return c ? p[i] : T(7); }
kernel void k(const device float2* in [[buffer(0)]], constant Pair& one [[buffer(1)]],
              device float2* out [[buffer(2)]], uint i [[thread_position_in_grid]],
              uint t [[thread_index_in_threadgroup]]) {
  threadgroup float2 shared[32];
  shared[t] = in[i] * 2;
  const bool odd = i & 1;
  const float2 own = 5;
  const Pair pair = odd ? one : Pair{3, half2(4)};
  auto sum = odd ? float2(1) : in[i];          // a value and memory
  sum += 10 * (odd ? shared[t] : in[i]);       // memory of two spaces
  sum.x += 100 * (odd ? in[i].x : own.y);      // parts
  sum.y += 100 * (odd ? pair.a : one.a);
  sum += 1000 * pick(odd, in, i);
  (odd ? out[i] : out[i ^ 0]) = sum + float2(pair.b);
}
)");
  std::vector<float> in(128), out(128);
  std::iota(in.begin(), in.end(), 1.0f);
  std::vector<float> one{1.5f, std::bit_cast<float>(0x40004200)};  // and halves 3 and 2
  program.run("k", {64}, {32}, {buffer(in), buffer(one), buffer(out)});
  for (uint32_t i = 0; i < 64; ++i) {
    const bool odd = i & 1;
    const float x = in[2 * i], y = in[2 * i + 1];
    CHECK(out[2 * i] == (odd ? 1 + 20 * x + 100 * x + 1000 * x + 3 : x + 10 * x + 500 + 7000 + 4));
    CHECK(out[2 * i + 1] == (odd ? 1 + 20 * y + 150 + 1000 * y + 2 : y + 10 * y + 150 + 7000 + 4));
  }
}

TEST_CASE("lanes read their part of an aligned tile, in blocks whose halves lie apart") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
kernel void deal(device const int* in [[buffer(0)]], device int* out [[buffer(1)]],
                 uint group [[threadgroup_position_in_grid]],
                 uint lane [[thread_index_in_simdgroup]]) {
  for (uint j = 0; j < 8; ++j) {
    const uint place = lane / 4 * 32 + lane % 4 * 4 + j % 4 + j / 4 * 16;
    out[group * 256 + lane * 8 + j] = in[group * 256 + place];
  }
}
)");
  std::vector<int32_t> in(768), out(768);
  std::iota(in.begin(), in.end(), 5);
  program.run("deal", {96}, {32}, {buffer(in), buffer(out)});
  for (uint32_t i = 0; i < out.size(); ++i) {
    const uint32_t lane = i / 8 % 32, j = i % 8;
    REQUIRE(out[i] == in[i / 256 * 256 + lane / 4 * 32 + lane % 4 * 4 + j % 4 + j / 4 * 16]);
  }
}

TEST_CASE("a tree reduction in threadgroup memory, with a barrier in a loop") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
template <typename T>
void tree_sum(threadgroup T* shared, uint t, uint n) {
  for (uint stride = n / 2; stride > 0; stride /= 2) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (t < stride) shared[t] += shared[t + stride];
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
}
kernel void total(device const float* in [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                  uint g [[threadgroup_position_in_grid]], uint n [[threads_per_threadgroup]]) {
  threadgroup float shared[512];
  shared[t] = in[i];
  tree_sum(shared, t, n);
  if (t == 0) out[g] = shared[0];
}
)");
  for (uint32_t n : {64u, 512u}) {
    std::vector<float> in(n * 4), out(4);
    for (uint32_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 17);
    program.run("total", {n * 4}, {n}, {buffer(in), buffer(out)});
    for (uint32_t g = 0; g < 4; ++g)
      CHECK(out[g] == std::accumulate(in.begin() + g * n, in.begin() + (g + 1) * n, 0.0f));
  }
}

TEST_CASE("atomics count what every thread of a ragged grid does") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
kernel void histogram(device atomic_uint* bins [[buffer(0)]], device atomic_int* limits [[buffer(1)]],
                      device atomic_float* total [[buffer(2)]], device atomic_uint* bits [[buffer(3)]],
                      device atomic_ulong* greatest [[buffer(4)]],
                      uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup atomic_uint local;
  if (t == 0) atomic_store_explicit(&local, 0, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(&local, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&bins[i % 7], 1u, memory_order_relaxed);
  atomic_fetch_min_explicit(&limits[0], int(i) - 100, memory_order_relaxed);
  atomic_fetch_max_explicit(&limits[1], int(i) - 100, memory_order_relaxed);
  atomic_fetch_sub_explicit(&limits[2], 2, memory_order_relaxed);
  atomic_fetch_add_explicit(total, 0.5f, memory_order_relaxed);
  atomic_fetch_or_explicit(&bits[0], 1u << (i % 32), memory_order_relaxed);
  atomic_fetch_xor_explicit(&bits[1], 1u << (i % 32), memory_order_relaxed);
  atomic_fetch_and_explicit(&bits[2], ~(1u << (i % 32)), memory_order_relaxed);
  atomic_max_explicit(greatest, ulong(i) << 33, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 0) atomic_fetch_add_explicit(&bins[7], atomic_load_explicit(&local, memory_order_relaxed),
                                        memory_order_relaxed);
}
)");
  const uint32_t n = 1000;
  std::vector<uint32_t> bins(8), bits{0, 0, ~0u};
  std::vector<int32_t> limits{0, 0, 0};
  std::vector<float> total{0};
  std::vector<uint64_t> greatest{0};
  program.run("histogram", {n}, {128},
              {buffer(bins), buffer(limits), buffer(total), buffer(bits), buffer(greatest)});
  for (uint32_t i = 0; i < 7; ++i) CHECK(bins[i] == (n - i + 6) / 7);
  CHECK(bins[7] == n);
  CHECK(limits == std::vector<int32_t>{-100, 899, -2000});
  CHECK(total[0] == 500.0f);
  // 1000 = 31 * 32 + 8: lanes 0 to 7 flip 32 times, the others 31 times.
  CHECK(bits == std::vector<uint32_t>{~0u, 0xffffff00u, 0u});
  CHECK(greatest[0] == uint64_t{999} << 33);
}

TEST_CASE("compare-exchange loops and exchanges lose nothing") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
kernel void product(device atomic_float* value [[buffer(0)]], device atomic_uint* turns [[buffer(1)]],
                    device uint* seen [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  float old = atomic_load_explicit(value, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(value, &old, old + float(i), memory_order_relaxed,
                                                memory_order_relaxed)) {}
  seen[i] = atomic_fetch_add_explicit(turns, 1, memory_order_relaxed);
}
)");
  const uint32_t n = 500;
  std::vector<float> value{0};
  std::vector<uint32_t> turns{0}, seen(n);
  program.run("product", {n}, {64}, {buffer(value), buffer(turns), buffer(seen)});
  CHECK(value[0] == n * (n - 1) / 2);
  std::sort(seen.begin(), seen.end());
  for (uint32_t i = 0; i < n; ++i) REQUIRE(seen[i] == i);
}

TEST_CASE("positions in grids of one, two and three dimensions") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
struct Place { uint3 grid, local, group; uint3 grid_size, group_size, groups; uint index, simdgroup, lane; };
kernel void places(device Place* out [[buffer(0)]], uint3 p [[thread_position_in_grid]],
                   uint3 t [[thread_position_in_threadgroup]], uint3 g [[threadgroup_position_in_grid]],
                   uint3 n [[threads_per_grid]], uint3 s [[threads_per_threadgroup]],
                   uint3 k [[threadgroups_per_grid]], uint index [[thread_index_in_threadgroup]],
                   ushort simdgroup [[simdgroup_index_in_threadgroup]],
                   ushort lane [[thread_index_in_simdgroup]]) {
  out[(p.z * n.y + p.y) * n.x + p.x] = Place{p, t, g, n, s, k, index, simdgroup, lane};
}
)");
  struct Vec {
    alignas(16) uint32_t v[4];
    bool is(uint32_t x, uint32_t y, uint32_t z) const {
      return v[0] == x && v[1] == y && v[2] == z;
    }
  };
  struct Place {
    Vec grid, local, group, grid_size, group_size, groups;
    uint32_t index, simdgroup, lane, pad;
  };
  const language::Size grids[][2] = {
      {{100}, {32}}, {{70, 5}, {16, 4}}, {{9, 7, 5}, {4, 4, 2}}, {{1}, {1}}};
  for (const auto& [grid, group] : grids) {
    std::vector<Place> out(size_t{grid.x} * grid.y * grid.z);
    program.run("places", grid, group, {buffer(out)});
    for (uint32_t z = 0; z < grid.z; ++z)
      for (uint32_t y = 0; y < grid.y; ++y)
        for (uint32_t x = 0; x < grid.x; ++x) {
          const Place& p = out[(z * grid.y + y) * grid.x + x];
          const uint32_t tx = x % group.x, ty = y % group.y, tz = z % group.z;
          // A threadgroup at the edge has the size that is left.
          const uint32_t sx = std::min(group.x, grid.x - (x - tx));
          const uint32_t sy = std::min(group.y, grid.y - (y - ty));
          const uint32_t index = (tz * sy + ty) * sx + tx;
          REQUIRE(p.grid.is(x, y, z));
          REQUIRE(p.local.is(tx, ty, tz));
          REQUIRE(p.group.is(x / group.x, y / group.y, z / group.z));
          REQUIRE(p.grid_size.is(grid.x, grid.y, grid.z));
          REQUIRE(p.groups.is((grid.x + group.x - 1) / group.x, (grid.y + group.y - 1) / group.y,
                              (grid.z + group.z - 1) / group.z));
          REQUIRE(p.index == index);
          REQUIRE(p.simdgroup == index / 32);
          REQUIRE(p.lane == index % 32);
        }
  }
}

TEST_CASE("constant tables, structures and references of every address space") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
constant float kTable[4] = {1.5f, 2.5f, 3.5f, 4.5f};
constant float2 kPairs[2] = {float2(1, 2), float2(3, 4)};
constant constexpr half kHalf = 0.5h;
struct Params { uint n; float scale; packed_float3 shift; char tag; half2 pair; };
struct Block { half d; uchar qs[6]; };
inline float load(device const Block& b, int k) { return float(b.d) * float(b.qs[k]); }
inline void add(thread float& sum, float v) { sum += v; }
kernel void mixed(device const Block* blocks [[buffer(0)]], device float* out [[buffer(1)]],
                  constant Params& params [[buffer(2)]], constant float* table [[buffer(3)]],
                  uint i [[thread_position_in_grid]]) {
  float sum = 0;
  for (int k = 0; k < 6; ++k) add(sum, load(blocks[i], k));
  device const uchar* bytes = (device const uchar*)(blocks + i);
  sum += float(*(device const half*)bytes) * 1000;
  out[i] = sum * params.scale + kTable[i % 4] + kPairs[i & 1].y + params.shift.z + params.pair.y +
           table[i % 3] + kHalf + params.tag + (i < params.n);
}
)");
  struct Block {
    _Float16 d;
    uint8_t qs[6];
  };
  struct Params {
    uint32_t n;
    float scale;
    float shift[3];
    int8_t tag;
    alignas(4) _Float16 pair[2];
  };
  const uint32_t n = 50;
  std::vector<Block> blocks(n);
  std::vector<float> out(n), table{10, 20, 30};
  for (uint32_t i = 0; i < n; ++i) {
    blocks[i].d = static_cast<_Float16>(i * 0.25f);
    for (uint32_t k = 0; k < 6; ++k) blocks[i].qs[k] = static_cast<uint8_t>(i * 5 + k);
  }
  const Params params{
      20, 2.0f, {1, 2, 3}, -7, {static_cast<_Float16>(1), static_cast<_Float16>(0.25f)}};
  program.run("mixed", {n}, {32}, {buffer(blocks), buffer(out), value(params), buffer(table)});
  const float tables[] = {1.5f, 2.5f, 3.5f, 4.5f};
  for (uint32_t i = 0; i < n; ++i) {
    double sum = 0;
    for (uint32_t k = 0; k < 6; ++k) sum += double(blocks[i].d) * blocks[i].qs[k];
    sum += double(blocks[i].d) * 1000;
    const double want =
        sum * 2 + tables[i % 4] + (i & 1 ? 4 : 2) + 3 + 0.25 + table[i % 3] + 0.5 - 7 + (i < 20);
    REQUIRE(out[i] == doctest::Approx(want).epsilon(1e-6));
  }
}

TEST_CASE("half and bfloat move through divergent code, tables and threadgroup memory") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
template <typename T>
kernel void pick(device const T* in [[buffer(0)]], device T* out [[buffer(1)]],
                 constant uint& n [[buffer(2)]], uint i [[thread_position_in_grid]],
                 uint t [[thread_index_in_threadgroup]], uint size [[threads_per_threadgroup]]) {
  threadgroup T tile[64];
  tile[t] = in[i];
  T least = in[i];
  for (uint k = 1; k < 4; ++k) {
    if ((i + k) % 3 == 0) continue;
    const T other = in[(i + k) % n];
    least = other < least ? other : least;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (i % 2 == 0) least += tile[(t + 1) % size];
  vec<T, 4> v = vec<T, 4>(least, T(1), T(2), T(3));
  v.yz = v.zy;
  out[i] = i % 5 == 0 ? v[i % 4] : v.x;
}
template [[host_name("pick_half")]] kernel void pick<half>(device const half*, device half*, constant uint&, uint, uint, uint);
template [[host_name("pick_bfloat")]] kernel void pick<bfloat>(device const bfloat*, device bfloat*, constant uint&, uint, uint, uint);
)");
  const uint32_t n = 150, group = 50;
  const auto reference = [&](const std::vector<float>& in, uint32_t i) {
    float least = in[i];
    for (uint32_t k = 1; k < 4; ++k)
      if ((i + k) % 3 != 0) least = std::min(least, in[(i + k) % n]);
    if (i % 2 == 0) least += in[i / group * group + (i % group + 1) % group];
    const float v[] = {least, 2, 1, 3};
    return i % 5 == 0 ? v[i % 4] : least;
  };
  // Small integers: exact in both types, and so are their sums.
  std::vector<float> values(n);
  for (uint32_t i = 0; i < n; ++i) values[i] = static_cast<float>((i * 29) % 61) - 30;
  std::vector<_Float16> half_in(n), half_out(n);
  std::vector<uint16_t> bfloat_in(n), bfloat_out(n);
  for (uint32_t i = 0; i < n; ++i) {
    half_in[i] = static_cast<_Float16>(values[i]);
    bfloat_in[i] = static_cast<uint16_t>(std::bit_cast<uint32_t>(values[i]) >> 16);
  }
  program.run("pick_half", {n}, {group}, {buffer(half_in), buffer(half_out), value(n)});
  program.run("pick_bfloat", {n}, {group}, {buffer(bfloat_in), buffer(bfloat_out), value(n)});
  for (uint32_t i = 0; i < n; ++i) {
    CHECK(static_cast<float>(half_out[i]) == reference(values, i));
    CHECK(std::bit_cast<float>(uint32_t{bfloat_out[i]} << 16) == reference(values, i));
  }
}

// Blocks as quantised weights lie: a scale, then codes; each lane reads some bytes, halves and
// words of one, a few lanes share it. The buffer ends with the last block.
TEST_CASE("lanes read adjacent bytes, halves and words of blocks, all of them or a few") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
template <int kBytes, int kSharing>
kernel void blocks(device const uchar* in [[buffer(0)]], device const uint* lanes [[buffer(1)]],
                   device uint4* out [[buffer(2)]], constant uint& count [[buffer(3)]],
                   uint i [[thread_position_in_grid]], uint lane [[thread_index_in_simdgroup]]) {
  uint4 sum = 0;
  device const uchar* end = in + count * kBytes;
  device const uchar* at = in + i / kSharing * kBytes;
  for (; at < end; at += 32 / kSharing * kBytes) {
    if (!(lanes[i / 32] >> lane & 1)) continue;
    device const ushort* halves = (device const ushort*)at;
    device const uchar* codes = at + 4 + i % kSharing * 8;
    for (int k = 0; k < 8; ++k) sum.x = sum.x * 3 + codes[k];
    sum.y = sum.y * 5 + halves[0] * 2 + halves[1];
    device const packed_uint2* words = (device const packed_uint2*)codes;
    sum.z = sum.z * 7 + words->x * 11 + words->y;
    device const packed_char4* signs = (device const packed_char4*)codes;
    for (int k = 0; k < 4; ++k) sum.w += int(char4(*signs)[k]) * (k + 1);
  }
  out[i] = sum;
}
template [[host_name("b12")]] kernel void blocks<12, 1>(device const uchar*, device const uint*,
    device uint4*, constant uint&, uint, uint);
template [[host_name("b20")]] kernel void blocks<20, 2>(device const uchar*, device const uint*,
    device uint4*, constant uint&, uint, uint);
template [[host_name("b36")]] kernel void blocks<36, 4>(device const uchar*, device const uint*,
    device uint4*, constant uint&, uint, uint);
template [[host_name("b38")]] kernel void blocks<38, 4>(device const uchar*, device const uint*,
    device uint4*, constant uint&, uint, uint);
template [[host_name("b84")]] kernel void blocks<84, 8>(device const uchar*, device const uint*,
    device uint4*, constant uint&, uint, uint);
)");
  struct Layout {
    const char* name;
    uint32_t bytes, sharing;
  };
  for (const Layout& layout : {Layout{"b12", 12, 1}, Layout{"b20", 20, 2}, Layout{"b36", 36, 4},
                               Layout{"b38", 38, 4}, Layout{"b84", 84, 8}})
    for (const uint32_t count : {1u, 3u, 18u, 50u})
      for (const uint32_t active : {~0u, 0x0000000fu, 0x80000001u, 0x00ff0f10u, 0x5a5a5a5au}) {
        CAPTURE(layout.name);
        CAPTURE(count);
        CAPTURE(active);
        std::vector<uint8_t> in(size_t{count} * layout.bytes);
        for (size_t k = 0; k < in.size(); ++k) in[k] = static_cast<uint8_t>(k * 37 + k / 11 + 3);
        std::vector<uint32_t> lanes(1, active), out(32 * 4, 1), expected(32 * 4, 0);
        for (uint32_t i = 0; i < 32; ++i) {
          uint32_t* sum = &expected[i * 4];
          for (uint32_t block = i / layout.sharing; block < count && (active >> i & 1);
               block += 32 / layout.sharing) {
            const uint8_t* at = &in[size_t{block} * layout.bytes];
            const uint8_t* codes = at + 4 + i % layout.sharing * 8;
            const auto word = [&](int from) {
              return codes[from] | codes[from + 1] << 8 | codes[from + 2] << 16 |
                     static_cast<uint32_t>(codes[from + 3]) << 24;
            };
            for (int k = 0; k < 8; ++k) sum[0] = sum[0] * 3 + codes[k];
            sum[1] =
                sum[1] * 5 + static_cast<uint32_t>((at[0] | at[1] << 8) * 2 + (at[2] | at[3] << 8));
            sum[2] = sum[2] * 7 + word(0) * 11 + word(4);
            for (int k = 0; k < 4; ++k)
              sum[3] += static_cast<uint32_t>(static_cast<int8_t>(codes[k]) * (k + 1));
          }
        }
        program.run(layout.name, {32}, {32},
                    {buffer(in), buffer(lanes), buffer(out), value(count)});
        CHECK(out == expected);
      }
}

TEST_CASE("a vector lies wherever its elements may") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
struct Row { float4 a; half4 b; float2 c; };
template <typename T, typename V>
kernel void copy(device const T* in, device T* out, constant uint& stride, constant uint& rows,
                 threadgroup T* shared [[threadgroup(0)]], uint i [[thread_position_in_grid]]) {
  if (i >= rows) return;
  threadgroup V* mine = (threadgroup V*)(shared + i % 32 * (sizeof(V) / sizeof(T) + 1) + 1);
  *mine = *(device const V*)(in + i * stride + 1);
  *(device V*)(out + i * stride + 1) = *mine;
}
template [[host_name("float4")]] kernel void copy<float, float4>(device const float*, device float*,
    constant uint&, constant uint&, threadgroup float*, uint);
template [[host_name("half4")]] kernel void copy<half, half4>(device const half*, device half*,
    constant uint&, constant uint&, threadgroup half*, uint);
template [[host_name("uchar4")]] kernel void copy<uchar, uchar4>(device const uchar*, device uchar*,
    constant uint&, constant uint&, threadgroup uchar*, uint);
template [[host_name("ulong2")]] kernel void copy<ulong, ulong2>(device const ulong*, device ulong*,
    constant uint&, constant uint&, threadgroup ulong*, uint);
template [[host_name("float4x4")]] kernel void copy<float, float4x4>(device const float*,
    device float*, constant uint&, constant uint&, threadgroup float*, uint);
template [[host_name("half3x3")]] kernel void copy<half, half3x3>(device const half*, device half*,
    constant uint&, constant uint&, threadgroup half*, uint);
template [[host_name("Row")]] kernel void copy<float, Row>(device const float*, device float*,
    constant uint&, constant uint&, threadgroup float*, uint);
)");
  struct Kind {
    const char* name;
    uint32_t element, bytes, written;  // of a matrix of three rows, every fourth is padding
  };
  for (const Kind& kind :
       {Kind{"float4", 4, 16, 16}, Kind{"half4", 2, 8, 8}, Kind{"uchar4", 1, 4, 4},
        Kind{"ulong2", 8, 16, 16}, Kind{"float4x4", 4, 64, 64}, Kind{"half3x3", 2, 24, 6},
        Kind{"Row", 4, 32, 32}})
    // One row of its own, several of lanes beside each other, and far apart.
    for (const uint32_t apart : {0u, 1u, 3u, 40u})
      for (const uint32_t rows : {1u, 31u, 32u, 75u}) {
        CAPTURE(kind.name);
        CAPTURE(apart);
        CAPTURE(rows);
        const uint32_t stride = kind.bytes / kind.element + apart;
        std::vector<uint8_t> in(size_t{rows} * stride * kind.element + 2 * kind.element);
        for (size_t k = 0; k < in.size(); ++k) in[k] = static_cast<uint8_t>(k * 29 + k / 7 + 1);
        std::vector<uint8_t> out(in.size(), 0);
        program.run(kind.name, {rows}, {32},
                    {buffer(in), buffer(out), value(stride), value(rows),
                     threadgroup_memory((32 * (kind.bytes + kind.element) + 31) / 16 * 16)});
        for (uint32_t row = 0; row < rows; ++row)
          for (uint32_t k = 0; k < kind.written; ++k) {
            const size_t at = (size_t{row} * stride + 1) * kind.element + k;
            REQUIRE(out[at] == in[at]);
          }
      }
}
