#include "random_kernel.hpp"

#include <algorithm>
#include <utility>

namespace anvil::oracle {
namespace {

constexpr uint32_t kInputs = 256;      // elements of the input buffers, a power of 2
constexpr uint32_t kOutputs = 8;       // words each thread owns in the output
constexpr uint32_t kCountersEach = 4;  // words for each atomic operation, updated by all threads
constexpr uint32_t kShared = 1024;     // elements of threadgroup memory

// SplitMix64 (Steele, Lea & Flood, 2014): unlike the distributions of <random>, the same
// everywhere.
class Chance {
 public:
  explicit Chance(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  uint64_t bits() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(bits() % n); }
  bool once_in(uint32_t n) { return below(n) == 0; }
  template <typename... Text>
  std::string one_of(Text... choices) {
    const std::string list[] = {choices...};
    return list[below(sizeof...(choices))];
  }

 private:
  uint64_t state_;
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : chance_(seed) {}

  std::string source() {
    barriers_ = chance_.once_in(3);
    returns_ = !barriers_ && chance_.once_in(2);
    for (int i = 0; i < 4; ++i) {
      line("uint u" + std::to_string(i) + " = " + uint(1) + ";");
      uints_.push_back("u" + std::to_string(i));
    }
    for (int i = 0; i < 3; ++i) {
      line("float f" + std::to_string(i) + " = " + real(1) + ";");
      floats_.push_back("f" + std::to_string(i));
    }
    line("uint a[8];");
    line("for (uint i = 0; i < 8; ++i) a[i] = in[(gid + i) % " + std::to_string(kInputs) + "];");
    array_ = true;
    const uint32_t count = 4 + chance_.below(6);
    for (uint32_t i = 0; i < count; ++i) top_level();
    for (uint32_t i = 0; i < kOutputs / 2; ++i) line(own_output(i) + " = " + uint(2) + ";");
    line("outf[gid * 2] = " + real(2) + ";");
    line("outf[gid * 2 + 1] = " + real(2) + ";");

    std::string head = "#include <metal_stdlib>\nusing namespace metal;\n";
    head +=
        "kernel void k(device const uint* in [[buffer(0)]], device const float* inf "
        "[[buffer(1)]],\n"
        "    device uint* out [[buffer(2)]], device float* outf [[buffer(3)]],\n"
        "    device atomic_uint* counters [[buffer(4)]],\n"
        "    uint3 position [[thread_position_in_grid]], uint3 grid [[threads_per_grid]],\n"
        "    uint lid [[thread_index_in_threadgroup]], uint3 size [[threads_per_threadgroup]],\n"
        "    uint lane [[thread_index_in_simdgroup]], uint sg [[simdgroup_index_in_threadgroup]]) "
        "{\n";
    if (barriers_) head += "  threadgroup uint shared[" + std::to_string(kShared) + "];\n";
    head += "  const uint gid = position.x + grid.x * (position.y + grid.y * position.z);\n";
    head += "  const uint threads = size.x * size.y * size.z;\n";
    return head + body_ + "}\n";
  }

  Chance& chance() { return chance_; }

 private:
  static constexpr int kMaxNesting = 4;

  void line(const std::string& text) { body_.append(2 * (depth_ + 1), ' ').append(text) += '\n'; }

  template <typename Body>
  void block(const std::string& head, Body body) {
    line(head + " {");
    ++depth_;
    body();
    --depth_;
    line("}");
  }

  std::string fresh(const char* prefix) { return prefix + std::to_string(next_name_++); }
  static std::string own_output(uint32_t word) {
    return "out[gid * " + std::to_string(kOutputs) + " + " + std::to_string(word) + "]";
  }

  std::string any_of(const std::vector<std::string>& names) {
    return names[chance_.below(static_cast<uint32_t>(names.size()))];
  }

