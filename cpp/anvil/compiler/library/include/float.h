// <float.h>: MSL declares these names itself.
#include <anvil/predefined.h>
