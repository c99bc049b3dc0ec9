#include "refused_calls.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <new>
#include <string>

namespace refused_calls {
namespace {

std::atomic<Resource> refused{Resource::none};
std::atomic<int> first_refused{0}, how_many{0}, asked{0};

bool refuses(Resource which) {
  if (refused != which) return false;
  const int call = asked++;
  return call >= first_refused && call < first_refused + how_many;
}

template <class Function>
Function* next(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

mode_t mode_of(int flags, va_list arguments) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

void refuse(Resource which, int first, int count) {
  refused = Resource::none;
  first_refused = first;
  how_many = count;
  asked = 0;
  refused = which;
}

int calls() {
  return asked;
}

int outcome_of(const std::function<Outcome()>& body) {
  std::fflush(nullptr);  // not once more by the child
  const pid_t child = fork();
  if (child == 0) {
    close(2);  // nil is explained there
    alarm(100);
    Outcome outcome = broken;
    try {
      outcome = body();
    } catch (const std::exception&) {
    }
    std::exit(outcome);  // with every handler that runs at exit
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void refuse_each(std::initializer_list<Resource> resources,
                 const std::function<std::string()>& attempt) {
  REQUIRE(outcome_of([&] { return attempt().empty() ? right : broken; }) == right);
  for (const Resource resource : resources)
    for (const int count : {1, 1 << 20}) {
      int points = 0, errors = 0;
      for (;; ++points) {
        const int outcome = outcome_of([&] {
          refuse(resource, points, count);
          const std::string problem = attempt();
          const bool is_reached = calls() > points;
          refuse(Resource::none);
          if (problem == "wrong" || !attempt().empty()) return broken;
          return !is_reached ? never_refused : problem.empty() ? right : was_refused;
        });
        if (outcome == never_refused) break;
        CHECK_MESSAGE((outcome == right || outcome == was_refused), "resource ",
                      static_cast<int>(resource), ", call ", points, ", ", count,
                      " refused: outcome ", outcome);
        errors += outcome == was_refused;
        REQUIRE(points < 200);
      }
      CHECK(points > 0);
      // Fewer threads do the same work, memory without guards and no cache too; but not everything
      // can go on.
      if (count > 1) CHECK(errors > 0);
    }
}

void limit_memory(const std::function<std::string()>& attempt) {
  int fine = 0, errors = 0;
  for (int step = 0; step < 60; ++step) {
    const int outcome = outcome_of([&] {
      size_t pages = 0;
      std::ifstream("/proc/self/statm") >> pages;
      rlimit limit{};
      getrlimit(RLIMIT_AS, &limit);
      const rlim_t before = limit.rlim_cur;
      // Finely at first: what is made then is small.
      const size_t more = step < 40 ? static_cast<size_t>(step) * (256 << 10)
                                    : static_cast<size_t>(step - 36) * (4 << 20);
      limit.rlim_cur = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + more;
      setrlimit(RLIMIT_AS, &limit);
      std::string problem = "std::bad_alloc";
      try {
        problem = attempt();
      } catch (const std::bad_alloc&) {  // as C++ says it
      }
      limit.rlim_cur = before;
      setrlimit(RLIMIT_AS, &limit);
      if (problem == "wrong" || !attempt().empty()) return broken;
      return problem.empty() ? right : was_refused;
    });
    CHECK_MESSAGE((outcome == right || outcome == was_refused), "step ", step, ": outcome ",
                  outcome);
    fine += outcome == right;
    errors += outcome == was_refused;
  }
  CHECK(errors > 0);
  CHECK(fine > 0);
}

}  // namespace refused_calls

// In place of the C library's for everything in this process.
#define INTERPOSED extern "C" __attribute__((visibility("default")))

using namespace refused_calls;

INTERPOSED int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) {
  static auto* const original = next(&pthread_create, "pthread_create");
  return refuses(Resource::thread) ? EAGAIN : original(thread, attributes, start, argument);
}

INTERPOSED void* mmap(void* address, size_t length, int protection, int flags, int file,
                      off_t offset) noexcept {
  static auto* const original = next(&mmap, "mmap");
  if (!refuses(Resource::mapping)) {
    return original(address, length, protection, flags, file, offset);
  }
  errno = ENOMEM;
  return MAP_FAILED;
}

INTERPOSED int mprotect(void* address, size_t length, int protection) noexcept {
  static auto* const original = next(&mprotect, "mprotect");
  if (!refuses(Resource::protection)) return original(address, length, protection);
  errno = ENOMEM;
  return -1;
}

INTERPOSED int pipe2(int* ends, int flags) noexcept {
  static auto* const original = next(&pipe2, "pipe2");
  if (!refuses(Resource::pipe)) return original(ends, flags);
  errno = EMFILE;
  return -1;
}

INTERPOSED int socketpair(int domain, int type, int protocol, int ends[2]) noexcept {
  static auto* const original = next(&socketpair, "socketpair");
  if (!refuses(Resource::pipe)) return original(domain, type, protocol, ends);
  errno = EMFILE;
  return -1;
}

INTERPOSED int posix_spawn(pid_t* child, const char* path,
                           const posix_spawn_file_actions_t* actions,
                           const posix_spawnattr_t* attributes, char* const* arguments,
                           char* const* environment) {
  static auto* const original = next(&posix_spawn, "posix_spawn");
  return refuses(Resource::process)
             ? EAGAIN
             : original(child, path, actions, attributes, arguments, environment);
}

INTERPOSED int open(const char* path, int flags, ...) {
  static auto* const original = next(&open, "open");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  if (!refuses(Resource::file)) return original(path, flags, mode);
  errno = EMFILE;
  return -1;
}

INTERPOSED int openat(int folder, const char* path, int flags, ...) {
  static auto* const original = next(&openat, "openat");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  if (!refuses(Resource::file)) return original(folder, path, flags, mode);
  errno = EMFILE;
  return -1;
}

INTERPOSED int memfd_create(const char* name, unsigned flags) noexcept {
  static auto* const original = next(&memfd_create, "memfd_create");
  if (!refuses(Resource::file)) return original(name, flags);
  errno = EMFILE;
  return -1;
}
