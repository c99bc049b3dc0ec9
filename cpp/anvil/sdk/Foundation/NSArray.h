#pragma once
#include <Foundation/NSCollections.h>
