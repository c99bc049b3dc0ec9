#pragma once
#include <Foundation/NSMapTable.h>
