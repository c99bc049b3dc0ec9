// Foundation, as far as Anvil has it (cpp/anvil/foundation).
#pragma once

#include <CoreFoundation/CoreFoundation.h>
#include <Foundation/NSJSONSerialization.h>
#include <Foundation/NSMapTable.h>
#include <Foundation/NSNotification.h>
#include <Foundation/NSOperation.h>
#include <Foundation/NSSystem.h>
#include <Foundation/NSUUID.h>
#include <Foundation/NSUserDefaults.h>
#include <dispatch/dispatch.h>
