// The same of an AnyTensor: a view holds the bytes only as long as it is there.
// rejected: call to deleted member function 'host'
#include <foundry/foundry.hpp>

using namespace foundry;

float first(const AnyTensor& x) {
#ifdef FOUNDRY_MISUSE
  return x.slice(0, 1, 2).host<float>()[0];
#else
  const AnyTensor part = x.slice(0, 1, 2);
  return part.host<float>()[0];
#endif
}
