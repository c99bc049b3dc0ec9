// Dtypes of an app's own. A program of its own, because a dtype is there for the whole process.
#include <doctest/doctest.h>

#include <array>
#include <set>
#include <thread>

#include "foundry/core/error.hpp"
#include "foundry/tensor/dtype.hpp"
#include "foundry/tensor/dtype_codes.hpp"
#include "foundry/tensor/extents.hpp"

using namespace foundry;

namespace {

/// 32 four-bit codes, a power of two and a signed byte that is added to the codes.
struct Own4 {
  std::uint8_t exponent;
  std::int8_t bias;
  std::uint8_t codes[16];
};

std::string refusal(const BlockFormat& format) {
  try {
    register_dtype(format);
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "registered";
}

}  // namespace

template <>
struct foundry::DTypeOf<Own4> {
  static inline const DType kDType =
      register_dtype({.name = "own4", .block_elements = 32, .block_bytes = sizeof(Own4)});
};

TEST_CASE("a dtype of an app's own has a row like every other") {
  const DType own = dtype_of<Own4>;
  static_assert(Element<Own4>);
  static_assert(dtype_of<float> == DType::f32);  // still a constant where it is one
  CHECK(static_cast<std::size_t>(own) >= kBuiltInDTypes);
  CHECK(register_dtype({"own4", 32, 18}) == own);
  CHECK(find_dtype("OWN4") == own);
  CHECK(parse_dtype("own4") == own);
  CHECK(std::string(name_of(own)) == "own4");
  CHECK(format_of(own) == BlockFormat{"own4", 32, 18});
  CHECK(is_block(own));
  CHECK(is_supported(own));
  CHECK(supported_dtypes().ends_with(", own4"));
  CHECK(info(own).is_float);
  CHECK(info(own).alignment == 2);
  CHECK(info(register_dtype({"own_17", 32, 17})).alignment == 1);
  CHECK(info(register_dtype({"own_28", 32, 28})).alignment == 4);
  CHECK(codes_of(own).dlpack == DlpackCode::none);
  CHECK(std::string(codes_of(own).numpy) == "uint8");
  CHECK(codes_of(own).format == nullptr);
  CHECK(codes_of(own).ggml == -1);
  CHECK(block_struct_of(own) == "OWN4Block");
  CHECK(byte_length({3, 96}, own) == 3 * 3 * 18);
  CHECK_THROWS_WITH_AS((void)byte_length({3, 80}, own),
                       "shape (3, 80) of own4: the inner size 80 is not a multiple of its block of "
                       "32",
                       DTypeError);
}

TEST_CASE("a number in GGUF files leads to the dtype") {
  CHECK_FALSE(dtype_of_ggml_type(4000000000));
  const DType own = register_dtype({"own_gguf", 64, 40, 4000000000});
  CHECK(dtype_of_ggml_type(4000000000) == own);
  CHECK(format_of(own).ggml_type == 4000000000);
  CHECK(refusal({"own_other", 64, 40, 4000000000}) ==
        "dtype own_other of 64 weights in 40 bytes, ggml's type 4000000000: that is the type of "
        "own_gguf");
  CHECK(refusal({"own_gguf", 64, 40}) ==
        "dtype own_gguf of 64 weights in 40 bytes: there is one already, of 64 weights in 40 "
        "bytes, ggml's type 4000000000");
}

TEST_CASE("what no block can be is refused") {
  const char* name = "it is to be of small letters, digits and '_', 63 at most, a letter first";
  for (const char* wrong : {"", "Own", "1own", "_own", "own-4", "own 4", "\xc3\xa9", "own\n"}) {
    CAPTURE(wrong);
    CHECK(refusal({wrong, 32, 18}).ends_with(concat(": ", name)));
  }
  CHECK(refusal({std::string(64, 'x'), 32, 18}).ends_with(name));
  for (const std::uint32_t elements : {0u, 1u, 16u, 33u, 8224u, 0xffffffe0u}) {
    CHECK(refusal({"wrong", elements, 18}) ==
          concat("dtype 'wrong': blocks of ", elements,
                 " weights; supported: multiples of 32 to 8192"));
  }
  for (const std::uint32_t bytes : {0u, 65537u}) {
    CHECK(refusal({"wrong", 32, bytes}) ==
          concat("dtype 'wrong': blocks of ", bytes, " bytes; supported: 1 to 65536"));
  }
  CHECK(refusal({"float16", 32, 18}) == "dtype 'float16': it is numpy's name of f16");
  CHECK(refusal({"q4_0", 32, 20}) ==
        "dtype q4_0 of 32 weights in 20 bytes: there is one already, of 32 weights in 18 bytes, "
        "ggml's type 2");
  CHECK(refusal({"wrong", 32, 18, 2}) ==
        "dtype wrong of 32 weights in 18 bytes, ggml's type 2: that is the type of q4_0");
  CHECK_FALSE(find_dtype("wrong"));
}

TEST_CASE("threads that register and read agree, until there is no room") {
  constexpr std::size_t kThreads = 4;
  const std::size_t before = dtype_count();
  std::array<std::vector<DType>, kThreads> found;
  std::array<std::string, kThreads> failures;
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::uint32_t i = 0; failures[thread].empty(); ++i) {
          const std::string name = concat("shared_", i);
          try {
            const DType dtype = register_dtype({name, 32 * (1 + i % 4), 1 + i});
            found[thread].push_back(dtype);
            // What any thread sees of a row is the whole row.
            for (std::size_t at = 0; at < dtype_count(); ++at) {
              const DTypeInfo& row = info(static_cast<DType>(at));
              if (find_dtype(row.name) != row.dtype) failures[thread] = row.name;
            }
          } catch (const ArgumentError& error) {
            failures[thread] = error.what();
          }
        }
      });
    }
  }
  CHECK(dtype_count() == kMostDTypes);
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    const std::size_t i = found[thread].size();
    CHECK(i == kMostDTypes - before);
    CHECK(found[thread] == found[0]);
    CHECK(failures[thread] == concat("dtype shared_", i, " of ", 32 * (1 + i % 4), " weights in ",
                                     1 + i, " bytes: there are 256 dtypes, which is the most"));
  }
  CHECK(std::set(found[0].begin(), found[0].end()).size() == found[0].size());
  CHECK(register_dtype({"shared_0", 32, 1}) == found[0][0]);
}
