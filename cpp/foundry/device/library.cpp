#include "foundry/device/library.hpp"

#include <objc/runtime.h>

#include <algorithm>
#include <variant>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/core/fork_guard.hpp"
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

struct DataTypes {
  MTL::DataType operator()(bool) const { return MTL::DataTypeBool; }
  MTL::DataType operator()(std::int32_t) const { return MTL::DataTypeInt; }
  MTL::DataType operator()(std::uint32_t) const { return MTL::DataTypeUInt; }
  MTL::DataType operator()(float) const { return MTL::DataTypeFloat; }
  MTL::DataType operator()(f16) const { return MTL::DataTypeHalf; }
  MTL::DataType operator()(std::uint16_t) const { return MTL::DataTypeUShort; }
  MTL::DataType operator()(std::int16_t) const { return MTL::DataTypeShort; }
  MTL::DataType operator()(std::int64_t) const { return MTL::DataTypeLong; }
  MTL::DataType operator()(std::uint64_t) const { return MTL::DataTypeULong; }
};

NS::SharedPtr<MTL::FunctionConstantValues> metal_constants(const FunctionConstants& constants) {
  auto metal = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
  for (const auto& [index, value] : constants.values()) {
    std::visit(
        [&](const auto& v) { metal->setConstantValue(&v, DataTypes{}(v), NS::UInteger{index}); },
        value);
  }
  return metal;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
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
  auto state = std::make_shared<LibraryState>();
  state->metal = NS::TransferPtr(
      state_->metal->newLibrary(string_of(source).get(), metal_options(options).get(), &error));
  if (!state->metal) {
    throw KernelCompileError(concat(name, ": ", text_of(error, "the compiler gave no reason")));
  }
  state->device = state_;
  state->name = name;
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

Pipeline Library::pipeline(const std::string& function, const FunctionConstants& constants) const {
  check_not_forked("pipeline");
  const AutoreleaseScope scope;
  const std::vector<std::string> names = functions();
  if (std::find(names.begin(), names.end(), function) == names.end()) {
    throw ArgumentError(concat("library '", state_->name, "' has no function '", function,
                               "'; it has ", listed(names)));
  }
  const auto fail = [&](const NS::Error* error) {
    throw KernelCompileError(concat(state_->name, ", function '", function, "'",
                                    constants.empty() ? "" : ", constants " + constants.key(), ": ",
                                    text_of(error, "the compiler gave no reason")));
  };
  NS::Error* error = nullptr;
  const auto name = string_of(function);
  const auto specialised = NS::TransferPtr(
      constants.empty()
          ? state_->metal->newFunction(name.get())
          : state_->metal->newFunction(name.get(), metal_constants(constants).get(), &error));
  if (!specialised) fail(error);

  MTL::ComputePipelineReflection* reflection = nullptr;
  auto state = std::make_shared<PipelineState>();
  state->metal = NS::TransferPtr(state_->device->metal->newComputePipelineState(
      specialised.get(), MTL::PipelineOptionBindingInfo | MTL::PipelineOptionBufferTypeInfo,
      &reflection, &error));
  if (!state->metal) fail(error);
  state->reflection = reflect(function, reflection);
  state->max_threads = static_cast<std::uint32_t>(state->metal->maxTotalThreadsPerThreadgroup());
  state->width = static_cast<std::uint32_t>(state->metal->threadExecutionWidth());
  state->static_threadgroup_memory = state->metal->staticThreadgroupMemoryLength();
  for (const ReflectedArgument& argument : state->reflection.arguments) {
    if (!argument.is_used || argument.index >= kMaxArgumentIndices) continue;
    const std::uint32_t bit = 1u << argument.index;
    if (argument.kind == ReflectedArgument::Kind::buffer) state->used_buffers |= bit;
    if (argument.kind == ReflectedArgument::Kind::threadgroup_memory) {
      state->used_threadgroup_memory |= bit;
    }
  }
  return PipelineState::wrap(std::move(state));
}

}  // namespace foundry
