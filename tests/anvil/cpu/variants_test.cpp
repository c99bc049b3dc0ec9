// The second variant of a kernel, made before its dispatch's turn comes.
#include "anvil/cpu/background.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <vector>

#include "anvil/cpu/address.hpp"
#include "anvil/cpu/queue.hpp"
#include "anvil/system/processors.hpp"
#include "kernels.hpp"

using namespace anvil;
using namespace anvil::cpu;
using namespace anvil::test;

namespace {

struct Submission final : backend::Submission {
  explicit Submission(std::vector<backend::Command> list) : kept(std::move(list)) {
    commands = kept;
  }
  void scheduled() override {}
  void completed(backend::Outcome outcome) override { result.set_value(std::move(outcome)); }
  void logged(const backend::LogMessage&) override {}

  const std::vector<backend::Command> kept;
  std::promise<backend::Outcome> result;
};

/// Of a kernel that writes to its first argument how often each thread of the grid ran.
backend::DispatchCommand visit(Kernel& kernel, const backend::Binding& visits, uint32_t threads,
                               uint32_t size) {
  return {.kernel = &kernel,
          .bindings = &visits,
          .threadgroups = {(threads + size - 1) / size, 1, 1},
          .threads_per_grid = {threads, 1, 1},
          .threads_per_threadgroup = {size, 1, 1}};
}

service::KernelImage visiting(const std::string& name) {
  service::KernelImage image = test::image(name);
  image.arguments.push_back({.name = "visits",
                             .kind = service::ArgumentInfo::Kind::buffer,
                             .index = 0,
                             .type = "uint",
                             .element_size = 4,
                             .alignment = 4,
                             .access = "readwrite",
                             .address_space = "device",
                             .texture = {},
                             .structure = {}});
  return image;
}

}  // namespace

TEST_CASE("work in the background runs once each, as many at once as there are processors") {
  const unsigned together = usable_processors();
  const auto meet = std::make_shared<std::latch>(together),
             done = std::make_shared<std::latch>(200);
  const auto runs = std::make_shared<std::atomic<int>>(0);
  for (unsigned i = 0; i < 200; ++i)
    run_in_background([=] {
      if (i < together) meet->arrive_and_wait();
      ++*runs;
      done->count_down();
    });
  done->wait();
  CHECK(*runs == 200);
}

TEST_CASE("a submission that waits has the variants compiled that its dispatches need") {
  std::vector<uint32_t> visits(100);
  const backend::Binding binding{
      .first = address_of(reinterpret_cast<const std::byte*>(visits.data())),
      .length = visits.size() * sizeof(uint32_t)};
  std::atomic<int> ragged = 0, whole = 0;
  std::promise<void> compiled;
  Kernel by_threads(visiting("visit_full"), [&] {
    ++ragged;
    compiled.set_value();
    return visiting("visit_any");
  });
  Kernel by_simdgroups(visiting("visit_full"), [&] {
    ++whole;
    return visiting("visit_any");
  });
  backend::Event event;
  Submission submission({backend::WaitCommand{&event, 1}, visit(by_threads, binding, 100, 64),
                         visit(by_simdgroups, binding, 96, 32)});
  Queue queue;
  queue.submit(submission);
  compiled.get_future().wait();  // or for ever
  CHECK(visits == std::vector<uint32_t>(100, 0));
  event.signal(1);
  CHECK_FALSE(submission.result.get_future().get().failure);
  CHECK(ragged == 1);
  CHECK(whole == 0);
  for (uint32_t i = 0; i < 100; ++i) CHECK(visits[i] == (i < 64 || i >= 96 ? 2 : 3));
}

TEST_CASE("who needs a variant waits for the thread that compiles it") {
  std::atomic<int> compiled = 0;
  std::promise<void> begun;
  std::promise<void> go;
  Kernel kernel(image("visit_full"), [&] {
    ++compiled;
    begun.set_value();
    go.get_future().wait();
    return image("visit_any");
  });
  kernel.begin_any();
  kernel.begin_any();
  begun.get_future().wait();
  auto entry = std::async(std::launch::async, [&] { return kernel.any().entry(); });
  go.set_value();
  CHECK((entry.get() != nullptr));
  CHECK((kernel.any().entry() == kernel.any().entry()));
  CHECK(compiled == 1);
}

TEST_CASE("a variant that fails in the background is the error of who needs it, and tried anew") {
  std::atomic<int> tries = 0;
  std::promise<void> failed;
  Kernel kernel(image("visit_full"), [&]() -> service::KernelImage {
    const int now = ++tries;
    if (now == 1) failed.set_value();
    if (now <= 2) throw service::CompileError("no compiler, try " + std::to_string(now));
    return image("visit_any");
  });
  kernel.begin_any();
  failed.get_future().wait();
  CHECK_THROWS_WITH_AS(kernel.any(), "no compiler, try 2", service::CompileError);
  CHECK((kernel.any().entry() != nullptr));
  CHECK(tries == 3);
}

TEST_CASE("a kernel may go while its variant is compiled") {
  struct Moments {
    std::latch begun{1}, go{1}, gone{1};
  };
  const auto moments = std::make_shared<Moments>();
  auto kernel = std::make_unique<Kernel>(image("visit_full"), [moments] {
    moments->begun.count_down();
    moments->go.wait();
    moments->gone.count_down();
    return image("visit_any");
  });
  kernel->begin_any();
  moments->begun.wait();
  kernel.reset();
  moments->go.count_down();
  moments->gone.wait();
}
