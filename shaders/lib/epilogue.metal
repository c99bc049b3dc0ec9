// What an epilogue is: what happens to a main stage's result before it is stored.
//
// An epilogue struct has apply(value, token, row, rows): the new value of output (token, row) of a
// (tokens, rows) result. Epilogues run in the order in which they were added; the store is last.
#pragma once
#include "lib/common.metal"
