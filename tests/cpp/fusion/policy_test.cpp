#include <doctest/doctest.h>

#include "foundry/core/error.hpp"
#include "foundry/fusion/policy.hpp"
#include "foundry/kernel/shader_library.hpp"

using namespace foundry;

TEST_CASE("every policy has its shader file, named after its dtype") {
  CHECK(policies().size() == 26);
  for (const auto& policy : policies()) {
    CHECK(policy.file == concat("policies/", name_of(policy.dtype), ".metal"));
    const auto text = find_shader(policy.file);
    CHECK(text.find(concat("struct ", policy.name, " ")) != text.npos);
  }
}

TEST_CASE("a dtype without a policy is named, with those that have one") {
  CHECK_THROWS_WITH_AS(policy_of(DType::i32, "Gemv"),
                       "Gemv: no policy for i32; there are f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, "
                       "q8_0, q2_k, q3_k, q4_k, q5_k, q6_k, iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, "
                       "iq3_xxs, iq3_s, iq4_nl, iq4_xs, tq1_0, tq2_0, mxfp4, nvfp4",
                       DTypeError);
}

TEST_CASE("a dtype has one policy") {
  CHECK_THROWS_WITH_AS(PolicyRegistration({DType::f16, "Other", "policies/other.metal", 1, 1}),
                       "policy Other: f16 has a policy already, F16", ArgumentError);
}
