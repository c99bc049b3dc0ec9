// emitter.hpp: writes the simdgroup's function, zone by zone.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "anvil/compiler/simd/abilities.hpp"
#include "anvil/compiler/simd/primitives.hpp"
#include "anvil/compiler/simd/strips.hpp"
#include "anvil/compiler/simd/vectorize.hpp"
#include "anvil/compiler/simd/windows.hpp"
#include "anvil/compiler/simd/zones.hpp"

namespace anvil::compiler::simd {

/// 1 for what is no vector.
inline unsigned elements_of(const llvm::Type* type) {
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  return vector ? vector->getNumElements() : 1;
}

/// Lanes of the copy of a zone for when the others are off: a register of floats of AVX2.
inline constexpr unsigned kFewLanes = 8;

/// A value of type T that varies is one "flat" vector: <32 x T>, and for T = <n x U> the lanes'
/// vectors one after the other, <32n x U>. Loads of short vectors at adjacent lanes, elementwise
/// arithmetic and bit casts then need no shuffle; taking an element out does (deinterleaving is
/// delayed until then). An affine value is its scalar base, made a vector where one is asked for.
class Emitter {
 public:
  Emitter(llvm::Function& scalar, llvm::Function& vector, const ScalarAnalyses& analyses,
          const ShapeAnalysis& shapes, const ZonePlan& plan, const VectorizeOptions& options,
          Remarks& remarks);

  /// False if something could not be emitted; remarks say what.
  bool run();

 private:
  /// The code of a chain at one place: where its elements start and what follows them.
  struct ChainCode {
    const Chain& chain;
    llvm::BasicBlock* end;
    std::vector<llvm::BasicBlock*> starts;
    std::map<const llvm::Loop*, llvm::BasicBlock*> repeats;
  };
  /// One copy of a zone: for all lanes or for those of a mask.
  struct ZoneCode {
    ZoneCode(const Zone& zone, llvm::Value* active, bool may_be_full, unsigned lanes,
             ChainCode& outer, size_t index)
        : zone(zone),
          active(active),
          may_be_full(may_be_full),
          lanes(lanes),
          outer(&outer),
          index(index) {}
    const Zone& zone;
    llvm::Value* active;  ///< i32, bit l is lane l, not 0; null: all lanes, known at compile time
    bool may_be_full;     ///< else there is another copy for all lanes
    unsigned lanes;       ///< that values are of: kLanes, or kFewLanes where those behind are off
    ChainCode* outer;
    size_t index;  ///< of the zone in the outer chain
    std::map<const Chain*, ChainCode> inner;
    llvm::DenseMap<const llvm::BasicBlock*, llvm::BasicBlock*> blocks;
    llvm::DenseMap<const llvm::Value*, llvm::Value*> values;
  };

  /// What there is to do in a zone and those within it, which decides about copies of it.
  struct ZoneFacts {
    size_t instructions = 0;
    size_t elements = 0;          ///< of a lane's results that vary
    bool touches_lanes = false;   ///< a mask makes something slower
    bool is_of_each_lane = true;  ///< no lane meets another, nor another thread
    bool deserves_full_version() const { return touches_lanes && instructions <= 4000; }
    bool deserves_few_version(unsigned least) const {
      return is_of_each_lane && elements >= least && instructions <= 2000;
    }
  };

  /// What the code before the insertion point has made and the code after it can use again: of the
  /// current block alone. Arms of a branch work on a copy (llvm::SaveAndRestore).
  struct AtHand {
    llvm::DenseMap<const llvm::Value*, llvm::Value*> vectors;  ///< of values that do not vary
    llvm::DenseMap<const llvm::Value*, llvm::Value*>
        loaded;  ///< from the slots of other zones' values
    std::map<std::pair<llvm::Value*, unsigned>, llvm::Value*> masks;  ///< by mask_of's arguments
    llvm::DenseMap<llvm::Value*, llvm::SmallVector<llvm::Value*, 8>>
        elements;  ///< of flat vectors of short vectors
    std::map<std::tuple<llvm::Value*, const LaneOffsets*, unsigned, unsigned>, llvm::Value*>
        strip_masks;  ///< by active lanes, offsets, first lane and size
  };