  // Unsigned arithmetic wraps; divisors are odd, shifts below 32, indices inside.
  std::string uint(int depth) {
    if (depth <= 0 || chance_.once_in(5)) {
      if (!uints_.empty() && !chance_.once_in(3)) return any_of(uints_);
      return chance_.one_of("gid", "lane", "lid", "sg", std::to_string(chance_.below(40)) + "u",
                            std::to_string(chance_.bits() >> 32) + "u");
    }
    const std::string a = uint(depth - 1), b = uint(depth - 1);
    switch (chance_.below(array_ ? 15 : 14)) {
      case 0:
        return "(" + a + " + " + b + ")";
      case 1:
        return "(" + a + " - " + b + ")";
      case 2:
        return "(" + a + " * " + b + ")";
      case 3:
        return "(" + a + chance_.one_of(" & ", " | ", " ^ ") + b + ")";
      case 4:
        return "(" + a + " << (" + b + " & 31))";
      case 5:
        return "(" + a + " >> (" + b + " & 31))";
      case 6:
        return "(" + a + chance_.one_of(" / ", " % ") + "(" + b + " | 1u))";
      case 7:
        return chance_.one_of("min", "max") + "(" + a + ", " + b + ")";
      case 8:
        return chance_.one_of("popcount", "clz", "ctz", "reverse_bits") + "(" + a + ")";
      case 9:
        return "in[" + a + " % " + std::to_string(kInputs) + "]";
      case 10:
        return "select(" + a + ", " + b + ", " + condition(depth - 1) + ")";
      case 11:
        return "uint(int(" + a + ") >> int(" + b + " & 31))";
      case 12:
        return "uint(" + chance_.one_of("min", "max") + "(int(" + a + "), int(" + b + ")))";
      case 13:
        return "uint(uchar(" + a + ") + ushort(" + b + "))";
      default:
        return "a[" + a + " & 7]";
    }
  }

  // No operation may give two answers: no fusing, no conversion out of range.
  std::string real(int depth) {
    if (depth <= 0 || chance_.once_in(5)) {
      if (!floats_.empty() && !chance_.once_in(3)) return any_of(floats_);
      return chance_.one_of("1.5f", "-0.25f", "float(lane)", "3.0f",
                            "inf[gid % " + std::to_string(kInputs) + "]");
    }
    const std::string a = real(depth - 1), b = real(depth - 1);
    switch (chance_.below(10)) {
      case 0:
      case 1:
        return "(" + a + " + " + b + ")";
      case 2:
        return "(" + a + " - " + b + ")";
      case 3:
      case 4:
        return "(" + a + " * " + b + ")";
      case 5:
        return "fma(" + a + ", " + b + ", " + real(depth - 1) + ")";
      case 6:
        return "float(" + uint(depth - 1) + " & 0xffffu)";
      case 7:
        return "(" + condition(depth - 1) + " ? " + a + " : " + b + ")";
      case 8:
        return chance_.one_of("abs", "floor", "rint") + "(" + a + ")";
      default:
        return "float(half(" + a + ") " + chance_.one_of("+", "*") + " half(" + b + "))";
    }
  }

  std::string condition(int depth) {
    if (chance_.once_in(4) && !floats_.empty())
      return "(" + real(depth) + chance_.one_of(" < ", " >= ", " == ") + real(depth) + ")";
    if (chance_.once_in(4))
      return "(int(" + uint(depth) + ")" + chance_.one_of(" < ", " > ") + "int(" + uint(depth) +
             "))";
    return "((" + uint(depth) + " & " + chance_.one_of("1u", "3u", "7u") + ")" +
           chance_.one_of(" == ", " != ", " < ") + std::to_string(chance_.below(4)) + "u)";
  }

