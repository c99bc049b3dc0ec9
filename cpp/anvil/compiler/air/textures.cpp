#include "anvil/compiler/air/textures.hpp"

#include <llvm/IR/Function.h>
#include <llvm/IR/Type.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "anvil/compiler/air/functions.hpp"

namespace anvil::compiler::air {
namespace {

/// A class of textures: in AIR's names and in Metal's, and how many numbers say where a texel is.
struct Shape {
  llvm::StringRef suffix;
  const char* name;
  unsigned dimensions;
  bool array = false, cube = false, multisampled = false, depth = false;
};
constexpr Shape kShapes[] = {
    {.suffix = "texture_1d", .name = "texture1d", .dimensions = 1},
    {.suffix = "texture_1d_array", .name = "texture1d_array", .dimensions = 1, .array = true},
    {.suffix = "texture_2d", .name = "texture2d", .dimensions = 2},
    {.suffix = "texture_2d_array", .name = "texture2d_array", .dimensions = 2, .array = true},
    {.suffix = "texture_3d", .name = "texture3d", .dimensions = 3},
    {.suffix = "texture_cube", .name = "texturecube", .dimensions = 3, .cube = true},
    {.suffix = "texture_cube_array",
     .name = "texturecube_array",
     .dimensions = 3,
     .array = true,
     .cube = true},
    {.suffix = "texture_2d_ms", .name = "texture2d_ms", .dimensions = 2, .multisampled = true},
    {.suffix = "texture_2d_ms_array",
     .name = "texture2d_ms_array",
     .dimensions = 2,
     .array = true,
     .multisampled = true},
    {.suffix = "texture_buffer_1d", .name = "texture_buffer", .dimensions = 1},
    {.suffix = "depth_2d", .name = "depth2d", .dimensions = 2, .depth = true},
    {.suffix = "depth_2d_array",
     .name = "depth2d_array",
     .dimensions = 2,
     .array = true,
     .depth = true},
    {.suffix = "depth_cube", .name = "depthcube", .dimensions = 3, .cube = true, .depth = true},
    {.suffix = "depth_cube_array",
     .name = "depthcube_array",
     .dimensions = 3,
     .array = true,
     .cube = true,
     .depth = true},
    {.suffix = "depth_2d_ms",
     .name = "depth2d_ms",
     .dimensions = 2,
     .multisampled = true,
     .depth = true},
    {.suffix = "depth_2d_ms_array",
     .name = "depth2d_ms_array",
     .dimensions = 2,
     .array = true,
     .multisampled = true,
     .depth = true}};

/// What is told of a texture: get_width and its kin.
constexpr llvm::StringRef kOfLevels[] = {"get_width", "get_height", "get_depth"};
constexpr llvm::StringRef kOfTexture[] = {"get_array_size", "get_num_mip_levels", "get_num_samples",
                                          "is_null", "fence"};

struct Call {
  std::string operation;
  const Shape* shape = nullptr;
  bool gradient = false, is_signed = false;
};

std::optional<Call> take_apart(llvm::StringRef full) {
  llvm::SmallVector<llvm::StringRef> words;
  full.split(words, '.');
  if (words.size() < 2) return {};
  llvm::StringRef word = words[1];
  const size_t at = std::min(word.find("_texture_"), word.find("_depth_"));
  if (at == llvm::StringRef::npos) return {};
  Call call{.operation = word.take_front(at).str()};
  llvm::StringRef suffix = word.drop_front(at + 1);
  call.gradient = suffix.consume_back("_grad");
  const auto* shape = std::ranges::find(kShapes, suffix, &Shape::suffix);
  if (shape == std::end(kShapes)) return {};
  call.shape = shape;
  call.is_signed = llvm::is_contained(words, "s");
  return call;
}

/// The arguments behind texture and sampler, one after the other: AIR's functions are told apart by
/// what kinds of arguments they have.
class Arguments {
 public:
  explicit Arguments(const llvm::Function& function) : function_(function) {}

  bool is(bool (*kind)(const llvm::Type&)) const {
    return at_ < function_.arg_size() && kind(*function_.getArg(at_)->getType());
  }
  std::string take(bool (*kind)(const llvm::Type&)) {
    if (!is(kind)) unsupported_function(function_.getName());
    return "a" + std::to_string(at_++);
  }
  bool skip(bool (*kind)(const llvm::Type&)) {
    const bool found = is(kind);
    at_ += found;
    return found;
  }
  const llvm::Type& type() const {
    if (at_ >= function_.arg_size()) unsupported_function(function_.getName());
    return *function_.getArg(at_)->getType();
  }

