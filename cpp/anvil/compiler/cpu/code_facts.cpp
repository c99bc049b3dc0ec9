#include "anvil/compiler/cpu/code_facts.hpp"

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/DataExtractor.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "anvil/abi/kernel_abi.h"
#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler::cpu {
namespace {

/// The line of the user's text that an instruction was written in, or that what it was inlined from
/// is used in; 0 for none.
unsigned line_in(const llvm::DILocation* place, const Source& source) {
  for (; place; place = place->getInlinedAt())
    if (place->getFilename() == source.name) return place->getLine();
  return 0;
}

struct Entry {
  llvm::object::SectionRef section;
  uint64_t offset;  // in the section
  uint64_t size;
};

[[noreturn]] void damaged(llvm::Error error) {
  throw InternalError("the object code is damaged: " + llvm::toString(std::move(error)));
}

template <typename T>
T value_of(llvm::Expected<T> value) {
  if (!value) damaged(value.takeError());
  return std::move(*value);
}

Entry find_entry(const llvm::object::ObjectFile& object) {
  for (const llvm::object::SymbolRef& symbol : object.symbols()) {
    if (value_of(symbol.getName()) != ANVIL_ENTRY_SYMBOL) continue;
    return {*value_of(symbol.getSection()), value_of(symbol.getAddress()),
            llvm::object::ELFSymbolRef(symbol).getSize()};
  }
  throw InternalError("the object code has no " ANVIL_ENTRY_SYMBOL);
}

/// The frames of all functions together: none calls itself.
uint64_t stack_bytes(const llvm::object::ObjectFile& object) {
  uint64_t sum = 0;
  size_t functions = 0, described = 0;
  for (const llvm::object::SymbolRef& symbol : object.symbols())
    functions += value_of(symbol.getType()) == llvm::object::SymbolRef::ST_Function;
  for (const llvm::object::SectionRef& section : object.sections()) {
    if (value_of(section.getName()) != ".stack_sizes") continue;
    const llvm::DataExtractor data(value_of(section.getContents()), true, 8);
    for (uint64_t at = 0; data.isValidOffset(at); ++described) {
      data.getU64(&at);  // the function, which the linker would fill in
      sum += data.getULEB128(&at);
    }
  }
  if (described < functions)
    throw InternalError("the kernel takes an amount of stack that is known only as it runs");
  return sum;
}

std::vector<AnvilLine> line_table(const llvm::object::ObjectFile& object, const Entry& entry) {
  std::vector<AnvilLine> table;
  const auto context = llvm::DWARFContext::create(object);
  for (const auto& unit : context->compile_units()) {
    const auto* lines = context->getLineTableForUnit(unit.get());
    if (!lines) continue;
    for (const auto& row : lines->Rows) {
      if (row.EndSequence || row.Address.SectionIndex != entry.section.getIndex()) continue;
      const uint64_t offset = row.Address.Address - entry.offset;
      if (offset >= entry.size) continue;
      if (!table.empty() && table.back().code == offset) table.pop_back();
      if (!table.empty() && table.back().line == row.Line) continue;
      table.push_back({static_cast<uint32_t>(offset), row.Line, 0});
    }
  }
  std::ranges::sort(table, {}, &AnvilLine::code);
  return table;
}

void define(llvm::Module& module, const char* name, llvm::Constant* value) {
  auto* variable = new llvm::GlobalVariable(module, value->getType(), true,
                                            llvm::GlobalValue::ExternalLinkage, value, name);
  variable->setAlignment(llvm::Align(8));
}

}  // namespace

KernelLines keep_lines(llvm::Module& module, const Source& source) {
  KernelLines lines;
  std::map<unsigned, unsigned> numbers;  // of lines of the text given to clang, in `lines`
  std::vector<std::pair<llvm::Instruction*, unsigned>> places;
  llvm::Function& entry = *module.getFunction(ANVIL_ENTRY_SYMBOL);
  for (llvm::Instruction& instruction : llvm::instructions(entry)) {
    const unsigned line = line_in(instruction.getDebugLoc().get(), source);
    if (line == 0) continue;
    auto [found, is_new] = numbers.try_emplace(line, lines.size() + 1);
    if (is_new) lines.push_back(source.presumed(line));
    places.emplace_back(&instruction, found->second);
  }
  llvm::StripDebugInfo(module);
  if (places.empty()) return lines;

  llvm::DIBuilder builder(module);
  llvm::DIFile* file = builder.createFile(source.name, "");
  builder.createCompileUnit(llvm::DISourceLanguageName(llvm::dwarf::DW_LANG_C_plus_plus_14), file,
                            "", true, "", 0, "", llvm::DICompileUnit::LineTablesOnly);
  llvm::DISubprogram* scope = builder.createFunction(
      file, ANVIL_ENTRY_SYMBOL, "", file, 1, builder.createSubroutineType({}), 1,
      llvm::DINode::FlagZero, llvm::DISubprogram::SPFlagDefinition);
  entry.setSubprogram(scope);
  for (const auto& [instruction, number] : places)
    instruction->setDebugLoc(llvm::DILocation::get(module.getContext(), number, 0, scope));
  builder.finalize();
  if (!module.getModuleFlag("Debug Info Version"))
    module.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  return lines;
}

std::unique_ptr<llvm::Module> describe_code(llvm::StringRef code, const KernelLines& lines,
                                            const llvm::Module& module) {
  const auto object =
      value_of(llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(code, "kernel")));
  const Entry entry = find_entry(*object);
  std::vector<AnvilLine> table = line_table(*object, entry);
  std::string names;
  std::map<std::string, uint32_t> offsets;
  for (AnvilLine& row : table) {
    if (row.line == 0 || row.line > lines.size()) {
      row.line = 0;
      continue;
    }
    const LineOrigin& origin = lines[row.line - 1];
    const auto [found, is_new] =
        offsets.try_emplace(origin.file, static_cast<uint32_t>(names.size()));
    if (is_new) names.append(origin.file.c_str(), origin.file.size() + 1);
    row.line = origin.presumed;
    row.file = found->second;
  }
  const AnvilLines head{static_cast<uint32_t>(entry.size), static_cast<uint32_t>(table.size())};
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  bytes.append(reinterpret_cast<const char*>(table.data()), table.size() * sizeof(AnvilLine));
  bytes += names;

  llvm::LLVMContext& context = module.getContext();
  auto facts = std::make_unique<llvm::Module>("facts", context);
  facts->setTargetTriple(module.getTargetTriple());
  facts->setDataLayout(module.getDataLayout());
  define(*facts, ANVIL_STACK_SYMBOL,
         llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), stack_bytes(*object)));
  define(*facts, ANVIL_LINES_SYMBOL, llvm::ConstantDataArray::getString(context, bytes, false));
  return facts;
}

}  // namespace anvil::compiler::cpu
