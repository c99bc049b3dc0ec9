#pragma once
#include <Foundation/NSValue.h>
