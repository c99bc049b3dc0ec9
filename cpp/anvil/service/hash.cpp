#include "anvil/service/hash.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace anvil {
namespace {

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t big_endian(const unsigned char* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
}

}  // namespace

void KeyHasher::compress(const unsigned char* block) {
  uint32_t w[64];
  for (int i = 0; i < 16; ++i) w[i] = big_endian(block + 4 * i);
  for (int i = 16; i < 64; ++i) {
    const uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (int i = 0; i < 64; ++i) {
    const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + kRoundConstants[i] + w[i];
    const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const uint32_t step[8] = {a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; ++i) state_[i] += step[i];
}

void KeyHasher::append(const void* data, size_t bytes) {
  auto* from = static_cast<const unsigned char*>(data);
  total_ += bytes;
  while (bytes > 0) {
    if (filled_ == 0 && bytes >= block_.size()) {
      compress(from);
      from += block_.size();
      bytes -= block_.size();
      continue;
    }
    const size_t part = std::min(bytes, block_.size() - filled_);
    std::memcpy(block_.data() + filled_, from, part);
    filled_ += part;
    from += part;
    bytes -= part;
    if (filled_ == block_.size()) {
      compress(block_.data());
      filled_ = 0;
    }
  }
}

KeyHasher& KeyHasher::add(uint64_t number) {
  append(&number, sizeof number);
  return *this;
}

KeyHasher& KeyHasher::add(std::string_view field) {
  add(uint64_t{field.size()});
  append(field.data(), field.size());
  return *this;
}

std::string KeyHasher::finish() {
  const uint64_t bits = total_ * 8;
  const unsigned char one = 0x80, zero = 0;
  append(&one, 1);
  while (filled_ != 56) append(&zero, 1);
  unsigned char length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
  append(length, sizeof length);
  std::string text;
  for (const uint32_t word : state_)
    for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[word >> shift & 15];
  return text;
}

std::string KeyHasher::sha256(std::string_view text) {
  KeyHasher hasher;
  hasher.append(text.data(), text.size());
  return hasher.finish();
}

uint64_t checksum(std::span<const std::byte> data) {
  // Four independent streams of multiply-and-fold; each step is a bijection of the data it takes
  // in.
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  uint64_t lanes[4] = {1, 2, 3, 4};
  const auto take = [&](int lane, uint64_t word) {
    lanes[lane] = (lanes[lane] ^ word) * kMultiplier;
    lanes[lane] ^=
        lanes[lane] >> 32;  // a product's high bits would else stay out of the next one's low
  };
  size_t at = 0;
  for (; at + 32 <= data.size(); at += 32) {
    uint64_t words[4];
    std::memcpy(words, data.data() + at, 32);
    for (int lane = 0; lane < 4; ++lane) take(lane, words[lane]);
  }
  for (; at < data.size(); ++at) take(static_cast<int>(at % 4), static_cast<uint64_t>(data[at]));
  uint64_t result = data.size();
  for (const uint64_t lane : lanes) {
    result = (result ^ lane) * kMultiplier;
    result ^= result >> 32;
  }
  return result;
}

}  // namespace anvil
