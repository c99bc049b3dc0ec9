// Foundation, as far as Anvil has it (cpp/anvil/foundation).
#pragma once

#include <CoreFoundation/CoreFoundation.h>
#include <Foundation/NSSystem.h>
#include <dispatch/dispatch.h>
