// What an epilogue is: what happens to a product's result before it is stored.
//
// An epilogue struct has apply(value, token, row, rows): the new value of output (token, row) of a
// (tokens, rows) result. Epilogues run in the order in which they were added; the store is last.
#pragma once
#include "lib/common.metal"

/// No epilogue.
struct Unchanged {
  float apply(float value, uint, uint, uint) const { return value; }
};

/// Several: the first one, then the rest.
template <class First, class Rest>
struct Epilogues {
  First first;
  Rest rest;

  float apply(float value, uint token, uint row, uint rows) const {
    return rest.apply(first.apply(value, token, row, rows), token, row, rows);
  }
};

template <class First, class Rest>
inline Epilogues<First, Rest> then(First first, Rest rest) {
  return {first, rest};
}
