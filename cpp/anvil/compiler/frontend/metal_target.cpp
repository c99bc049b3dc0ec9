#include "anvil/compiler/frontend/metal_target.hpp"

#include "anvil/compiler/frontend/address_spaces.hpp"

#include <clang/Basic/TargetInfo.h>

namespace anvil::compiler {
namespace {

using clang::LangAS;

// Data is copied; questions go to the machine.
class MetalTarget final : public clang::TargetInfo {
 public:
  explicit MetalTarget(llvm::IntrusiveRefCntPtr<clang::TargetInfo> machine)
      : TargetInfo(*machine), machine_(std::move(machine)) {}

  bool isAddressSpaceSupersetOf(LangAS a, LangAS b) const override {
    return a == LangAS::Default &&
           (b == kDeviceSpace || b == kThreadgroupSpace || b == kConstantSpace);
  }

  void getTargetDefines(const clang::LangOptions& options,
                        clang::MacroBuilder& builder) const override {
    machine_->getTargetDefines(options, builder);
  }
  llvm::SmallVector<clang::Builtin::InfosShard> getTargetBuiltins() const override {
    return machine_->getTargetBuiltins();
  }
  BuiltinVaListKind getBuiltinVaListKind() const override {
    return machine_->getBuiltinVaListKind();
  }
  bool validateAsmConstraint(const char*& name, ConstraintInfo& info) const override {
    return machine_->validateAsmConstraint(name, info);
  }
  std::string_view getClobbers() const override { return machine_->getClobbers(); }

  bool hasInt128Type() const override { return machine_->hasInt128Type(); }
  bool hasBitIntType() const override { return machine_->hasBitIntType(); }
  size_t getMaxBitIntWidth() const override { return machine_->getMaxBitIntWidth(); }
  bool hasFastHalfType() const override { return machine_->hasFastHalfType(); }
  bool allowHalfArgsAndReturns() const override { return machine_->allowHalfArgsAndReturns(); }
  bool hasFloat128Type() const override { return machine_->hasFloat128Type(); }
  bool hasFloat16Type() const override { return machine_->hasFloat16Type(); }
  bool hasBFloat16Type() const override { return machine_->hasBFloat16Type(); }
  bool hasFullBFloat16Type() const override { return machine_->hasFullBFloat16Type(); }
  bool hasLongDoubleType() const override { return machine_->hasLongDoubleType(); }
  bool hasFPReturn() const override { return machine_->hasFPReturn(); }
  bool hasStrictFP() const override { return machine_->hasStrictFP(); }
  bool useFP16ConversionIntrinsics() const override {
    return machine_->useFP16ConversionIntrinsics();
  }
  const char* getLongDoubleMangling() const override { return machine_->getLongDoubleMangling(); }
  const char* getFloat128Mangling() const override { return machine_->getFloat128Mangling(); }
  const char* getBFloat16Mangling() const override { return machine_->getBFloat16Mangling(); }
  clang::LangOptions::FPEvalMethodKind getFPEvalMethod() const override {
    return machine_->getFPEvalMethod();
  }
  bool hasBuiltinAtomic(uint64_t size, uint64_t alignment) const override {
    return machine_->hasBuiltinAtomic(size, alignment);
  }
  IntType getIntTypeByWidth(unsigned bits, bool is_signed) const override {
    return machine_->getIntTypeByWidth(bits, is_signed);
  }
  IntType getLeastIntTypeByWidth(unsigned bits, bool is_signed) const override {
    return machine_->getLeastIntTypeByWidth(bits, is_signed);
  }
  unsigned getMinGlobalAlign(uint64_t size, bool has_non_weak_definition) const override {
    return machine_->getMinGlobalAlign(size, has_non_weak_definition);
  }
  std::optional<std::pair<unsigned, unsigned>> getVScaleRange(
      const clang::LangOptions& options, ArmStreamingKind mode,
      llvm::StringMap<bool>* features) const override {
    return machine_->getVScaleRange(options, mode, features);
  }
  llvm::StringRef getABI() const override { return machine_->getABI(); }
  clang::ParsedTargetAttr parseTargetAttr(llvm::StringRef text) const override {
    return machine_->parseTargetAttr(text);
  }
  bool initFeatureMap(llvm::StringMap<bool>& features, clang::DiagnosticsEngine& diagnostics,
                      llvm::StringRef cpu,
                      const std::vector<std::string>& feature_list) const override {
    return machine_->initFeatureMap(features, diagnostics, cpu, feature_list);
  }
  bool hasFeatureEnabled(const llvm::StringMap<bool>& features,
                         llvm::StringRef name) const override {
    return machine_->hasFeatureEnabled(features, name);
  }
  void setFeatureEnabled(llvm::StringMap<bool>& features, llvm::StringRef name,
                         bool enabled) const override {
    machine_->setFeatureEnabled(features, name, enabled);
  }
  bool hasFeature(llvm::StringRef feature) const override { return machine_->hasFeature(feature); }
  bool isValidFeatureName(llvm::StringRef name) const override {
    return machine_->isValidFeatureName(name);
  }
  bool doesFeatureAffectCodeGen(llvm::StringRef feature) const override {
    return machine_->doesFeatureAffectCodeGen(feature);
  }
  bool isValidCPUName(llvm::StringRef name) const override {
    return machine_->isValidCPUName(name);
  }
  bool supportsCpuSupports() const override { return machine_->supportsCpuSupports(); }
  bool supportsCpuIs() const override { return machine_->supportsCpuIs(); }
  bool supportsCpuInit() const override { return machine_->supportsCpuInit(); }
  bool validateCpuSupports(llvm::StringRef name) const override {
    return machine_->validateCpuSupports(name);
  }
  bool validateCpuIs(llvm::StringRef name) const override { return machine_->validateCpuIs(name); }
  llvm::APInt getFMVPriority(llvm::ArrayRef<llvm::StringRef> features) const override {
    return machine_->getFMVPriority(features);
  }
  CallingConvCheckResult checkCallingConvention(clang::CallingConv convention) const override {
    return machine_->checkCallingConvention(convention);
  }
  CallingConvKind getCallingConvKind(bool compatible) const override {
    return machine_->getCallingConvKind(compatible);
  }

 protected:
  llvm::ArrayRef<const char*> getGCCRegNames() const override { return {}; }
  llvm::ArrayRef<GCCRegAlias> getGCCRegAliases() const override { return {}; }

 private:
  llvm::IntrusiveRefCntPtr<clang::TargetInfo> machine_;
};

}  // namespace

llvm::IntrusiveRefCntPtr<clang::TargetInfo> metal_target(
    llvm::IntrusiveRefCntPtr<clang::TargetInfo> machine) {
  return llvm::makeIntrusiveRefCnt<MetalTarget>(std::move(machine));
}

}  // namespace anvil::compiler
