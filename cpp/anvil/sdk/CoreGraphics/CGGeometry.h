// Points, sizes and rectangles.
#pragma once

#include <stdbool.h>

typedef double CGFloat;
#ifndef CGFLOAT_DEFINED
#define CGFLOAT_DEFINED 1
#define CGFLOAT_IS_DOUBLE 1
#endif
typedef struct CGPoint {
  CGFloat x;
  CGFloat y;
} CGPoint;
typedef struct CGSize {
  CGFloat width;
  CGFloat height;
} CGSize;
typedef struct CGRect {
  CGPoint origin;
  CGSize size;
} CGRect;

static inline CGPoint CGPointMake(CGFloat x, CGFloat y) {
  CGPoint point;
  point.x = x;
  point.y = y;
  return point;
}
static inline CGSize CGSizeMake(CGFloat width, CGFloat height) {
  CGSize size;
  size.width = width;
  size.height = height;
  return size;
}
static inline CGRect CGRectMake(CGFloat x, CGFloat y, CGFloat width, CGFloat height) {
  CGRect rect;
  rect.origin = CGPointMake(x, y);
  rect.size = CGSizeMake(width, height);
  return rect;
}