  /// Parts of a flat vector, one after the other.
  using Registers = llvm::SmallVector<llvm::Value*, kLanes>;

  /// Lane l holds base + offsets[l], if `holds` (null: always) does at run time.
  struct Pattern {
    Shape offsets;
    llvm::Value* base;
    llvm::Value* holds = nullptr;
  };

  // emit_control.cpp: zones, chains, edges.
  void emit_zone(ZoneCode& code);
  void emit_chain(ChainCode& code, const ZoneCode* owner);
  void emit_element(ChainCode& code, size_t index, const ZoneCode* owner);
  ZoneFacts facts_of(const Zone& zone) const;
  llvm::BasicBlock* after(ChainCode& code, size_t index);
  llvm::BasicBlock* repeat(ChainCode& code, const llvm::Loop& loop, llvm::BasicBlock* otherwise);
  void emit_terminator(llvm::BasicBlock& block);
  void emit_edge(llvm::BasicBlock& from, llvm::BasicBlock& to, llvm::Value* lanes);
  llvm::BasicBlock* follow_edge(llvm::BasicBlock& from, llvm::BasicBlock& to);
  void open_chain(llvm::BasicBlock& from, llvm::BasicBlock& to);
  void write_phis(llvm::BasicBlock& from, llvm::BasicBlock& to, llvm::Value* lanes);
  bool blends(const llvm::BasicBlock& from, llvm::BasicBlock& to) const;

  // emit_values.cpp: what a scalar value has become.
  Shape shape(const llvm::Value* value) const { return shapes_.shape(value); }
  unsigned lanes() const { return code_->lanes; }
  llvm::Type* flat(llvm::Type* type) const { return flat(type, lanes()); }
  llvm::Type* flat(llvm::Type* type, unsigned lanes) const;
  llvm::Value* lookup(const llvm::Value* value);
  void record(const llvm::Instruction& instruction, llvm::Value* value);
  llvm::Value* base(const llvm::Value* value);
  llvm::Value* vector(const llvm::Value* value);
  llvm::Value* make_vector(const llvm::Value* value);
  llvm::Value* splat(llvm::Value* scalar);
  llvm::Value* lane(const llvm::Value* value, unsigned index);
  llvm::Value* lane_pointer(const llvm::Value* pointer, unsigned index);
  llvm::Value* extract_lane(llvm::Value* flat_vector, llvm::Type* type, unsigned index);
  llvm::AllocaInst* stack(llvm::Type* type, const llvm::Twine& name);
  llvm::AllocaInst* slot(std::map<const llvm::Value*, llvm::AllocaInst*>& slots,
                         const llvm::Value* value, const llvm::Twine& name);
  llvm::Value* load_slot(llvm::AllocaInst* memory, const llvm::Value* value);
  void store_slot(llvm::Value* stored, llvm::AllocaInst* memory, const llvm::Value* value);

  // emit_masks.cpp: sets of lanes as 32-bit numbers, and as vectors where needed.
  llvm::Value* all_lanes() const { return builder_.getInt32(~0u); }
  llvm::Value* active_bits() const { return code_->active ? code_->active : all_lanes(); }
  llvm::Value* bits_of(const llvm::Value* condition);
  llvm::Value* bits_below(const llvm::ICmpInst& compare);
  llvm::Value* mask_of(llvm::Value* bits, unsigned repeat = 1);
  llvm::Value* repeat_mask(llvm::Value* mask, unsigned count);
  llvm::Value* blend_lanes(llvm::Value* mask, llvm::Type* type, llvm::Value* yes, llvm::Value* no);
  llvm::Value* or_where_inactive(llvm::Value* flat_vector, llvm::Constant* identity);

