// The whole library: what the front end precompiles and puts before every kernel.
#pragma once

#include "array.h"
#include "atomic.h"
#include "common.h"
#include "geometric.h"
#include "integer.h"
#include "limits.h"
#include "math.h"
#include "matrix.h"
#include "quadgroup.h"
#include "relational.h"
#include "simdgroup.h"
#include "simdgroup_matrix.h"
#include "synchronization.h"
#include "type_traits.h"
#include "types.h"
#include "vec.h"