 private:
  const llvm::Function& function_;
  unsigned at_ = 0;
};

bool pointer(const llvm::Type& type) {
  return type.isPointerTy();
}
bool flag(const llvm::Type& type) {
  return type.isIntegerTy(1);
}
bool integer(const llvm::Type& type) {
  return type.isIntegerTy(16) || type.isIntegerTy(32);
}
bool integers(const llvm::Type& type) {
  return integer(*type.getScalarType());
}
bool number(const llvm::Type& type) {
  return type.isFloatTy();
}
bool numbers(const llvm::Type& type) {
  return type.getScalarType()->isFloatTy();
}
bool any(const llvm::Type&) {
  return true;
}

const char* element_name(const llvm::Type& type, bool is_signed) {
  const llvm::Type& scalar = *type.getScalarType();
  return scalar.isFloatTy()       ? "float"
         : scalar.isHalfTy()      ? "half"
         : scalar.isIntegerTy(16) ? (is_signed ? "short" : "ushort")
         : scalar.isIntegerTy(32) ? (is_signed ? "int" : "uint")
         : scalar.isIntegerTy(64) ? "ulong"
                                  : nullptr;
}

class Definition {
 public:
  Definition(const llvm::Function& function, Call call)
      : function_(function), call_(std::move(call)), shape_(*call_.shape), arguments_(function) {}

  std::string text(const std::string& symbol) {
    const std::string texture = arguments_.take(pointer), code = body();
    std::string parameters;
    for (const llvm::Argument& argument : function_.args())
      parameters += (parameters.empty() ? "" : ", ") + parameter(*argument.getType()) +
                    " const& a" + std::to_string(argument.getArgNo());
    std::string result, structure;
    if (const auto* type = llvm::dyn_cast<llvm::StructType>(function_.getReturnType())) {
      // The value, and whether it was there.
      structure = "struct " + symbol + "_result { " + parameter(*type->getElementType(0)) +
                  " value; uchar resident; };\n";
      result = symbol + "_result";
    } else if (!function_.getReturnType()->isVoidTy()) {
      result = parameter(*function_.getReturnType());
    }
    if (!result.empty()) parameters += ", " + result + "& result";
    return structure + "extern \"C\" void " + symbol + "(" + parameters +
           ") {\n  const auto t = *(" + "const metal::" + shape_.name + "<" + element_ +
           ", metal::access::" + access_ + ">*)&" + texture + ";\n  " + code + ";\n}\n";
  }

 private:
  [[noreturn]] void refuse() const { unsupported_function(function_.getName()); }

  std::string parameter(const llvm::Type& type) const {
    if (type.isPointerTy()) return "void*";
    const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(&type);
    const llvm::Type& scalar = *type.getScalarType();
    const bool is_texel = element_ && element_name(type, call_.is_signed) &&
                          (!vector || vector->getNumElements() == 4);
    const std::string name = scalar.isIntegerTy(1)   ? "bool"
                             : scalar.isIntegerTy(8) ? "uchar"
                             : element_name(type, is_texel && vector && call_.is_signed)
                                 ? element_name(type, is_texel && vector && call_.is_signed)
                                 : "";
    if (name.empty() || (vector && vector->getNumElements() > 4)) refuse();
    return vector ? "metal::vec<" + name + ", " + std::to_string(vector->getNumElements()) + ">"
                  : name;
  }

  void set_element(const llvm::Type& type) {
    const auto* structure = llvm::dyn_cast<llvm::StructType>(&type);
    const llvm::Type& value =
        structure && structure->getNumElements() == 2 ? *structure->getElementType(0) : type;
    element_ = element_name(value, call_.is_signed);
    if (!element_ || (structure && !structure->getElementType(1)->isIntegerTy(8))) refuse();
  }

  static std::string converted(const char* to, unsigned count, const std::string& value) {
    return count == 1 ? std::string(to) + "(" + value + ")"
                      : "metal::vec<" + std::string(to) + ", " + std::to_string(count) + ">(" +
                            value + ")";
  }

  /// Where a texel lies: coordinate, face, slice, sample.
  std::string place() {
    std::string text =
        converted("uint", shape_.cube ? 2 : shape_.dimensions, arguments_.take(integers));
    for (const bool there : {shape_.cube, shape_.array, shape_.multisampled})
      if (there) text += ", uint(" + arguments_.take(integer) + ")";
    return text;
  }
  bool has_levels() const { return !shape_.multisampled && shape_.suffix != "texture_buffer_1d"; }
  std::string level() {
    return has_levels() && arguments_.is(integer) ? ", uint(" + arguments_.take(integer) + ")" : "";
  }

  std::string body() {
    const llvm::StringRef operation = call_.operation;
    if (operation.starts_with("sample") || operation.starts_with("gather")) return sampled();
    if (operation == "read") {
      set_element(*function_.getReturnType());
      access_ = "read";
      return given(place(), "read", true);
    }
    if (operation == "write") return written();
    if (operation.starts_with("atomic_")) return atomically();
    element_ = "float";
    access_ = has_levels() ? "sample" : "read";
    if (operation == "fence") {
      access_ = "read_write";
      return "t.fence()";
    }
    if (operation == "is_null") return "result = metal::is_null_texture(t)";
    if (llvm::is_contained(kOfTexture, operation)) return "result = t." + call_.operation + "()";
    if (!llvm::is_contained(kOfLevels, operation)) refuse();
    return "result = t." + call_.operation + "(" +
           (has_levels() ? "uint(" + arguments_.take(integer) + ")" : "") + ")";
  }

