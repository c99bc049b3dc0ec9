// Simdgroup and quadgroup functions on Anvil, with all lanes and with some (MSL 6.9).
#include <algorithm>
#include <bit>
#include <limits>

#include "expressions.hpp"

using language::check_expressions;
using language::Expression;
using language::Inputs;

namespace {

// What a lane holds: small integers of both signs, exact in every type, so sums have one answer.
int held(uint32_t lane) {
  return static_cast<int>(lane * 7 + 3) % 13 - 4;
}
double unsigned_held(uint32_t lane) {
  return held(lane) + 5;
}

double sum(uint32_t from, uint32_t to, bool is_unsigned) {
  double s = 0;
  for (uint32_t l = from; l < to; ++l) s += is_unsigned ? unsigned_held(l) : held(l);
  return s;
}

// The cases of one scalar type; every result fits every type.
std::vector<Expression> cases(const std::string& type, bool is_unsigned) {
  const auto v = [=](uint32_t l) { return is_unsigned ? unsigned_held(l) : double(held(l)); };
  const auto code = [&](const std::string& body) {
    return type + " v = " + type + "(int(lane * 7 + 3) % 13 - 4" + (is_unsigned ? " + 5" : "") +
           "); r = float(" + body + ");";
  };
  const auto least = [=](uint32_t from, uint32_t to) {
    double m = 1e9;
    for (uint32_t l = from; l < to; ++l) m = std::min(m, v(l));
    return m;
  };
  const auto most = [=](uint32_t from, uint32_t to) {
    double m = -1e9;
    for (uint32_t l = from; l < to; ++l) m = std::max(m, v(l));
    return m;
  };
  // Sums of 32 in a char: at most 32 * 13 / 2, taken modulo 256 where it does not fit.
  const bool small = type == "char" || type == "uchar";
  const auto fit = [=](double s) {
    if (!small) return s;
    const int i = static_cast<int>(s);
    return type == "char" ? double(static_cast<int8_t>(i)) : double(static_cast<uint8_t>(i));
  };
  return {
      {code("simd_sum(v)"), [=](const Inputs&) { return fit(sum(0, 32, is_unsigned)); }},
      {code("simd_product(" + type + "(lane < 5 ? 2 : 1))"), [](const Inputs&) { return 32; }},
      {code("simd_min(v)"), [=](const Inputs&) { return least(0, 32); }},
      {code("simd_max(v)"), [=](const Inputs&) { return most(0, 32); }},
      {code("simd_prefix_inclusive_sum(v)"),
       [=](const Inputs& in) { return fit(sum(0, in.lane + 1, is_unsigned)); }},
      {code("simd_prefix_exclusive_sum(v)"),
       [=](const Inputs& in) { return fit(sum(0, in.lane, is_unsigned)); }},
      {code("simd_prefix_inclusive_product(" + type + "(lane < 5 ? 2 : 1))"),
       [](const Inputs& in) { return std::exp2(std::min(in.lane + 1, 5u)); }},
      {code("simd_prefix_exclusive_product(" + type + "(lane < 5 ? 2 : 1))"),
       [](const Inputs& in) { return std::exp2(std::min(in.lane, 5u)); }},
      {code("simd_shuffle(v, ushort(31 - lane))"),
       [=](const Inputs& in) { return v(31 - in.lane); }},
      {code("simd_shuffle(v, ushort((lane * 11 + b) & 31))"),
       [=](const Inputs& in) { return v((in.lane * 11 + static_cast<uint32_t>(in.b)) & 31); }},
      {code("simd_shuffle_xor(v, 5)"), [=](const Inputs& in) { return v(in.lane ^ 5); }},
      {code("simd_shuffle_up(v, 3)"),
       [=](const Inputs& in) { return v(in.lane >= 3 ? in.lane - 3 : in.lane); }},
      {code("simd_shuffle_down(v, 3)"),
       [=](const Inputs& in) { return v(in.lane + 3 < 32 ? in.lane + 3 : in.lane); }},
      {code("simd_shuffle_rotate_up(v, 5)"),
       [=](const Inputs& in) { return v((in.lane - 5) & 31); }},
      {code("simd_shuffle_rotate_down(v, 5)"),
       [=](const Inputs& in) { return v((in.lane + 5) & 31); }},
      {code("simd_shuffle_and_fill_up(v, " + type + "(lane + 1), 3)"),
       [=](const Inputs& in) { return in.lane >= 3 ? v(in.lane - 3) : in.lane + 29 + 1; }},
      {code("simd_shuffle_and_fill_down(v, " + type + "(lane + 1), 3, 8)"),
       [=](const Inputs& in) {
         const uint32_t i = in.lane % 8, base = in.lane - i;
         return i + 3 < 8 ? v(in.lane + 3) : base + (i + 3 - 8) + 1;
       }},
      {code("simd_broadcast(v, 9) + simd_broadcast_first(v)"),
       [=](const Inputs&) { return v(9) + v(0); }},
      {code("quad_sum(v)"),
       [=](const Inputs& in) { return sum(in.lane & ~3u, (in.lane & ~3u) + 4, is_unsigned); }},
      {code("quad_min(v) + quad_max(v)"),
       [=](const Inputs& in) {
         const uint32_t q = in.lane & ~3u;
         return least(q, q + 4) + most(q, q + 4);
       }},
      {code("quad_prefix_inclusive_sum(v)"),
       [=](const Inputs& in) { return sum(in.lane & ~3u, in.lane + 1, is_unsigned); }},
      {code("quad_prefix_exclusive_sum(v)"),
       [=](const Inputs& in) { return sum(in.lane & ~3u, in.lane, is_unsigned); }},
      {code("quad_shuffle_xor(v, 2) + quad_broadcast(v, 1)"),
       [=](const Inputs& in) { return v(in.lane ^ 2) + v((in.lane & ~3u) + 1); }},
      {code("quad_shuffle_rotate_down(v, 1) + quad_shuffle_up(v, 1)"),
       [=](const Inputs& in) {
         return v((in.lane & ~3u) + ((in.lane + 1) & 3)) + v(in.lane & 3 ? in.lane - 1 : in.lane);
       }},
      {type + "3 w = simd_sum(" + type + "3(1, 2, lane < 3)); r = float(w.x + w.y) + float(w.z);",
       [](const Inputs&) { return 32 + 64 + 3; }},
  };
}

std::vector<Inputs> two_simdgroups() {
  return language::usual_inputs(64);
}

// Inputs::b differs between lanes there; a shuffle that reads it wants the same b everywhere.
std::vector<Inputs> same_b() {
  auto inputs = two_simdgroups();
  for (Inputs& in : inputs) in.b = 13;
  return inputs;
}

const Expression kVotes[] = {
    {"r = float(simd_vote::vote_t(simd_ballot(lane % 3 == 1)) >> 8);",
     [](const Inputs&) {
       uint32_t bits = 0;
       for (uint32_t l = 1; l < 32; l += 3) bits |= 1u << l;
       return bits >> 8;
     }},
    {"simd_all(lane < 32) + simd_all(lane < 31) * 2 + simd_any(lane == 31) * 4 + "
     "simd_any(lane > 31) * 8",
     [](const Inputs&) { return 5; }},
    {"simd_is_first()", [](const Inputs& in) { return in.lane == 0; }},
    {"simd_ballot(true).all() + simd_ballot(lane == 3).any() * 2", [](const Inputs&) { return 3; }},
    {"quad_all(lane < 6) + quad_any(lane == 6) * 2",
     [](const Inputs& in) { return (in.lane < 4) + (in.lane / 4 == 1) * 2; }},
    {"r = float(simd_and(uint(lane) | 8u) + simd_or(uint(lane)) * 100 + simd_xor(uint(lane & 1)));",
     [](const Inputs&) { return 8 + 3100; }},
    {"quad_or(int(lane & 3)) + quad_and(int(lane | 4)) * 10 + quad_xor(int(lane)) * 1000",
     [](const Inputs& in) { return 3 + ((in.lane & ~3u) | 4) * 10; }},
};

// The same inside divergent control flow: only the active lanes take part.
const Expression kDivergent[] = {
    {"r = -1; if (lane % 3 == 0) r = simd_sum(float(lane));",
     [](const Inputs& in) {
       return in.lane % 3 ? -1 : 0 + 3 + 6 + 9 + 12 + 15 + 18 + 21 + 24 + 27 + 30;
     }},
    {"r = -1; if (lane > 9) { r = simd_min(int(lane)); } else { r = simd_max(int(lane)); }",
     [](const Inputs& in) { return in.lane > 9 ? 10 : 9; }},
    {"r = 0; if (lane & 1) r = simd_prefix_exclusive_sum(1.0f);",
     [](const Inputs& in) { return in.lane & 1 ? in.lane / 2 : 0; }},
    {"r = 0; if (lane >= 7 && lane != 8) { r = simd_broadcast_first(float(lane)) + simd_is_first() "
     "* "
     "100; }",
     [](const Inputs& in) { return in.lane >= 7 && in.lane != 8 ? 7 + (in.lane == 7) * 100 : 0; }},
    // Lanes of different iterations must not meet: in iteration k the lanes above k are active.
    {"r = 0; for (uint k = 0; k < lane; ++k) r += simd_sum(1);",
     [](const Inputs& in) {
       double r = 0;
       for (uint32_t k = 0; k < in.lane; ++k) r += 31 - k;
       return r;
     }},
    {"r = 0; for (uint k = 0; ; ++k) { if (k == lane) break; if (k & 1) continue; r += "
     "float(popcount(uint(simd_vote::vote_t(simd_active_threads_mask())))); }",
     [](const Inputs& in) {
       double r = 0;
       for (uint32_t k = 0; k < in.lane; k += 2) r += 31 - k;
       return r;
     }},
    {"r = simd_sum(1); if (lane < 16) { r += simd_sum(1) * 100; if (lane < 4) r += simd_sum(1) * "
     "10000; } r += simd_sum(1) * 0.5f;",
     [](const Inputs& in) {
       return 32 + (in.lane < 16 ? 1600 : 0) + (in.lane < 4 ? 40000 : 0) + 16;
     }},
    {"r = 0; if (lane < 10) r = quad_sum(1.0f);",
     [](const Inputs& in) { return in.lane < 8    ? 4
                                   : in.lane < 10 ? 2
                                                  : 0; }},
};

}  // namespace

TEST_CASE("simdgroup and quadgroup functions, every scalar type") {
  const std::pair<const char*, bool> types[] = {
      {"float", false}, {"half", false},  {"bfloat", false}, {"int", false},
      {"uint", true},   {"short", false}, {"ushort", true},  {"char", false},
      {"uchar", true},  {"long", false},  {"ulong", true}};
  for (const auto& [type, is_unsigned] : types) {
    CAPTURE(type);
    check_expressions(cases(type, is_unsigned), same_b());
  }
}
TEST_CASE("votes and bitwise reductions") {
  check_expressions(kVotes, two_simdgroups());
}
TEST_CASE("simdgroup functions act on the active lanes only") {
  check_expressions(kDivergent, two_simdgroups());
}
