// IQ3_XXS: 256 weights as numbers of a codebook and signs, a scale for each 32.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration iq3_xxs_policy({.dtype = DType::iq3_xxs,
                                         .name = "IQ3_XXS",
                                         .file = "policies/iq3_xxs.metal",
                                         .wide = 8,
                                         .narrow = 8,
                                         .has_integer_form = true});
}  // namespace
}  // namespace foundry
