#include "anvil/compiler/air/functions.hpp"

#include <llvm/ADT/StringExtras.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "anvil/compiler/air/textures.hpp"
#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler::air {
namespace {

// Those of namespaces metal::precise and, as air.fast_..., metal::fast.
constexpr std::string_view kMath[] = {
    "acos",  "acosh", "asin",      "asinh", "atan",  "atan2", "atanh", "ceil",  "copysign", "cos",
    "cosh",  "cospi", "divide",    "exp",   "exp10", "exp2",  "fabs",  "fdim",  "floor",    "fma",
    "fmax",  "fmax3", "fmedian3",  "fmin",  "fmin3", "fmod",  "fract", "ilogb", "ldexp",    "log",
    "log10", "log2",  "nextafter", "pow",   "powr",  "rint",  "round", "rsqrt", "sin",      "sinh",
    "sinpi", "sqrt",  "tan",       "tanh",  "tanpi", "trunc"};

/// What a function is in C++: an expression, or statements where it says `result`. $0, $1, ... are
/// its arguments and $* all of them, $R its result's type, $V and $W those of its first two
/// arguments, $I integers in the place of its result, $E what a matrix holds, $M the namespace of
/// its arithmetic.
struct Meaning {
  std::string_view name;
  std::string_view text;
};
constexpr Meaning kMeanings[] = {
    // Of numbers.
    {"abs", "metal::abs($*)"},
    {"abs_diff", "metal::absdiff($*)"},
    {"add_sat", "metal::addsat($*)"},
    {"all", "metal::all($*)"},
    {"any", "metal::any($*)"},
    {"clamp", "metal::clamp($*)"},
    {"clz", "metal::clz($0)"},
    {"ctz", "metal::ctz($0)"},
    {"convert", "metal::__anvil_detail::convert<$R>($0)"},
    {"convert.vector", "$R($0)"},
    {"cross", "metal::cross($*)"},
    {"distance", "metal::distance($*)"},
    {"distance_squared", "metal::distance_squared($*)"},
    {"dot", "metal::dot($*)"},
    {"faceforward", "metal::faceforward($*)"},
    {"length", "metal::length($*)"},
    {"length_squared", "metal::length_squared($*)"},
    {"normalize", "metal::normalize($*)"},
    {"reflect", "metal::reflect($*)"},
    {"refract", "metal::refract($*)"},
    {"signbit", "metal::signbit($*)"},
    {"smoothstep", "metal::smoothstep($*)"},
    {"step", "metal::step($*)"},
    {"extract_bits", "metal::extract_bits($*)"},
    {"frexp", "metal::$M::frexp($0, *($I*)$1)"},
    {"hadd", "metal::hadd($*)"},
    {"insert_bits", "metal::insert_bits($*)"},
    {"isfinite", "metal::isfinite($*)"},
    {"isinf", "metal::isinf($*)"},
    {"isnan", "metal::isnan($*)"},
    {"isnormal", "metal::isnormal($*)"},
    {"mad24", "metal::mad24($*)"},
    {"mad_hi", "metal::madhi($*)"},
    {"mad_sat", "metal::madsat($*)"},
    {"max", "metal::max($*)"},
    {"max3", "metal::max3($*)"},
    {"median3", "metal::median3($*)"},
    {"min", "metal::min($*)"},
    {"min3", "metal::min3($*)"},
    {"mix", "metal::mix($*)"},
    {"modf", "metal::$M::modf($0, *($R*)$1)"},
    {"mul24", "metal::mul24($*)"},
    {"mul_hi", "metal::mulhi($*)"},
    {"popcount", "metal::popcount($*)"},
    {"reverse_bits", "metal::reverse_bits($*)"},
    {"rhadd", "metal::rhadd($*)"},
    {"rotate", "metal::rotate($*)"},
    {"saturate", "metal::saturate($*)"},
    {"sign", "metal::sign($*)"},
    {"sincos", "metal::$M::sincos($0, *($R*)$1)"},
    {"sub_sat", "metal::subsat($*)"},
    // Across the lanes of a simdgroup.
    {"get_simdgroup_size", "metal::__anvil_detail::kSimdWidth"},
    {"get_thread_index_in_simdgroup", "__anvil_lane()"},
    {"quad_active_threads_mask", "(metal::quad_vote::vote_t)metal::quad_active_threads_mask()"},
    {"quad_ballot", "(metal::quad_vote::vote_t)metal::quad_ballot($*)"},
    {"simd_active_threads_mask", "(metal::simd_vote::vote_t)metal::simd_active_threads_mask()"},
    {"simd_ballot", "(metal::simd_vote::vote_t)metal::simd_ballot($*)"},
    // Memory.
    {"wg.barrier", "metal::threadgroup_barrier(metal::mem_flags($0))"},
    {"simdgroup.barrier", "metal::simdgroup_barrier(metal::mem_flags($0))"},
    {"atomic.fence", "metal::atomic_thread_fence(metal::mem_flags($0), metal::memory_order($1))"},
    {"load.coherent", "*($R const volatile*)$0"},
    {"store.coherent", "*($V volatile*)$1 = $0"},
    {"atomic.load", "metal::atomic_load_explicit((metal::atomic<$R>*)$0, metal::memory_order($1))"},
    {"atomic.store",
     "metal::atomic_store_explicit((metal::atomic<$W>*)$0, $1, metal::memory_order($2))"},
    {"atomic.xchg",
     "metal::atomic_exchange_explicit((metal::atomic<$R>*)$0, $1, metal::memory_order($2))"},
    {"atomic.add",
     "metal::atomic_fetch_add_explicit((metal::atomic<$R>*)$0, $1, metal::memory_order($2))"},
    {"atomic.sub",
     "metal::atomic_fetch_sub_explicit((metal::atomic<$R>*)$0, $1, metal::memory_order($2))"},
    {"atomic.and",
     "metal::atomic_fetch_and_explicit((metal::atomic<$R>*)$0, $1, metal::memory_order($2))"},
    {"atomic.or",
     "metal::atomic_fetch_or_explicit((metal::atomic<$R>*)$0, $1, metal::memory_order($2))"},
    {"atomic.xor",
     "metal::atomic_fetch_xor_explicit((metal::atomic<$R>*)$0, $1, metal::memory_order($2))"},
    {"atomic.min",
     "metal::atomic_fetch_min_explicit((metal::atomic<$R>*)$0, $1, metal::memory_order($2))"},
    {"atomic.max",
     "metal::atomic_fetch_max_explicit((metal::atomic<$R>*)$0, $1, metal::memory_order($2))"},
    // What was there comes back, and is what is expected the next time; it never fails by chance.
    {"atomic.cmpxchg",
     "$R desired = $2; result = *($R*)$1; "
     "__atomic_compare_exchange(&((metal::atomic<$R>*)$0)->value,"
     " &result, &desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); *($R*)$1 = result"},
    // Simdgroup matrices. Rows are so many elements apart, or (AIR 2.8) columns and rows are.
    {"simdgroup_matrix_8x8_init_filled", "metal::make_filled_simdgroup_matrix<$E, 8, 8>($0)"},
    {"simdgroup_matrix_8x8_init_diag", "$R($0)"},
    {"simdgroup_matrix_8x8_load", "metal::simdgroup_load(result, (const $E*)$0, $1, $2, $3)"},
    {"simdgroup_matrix_8x8_store", "metal::simdgroup_store($0, ($E*)$1, $2, $3, $4)"},
    {"simdgroup_matrix_8x8_load.strides",
     "const auto at = metal::__anvil_detail::place_of(__anvil_lane());"
     " const $E* p = (const $E*)$0 + ($3.x + at.column) * $2.x + ($3.y + at.row) * $2.y;"
     " result.thread_elements() = metal::vec<$E, 2>(p[0], p[$2.x])"},
    {"simdgroup_matrix_8x8_store.strides",
     "const auto at = metal::__anvil_detail::place_of(__anvil_lane());"
     " $E* p = ($E*)$1 + ($4.x + at.column) * $3.x + ($4.y + at.row) * $3.y;"
     " p[0] = $0.thread_elements().x; p[$3.x] = $0.thread_elements().y"},
    {"simdgroup_matrix_8x8_multiply_accumulate",
     "metal::simdgroup_multiply_accumulate(result, $0, $1, $2)"},
};

// Those that are called the same in Metal's language.
constexpr std::string_view kAcrossLanes[] = {"quad_all",
                                             "quad_and",
                                             "quad_any",
                                             "quad_broadcast",
                                             "quad_broadcast_first",
                                             "quad_is_first",
                                             "quad_max",
                                             "quad_min",
                                             "quad_or",
                                             "quad_prefix_exclusive_product",
                                             "quad_prefix_exclusive_sum",
                                             "quad_prefix_inclusive_product",
                                             "quad_prefix_inclusive_sum",
                                             "quad_product",
                                             "quad_shuffle",
                                             "quad_shuffle_and_fill_down",
                                             "quad_shuffle_and_fill_up",
                                             "quad_shuffle_down",
                                             "quad_shuffle_rotate_down",
                                             "quad_shuffle_rotate_up",
                                             "quad_shuffle_up",
                                             "quad_shuffle_xor",
                                             "quad_sum",
                                             "quad_xor",
                                             "simd_all",
                                             "simd_and",
                                             "simd_any",
                                             "simd_broadcast",
                                             "simd_broadcast_first",
                                             "simd_is_first",
                                             "simd_max",
                                             "simd_min",
                                             "simd_or",
                                             "simd_prefix_exclusive_product",
                                             "simd_prefix_exclusive_sum",
                                             "simd_prefix_inclusive_product",
                                             "simd_prefix_inclusive_sum",
                                             "simd_product",
                                             "simd_shuffle",
                                             "simd_shuffle_and_fill_down",
                                             "simd_shuffle_and_fill_up",
                                             "simd_shuffle_down",
                                             "simd_shuffle_rotate_down",
                                             "simd_shuffle_rotate_up",
                                             "simd_shuffle_up",
                                             "simd_shuffle_xor",
                                             "simd_sum",
                                             "simd_xor"};

constexpr std::string_view kPacked[] = {"unorm4x8", "snorm4x8", "unorm2x16", "snorm2x16"};

/// A name taken apart: air.[fast_]OPERATION[.s|.u].TYPES.
struct Name {
  std::string operation;
  bool fast = false;
  bool is_signed = false, argument_is_signed = false;
};

Name take_apart(const llvm::Function& function) {
  llvm::SmallVector<llvm::StringRef> words;
  function.getName().split(words, '.');
  Name name;
  llvm::StringRef first = words.size() > 1 ? words[1] : "";
  name.fast = first.consume_front("fast_");
  name.operation = first.str();
  const auto word = [&](size_t i) { return i < words.size() ? words[i] : llvm::StringRef(); };
  if (first == "convert") {  // air.convert.f.f32.s.i32; what follows says how to round
    if (words.size() != 6) unsupported_function(function.getName());
    if (function.getReturnType()->isVectorTy()) name.operation += ".vector";
    name.is_signed = word(2) == "s";
    name.argument_is_signed = word(4) == "s";
    return name;
  }
  // air.pack.unorm4x8.v4f32(numbers), air.unpack.snorm2x16.v2f32(bits)
  if (first == "pack" || first == "unpack") {
    const bool to_bits = first == "pack";
    const llvm::Type* type = to_bits && function.arg_size() > 0 ? function.getArg(0)->getType()
                                                                : function.getReturnType();
    const std::string numbers = type->getScalarType()->isHalfTy() ? "half" : "float";
    const std::string format = word(2).str();
    if (!llvm::is_contained(kPacked, format)) unsupported_function(function.getName());
    name.operation =
        to_bits ? "pack_" + numbers + "_to_" + format : "unpack_" + format + "_to_" + numbers;
  }
  if (first == "wg" || first == "simdgroup") name.operation = (first + "." + word(2)).str();
  if (first == "atomic")  // air.atomic.global.add.s.i32, air.atomic.fence
    name.operation = ("atomic." + (word(2) == "fence" ? word(2) : word(3))).str();
  if ((first == "load" || first == "store") && word(2).ends_with("_coherent"))
    name.operation = (first + ".coherent").str();
  // Exponents are signed, and say so nowhere.
  name.is_signed = llvm::is_contained(words, "s") || first == "ldexp" || first == "ilogb";
  name.argument_is_signed = name.is_signed;
  // air.simdgroup_matrix_8x8_load.v64f32.p1f32(p, <2 x i64> size, strides, origin)
  if ((first == "simdgroup_matrix_8x8_load" || first == "simdgroup_matrix_8x8_store") &&
      function.arg_size() > 0 && function.getArg(function.arg_size() - 1)->getType()->isVectorTy())
    name.operation += ".strides";
  return name;
}

std::optional<std::string> meaning_of(const Name& name) {
  if (llvm::StringRef(name.operation).starts_with("pack_") ||
      llvm::StringRef(name.operation).starts_with("unpack_"))
    return "metal::" + name.operation + "($0)";
  if (std::ranges::find(kMath, name.operation) != std::end(kMath))
    return "metal::$M::" + name.operation + "($*)";
  if (std::ranges::find(kAcrossLanes, name.operation) != std::end(kAcrossLanes))
    return "metal::" + name.operation + "($*)";
  const auto* meaning = std::ranges::find(kMeanings, name.operation, &Meaning::name);
  if (meaning != std::end(kMeanings)) return std::string(meaning->text);
  return {};
}

std::string scalar_name(const llvm::Type& type, bool is_signed) {
  if (type.isHalfTy()) return "half";
  if (type.isBFloatTy()) return "bfloat";
  if (type.isFloatTy()) return "float";
  if (type.isPointerTy()) return "void*";
  const char* const name = type.isIntegerTy(1)    ? "bool"
                           : type.isIntegerTy(8)  ? "char"
                           : type.isIntegerTy(16) ? "short"
                           : type.isIntegerTy(32) ? "int"
                           : type.isIntegerTy(64) ? "long"
                                                  : "";
  if (!*name || type.isIntegerTy(1)) return name;
  return (is_signed ? "" : "u") + std::string(name);
}

/// Empty for a type that no function of Metal's has.
std::string type_name(const llvm::Type& type, bool is_signed, bool in_matrices) {
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(&type);
  if (!vector) return scalar_name(type, is_signed);
  const std::string element = scalar_name(*vector->getElementType(), is_signed);
  const unsigned count = vector->getNumElements();
  if (element.empty() || count > 4) return {};
  if (in_matrices && vector->getElementType()->isFloatingPointTy())
    return "metal::simdgroup_matrix<" + element + ", 8, 8>";
  return "metal::vec<" + element + ", " + std::to_string(count) + ">";
}

llvm::Type* with_integers(llvm::Type* type) {
  llvm::Type* integer = llvm::Type::getInt32Ty(type->getContext());
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  return vector ? llvm::FixedVectorType::get(integer, vector->getNumElements()) : integer;
}

/// As it lies in memory: a bool is a byte.
llvm::Type* type_in_memory(llvm::Type* type) {
  return type->isIntOrIntVectorTy(1) ? type->getWithNewBitWidth(8) : type;
}

}  // namespace

