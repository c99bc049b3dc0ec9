#pragma once
#include <Foundation/NSSystem.h>
