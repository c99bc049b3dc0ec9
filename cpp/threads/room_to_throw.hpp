// What a thread needs before anything in it may throw: Foundry's and Anvil's alike.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace threads {

/// `body` for a new thread, with address space for what the C++ library keeps of a thread that
/// throws: it allocates that at the thread's first exception, and ends the process where it cannot.
/// Throws std::bad_alloc here, in the thread that starts it, where there is none.
template <class Body>
auto with_room_to_throw(Body body) {
  constexpr std::size_t bytes = 64 << 10;  // malloc()'s first steps in a thread are in it too
  void* const at = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  std::shared_ptr<void> room(at, [](void* begin) { munmap(begin, bytes); });
  return [room = std::move(room), body = std::move(body)]() mutable {
    room.reset();                                 // to be used for what comes next
    static_cast<void>(std::current_exception());  // asks for it
    body();
  };
}

}  // namespace threads
