#include "foundry/kernel/kernel_library.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "foundry/core/ascii.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/quoted.hpp"
#include "foundry/core/suggestion.hpp"
#include "foundry/kernel/compilation.hpp"
#include "foundry/kernel/included_source.hpp"

namespace foundry {

struct KernelLibrary::State {
  std::string name;
  std::string source;
  std::string compiled;  ///< what stands for the source of one without, and for no other
  LibraryOptions options;
  Library library;
  std::vector<std::string> functions;
  std::mutex mutex;                              // guards what follows
  std::map<std::string, LibraryKernel> kernels;  // by name and constants
};

namespace {

/// What the compiler could not find, and where it was looked for.
std::string explained(std::string_view log, const LibraryOptions& options) {
  std::string text(log);
  if (log.find("file not found") == log.npos) return text;
  if (!text.ends_with('\n')) text += '\n';
  std::string folders;
  for (const std::string& folder : options.include) folders += concat(", in '", folder, "'");
  return concat(text, "An #include is looked for beside the file that has it", folders,
                ", and among registered shader files.");
}

/// Macros as lines of the source, so that the source is all that a kernel is made of.
std::string definitions(const LibraryOptions& options) {
  std::string lines;
  for (const auto& [name, value] : options.defines) {
    const bool is_name = !name.empty() && !is_digit(name[0]) &&
                         std::all_of(name.begin(), name.end(), [](char c) { return is_word(c); });
    if (!is_name) throw ArgumentError(concat("macro ", Quoted{name}, " is no identifier"));
    if (value.find_first_of(std::string_view("\n\r\0", 3)) != value.npos) {
      throw ArgumentError(concat("macro '", name, "' has a value of several lines"));
    }
    lines += concat("#define ", name, " ", value, "\n");
  }
  return lines;
}

/// `gemm_half_4` of "gemm<half, 4>": a name that every device takes.
std::string identifier_of(std::string_view expression) {
  std::string name;
  for (const char c : expression) {
    if (is_word(c)) {
      name += c;
    } else if (c == '-') {
      name += "_minus_";
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (name.ends_with('_')) name.pop_back();
  return name;
}

void check_expression(std::string_view expression) {
  const auto open = expression.find('<');
  const auto is_name = [](char c) { return is_word(c) || c == ':'; };
  const bool is_fit =
      open != expression.npos && open > 0 && !is_digit(expression[0]) &&
      std::all_of(expression.begin(), expression.begin() + static_cast<long>(open), is_name) &&
      expression.back() == '>' &&
      expression.find_first_of(std::string_view("\n\r\0;{}\"'\\#", 10)) == expression.npos;
  if (!is_fit) {
    throw ArgumentError(concat("instantiate: ", Quoted{expression},
                               " is no template with its arguments, such as 'gemm<half, 4>'"));
  }
}

}  // namespace

KernelLibrary KernelLibrary::from_file(const std::string& path, const LibraryOptions& options,
                                       const Device& device) {
  const std::string text = read_source(path);
  return make(concat(definitions(options), with_includes(text, path, options.include)), path,
              options, device);
}

KernelLibrary KernelLibrary::from_source(std::string_view text, const LibraryOptions& options,
                                         const std::string& name, const Device& device) {
  check_source(text, name);
  return make(concat(definitions(options), with_includes(text, name, options.include)), name,
              options, device);
}

KernelLibrary KernelLibrary::make(std::string source, const std::string& name,
                                  const LibraryOptions& options, const Device& device) {
  auto state = std::make_shared<State>();
  state->name = name;
  state->source = std::move(source);
  state->options = options;
  try {
    state->library = compiled(device, [device, source = state->source, name, math = options.math] {
      return device.compile(source, name, {.math = math, .defines = {}});
    });
  } catch (const KernelCompileError& error) {
    throw KernelCompileError(explained(error.what(), options));
  }
  return KernelLibrary(std::move(state));
}

KernelLibrary KernelLibrary::from_metallib(const std::string& path, const Device& device) {
  static std::atomic<std::uint64_t> opened = 0;
  auto state = std::make_shared<State>();
  state->name = path;
  state->compiled = concat("// compiled library '", path, "', opened as number ", ++opened, "\n");
  state->library = device.open_library(path);
  return KernelLibrary(std::move(state));
}

KernelLibrary::KernelLibrary(std::shared_ptr<State> state) : state_(std::move(state)) {
  state_->functions = state_->library.functions();
  std::sort(state_->functions.begin(), state_->functions.end());
}

const std::string& KernelLibrary::name() const noexcept {
  return state_->name;
}

const std::string& KernelLibrary::source() const noexcept {
  return state_->source;
}

const std::vector<std::string>& KernelLibrary::functions() const noexcept {
  return state_->functions;
}

const std::string& KernelLibrary::log() const noexcept {
  return state_->library.log();
}

std::vector<ReflectedConstant> KernelLibrary::constants(const std::string& function) const {
  return state_->library.constants(function);
}

LibraryKernel KernelLibrary::kernel(const std::string& function,
                                    const FunctionConstants& constants) const {
  const std::string key = concat(function, "\n", constants.key());
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->kernels.find(key);
    if (found != state_->kernels.end()) return found->second;
  }
  const std::vector<ReflectedConstant> declared = this->constants(function);
  for (const auto& [index, value] : constants.values()) {
    const auto found = std::find_if(declared.begin(), declared.end(),
                                    [index = index](const auto& c) { return c.index == index; });
    if (found == declared.end()) {
      throw ArgumentError(concat(function, ": there is no function constant ", index));
    }
    if (found->type != FunctionConstants::type_of(value)) {
      throw DTypeError(concat(function, ": function constant '", found->name, "' is ", found->type,
                              ", got ", FunctionConstants::type_of(value)));
    }
  }
  const Library& library = state_->library;
  KernelDescription description;
  description.name = function;
  const bool has_source = state_->compiled.empty();
  description.source = {state_->name, has_source ? state_->source : state_->compiled, 1};
  description.form =
      has_source ? KernelDescription::Form::library : KernelDescription::Form::compiled;
  description.specialisation = constants;
  description.math = state_->options.math;
  description.pipeline = compiled(library.device(), [library, function, constants] {
    return library.pipeline(function, constants);
  });
  for (const ReflectedArgument& argument : description.pipeline.reflection().arguments) {
    if (argument.kind != ReflectedArgument::Kind::other) continue;
    throw ArgumentError(concat(function, ": unsupported argument '", argument.name,
                               "', a texture or sampler; supported: buffers, values and "
                               "threadgroup memory"));
  }
  description.arguments = library_arguments(description.pipeline.reflection());
  LibraryKernel made(std::make_shared<const KernelDefinition>(std::move(description)));
  const std::lock_guard lock(state_->mutex);
  return state_->kernels.emplace(key, std::move(made)).first->second;
}

LibraryKernel KernelLibrary::kernel(
    const std::string& function,
    std::span<const std::pair<std::string, FunctionConstants::Value>> constants) const {
  const std::vector<ReflectedConstant> declared = this->constants(function);
  FunctionConstants values;
  for (const auto& [name, value] : constants) {
    const auto found = std::find_if(declared.begin(), declared.end(),
                                    [&name = name](const auto& c) { return c.name == name; });
    if (found == declared.end()) {
      std::vector<std::string> names;
      for (const ReflectedConstant& constant : declared) names.push_back(constant.name);
      throw ArgumentError(concat(function, ": there is no function constant '", name, "'",
                                 suggestion(name, names)));
    }
    values.set(found->index, value);
  }
  return kernel(function, values);
}

KernelLibrary KernelLibrary::instantiate(const std::string& expression) const {
  if (!state_->compiled.empty()) {
    throw ArgumentError(concat("instantiate: library '", state_->name,
                               "' was compiled before and has no source to instantiate ",
                               Quoted{expression}, " in"));
  }
  check_expression(expression);
  std::string name = identifier_of(expression);
  while (std::binary_search(state_->functions.begin(), state_->functions.end(), name)) name += '_';
  return make(concat(state_->source, "\n#line 1 \"instantiate(", expression, ")\"\n",
                     "template [[host_name(\"", name, "\")]] [[kernel]] decltype(", expression,
                     ") ", expression, ";\n"),
              state_->name, state_->options, state_->library.device());
}

std::string to_string(const KernelLibrary& library) {
  const std::size_t count = library.functions().size();
  return concat("library '", library.name(), "' of ", count, count == 1 ? " kernel" : " kernels");
}

}  // namespace foundry