  // Across the lanes that are here now.
  void simd_operation() {
    const std::string u = any_of(uints_), f = any_of(floats_), name = fresh("t");
    const std::string distance = std::to_string(1 + chance_.below(16));
    switch (chance_.below(9)) {
      case 0:
        line(u + " = " +
             chance_.one_of("simd_sum", "simd_product", "simd_max", "simd_min", "simd_or",
                            "simd_and", "simd_xor") +
             "(" + uint(1) + ");");
        break;
      case 1:
        line(f + " = " + chance_.one_of("simd_sum", "simd_max", "simd_min") + "(" + real(1) + ");");
        break;
      case 2:
        line(u + " = " +
             chance_.one_of("simd_prefix_inclusive_sum", "simd_prefix_exclusive_sum",
                            "simd_prefix_exclusive_product") +
             "(" + uint(1) + ");");
        break;
      case 3:
        line(u + " += simd_broadcast_first(" + uint(1) + ");");
        break;
      case 4:
        line(u + " ^= uint(ulong(simd_ballot(" + condition(1) + ")));");
        break;
      case 5:
        line("if (" + chance_.one_of("simd_any", "simd_all") + "(" + condition(1) + ")) " + u +
             " += 7;");
        break;
      case 6:
        line(u + " += uint(simd_is_first());");
        break;
      default: {
        // What a lane that is not here would give is not specified: it is put aside.
        const std::string here = fresh("here"), from = fresh("from");
        if (chance_.once_in(2)) {
          line("const uint " + from + " = lane ^ " + distance + ";");
          line("const uint " + name + " = simd_shuffle_xor(" + uint(1) + ", ushort(" + distance +
               "));");
        } else {
          line("const uint " + from + " = (" + uint(1) + ") & 31;");
          line("const uint " + name + " = simd_shuffle(" + uint(1) + ", ushort(" + from + "));");
        }
        line("const uint " + here + " = uint(ulong(simd_ballot(true)));");
        line(u + " = (" + here + " >> " + from + " & 1) ? " + name + " : " + u + ";");
      }
    }
  }

  void assignment() {
    switch (chance_.below(8)) {
      case 0:
      case 1:
      case 2:
        line(any_of(uints_) + chance_.one_of(" = ", " += ", " ^= ") + uint(3) + ";");
        break;
      case 3:
      case 4:
        line(any_of(floats_) + " = " + real(2) + ";");
        break;
      case 5:
        line("a[" + uint(1) + " & 7] = " + uint(2) + ";");
        break;
      case 6:
        line(own_output(kOutputs / 2 + chance_.below(kOutputs / 2)) + " += " + uint(2) + ";");
        break;
      default: {
        const std::string v = fresh("v");
        line("uint4 " + v + " = uint4(" + uint(1) + ", " + uint(1) + ", lane, " + uint(0) + ");");
        line(v + " = " + v + chance_.one_of(".wzyx", ".yxwz", ".xxzz") + " + " + v + ";");
        line(any_of(uints_) + " = " + v + chance_.one_of(".x", ".y", ".z", ".w") + ";");
      }
    }
  }

  void statement(int nesting) {
    if (nesting == 0) return assignment();
    switch (chance_.below(12)) {
      case 0:
      case 1:
        return branch(nesting);
      case 2:
      case 3:
        return loop(nesting);
      case 4:
        return choice(nesting);
      case 5:
      case 6:
      case 7:
        return simd_operation();
      case 8:
        return update();
      case 9:
        if (loops_ > 0 && !in_switch_) {
          line("if (" + condition(1) + ") " + chance_.one_of("break", "continue") + ";");
          return;
        }
        return assignment();
      case 10:
        if (returns_ && chance_.once_in(2)) {
          block("if (" + condition(1) + ")", [&] {
            assignment();
            line(own_output(0) + " = " + uint(1) + ";");
            line("return;");
          });
          return;
        }
        return assignment();
      default:
        return assignment();
    }
  }

  // Each counter has one operation to itself: then the order of the updates is of no account.
  void update() {
    const uint32_t operation = chance_.below(5);
    const char* names[] = {"add", "xor", "or", "max", "min"};
    line("atomic_fetch_" + std::string(names[operation]) + "_explicit(&counters[" +
         std::to_string(operation * kCountersEach) + " + " + uint(1) + " % " +
         std::to_string(kCountersEach) + "], " + uint(1) + ", memory_order_relaxed);");
  }

  void statements(int nesting) {
    const uint32_t count = 1 + chance_.below(3);
    for (uint32_t i = 0; i < count; ++i) statement(nesting - 1);
  }

  void branch(int nesting) {
    block("if (" + condition(2) + ")", [&] { statements(nesting); });
    if (chance_.once_in(2)) block("else", [&] { statements(nesting); });
  }

