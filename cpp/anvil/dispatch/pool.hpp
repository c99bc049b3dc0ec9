// The threads that carry out what is dispatched.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace anvil::dispatch {

using Work = std::function<void()>;

/// As many workers as processors, and more where they make no progress: work may wait for other
/// work. Workers that have had nothing to do for a while end.
class Pool {
 public:
  static Pool& get();
  void submit(Work work);

 private:
  static constexpr size_t kMost = 64;
  void start_worker();
  void run();
  void watch();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> work_;
  size_t workers_ = 0, idle_ = 0;
  size_t taken_ = 0;  ///< how much work was begun
  bool watching_ = false;
};

}  // namespace anvil::dispatch
