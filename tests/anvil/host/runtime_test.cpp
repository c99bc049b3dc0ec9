// Messages, classes, reference counts, pools and blocks.
#include "host.hpp"

#include <functional>
#include <stdexcept>
#include <thread>

using host::contains;
using host::text;

TEST_CASE("an unknown selector is an exception that names class and selector") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  auto* number = reinterpret_cast<NS::Array*>(NS::Number::number(1));
  CHECK_THROWS_WITH_AS(
      number->object(0),
      doctest::Contains("-[NSNumber objectAtIndex:]: unrecognized selector sent to instance"),
      std::logic_error);
  pool->release();
}

TEST_CASE("an unknown selector with a struct for a result is the same exception") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  auto* number = reinterpret_cast<MTL::Device*>(NS::Number::number(1));
  CHECK_THROWS_WITH_AS(number->maxThreadsPerThreadgroup(),
                       doctest::Contains("-[NSNumber maxThreadsPerThreadgroup]: unrecognized"),
                       std::logic_error);
  auto* value = reinterpret_cast<MTL::CommandBuffer*>(NS::Number::number(1));
  CHECK_THROWS_WITH_AS(value->GPUStartTime(), doctest::Contains("-[NSNumber GPUStartTime]"),
                       std::logic_error);
  pool->release();
}

TEST_CASE("a class of Apple's that is not there refuses instead of answering nil") {
  CHECK_THROWS_WITH_AS(
      MTL::RenderPipelineDescriptor::alloc(),
      doctest::Contains("+[MTLRenderPipelineDescriptor alloc]: unrecognized selector"),
      std::logic_error);
}

TEST_CASE("the exception runs destructors on its way") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  bool destroyed = false;
  struct Guard {
    bool& flag;
    ~Guard() { flag = true; }
  };
  try {
    const Guard guard{destroyed};
    reinterpret_cast<NS::String*>(NS::Number::number(1))->length();
  } catch (const std::logic_error&) {
  }
  CHECK(destroyed);
  pool->release();
}

TEST_CASE("messages to nil return zero") {
  // Volatile: a null known at compile time is an object of size 0 to the sanitizer.
  NS::String* volatile nil_string = nullptr;
  NS::Number* volatile nil_number = nullptr;
  NS::String* string = nil_string;
  NS::Number* number = nil_number;
  CHECK(string->length() == 0);
  CHECK(string->utf8String() == nullptr);
  CHECK(string->isEqualToString(string) == false);
  CHECK(number->doubleValue() == 0.0);
  CHECK(number->floatValue() == 0.0f);
  CHECK(string->retain() == nullptr);
  string->release();
}

TEST_CASE("messages to nil leave the floating-point registers in order") {
  NS::Number* volatile nil_number = nullptr;
  NS::Number* number = nil_number;
  double sum = 0;
  for (int i = 0; i < 16; ++i)
    sum += number->doubleValue() + static_cast<double>(number->floatValue());
  volatile long double third = 1.0L;
  third = third / 3.0L;  // on x86-64 in the x87 registers, of which there are eight
  CHECK(sum == 0.0);
  CHECK(static_cast<double>(third) == 1.0 / 3.0);
}

TEST_CASE("metal-cpp's optional features are absent, not errors") {
  host::Setup s;
  CHECK_FALSE(s.device->areRasterOrderGroupsSupported());
  CHECK_FALSE(s.device->supportsVertexAmplificationCount(2));
}

TEST_CASE("a pool releases what was autoreleased in it, inner pools first") {
  NS::Number* kept = nullptr;
  NS::AutoreleasePool* outer = NS::AutoreleasePool::alloc()->init();
  NS::Number* first = NS::Number::number(1.5);
  {
    NS::AutoreleasePool* inner = NS::AutoreleasePool::alloc()->init();
    kept = NS::Number::number(2.5)->retain();
    CHECK(kept->retainCount() == 2);
    inner->release();
  }
  CHECK(kept->retainCount() == 1);
  CHECK(first->doubleValue() == 1.5);
  kept->autorelease();
  kept->retain();
  outer->release();
  CHECK(kept->retainCount() == 1);
  kept->release();
}

TEST_CASE("an object's retain count is right after many threads have used it") {
  NS::Number* number = NS::Number::alloc()->init(7);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([=] {
      NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
      for (int i = 0; i < 2000; ++i) {
        number->retain();
        if (i % 2)
          number->release();
        else
          number->retain(), number->autorelease(), number->release();
      }
      pool->release();
    });
  for (auto& thread : threads) thread.join();
  CHECK(number->retainCount() == 1);
  number->release();
}

TEST_CASE("what a thread autoreleases outside any pool goes with the thread") {
  NS::Number* number = NS::Number::alloc()->init(7);
  std::thread([=] { number->retain()->autorelease(); }).join();
  CHECK(number->retainCount() == 1);
  number->release();
}

namespace {
/// Uses a pool when everything of the main thread is gone; the sanitizers would tell.
struct AtExit {
  ~AtExit() {
    NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
    NS::Number::number(1);
    pool->release();
  }
} at_exit;
}  // namespace

TEST_CASE("constants are immortal and copies of immutable objects are the objects") {
  NS::String* constant = MTLSTR("constant");
  constant->release();
  constant->release();
  CHECK(text(constant) == "constant");
  NS::String* copy = constant->copy();
  CHECK(copy == constant);
}

TEST_CASE("SharedPtr counts") {
  auto number = NS::TransferPtr(NS::Number::alloc()->init(3));
  {
    const auto second = number;
    CHECK(number->retainCount() == 2);
  }
  CHECK(number->retainCount() == 1);
}

TEST_CASE("blocks capture by value, by __block and through std::function") {
  __block int total = 0;
  std::function<void(int)> captured = [&](int x) { (void)x; };
  const int factor = 3;
  void (^add)(int) = ^(int x) {
    total += factor * x;
    captured(x);
  };
  add(1);
  {
    // Copied to the heap and back: the __block variable moves along.
    std::function<void(int)> held = add;
    held(2);
  }
  add(4);
  CHECK(total == 21);
}
