/* texture_abi.h: what textures and samplers are to kernels: descriptors that the host writes, and
   the library's texture types read (compiler/library/metal/texel.h). Plain C, without headers: 32
   bits are `unsigned`, 64 `unsigned long long`. */
#ifndef ANVIL_ABI_TEXTURE_ABI_H
#define ANVIL_ABI_TEXTURE_ABI_H

/* Metal's limits ("Metal Feature Set Tables", Apple): arguments of a function, and texels. */
#define ANVIL_MAX_TEXTURES 128
#define ANVIL_MAX_SAMPLERS 16
#define ANVIL_MAX_TEXTURE_EXTENT 16384
#define ANVIL_MAX_TEXTURE_DEPTH 2048
#define ANVIL_MAX_TEXTURE_SLICES 2048
#define ANVIL_MAX_TEXTURE_BUFFER_WIDTH (1u << 28)
#define ANVIL_MAX_TEXTURE_LEVELS 15

/* Where the bits of a texel's channels lie. */
enum AnvilTexelLayout {
  ANVIL_TEXEL_PACKED_8, /* channels in a word of 8, 16 or 32 bits, by `shift` and `bits` */
  ANVIL_TEXEL_PACKED_16,
  ANVIL_TEXEL_PACKED_32,
  ANVIL_TEXEL_16X4, /* words of 16 bits */
  ANVIL_TEXEL_32X2, /* words of 32 bits */
  ANVIL_TEXEL_32X4
};

/* What number a channel's bits are. */
enum AnvilTexelKind {
  ANVIL_TEXEL_UINT,
  ANVIL_TEXEL_SINT,
  ANVIL_TEXEL_UNORM,
  ANVIL_TEXEL_SNORM,
  ANVIL_TEXEL_SRGB, /* unorm; channels 0 to 2 are sRGB's (IEC 61966-2-1) */
  ANVIL_TEXEL_HALF, /* of fewer bits than 16: the upper ones of a half without its sign */
  ANVIL_TEXEL_FLOAT,
  ANVIL_TEXEL_SHARED_EXPONENT /* RGB9E5 */
};

/* Formats of four channels in the order of a vector's, or nearly: whole vectors are converted. */
enum AnvilTexelShortcut {
  ANVIL_SHORTCUT_NONE,
  ANVIL_SHORTCUT_RGBA8_UNORM,
  ANVIL_SHORTCUT_BGRA8_UNORM,
  ANVIL_SHORTCUT_RGBA16_FLOAT,
  ANVIL_SHORTCUT_RGBA32_FLOAT
};

/* What a swizzle says of a channel, as MTLTextureSwizzle has it. */
enum AnvilTexelSwizzle {
  ANVIL_SWIZZLE_ZERO,
  ANVIL_SWIZZLE_ONE,
  ANVIL_SWIZZLE_RED,
  ANVIL_SWIZZLE_GREEN,
  ANVIL_SWIZZLE_BLUE,
  ANVIL_SWIZZLE_ALPHA
};

struct AnvilTextureLevel {
  unsigned long long texels; /* address of the first */
  unsigned long long slice_bytes;
  unsigned row_bytes;
  unsigned width, height, depth; /* in texels; 1 in dimensions that the texture does not have */
};

/* All zeros: no texture. It has no texels, and what is read from it is zero. */
struct AnvilTexture {
  unsigned levels;
  unsigned
      slices; /* of arrays; six a cube, and for each sample one, a texel's next to each other */
  unsigned samples;
  unsigned layout, kind;
  unsigned swizzle;           /* 0: none; otherwise an AnvilTexelSwizzle in 4 bits a channel */
  unsigned shift[4], bits[4]; /* by channel; no bits: it is 0, and channel 3 is 1 */
  float inverse[4];           /* by channel: 1 / the greatest number of unorm or snorm */
  unsigned shortcut;          /* an AnvilTexelShortcut; none where there is a swizzle */
  unsigned padding;
  struct AnvilTextureLevel level[ANVIL_MAX_TEXTURE_LEVELS];
};

/* A sampler is 64 bits. Zeros are what MSL's `sampler s;` is. Each field: its first bit, and how
   many. */
#define ANVIL_SAMPLER_PIXEL_COORDINATES 0, 1
#define ANVIL_SAMPLER_ADDRESS_S 1, 3 /* an AnvilAddress */
#define ANVIL_SAMPLER_ADDRESS_T 4, 3
#define ANVIL_SAMPLER_ADDRESS_R 7, 3
#define ANVIL_SAMPLER_MAG_LINEAR 10, 1
#define ANVIL_SAMPLER_MIN_LINEAR 11, 1
#define ANVIL_SAMPLER_MIP 12, 2      /* 0: none, 1: nearest, 2: linear */
#define ANVIL_SAMPLER_COMPARE 14, 4  /* an AnvilCompare */
#define ANVIL_SAMPLER_BORDER 18, 2   /* as MTLSamplerBorderColor has it */
#define ANVIL_SAMPLER_LOD_MIN 32, 16 /* a half */
#define ANVIL_SAMPLER_LOD_MAX 48, 16 /* a half, and 0x7c00 ^ it: zeros are infinity */

enum AnvilAddress {
  ANVIL_ADDRESS_CLAMP_TO_EDGE,
  ANVIL_ADDRESS_MIRROR_CLAMP_TO_EDGE,
  ANVIL_ADDRESS_REPEAT,
  ANVIL_ADDRESS_MIRRORED_REPEAT,
  ANVIL_ADDRESS_CLAMP_TO_ZERO,
  ANVIL_ADDRESS_CLAMP_TO_BORDER
};

enum AnvilBorder { /* as MTLSamplerBorderColor has them */
                   ANVIL_BORDER_TRANSPARENT_BLACK,
                   ANVIL_BORDER_OPAQUE_BLACK,
                   ANVIL_BORDER_OPAQUE_WHITE
};

enum AnvilCompare { /* as MTLCompareFunction has them */
                    ANVIL_COMPARE_NEVER,
                    ANVIL_COMPARE_LESS,
                    ANVIL_COMPARE_EQUAL,
                    ANVIL_COMPARE_LESS_EQUAL,
                    ANVIL_COMPARE_GREATER,
                    ANVIL_COMPARE_NOT_EQUAL,
                    ANVIL_COMPARE_GREATER_EQUAL,
                    ANVIL_COMPARE_ALWAYS
};

#endif