  void loop(int nesting) {
    ++loops_;
    const bool was_in_switch = std::exchange(in_switch_, false);
    const std::string i = fresh("i");
    const std::string turns = chance_.one_of(
        "(" + uint(1) + " & 7u)", std::to_string(1 + chance_.below(4)) + "u", "(lane & 3u) + 1u");
    if (chance_.once_in(3)) {
      line("uint " + i + " = 0;");
      block("while (true)", [&] {
        line("if (" + i + "++ >= " + turns + ") break;");
        body(i, nesting);
      });
    } else if (chance_.once_in(3)) {
      line("uint " + i + " = 0;");
      block("do", [&] { body(i, nesting); });
      line("while (++" + i + " < " + turns + ");");
    } else {
      block("for (uint " + i + " = 0, n = " + turns + "; " + i + " < n; ++" + i + ")",
            [&] { body(i, nesting); });
    }
    in_switch_ = was_in_switch;
    --loops_;
  }

  void body(const std::string& counter, int nesting) {
    line(any_of(uints_) + " += " + counter + ";");
    statements(nesting);
  }

  void choice(int nesting) {
    const bool was_in_switch = std::exchange(in_switch_, true);
    block("switch (" + uint(1) + " & 3)", [&] {
      for (int i = 0; i < 3; ++i) {
        block(i == 2 ? "default:" : "case " + std::to_string(i) + ":",
              [&] { statements(nesting); });
        if (!chance_.once_in(3)) line("break;");
      }
    });
    in_switch_ = was_in_switch;
  }

  // Where all threads are sure to come by.
  void top_level() {
    if (!barriers_ || !chance_.once_in(3)) return statement(kMaxNesting);
    const std::string rest = "threads - 1 - lid";
    line("shared[lid] = " + uint(2) + ";");
    line("threadgroup_barrier(mem_flags::mem_threadgroup);");
    line(any_of(uints_) + " += shared[" +
         chance_.one_of(rest, "(lid + " + std::to_string(chance_.below(64)) + "u) % threads",
                        "(" + uint(1) + ") % threads") +
         "];");
    if (chance_.once_in(2)) {
      line("for (uint step = 1; step < threads; step *= 2) {");
      line("  threadgroup_barrier(mem_flags::mem_threadgroup);");
      line("  const uint other = lid >= step ? shared[lid - step] : 0;");
      line("  threadgroup_barrier(mem_flags::mem_threadgroup);");
      line("  shared[lid] += other;");
      line("}");
      line(any_of(uints_) + " ^= shared[lid];");
    }
    line("threadgroup_barrier(mem_flags::mem_threadgroup);");
  }

  Chance chance_;
  std::string body_;
  std::vector<std::string> uints_, floats_;
  size_t depth_ = 0;
  unsigned next_name_ = 0;
  int loops_ = 0;
  bool array_ = false, barriers_ = false, returns_ = false, in_switch_ = false;
};

}  // namespace

Case random_kernel(uint64_t seed) {
  Generator generator(seed);
  Case test;
  test.source = generator.source();
  test.function = "k";
  Chance& chance = generator.chance();
  switch (chance.below(5)) {
    case 0:
      test.grid = {32, 1, 1}, test.threadgroup = {32, 1, 1};
      break;
    case 1:
      test.grid = {256, 1, 1}, test.threadgroup = {128, 1, 1};
      break;
    case 2:
      test.grid = {1 + chance.below(150), 1, 1}, test.threadgroup = {64, 1, 1};
      break;
    case 3:
      test.grid = {32, 3, 2}, test.threadgroup = {32, 2, 2};
      break;
    default:
      test.grid = {1 + chance.below(20), 1 + chance.below(9), 1}, test.threadgroup = {8, 5, 1};
  }
  const uint32_t threads = test.grid[0] * test.grid[1] * test.grid[2];
  std::vector<uint32_t> in(kInputs), out(threads * kOutputs, 1), counters(5 * kCountersEach, 5);
  std::vector<float> inf(kInputs), outf(threads * 2);
  for (auto& word : in) word = static_cast<uint32_t>(chance.bits() >> chance.below(64));
  for (auto& number : inf)
    number = static_cast<float>(static_cast<int>(chance.below(2001)) - 1000) / 64;
  test.buffers = {Buffer::of(in), Buffer::of(inf, Element::float32), Buffer::of(out),
                  Buffer::of(outf, Element::float32), Buffer::of(counters)};
  return test;
}

}  // namespace anvil::oracle
