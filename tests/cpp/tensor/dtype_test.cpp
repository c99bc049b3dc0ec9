#include "foundry/tensor/dtype.hpp"

#include <doctest/doctest.h>

#include "foundry/core/error.hpp"
#include "foundry/tensor/dtype_codes.hpp"

using namespace foundry;

TEST_CASE("rows describe the C++ types") {
  CHECK(info(dtype_of<float>).block_bytes == sizeof(float));
  CHECK(info(dtype_of<f16>).block_bytes == sizeof(f16));
  CHECK(info(dtype_of<q4_0>).block_bytes == sizeof(q4_0));
  CHECK(info(dtype_of<q4_1>).block_bytes == sizeof(q4_1));
  CHECK(info(dtype_of<q5_0>).block_bytes == sizeof(q5_0));
  CHECK(info(dtype_of<q5_1>).block_bytes == sizeof(q5_1));
  CHECK(info(dtype_of<q8_0>).block_bytes == sizeof(q8_0));
  CHECK(info(dtype_of<q4_k>).block_bytes == sizeof(q4_k));
  CHECK(info(dtype_of<q5_k>).block_bytes == sizeof(q5_k));
  CHECK(info(dtype_of<q6_k>).block_bytes == sizeof(q6_k));
  CHECK(info(DType::q8_0).block_elements == 32);
  CHECK(info(DType::q6_k).block_elements == 256);
  CHECK(std::string(info(DType::bf16).metal_name) == "bfloat");
  CHECK(is_block(DType::q4_1));
  CHECK_FALSE(is_block(DType::f16));
  static_assert(!Element<std::string>);
}

TEST_CASE("names are found in any case, and every row is found by its name") {
  CHECK(find_dtype("F16") == DType::f16);
  CHECK(find_dtype("Q4_K") == DType::q4_k);
  CHECK_FALSE(find_dtype("f17"));
  for (std::size_t i = 0; i < kBuiltInDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    CHECK(parse_dtype(name_of(dtype)) == dtype);
  }
}

TEST_CASE("every code that others have for a dtype leads back to it, and no other does") {
  for (std::size_t i = 0; i < kBuiltInDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    const DTypeCodes& codes = codes_of(dtype);
    CAPTURE(name_of(dtype));
    CHECK(is_block(dtype) == (codes.dlpack == DlpackCode::none));
    if (is_block(dtype)) {
      CHECK(std::string(codes.numpy) == "uint8");
      CHECK(codes.format == nullptr);
    } else {
      CHECK(dtype_of_numpy_name(codes.numpy) == dtype);
      CHECK(dtype_of_dlpack(static_cast<int>(codes.dlpack), info(dtype).block_bytes * 8) == dtype);
    }
    if (codes.ggml >= 0) {
      CHECK(dtype_of_ggml_type(static_cast<std::uint32_t>(codes.ggml)) == dtype);
    }
  }
  CHECK_FALSE(dtype_of_numpy_name("complex64"));
  CHECK_FALSE(dtype_of_dlpack(-1, 8));
  CHECK_FALSE(dtype_of_dlpack(2, 8));
  for (const std::uint32_t dropped : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u, 255u, 0xffffffffu}) {
    CHECK_FALSE(dtype_of_ggml_type(dropped));
  }
}

TEST_CASE("what is unsupported says what is supported") {
  CHECK_THROWS_WITH_AS(
      require_supported(DType::q8_k, "blk.0.ffn_up.weight"),
      "blk.0.ffn_up.weight: unsupported dtype q8_k; supported: f32, f16, bf16, i8, "
      "i16, i32, i64, u8, u16, u32, u64, bool, q4_0, q4_1, "
      "q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k, iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, "
      "iq3_xxs, iq3_s, iq4_nl, iq4_xs, tq1_0, tq2_0, mxfp4, nvfp4",
      DTypeError);
  CHECK_THROWS_WITH_AS(parse_dtype("f17"),
                       "no dtype 'f17'; there are f32, f16, bf16, i8, i16, i32, i64, u8, u16, u32, "
                       "u64, bool, q4_0, q4_1, q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k, "
                       "iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_nl, iq4_xs, "
                       "tq1_0, tq2_0, mxfp4, nvfp4",
                       DTypeError);
}
