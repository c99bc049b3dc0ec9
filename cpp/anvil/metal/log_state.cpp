#include "anvil/metal/log_state.hpp"

#include "anvil/metal/async.hpp"
#include "anvil/metal/report.hpp"

namespace anvil::metal {
namespace {

const char* name_of(MTL::LogLevel level) {
  switch (level) {
    case MTL::LogLevelDebug:
      return "debug";
    case MTL::LogLevelInfo:
      return "info";
    case MTL::LogLevelError:
      return "error";
    case MTL::LogLevelFault:
      return "fault";
    default:
      return "log";
  }
}

}  // namespace

void LogState::add_handler(Handler::Literal block) {
  std::lock_guard lock(mutex_);
  handlers_.emplace_back(block);
}

std::vector<LogState::Handler> LogState::handlers() const {
  std::lock_guard lock(mutex_);
  return handlers_;
}

objc::Ref<LogState> new_log_state(const LogStateDescriptor* descriptor, Error** error) {
  const LogStateDescriptor standard;
  if (!descriptor) descriptor = &standard;
  if (descriptor->buffer_size > 0)
    return objc::make<LogState>(descriptor->level, static_cast<size_t>(descriptor->buffer_size));
  give_error(error, make_error("MTLLogStateErrorDomain",
                               static_cast<NS::Integer>(MTL::LogStateErrorInvalidSize),
                               "-[MTLDevice newLogStateWithDescriptor:error:]: bufferSize is " +
                                   std::to_string(descriptor->buffer_size)));
  return nullptr;
}

void deliver(const LogState* state, const backend::LogMessage& message) {
  const auto level = static_cast<MTL::LogLevel>(message.level);
  if (state && level < state->least) return;
  const auto handlers = state ? state->handlers() : std::vector<LogState::Handler>();
  for (const LogState::Handler& handler : handlers)
    call_handler("log", [&] {
      handler(make_string(message.subsystem).autoreleased(),
              make_string(message.category).autoreleased(), level,
              make_string(message.text).autoreleased());
    });
  if (!handlers.empty()) return;
  const bool named = !message.subsystem.empty() || !message.category.empty();
  report(std::string("kernel ") + name_of(level) +
         (named ? " [" + message.subsystem + ":" + message.category + "]: " : ": ") + message.text);
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<LogStateDescriptor> log_state_descriptor_definition{
    "MTLLogStateDescriptor",
    {
        objc::property<&LogStateDescriptor::level>("level", "setLevel:"),
        objc::property<&LogStateDescriptor::buffer_size>("bufferSize", "setBufferSize:"),
        objc::copying<LogStateDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<LogState> log_state_definition{
    "MTLLogState",
    {
        objc::method<&LogState::add_handler>("addLogHandler:"),
    }};

}  // namespace
}  // namespace anvil::metal