  // emit_instruction.cpp: arithmetic, casts, vectors.
  void emit(llvm::Instruction& instruction);
  llvm::Value* emit_base(llvm::Instruction& instruction);
  llvm::Value* emit_flat(llvm::Instruction& instruction);
  llvm::Value* clone_with(llvm::Instruction& instruction, llvm::ArrayRef<llvm::Value*> operands);
  llvm::Value* emit_address(llvm::GetElementPtrInst& step);
  llvm::Value* emit_division(llvm::BinaryOperator& division);
  llvm::Value* emit_intrinsic(llvm::IntrinsicInst& call);
  llvm::Value* emit_extract(llvm::ExtractElementInst& extract);
  llvm::ArrayRef<llvm::Value*> elements_of_lanes(llvm::Value* flat_vector, unsigned count);
  Registers split(llvm::Value* vector);
  Registers every_other(const Registers& from, unsigned first);
  llvm::Value* emit_insert(llvm::InsertElementInst& insert);
  llvm::Value* emit_shuffle(llvm::ShuffleVectorInst& shuffle);
  void emit_alloca(llvm::AllocaInst& object);

  // emit_addresses.cpp: patterns that hold unless an index wraps around.
  std::optional<Pattern> pattern_of(const llvm::Value* value);
  std::optional<Pattern> pattern_of_extension(const llvm::Value* source, bool is_signed,
                                              llvm::Type* wide);
  std::optional<Pattern> pattern_of_address(const llvm::GetElementPtrInst& step);
  std::optional<Pattern> useful_pattern(const llvm::Value* pointer, llvm::Type* accessed);

  // emit_memory.cpp: loads and stores by the pattern of their addresses.
  void emit_load(llvm::LoadInst& load);
  void emit_store(llvm::StoreInst& store);
  llvm::Value* load_lanes(llvm::LoadInst& load, const Pattern& pattern);
  llvm::Value* load_pattern(llvm::LoadInst& load, const Pattern& pattern);
  llvm::Value* load_anywhere(llvm::LoadInst& load);
  llvm::Value* load_gathered(llvm::LoadInst& load);
  llvm::Type* gathered_as(llvm::Type* type) const;
  llvm::Type* gathered_within_words(const llvm::LoadInst& load);
  bool gathers(const llvm::LoadInst& load);
  llvm::Value* gather(llvm::LoadInst& load, llvm::Value* active);
  llvm::Value* gather_words(llvm::LoadInst& load, llvm::Value* active);
  void scatter(llvm::StoreInst& store, llvm::Value* active);
  void store_lanes(llvm::StoreInst& store, const Pattern& pattern);
  void store_pattern(llvm::StoreInst& store, const Pattern& pattern);
  void store_anywhere(llvm::StoreInst& store);
  void store_scattered(llvm::StoreInst& store);
  void store_at_one_address(llvm::StoreInst& store);
  llvm::Value* choose(llvm::Value* condition, llvm::function_ref<llvm::Value*()> yes,
                      llvm::function_ref<llvm::Value*()> no);
  llvm::Value* if_all_active(llvm::function_ref<llvm::Value*()> all,
                             llvm::function_ref<llvm::Value*()> some);
  llvm::Value* byte_address(llvm::Value* base, int64_t offset);
  llvm::Instruction* annotate(llvm::Instruction* wide, const llvm::Instruction& original);

  // emit_windows.cpp: constant patterns of addresses in few pieces of memory.
  std::vector<Window> windows(const Shape& form, llvm::Type* accessed);
  llvm::Value* concatenate(Registers parts);
  llvm::Value* load_windows(llvm::LoadInst& load, const Pattern& pattern,
                            const std::vector<Window>& windows);
  bool store_windows(llvm::StoreInst& store, const Pattern& pattern,
                     const std::vector<Window>& windows);

