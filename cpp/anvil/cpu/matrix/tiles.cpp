// A product by AMX's tiles: 16 rows of 64 bytes each. A tile of the left operand is read where it
// lies if it does row by row; the right operand is packed first, 32 columns and kDepthOfBlock of k
// at a time, as the instructions want it: words of 4 bytes, neighbours in k, in the order of the
// columns.
#include <algorithm>
#include <cstring>

#include "anvil/cpu/matrix/blocks.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace anvil::cpu::matrix {

#if defined(__x86_64__)

#define ANVIL_TILES __attribute__((target("amx-tile,amx-bf16,amx-int8,avx512f,avx512bw,avx512vl")))

namespace {

constexpr uint32_t kSide = 16;                 // rows of a tile, and words of a row
constexpr uint32_t kTilesColumns = 2 * kSide;  // of the destination at once
constexpr uint32_t kTilesRows = 2 * kSide;
constexpr uint32_t kStepBytes = 64;    // of k, of one row
constexpr uint32_t kDepthBytes = 512;  // of k, packed at once

// The kernel's documentation of x86's extended features, "Dynamically enabled XSTATE features".
constexpr long kSupported = 0x1021, kRequestPermission = 0x1023, kTileData = 18;

bool processor_has_tiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24, kAmxInt8 = 1u << 25;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  if ((d & (kAmxBf16 | kAmxTile | kAmxInt8)) != (kAmxBf16 | kAmxTile | kAmxInt8)) return false;
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

bool may_use_tiles() {
  return has_tiles() && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

constexpr TileConfig full_tiles() {
  TileConfig config;
  for (uint32_t i = 0; i < 8; ++i) {
    config.row_bytes[i] = kStepBytes;
    config.rows[i] = kSide;
  }
  return config;
}
constexpr TileConfig kFullTiles = full_tiles();

/// Tiles of a thread for as long as it multiplies: held longer, their registers would be saved at
/// every change of threads.
struct Tiles {
  ANVIL_TILES Tiles() { _tile_loadconfig(&kFullTiles); }
  ANVIL_TILES ~Tiles() { _tile_release(); }
};

/// 16 words of each of 16 rows become the rows.
ANVIL_TILES void turn_words(__m512i (&rows)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    rows[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0xDD);
    t[i + 8] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0xDD);
  }
  for (int i = 0; i < 8; ++i) {
    rows[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    rows[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xDD);
  }
}

/// Where a step's words of 16 columns are, and how far the next step's.
constexpr uint32_t kTileBytes = kSide * kStepBytes;
constexpr uint32_t kStepOfPacked = 2 * kTileBytes;

/// Columns `column_steps` of 64 bytes of k each, one after the other in memory, `pitch` bytes
/// apart.
ANVIL_TILES void pack_columns(const std::byte* columns, int64_t pitch, uint32_t count,
                              uint32_t depth_bytes, std::byte* to) {
  for (uint32_t half = 0; half < 2; ++half) {
    const uint32_t own = count > half * kSide ? std::min(kSide, count - half * kSide) : 0;
    for (uint32_t k = 0; k < depth_bytes; k += kStepBytes) {
      const uint32_t bytes = std::min(kStepBytes, depth_bytes - k);
      const __mmask64 mask = bytes == 64 ? ~__mmask64{0} : (__mmask64{1} << bytes) - 1;
      __m512i rows[16];
      for (uint32_t i = 0; i < kSide; ++i)
        rows[i] = i < own ? _mm512_maskz_loadu_epi8(mask, columns + (half * kSide + i) * pitch + k)
                          : _mm512_setzero_si512();
      turn_words(rows);
      std::byte* tile = to + k / kStepBytes * kStepOfPacked + half * kTileBytes;
      for (uint32_t i = 0; i < kSide; ++i) _mm512_store_si512(tile + i * kStepBytes, rows[i]);
    }
  }
}

/// Rows of k, of elements of a type: a word takes those of so many rows.
template <class T>
void pack_rows(const Matrix& b, uint32_t depth, uint32_t columns, std::byte* to) {
  constexpr uint32_t kInWord = 4 / sizeof(T);
  std::memset(to, 0, (depth * sizeof(T) + kStepBytes - 1) / kStepBytes * kStepOfPacked);
  for (uint32_t k = 0; k < depth; ++k) {
    const std::byte* row = b.elements + k * b.row_step * static_cast<int64_t>(sizeof(T));
    const uint32_t step = k * static_cast<uint32_t>(sizeof(T)) / kStepBytes;
    const uint32_t word = k / kInWord % kSide;
    for (uint32_t column = 0; column < columns; ++column) {
      std::byte* place = to + step * kStepOfPacked + column / kSide * kTileBytes +
                         word * kStepBytes + column % kSide * 4 + k % kInWord * sizeof(T);
      std::memcpy(place, row + column * b.column_step * static_cast<int64_t>(sizeof(T)), sizeof(T));
    }
  }
}

enum class Products { bfloats, chars, char_uchars, uchar_chars, uchars };

template <Products Kind, int D, int A, int B>
ANVIL_TILES __attribute__((always_inline)) inline void add_product() {
  if constexpr (Kind == Products::bfloats) {
    _tile_dpbf16ps(D, A, B);
  } else if constexpr (Kind == Products::chars) {
    _tile_dpbssd(D, A, B);
  } else if constexpr (Kind == Products::char_uchars) {
    _tile_dpbsud(D, A, B);
  } else if constexpr (Kind == Products::uchar_chars) {
    _tile_dpbusd(D, A, B);
  } else {
    _tile_dpbuud(D, A, B);
  }
}

/// 32 x 32 sums, rows `d_pitch` bytes apart, plus a product of `steps` times 64 bytes.
template <Products Kind>
ANVIL_TILES void add_block(std::byte* d, int64_t d_pitch, const std::byte* a, int64_t a_pitch,
                           const std::byte* packed, uint32_t steps, bool accumulates) {
  std::byte* const lower = d + kSide * d_pitch;
  if (accumulates) {
    _tile_loadd(0, d, d_pitch);
    _tile_loadd(1, d + kStepBytes, d_pitch);
    _tile_loadd(2, lower, d_pitch);
    _tile_loadd(3, lower + kStepBytes, d_pitch);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (uint32_t step = 0; step < steps; ++step) {
    const std::byte* left = a + step * kStepBytes;
    const std::byte* right = packed + step * kStepOfPacked;
    _tile_loadd(4, left, a_pitch);
    _tile_loadd(6, right, kStepBytes);
    add_product<Kind, 0, 4, 6>();
    _tile_loadd(7, right + kTileBytes, kStepBytes);
    add_product<Kind, 1, 4, 7>();
    _tile_loadd(5, left + kSide * a_pitch, a_pitch);
    add_product<Kind, 2, 5, 6>();
    add_product<Kind, 3, 5, 7>();
  }
  _tile_stored(0, d, d_pitch);
  _tile_stored(1, d + kStepBytes, d_pitch);
  _tile_stored(2, lower, d_pitch);
  _tile_stored(3, lower + kStepBytes, d_pitch);
}

template <Products Kind>
ANVIL_TILES void multiply_as(const Matrix& d, const Matrix& a, const Matrix& b, const Sizes& sizes,
                             bool accumulates) {
  const Tiles tiles;
  constexpr uint32_t kBytes = Kind == Products::bfloats ? 2 : 1;
  constexpr uint32_t kDepthOfBlock = kDepthBytes / kBytes;
  alignas(64) std::byte packed[kDepthBytes / kStepBytes * kStepOfPacked];
  alignas(64) std::byte left[kTilesRows * kDepthBytes];
  alignas(64) std::byte sums[kTilesRows * kTilesColumns * 4];
  constexpr int64_t kSumsPitch = kTilesColumns * 4;
  uint32_t k = 0;
  do {
    const uint32_t depth = std::min(kDepthOfBlock, sizes.k - k);
    const uint32_t steps = (depth * kBytes + kStepBytes - 1) / kStepBytes;
    const bool adds = accumulates || k != 0;
    for (uint32_t column = 0; column < sizes.n; column += kTilesColumns) {
      const uint32_t columns = std::min(kTilesColumns, sizes.n - column);
      const Matrix right = b.from(k, column);
      if (right.row_step == 1)
        pack_columns(right.elements, right.column_step * kBytes, columns, depth * kBytes, packed);
      else if constexpr (kBytes == 2)
        pack_rows<uint16_t>(right, depth, columns, packed);
      else
        pack_rows<uint8_t>(right, depth, columns, packed);
      for (uint32_t row = 0; row < sizes.m; row += kTilesRows) {
        const uint32_t rows = std::min(kTilesRows, sizes.m - row);
        const Matrix own = a.from(row, k);
        const std::byte* elements = own.elements;
        int64_t pitch = own.row_step * kBytes;
        if (own.column_step != 1 || rows < kTilesRows || depth * kBytes % kStepBytes != 0) {
          pitch = kDepthBytes;
          if (rows < kTilesRows || depth * kBytes % kStepBytes != 0)
            std::memset(left, 0, sizeof(left));
          read_words(own, rows, depth, left, kDepthOfBlock);
          elements = left;
        }
        const Matrix to = d.from(row, column);
        std::byte* const place = to.elements;
        if (rows == kTilesRows && columns == kTilesColumns) {
          add_block<Kind>(place, to.row_step * 4, elements, pitch, packed, steps, adds);
          continue;
        }
        for (uint32_t i = 0; adds && i < rows; ++i)
          std::memcpy(sums + i * kSumsPitch, place + i * to.row_step * 4, columns * 4);
        add_block<Kind>(sums, kSumsPitch, elements, pitch, packed, steps, adds);
        for (uint32_t i = 0; i < rows; ++i)
          std::memcpy(place + i * to.row_step * 4, sums + i * kSumsPitch, columns * 4);
      }
    }
    k += depth;
  } while (k < sizes.k);
}

}  // namespace

bool has_tiles() {
  uint64_t supported = 0;
  return processor_has_tiles() && syscall(SYS_arch_prctl, kSupported, &supported) == 0 &&
         (supported >> kTileData & 1) != 0;
}

bool has_tiles_for(uint32_t d_kind, uint32_t a_kind, uint32_t b_kind) {
  static const bool may = may_use_tiles();
  if (a_kind == ANVIL_MATRIX_BFLOAT && b_kind == ANVIL_MATRIX_BFLOAT)
    return may && d_kind == ANVIL_MATRIX_FLOAT;
  return may && d_kind == ANVIL_MATRIX_INT;
}

void multiply_by_tiles(const Matrix& d, const Matrix& a, const Matrix& b, const Sizes& sizes,
                       bool accumulates) {
  if (a.kind == ANVIL_MATRIX_BFLOAT)
    return multiply_as<Products::bfloats>(d, a, b, sizes, accumulates);
  const bool left = a.kind == ANVIL_MATRIX_UCHAR, right = b.kind == ANVIL_MATRIX_UCHAR;
  if (left)
    return right ? multiply_as<Products::uchars>(d, a, b, sizes, accumulates)
                 : multiply_as<Products::uchar_chars>(d, a, b, sizes, accumulates);
  return right ? multiply_as<Products::char_uchars>(d, a, b, sizes, accumulates)
               : multiply_as<Products::chars>(d, a, b, sizes, accumulates);
}

#else

bool has_tiles() {
  return false;
}
bool has_tiles_for(uint32_t, uint32_t, uint32_t) {
  return false;
}
void multiply_by_tiles(const Matrix&, const Matrix&, const Matrix&, const Sizes&, bool) {
  __builtin_unreachable();
}

#endif

}  // namespace anvil::cpu::matrix