void unsupported_function(llvm::StringRef name) {
  throw AirError("unsupported function '" + name.str() +
                 "' of Metal's; supported: arithmetic, conversions, packing, operations across "
                 "simdgroups and quadgroups, simdgroup matrices, barriers, atomics, textures");
}

std::vector<llvm::Function*> called_functions(llvm::Module& module) {
  std::vector<llvm::Function*> functions;
  for (llvm::Function& function : module)
    if (function.isDeclaration() && !function.use_empty() && function.getName().starts_with("air."))
      functions.push_back(&function);
  return functions;
}

std::string definition_of(const llvm::Function& function, const std::string& symbol) {
  if (auto text = texture_definition(function, symbol)) return std::move(*text);
  const Name name = take_apart(function);
  const auto meaning = meaning_of(name);
  if (!meaning) unsupported_function(function.getName());
  const bool in_matrices = llvm::StringRef(name.operation).starts_with("simdgroup_matrix_");
  const llvm::Type& result = *function.getReturnType();
  const std::string result_type =
      result.isVoidTy() ? "" : type_name(result, name.is_signed, in_matrices);
  std::vector<std::string> types;
  std::string parameters, all, element;
  for (const llvm::Argument& argument : function.args()) {
    types.push_back(type_name(*argument.getType(), name.argument_is_signed, in_matrices));
    if (types.back().empty()) unsupported_function(function.getName());
    const std::string number = std::to_string(argument.getArgNo());
    parameters += (parameters.empty() ? "" : ", ") + types.back() + " const& a" + number;
    all += (all.empty() ? "a" : ", a") + number;
    if (in_matrices && element.empty() && argument.getType()->isFPOrFPVectorTy())
      element = scalar_name(*argument.getType()->getScalarType(), true);
  }
  if (in_matrices && !result.isVoidTy()) element = scalar_name(*result.getScalarType(), true);
  if (!result.isVoidTy()) {
    if (result_type.empty()) unsupported_function(function.getName());
    parameters += (parameters.empty() ? "" : ", ") + result_type + "& result";
  }
  std::string code;
  for (size_t at = 0; at < meaning->size(); ++at) {
    if ((*meaning)[at] != '$') {
      code += (*meaning)[at];
      continue;
    }
    const char what = (*meaning)[++at];
    if (llvm::isDigit(what)) {
      const auto number = static_cast<size_t>(what - '0');
      if (number >= types.size()) unsupported_function(function.getName());
      code += std::string("a") + what;
    } else if (what == 'V' || what == 'W') {
      const size_t number = what == 'V' ? 0 : 1;
      if (number >= types.size()) unsupported_function(function.getName());
      code += types[number];
    } else {
      code += what == 'R'   ? result_type
              : what == 'I' ? type_name(*with_integers(function.getReturnType()), true, false)
              : what == 'E' ? element
              : what == '*' ? all
              : name.fast   ? "fast"
                            : "precise";
    }
  }
  const bool is_expression = !result.isVoidTy() && code.find("result") == std::string::npos;
  return "extern \"C\" void " + symbol + "(" + parameters + ") {\n  " +
         (is_expression ? "result = static_cast<" + result_type + ">(" + code + ")" : code) +
         ";\n}\n";
}

void define_by(llvm::Function& function, llvm::Function& symbol) {
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(function.getContext(), "", &function));
  llvm::SmallVector<llvm::Value*> addresses;
  const auto room = [&](llvm::Type* type) {
    addresses.push_back(builder.CreateAlloca(type_in_memory(type)));
    return addresses.back();
  };
  for (llvm::Argument& argument : function.args()) {
    llvm::Type* type = type_in_memory(argument.getType());
    llvm::Value* address = room(type);
    builder.CreateStore(
        type == argument.getType() ? &argument : builder.CreateZExt(&argument, type), address);
  }
  llvm::Type* result = function.getReturnType();
  if (result->isVoidTy()) {
    builder.CreateCall(&symbol, addresses);
    builder.CreateRetVoid();
    return;
  }
  llvm::Value* address = room(result);
  builder.CreateCall(&symbol, addresses);
  llvm::Value* value = builder.CreateLoad(type_in_memory(result), address);
  builder.CreateRet(value->getType() == result ? value : builder.CreateTrunc(value, result));
}

}  // namespace anvil::compiler::air