  std::string given(const std::string& where, const char* method, bool with_level) {
    const std::string call =
        "t." + std::string(method) + "(" + where + (with_level ? level() : "") + ")";
    if (!function_.getReturnType()->isStructTy()) return "result = " + call;
    return "result.value = " + call + "; result.resident = 1";
  }

  std::string written() {
    access_ = "write";
    const std::string where = place();
    set_element(arguments_.type());
    const std::string value = arguments_.take(any);
    const std::string vector = "metal::vec<" + std::string(element_) + ", 4>(" + value + ")";
    return "t.write(" + vector + ", " + where + level() + ")";
  }

  std::string atomically() {
    access_ = "read_write";
    llvm::StringRef operation = call_.operation;
    operation.consume_back("_explicit");
    const bool has_result = !function_.getReturnType()->isVoidTy();
    if (operation == "atomic_load") {
      set_element(*function_.getReturnType());
      return given(place(), "atomic_load", false);
    }
    const std::string where = place();
    if (operation == "atomic_compare_exchange_weak") refuse();
    set_element(arguments_.type());
    const std::string value = arguments_.take(integers);
    if (operation == "atomic_store") return "t.atomic_store(" + value + ", " + where + ")";
    return (has_result ? "result = t." : "t.") + operation.str() + "(" + where + ", " + value + ")";
  }

  std::string sampled() {
    const llvm::StringRef operation = call_.operation;
    const bool compares = operation.ends_with("_compare"),
               gathers = operation.starts_with("gather");
    set_element(*function_.getReturnType());
    access_ = "sample";
    const std::string sampler = "*(const metal::sampler*)&" + arguments_.take(pointer);
    if (shape_.depth) arguments_.skip(integer);
    std::string where = sampler + ", " + arguments_.take(numbers);
    if (shape_.array) where += ", uint(" + arguments_.take(integer) + ")";
    if (compares) where += ", " + arguments_.take(number);
    std::string gradient;
    if (call_.gradient) {
      gradient = shape_.cube              ? ", metal::gradientcube("
                 : shape_.dimensions == 3 ? ", metal::gradient3d("
                 : shape_.dimensions == 2 ? ", metal::gradient2d("
                                          : throw_unsupported();
      gradient += arguments_.take(numbers);
      gradient += ", " + arguments_.take(numbers) + ")";
      if (arguments_.is(number))
        gradient += ", metal::min_lod_clamp(" + arguments_.take(number) + ")";
    }
    std::string offset;
    // `true` and the offset; what is behind it are level and bias.
    if (!shape_.cube && arguments_.is(flag)) {
      const std::string has_offset = arguments_.take(flag);
      if (arguments_.is(integers))
        offset = ", " + converted("int", shape_.dimensions, arguments_.take(integers));
      else if (!gathers && !call_.gradient)
        return with_level(operation, where, offset, has_offset);
    }
    if (gathers) {
      if (compares || !arguments_.is(integer))
        return value_of("t." + operation.str() + "(" + where + offset + ")");
      return value_of("t.gather(" + where + offset + ", metal::component(" +
                      arguments_.take(integer) + "))");
    }
    if (call_.gradient)
      return value_of("t." + operation.str() + "(" + where + gradient + offset + ")");
    return with_level(operation, where, offset, arguments_.take(flag));
  }

  std::string with_level(llvm::StringRef operation, const std::string& where,
                         const std::string& offset, const std::string& is_level) {
    const std::string lod = arguments_.take(number);
    const std::string least = arguments_.is(number) ? arguments_.take(number) : "0.0f";
    const std::string call = "t." + operation.str() + "(" + where + ", ";
    return value_of(is_level + " ? " + call + "metal::level(" + lod + ")" + offset + ") : " + call +
                    "metal::bias(" + lod + "), metal::min_lod_clamp(" + least + ")" + offset + ")");
  }

  std::string value_of(const std::string& expression) const {
    if (!function_.getReturnType()->isStructTy()) return "result = " + expression;
    return "result.value = " + expression + "; result.resident = 1";
  }

  [[noreturn]] const char* throw_unsupported() const { refuse(); }

  const llvm::Function& function_;
  Call call_;
  const Shape& shape_;
  Arguments arguments_;
  const char *element_ = nullptr, *access_ = nullptr;
};

}  // namespace

std::optional<std::string> texture_definition(const llvm::Function& function,
                                              const std::string& symbol) {
  auto name = take_apart(function.getName());
  if (!name) return {};
  return Definition(function, std::move(*name)).text(symbol);
}

}  // namespace anvil::compiler::air
