// What the entry thunk of a kernel is written with: where a lane is, and how arguments get there.
#pragma once

#include <anvil/kernel_abi.h>

namespace __anvil {

template <unsigned Index, class Function>
struct parameter;
template <unsigned Index, class Result, class... Parameters>
struct parameter<Index, Result(Parameters...)> {
  using type = __remove_cvref(__type_pack_element<Index, Parameters...>);
};

#define ANVIL_ENTRY_FN __attribute__((always_inline, nodebug)) inline

// Not trivially copyable: a C ABI would pack trivial ones into integers, which hides from the
// vectoriser what it knows of x.
struct triple {
  unsigned x, y, z;
  ANVIL_ENTRY_FN triple() {}
  ANVIL_ENTRY_FN triple(unsigned a, unsigned b, unsigned c) : x(a), y(b), z(c) {}
  ANVIL_ENTRY_FN triple(const triple& other) : x(other.x), y(other.y), z(other.z) {}
  ANVIL_ENTRY_FN triple& operator=(const triple& other) {
    x = other.x, y = other.y, z = other.z;
    return *this;
  }
};

// The values behind MSL's kernel inputs, common to both variants.
struct thread_base {
  const AnvilThreadgroup* tg;
  unsigned simdgroup, lane;
  triple in_threadgroup;

  ANVIL_ENTRY_FN static triple load(const unsigned (&v)[3]) { return {v[0], v[1], v[2]}; }
  ANVIL_ENTRY_FN static unsigned product(const unsigned (&v)[3]) { return v[0] * v[1] * v[2]; }

  ANVIL_ENTRY_FN triple position_in_threadgroup() const { return in_threadgroup; }
  ANVIL_ENTRY_FN unsigned index_in_threadgroup() const { return simdgroup << 5 | lane; }
  ANVIL_ENTRY_FN unsigned index_in_simdgroup() const { return lane; }
  ANVIL_ENTRY_FN unsigned index_in_quadgroup() const { return lane & 3; }
  ANVIL_ENTRY_FN unsigned simdgroup_index() const { return simdgroup; }
  ANVIL_ENTRY_FN unsigned quadgroup_index() const { return index_in_threadgroup() >> 2; }
  ANVIL_ENTRY_FN unsigned simdgroups() const { return tg->simdgroups; }
  ANVIL_ENTRY_FN unsigned quadgroups() const { return (product(tg->threads) + 3) >> 2; }
  ANVIL_ENTRY_FN unsigned dispatch_simdgroups() const {
    return (product(tg->dispatch->threads_per_threadgroup) + 31) >> 5;
  }
  ANVIL_ENTRY_FN unsigned dispatch_quadgroups() const {
    return (product(tg->dispatch->threads_per_threadgroup) + 3) >> 2;
  }
  ANVIL_ENTRY_FN unsigned width() const { return ANVIL_SIMD_WIDTH; }
  ANVIL_ENTRY_FN triple threadgroup_position() const { return load(tg->position); }
  ANVIL_ENTRY_FN triple threadgroups() const { return load(tg->dispatch->threadgroups_per_grid); }
  ANVIL_ENTRY_FN triple grid() const { return load(tg->dispatch->threads_per_grid); }
  ANVIL_ENTRY_FN triple origin() const { return {0, 0, 0}; }
  ANVIL_ENTRY_FN triple dispatch_threads() const {
    return load(tg->dispatch->threads_per_threadgroup);
  }
};

// All lanes on, rows of whole simdgroups: the shifts tell the vectoriser that x is a multiple of 32
// plus the lane.
struct full_thread : thread_base {
  ANVIL_ENTRY_FN full_thread(const AnvilThreadgroup* group, unsigned simdgroup_index,
                             unsigned lane_index) {
    tg = group;
    simdgroup = simdgroup_index;
    lane = lane_index;
    const unsigned row = group->threads[0] >> 5;
    in_threadgroup.x = (simdgroup % row) << 5 | lane;
    in_threadgroup.y = simdgroup / row % group->threads[1];
    in_threadgroup.z = simdgroup / row / group->threads[1];
  }
  ANVIL_ENTRY_FN bool active() const { return true; }
  ANVIL_ENTRY_FN triple threads() const {
    return {tg->threads[0] >> 5 << 5, tg->threads[1], tg->threads[2]};
  }
  ANVIL_ENTRY_FN triple position_in_grid() const {
    const AnvilDispatch* d = tg->dispatch;
    const unsigned row = d->threads_per_threadgroup[0] >> 5;
    return {(tg->position[0] * row << 5) + in_threadgroup.x,
            tg->position[1] * d->threads_per_threadgroup[1] + in_threadgroup.y,
            tg->position[2] * d->threads_per_threadgroup[2] + in_threadgroup.z};
  }
};

// Any size: the last simdgroup may have lanes beyond the threadgroup's end.
struct any_thread : thread_base {
  ANVIL_ENTRY_FN any_thread(const AnvilThreadgroup* group, unsigned simdgroup_index,
                            unsigned lane_index) {
    tg = group;
    simdgroup = simdgroup_index;
    lane = lane_index;
    const unsigned index = index_in_threadgroup();
    if (group->threads[1] * group->threads[2] == 1) {
      in_threadgroup = {index, 0, 0};
    } else {
      const unsigned row = index / group->threads[0];
      in_threadgroup = {index % group->threads[0], row % group->threads[1],
                        row / group->threads[1]};
    }
  }
  ANVIL_ENTRY_FN bool active() const { return index_in_threadgroup() < product(tg->threads); }
  ANVIL_ENTRY_FN triple threads() const { return load(tg->threads); }
  ANVIL_ENTRY_FN triple position_in_grid() const {
    const AnvilDispatch* d = tg->dispatch;
    return {tg->position[0] * d->threads_per_threadgroup[0] + in_threadgroup.x,
            tg->position[1] * d->threads_per_threadgroup[1] + in_threadgroup.y,
            tg->position[2] * d->threads_per_threadgroup[2] + in_threadgroup.z};
  }
};

#undef ANVIL_ENTRY_FN

}  // namespace __anvil
