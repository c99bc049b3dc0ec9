// IQ2_XS: 256 weights as numbers of a codebook and signs, a scale for each 16.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration iq2_xs_policy({.dtype = DType::iq2_xs,
                                        .name = "IQ2_XS",
                                        .file = "policies/iq2_xs.metal",
                                        .wide = 8,
                                        .narrow = 8,
                                        .has_integer_form = true});
}  // namespace
}  // namespace foundry
