#include "foundry/device/library.hpp"

#include <objc/runtime.h>

#include <algorithm>
#include <variant>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/core/fork_guard.hpp"
#include "foundry/core/suggestion.hpp"
#include "foundry/device/limits.hpp"
#include "foundry/device/metal_state.hpp"

namespace foundry {

using namespace detail;

namespace {

NS::SharedPtr<MTL::CompileOptions> metal_options(const CompileOptions& options) {
  auto metal = NS::TransferPtr(MTL::CompileOptions::alloc()->init());
  // Fast is Metal's default. Safe goes through the older property, which every system has, and
  // stands for relaxed where that is not there yet.
  if (options.math == MathMode::safe) metal->setFastMathEnabled(false);
  if (options.math == MathMode::relaxed) {
    if (__builtin_available(macOS 15.0, iOS 18.0, *)) {
      metal->setMathMode(MTL::MathModeRelaxed);
    } else {
      metal->setFastMathEnabled(false);
    }
  }
  if (__builtin_available(macOS 15.0, iOS 18.0, *)) metal->setEnableLogging(true);
  if (options.defines.empty()) return metal;

  std::vector<NS::SharedPtr<NS::String>> strings;
  std::vector<const NS::Object*> keys, values;
  for (const auto& [key, value] : options.defines) {
    keys.push_back(strings.emplace_back(string_of(key)).get());
    values.push_back(strings.emplace_back(string_of(value)).get());
  }
  metal->setPreprocessorMacros(NS::Dictionary::dictionary(values.data(), keys.data(), keys.size()));
  return metal;
}

/// Where Metal reads a value from.
struct ValueAddress {
  const void* operator()(const ConstantVector& value) const { return value.bytes().data(); }
  template <class T>
  const void* operator()(const T& value) const {
    return &value;
  }
};

NS::SharedPtr<MTL::FunctionConstantValues> metal_constants(const FunctionConstants& constants) {
  auto metal = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
  for (const auto& [index, value] : constants.values()) {
    metal->setConstantValue(std::visit(ValueAddress{}, value),
                            type_of_name(FunctionConstants::type_of(value)), NS::UInteger{index});
  }
  return metal;
}

/// What only Anvil's libraries and pipelines tell.
struct AnvilFacts : NS::Object {
  static std::string log(const MTL::Library* library) {
    SEL log = sel_registerName("anvilLog");
    if (!respondsToSelector(library, log)) return {};
    return text_of(sendMessage<NS::String*>(library, log));
  }
  /// Whether the code uses a function constant that is declared. Apple's functions declare those
  /// that they use; Anvil's declare the library's, and the pipeline knows.
  static bool uses(const MTL::ComputePipelineState* pipeline, std::uint32_t index) {
    SEL constants = sel_registerName("anvilFunctionConstants");
    if (!respondsToSelector(pipeline, constants)) return true;
    const auto* used = sendMessage<NS::Array*>(pipeline, constants);
    for (NS::UInteger i = 0; i < used->count(); ++i) {
      if (used->object<MTL::FunctionConstant>(i)->index() == index) return true;
    }
    return false;
  }
};

ReflectedConstant reflected(MTL::FunctionConstant* constant) {
  return {text_of(constant->name()), static_cast<std::uint32_t>(constant->index()),
          type_name(constant->type()), constant->required()};
}

/// Anvil's, which Metal does not have.
struct CancellingDevice : NS::Object {
  static void use(const MTL::Device* device, const std::atomic<bool>* flag) {
    SEL use = sel_registerName("anvilUseCancellation:");
    if (respondsToSelector(device, use)) sendMessage<void>(device, use, flag);
  }
  static void cancel(const MTL::Device* device) {
    SEL cancel = sel_registerName("anvilCancelCompilations");
    if (respondsToSelector(device, cancel)) sendMessage<void>(device, cancel);
  }
};

}  // namespace

void Device::use_cancellation(const std::atomic<bool>* flag) const {
  CancellingDevice::use(state_->metal.get(), flag);
}

void Device::cancel_compilations() const {
  CancellingDevice::cancel(state_->metal.get());
}

Library Device::compile(const std::string& source, const std::string& name,
                        const CompileOptions& options) const {
  check_not_forked("compile");
  const AutoreleaseScope scope;
  NS::Error* error = nullptr;
  auto state = std::make_shared<LibraryState>(*this);
  state->metal = NS::TransferPtr(
      state_->metal->newLibrary(string_of(source).get(), metal_options(options).get(), &error));
  if (!state->metal) {
    throw KernelCompileError(concat(name, ": ", text_of(error, "the compiler gave no reason")));
  }
  state->name = name;
  // Warnings are the error of a library that was made, on Apple's devices.
  state->log = error ? text_of(error, "") : AnvilFacts::log(state->metal.get());
  return LibraryState::wrap(std::move(state));
}

Library Device::open_library(const std::string& path) const {
  check_not_forked("open_library");
  const AutoreleaseScope scope;
  NS::Error* error = nullptr;
  auto state = std::make_shared<LibraryState>(*this);
  state->metal = NS::TransferPtr(
      state_->metal->newLibrary(NS::URL::fileURLWithPath(string_of(path).get()), &error));
  if (!state->metal) {
    const std::string why = text_of(error, "the device gave no reason");
    throw ArgumentError(why.find(path) == why.npos ? concat(path, ": ", why) : why);
  }
  state->name = path;
  return LibraryState::wrap(std::move(state));
}

const std::string& Library::name() const noexcept {
  return state_->name;
}

std::vector<std::string> Library::functions() const {
  const AutoreleaseScope scope;
  std::vector<std::string> names;
  const NS::Array* array = state_->metal->functionNames();
  for (NS::UInteger i = 0; i < array->count(); ++i) {
    names.push_back(text_of(array->object<NS::String>(i)));
  }
  return names;
}

const std::string& Library::log() const noexcept {
  return state_->log;
}

const Device& Library::device() const noexcept {
  return state_->device;
}

namespace {

void require_function(const Library& library, const std::string& function) {
  const std::vector<std::string> names = library.functions();
  if (std::find(names.begin(), names.end(), function) == names.end()) {
    throw ArgumentError(concat("library '", library.name(), "' has no function '", function, "'",
                               suggestion(function, names)));
  }
}

[[noreturn]] void fail_missing(const std::string& library, const std::string& function,
                               const ReflectedConstant& constant) {
  throw ArgumentError(concat("library '", library, "', function '", function,
                             "': its function constant ", constant.index, ", '", constant.name,
                             "' (", constant.type, "), has no value"));
}

void fill_facts(PipelineState& state) {
  state.max_threads = static_cast<std::uint32_t>(state.metal->maxTotalThreadsPerThreadgroup());
  state.width = static_cast<std::uint32_t>(state.metal->threadExecutionWidth());
  state.static_threadgroup_memory = state.metal->staticThreadgroupMemoryLength();
  for (const ReflectedArgument& argument : state.reflection.arguments) {
    if (!argument.is_used || argument.index >= kMaxArgumentIndices) continue;
    const std::uint32_t bit = 1u << argument.index;
    if (argument.kind == ReflectedArgument::Kind::buffer) state.used_buffers |= bit;
    if (argument.kind == ReflectedArgument::Kind::threadgroup_memory) {
      state.used_threadgroup_memory |= bit;
    }
  }
}

}  // namespace

std::vector<ReflectedConstant> Library::constants(const std::string& function) const {
  const AutoreleaseScope scope;
  const auto general = NS::TransferPtr(state_->metal->newFunction(string_of(function).get()));
  if (!general) require_function(*this, function);
  std::vector<ReflectedConstant> constants;
  if (!general) return constants;
  const NS::Dictionary* declared = general->functionConstantsDictionary();
  const NS::Array* names = declared ? declared->keyEnumerator<NS::String>()->allObjects() : nullptr;
  for (NS::UInteger i = 0; names && i < names->count(); ++i) {
    constants.push_back(reflected(declared->object<MTL::FunctionConstant>(names->object(i))));
  }
  std::sort(constants.begin(), constants.end(),
            [](const auto& a, const auto& b) { return a.index < b.index; });
  return constants;
}

Pipeline Library::pipeline(const std::string& function, const FunctionConstants& constants) const {
  check_not_forked("pipeline");
  const AutoreleaseScope scope;
  const auto fail = [&](const NS::Error* error) {
    throw KernelCompileError(concat(state_->name, ", function '", function, "'",
                                    constants.empty() ? "" : ", constants " + constants.key(), ": ",
                                    text_of(error, "the compiler gave no reason")));
  };
  // Anvil's functions declare the constants of the whole library: those without a value are zero
  // until the code tells whether it uses them.
  FunctionConstants values = constants;
  std::vector<ReflectedConstant> missing;
  for (ReflectedConstant& constant : this->constants(function)) {
    if (!constant.required || constants.values().contains(constant.index)) continue;
    values.set(constant.index, FunctionConstants::zero(constant.type));
    missing.push_back(std::move(constant));
  }
  NS::Error* error = nullptr;
  const auto name = string_of(function);
  const auto specialised =
      NS::TransferPtr(values.empty() ? state_->metal->newFunction(name.get())
                                     : state_->metal->newFunction(
                                           name.get(), metal_constants(values).get(), &error));
  if (!specialised) fail(error);

  MTL::ComputePipelineReflection* reflection = nullptr;
  auto state = std::make_shared<PipelineState>();
  state->metal = NS::TransferPtr(
      DeviceState::of(state_->device)
          ->metal->newComputePipelineState(
              specialised.get(), MTL::PipelineOptionBindingInfo | MTL::PipelineOptionBufferTypeInfo,
              &reflection, &error));
  if (!state->metal) fail(error);
  for (const ReflectedConstant& constant : missing) {
    if (AnvilFacts::uses(state->metal.get(), constant.index)) {
      fail_missing(state_->name, function, constant);
    }
  }
  state->reflection = reflect(function, reflection);
  fill_facts(*state);
  return PipelineState::wrap(std::move(state));
}

}  // namespace foundry
