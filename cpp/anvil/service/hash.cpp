#include "anvil/service/hash.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace anvil::service {
namespace {

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
alignas(16) constexpr uint32_t kRoundConstants[64] = {
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

void compress_portable(uint32_t state[8], const unsigned char* blocks, size_t count) {
  for (; count > 0; --count, blocks += 64) {
    uint32_t w[64];
    for (int i = 0; i < 16; ++i) w[i] = big_endian(blocks + 4 * i);
    for (int i = 16; i < 64; ++i) {
      const uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
      const uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5],
             g = state[6], h = state[7];
    for (int i = 0; i < 64; ++i) {
      const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + kRoundConstants[i] + w[i];
      const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const uint32_t step[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i) state[i] += step[i];
  }
}

#if defined(__x86_64__)

// Four rounds an instruction pair; see Intel's "SHA Extensions" (2013). The instructions keep the
// state as the words ABEF and CDGH.
__attribute__((target("sha,sse4.1"))) void compress_x86(uint32_t state[8],
                                                        const unsigned char* blocks, size_t count) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  const __m128i dcba = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state));
  const __m128i hgfe = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state + 4));
  const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; count > 0; --count, blocks += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i words[4];
    for (int i = 0; i < 4; ++i)
      words[i] = _mm_shuffle_epi8(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + 16 * i)), swap);
    for (int i = 0; i < 16; ++i) {
      const __m128i now = words[i % 4];
      const __m128i sum = _mm_add_epi32(
          now, _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants + 4 * i)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (i >= 12) continue;
      const __m128i next = words[(i + 1) % 4], last = words[(i + 3) % 4];
      const __m128i seven = _mm_alignr_epi8(last, words[(i + 2) % 4], 4);
      words[i % 4] =
          _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(now, next), seven), last);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

bool has_instructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const bool sha = (b >> 29 & 1) != 0;
  return sha && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) != 0;
}

#endif

}  // namespace

Sha256::Compress Sha256::fastest() {
#if defined(__x86_64__)
  static const Compress chosen = has_instructions() ? compress_x86 : compress_portable;
  return chosen;
#else
  return compress_portable;
#endif
}

Sha256 Sha256::portable() {
  Sha256 hash;
  hash.compress_ = compress_portable;
  return hash;
}

Sha256& Sha256::append(const void* data, size_t bytes) {
  auto* from = static_cast<const unsigned char*>(data);
  total_ += bytes;
  while (bytes > 0) {
    if (filled_ == 0 && bytes >= block_.size()) {
      const size_t whole = bytes / block_.size();
      compress_(state_.data(), from, whole);
      from += whole * block_.size();
      bytes -= whole * block_.size();
      continue;
    }
    const size_t part = std::min(bytes, block_.size() - filled_);
    std::memcpy(block_.data() + filled_, from, part);
    filled_ += part;
    from += part;
    bytes -= part;
    if (filled_ == block_.size()) {
      compress_(state_.data(), block_.data(), 1);
      filled_ = 0;
    }
  }
  return *this;
}

Sha256::Digest Sha256::finish() {
  const uint64_t bits = total_ * 8;
  const unsigned char one = 0x80, zero = 0;
  append(&one, 1);
  while (filled_ != 56) append(&zero, 1);
  unsigned char length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
  append(length, sizeof length);
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

KeyHasher& KeyHasher::add(uint64_t number) {
  hash_.append(&number, sizeof number);
  return *this;
}

KeyHasher& KeyHasher::add(std::string_view field) {
  add(uint64_t{field.size()});
  hash_.append(field);
  return *this;
}

std::string KeyHasher::finish() {
  return hexadecimal(hash_.finish());
}

Sha256::Digest authentication(const Sha256::Digest& key, std::string_view name,
                              std::string_view text) {
  std::array<uint8_t, 64> inner, outer;
  inner.fill(0x36);
  outer.fill(0x5c);
  for (size_t i = 0; i < key.size(); ++i) inner[i] ^= key[i], outer[i] ^= key[i];
  const uint64_t size = name.size();
  const Sha256::Digest first = Sha256()
                                   .append(inner.data(), inner.size())
                                   .append(&size, sizeof size)
                                   .append(name)
                                   .append(text)
                                   .finish();
  return Sha256().append(outer.data(), outer.size()).append(first.data(), first.size()).finish();
}

std::string hexadecimal(const Sha256::Digest& digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace anvil::service
