// A span of a tensor that is gone with the statement.
// rejected: call to deleted member function 'host'
#include <foundry/foundry.hpp>

using namespace foundry;

float first(Foundry& foundry) {
#ifdef FOUNDRY_MISUSE
  return foundry.alloc<f32>({4}).host()[0];
#else
  const auto x = foundry.alloc<f32>({4});
  return x.host()[0];
#endif
}
