// queue.hpp: the thread of a command queue.
#pragma once

#include <memory>

#include "anvil/backend/queue.hpp"

namespace anvil::cpu {

/// Its thread starts with the first submission.
class Queue final : public backend::Queue {
 public:
  Queue();
  /// Ends the thread; not in a process that was forked meanwhile, where there is none.
  ~Queue() override;

  void submit(backend::Submission& submission) override;

 private:
  class Line;
  const std::shared_ptr<Line> line_;  // the thread's too, which may be the one that destroys this
};

}  // namespace anvil::cpu