  // emit_strips.cpp: lanes that lie near each other, register by register.
  std::optional<llvm::SmallVector<Strip, 8>> strips_of(const llvm::LoadInst& load,
                                                       const Pattern& pattern) const;
  std::optional<llvm::SmallVector<Strip, 8>> masked_strips_of(const llvm::LoadInst& load,
                                                              const Pattern& pattern) const;
  llvm::Value* load_strips(llvm::LoadInst& load, const Pattern& pattern,
                           llvm::ArrayRef<Strip> strips, llvm::Value* active);
  llvm::Value* load_strip(llvm::LoadInst& load, const Pattern& pattern, const Strip& strip,
                          llvm::Value* mask);
  llvm::Value* strip_mask(const Strip& strip, const Shape& offsets, unsigned size,
                          llvm::Value* active);
  llvm::Value* make_strip_mask(const Strip& strip, const Shape& offsets, unsigned size,
                               llvm::Value* active);
  llvm::Value* look_up(llvm::ArrayRef<uint64_t> numbers, llvm::Value* index);

  // emit_serial.cpp: one active lane after the other, in lane order.
  void for_each_active_lane(llvm::function_ref<void(llvm::Value* lane)> body);
  llvm::Value* emit_serially(llvm::Instruction& instruction);
  llvm::Type* in_memory(llvm::Type* type);
  llvm::Value* widened(llvm::Value* value);
  llvm::Value* narrowed(llvm::Value* stored, llvm::Type* type);
  llvm::Value* spill(llvm::Value* flat_vector);
  llvm::Value* reload(llvm::Value* memory, llvm::Type* type, llvm::Value* lane);
  void respill(llvm::Value* memory, llvm::Value* value, llvm::Value* lane);
  llvm::Value* unspill(llvm::Value* memory, llvm::Type* type);

  // emit_simd.cpp: operations across lanes.
  void emit_primitive(llvm::CallBase& call, const Primitive& primitive);
  llvm::Value* common(const llvm::Value* value);
  void emit_matrix_multiply(llvm::CallBase& call, const Primitive& primitive);
  llvm::Value* emit_shuffle(llvm::CallBase& call);
  llvm::Value* emit_reduction(llvm::CallBase& call, const Primitive& primitive);
  llvm::Value* emit_scan(llvm::CallBase& call, const Primitive& primitive);
  llvm::Value* reduce_lanes(llvm::Value* lanes, const Primitive& primitive);
  llvm::Value* look_up_bytes(llvm::Value* bytes, llvm::Constant* table);
  llvm::Value* combine(const Primitive& primitive, llvm::Value* a, llvm::Value* b);
  void emit_barrier();

  // emit_atomics.cpp
  void emit_atomic(llvm::Instruction& instruction);
  bool reduce_atomic(llvm::AtomicRMWInst& update);

  /// emit_serially(), and a remark.
  llvm::Value* serially(llvm::Instruction& instruction, const llvm::Twine& what);
  void scalarised(const llvm::Instruction& instruction, const llvm::Twine& what);
  void fail(const llvm::Instruction& instruction, const llvm::Twine& what);
  void remark(Remark::Kind kind, const llvm::Instruction& instruction, const llvm::Twine& what);

  llvm::Function& scalar_;
  llvm::Function& vector_;
  const ScalarAnalyses& analyses_;
  const ShapeAnalysis& shapes_;
  OffsetPool patterns_;
  const ZonePlan& plan_;
  const VectorizeOptions& options_;
  Remarks& remarks_;
  std::set<std::pair<const llvm::Instruction*, Remark::Kind>> remarked_;
  const llvm::DataLayout& layout_;
  mutable llvm::IRBuilder<> builder_;
  const Abilities abilities_;
  bool failed_ = false;

  ZoneCode* code_ = nullptr;
  llvm::Instruction* allocas_end_ = nullptr;  ///< allocas of the function go before this
  llvm::SmallPtrSet<const llvm::Instruction*, 32> crossing_;  ///< used in another zone than theirs
  AtHand at_hand_;
  std::map<const llvm::Value*, llvm::AllocaInst*> value_slots_;
  std::map<const llvm::Value*, llvm::AllocaInst*> phi_slots_;
  std::map<const llvm::Constant*, llvm::GlobalVariable*> tables_;
  std::map<const Zone*, llvm::AllocaInst*> waiting_;  ///< lanes that wait at a zone's head
};

}  // namespace anvil::compiler::simd
