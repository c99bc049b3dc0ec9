#include "foundry/device/metal_submission.hpp"

#include <algorithm>
#include <new>

#include "foundry/core/error.hpp"
#include "foundry/core/waiting.hpp"
#include "foundry/device/metal_stream.hpp"

namespace foundry::detail {

namespace {
std::atomic<std::uint64_t> next_number{1};
}

Submission::Submission(std::weak_ptr<StreamState> stream, std::shared_ptr<Progress> progress)
    : number_(next_number.fetch_add(1, std::memory_order_relaxed)),
      stream_(std::move(stream)),
      stream_id_(stream_.lock().get()),
      progress_(std::move(progress)) {
  // What most command buffers need, so that their dispatches allocate nothing.
  constexpr std::size_t kCommands = 64, kUses = 256, kRanges = 64;
  log_.reserve(kCommands, kUses);
  uses_.reserve(kRanges);
  claims_.reserve(kRanges);
  pipelines_.reserve(kCommands);
}

void Submission::use(const Uses& uses) {
  log_.make_room(uses.size());
  const std::lock_guard lock(uses_lock_);
  record(uses_, uses);
}

void Submission::claim(Keepable* target) {
  if (!target) return;
  KeepAlive claim(*target, Holder::command_buffer(number_));
  if (claim) claims_.push_back(std::move(claim));
}

void Submission::run(const std::shared_ptr<const PipelineState>& pipeline) {
  if (pipelines_.empty() || pipelines_.back() != pipeline) pipelines_.push_back(pipeline);
}

void Submission::replay(const std::shared_ptr<CommandListState>& list) {
  log_.make_room(1);
  {
    const std::lock_guard lock(uses_lock_);
    if (std::find(lists_.begin(), lists_.end(), list) == lists_.end()) lists_.push_back(list);
  }
  log_.note(list->log);
}

bool Submission::touches(std::uint64_t begin, std::uint64_t end, bool reads_too) const noexcept {
  const std::lock_guard lock(uses_lock_);
  return uses_.conflicts(begin, end, true, reads_too) ||
         std::any_of(lists_.begin(), lists_.end(), [&](const auto& list) {
           return list->footprint.conflicts(begin, end, true, reads_too);
         });
}

std::string Submission::kernels() const {
  constexpr std::size_t kMost = 4;
  std::vector<std::string> names;
  const auto add = [&](const auto& pipelines) {
    for (const auto& pipeline : pipelines) {
      const std::string& name = pipeline->reflection.function;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  };
  add(pipelines_);
  for (const auto& list : lists_) add(list->pipelines);
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    text += (i ? ", " : "") + names[i];
  }
  if (names.size() > kMost) text += concat(" and ", names.size() - kMost, " more");
  return text.empty() ? "copies" : text;
}

Failure Submission::failure_of(const MTL::CommandBuffer* metal) const noexcept {
  if (metal->status() == MTL::CommandBufferStatusCompleted) return nullptr;
  try {
    return failure_of(text_of(metal->error(), "the device gave no reason").c_str());
  } catch (const std::bad_alloc&) {
    return FailedRanges::all().without_words();
  }
}

Failure Submission::failure_of(const char* reason) const noexcept {
  try {
    return std::make_shared<const std::string>(
        concat("command buffer ", number_, " (", kernels(), "): ", reason));
  } catch (const std::bad_alloc&) {
    return FailedRanges::all().without_words();
  }
}

void Submission::complete(MTL::CommandBuffer* metal) noexcept {
  const AutoreleaseScope scope;
  finish(failure_of(metal));
}

void Submission::abandon(const char* reason) noexcept {
  finish(failure_of(reason));
}

void Submission::finish(const Failure& failure) noexcept {
  if (failure) {
    log_.fail(failure);
  } else if (!FailedRanges::none()) {
    log_.settle();
  }
  claims_.clear();
  pipelines_.clear();
  held_.clear();
  {
    std::vector<std::shared_ptr<CommandListState>> lists;  // let go of unlocked
    const std::lock_guard lock(uses_lock_);
    lists.swap(lists_);
  }
  SubmissionList::all().remove(*this);

  const std::shared_ptr<Progress> progress = progress_;
  const auto self = shared_from_this();
  {
    const std::lock_guard lock(progress->mutex);
    is_done_ = true;
    std::erase(progress->running, self);
    if (failure) progress->failed.push_back(failure);  // into room that open_locked() has made
    // Notified under the lock: the waiter may be the stream's destructor.
    progress->changed.notify_all();
  }
}

void Submission::wait() {
  if (const auto stream = stream_.lock()) stream->flush(this);
  std::unique_lock lock(progress_->mutex);
  wait_until(lock, progress_->changed, [this] { return is_done_; });
}

SubmissionList& SubmissionList::all() {
  // Never destroyed: completion handlers may run while the process exits.
  static auto* const list = new SubmissionList;
  return *list;
}

void SubmissionList::add(std::shared_ptr<Submission> submission) {
  const std::lock_guard lock(mutex_);
  submissions_.push_back(std::move(submission));
  size_.store(submissions_.size(), std::memory_order_release);
}

void SubmissionList::remove(const Submission& submission) noexcept {
  std::shared_ptr<Submission> removed;  // destroyed after the lock is gone
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(submissions_.begin(), submissions_.end(),
                                  [&](const auto& s) { return s.get() == &submission; });
  if (found == submissions_.end()) return;
  removed = std::move(*found);
  submissions_.erase(found);
  size_.store(submissions_.size(), std::memory_order_release);
}

void SubmissionList::wait(std::uint64_t begin, std::uint64_t end, bool reads_too,
                          const StreamState* except) {
  if (size_.load(std::memory_order_acquire) == 0) return;
  std::vector<std::shared_ptr<Submission>> conflicting;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& submission : submissions_) {
      if (except && submission->belongs_to(*except)) continue;
      if (submission->touches(begin, end, reads_too)) conflicting.push_back(submission);
    }
  }
  for (const auto& submission : conflicting) submission->wait();
}

}  // namespace foundry::detail
