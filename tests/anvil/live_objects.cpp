// Every test of a program that links this ends with as many objects of each class as it began with.
// A reference too many is found, and so are circles of them and what a static variable still
// reaches, of which a sanitizer knows nothing.
#include <doctest/doctest.h>
#include <objc/arc.h>
#include <objc/runtime.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <thread>

#include "anvil/objc/instances.hpp"

namespace {

using Counts = std::map<std::string, long>;

Counts counts() {
  Counts all;
  unsigned int count = 0;
  Class* const classes = objc_copyClassList(&count);
  for (unsigned int i = 0; i < count; ++i)
    if (const long instances = anvil_objc_instances(classes[i]))
      all[class_getName(classes[i])] = instances;
  std::free(classes);
  return all;
}

/// Once they are as `before`, or after a while: handlers and the threads that call them let go of
/// objects later than a test that waits for their work.
Counts settled(const Counts& before) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  Counts after = counts();
  while (after != before && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    after = counts();
  }
  return after;
}

struct LiveObjects : doctest::IReporter {
  explicit LiveObjects(const doctest::ContextOptions&) {}

  void test_run_start() override { anvil_objc_count_instances(); }
  void test_case_start(const doctest::TestCaseData& test) override {
    name_ = test.m_name;
    before_ = counts();
    pool_ = objc_autoreleasePoolPush();
  }
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    objc_autoreleasePoolPop(pool_);
    Counts after = settled(before_);
    if (after == before_ || stats.failure_flags != doctest::TestCaseFailureReason::None) return;
    failed_ = true;
    std::cerr << "live objects: \"" << name_ << "\" ends with others than it began with:\n";
    for (const auto& [cls, count] : before_) after.try_emplace(cls, 0);
    for (const auto& [cls, count] : after)
      if (const long more = count - before_[cls])
        std::cerr << "  " << cls << ": " << (more > 0 ? "+" : "") << more << '\n';
  }
  void test_run_end(const doctest::TestRunStats&) override {
    if (failed_) std::exit(EXIT_FAILURE);
  }

  void report_query(const doctest::QueryData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  const char* name_ = "";
  void* pool_ = nullptr;
  Counts before_;
  bool failed_ = false;
};

REGISTER_LISTENER("live-objects", 1, LiveObjects);

}  // namespace
