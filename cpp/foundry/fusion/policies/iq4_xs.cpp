// IQ4_XS: 256 four-bit codes of a table, a scale for each 32.
#include "foundry/fusion/policy.hpp"

namespace foundry {
namespace {
const PolicyRegistration iq4_xs_policy({.dtype = DType::iq4_xs,
                                        .name = "IQ4_XS",
                                        .file = "policies/iq4_xs.metal",
                                        .wide = 8,
                                        .narrow = 8,
                                        .has_integer_form = true});
}  // namespace
}  // namespace foundry
