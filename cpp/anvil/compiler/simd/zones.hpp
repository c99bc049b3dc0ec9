// zones.hpp: which blocks keep their branches and which run one after the other under masks.
#pragma once

#include <memory>
#include <vector>

#include "anvil/compiler/simd/shape_analysis.hpp"

namespace anvil::compiler::simd {

struct Chain;

/// Blocks that all run with one and the same mask: branches between them are real branches. The
/// outermost zone starts at the entry with all lanes. (Moll & Hack, "Partial Control-Flow
/// Linearization", PLDI 2018, keep uniform branches likewise, edge by edge.)
struct Zone {
  llvm::BasicBlock* head;
  std::vector<llvm::BasicBlock*> blocks;  ///< in block order
  Chain* chain = nullptr;                 ///< the chain that this zone is an element of
  std::vector<Chain*> inner;              ///< chains that leave this zone and come back to it
};

/// Zones that run one after the other in block order, each if any lane waits at its head; a loop
/// whose header is the head of an element repeats while any lane has gone back to it.
struct Chain {
  Zone* owner = nullptr;            ///< zone whose lanes diverge; null for the outermost chain
  llvm::BasicBlock* end = nullptr;  ///< block of the owner where all lanes meet again
  std::vector<Zone*> elements;
};

/// Splits a function into zones and chains.
class ZonePlan {
 public:
  ZonePlan(const ScalarAnalyses& analyses, const ShapeAnalysis& shapes);

  const Chain& root() const { return *chains_.front(); }
  Zone* zone(const llvm::BasicBlock* block) const { return zones_of_.lookup(block); }
  /// An edge that stays in its zone and is taken by all lanes of the zone or none.
  bool is_direct(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const;
  /// The chain that an edge which is not direct leads into, or to the end of.
  const Chain& chain_of_edge(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const;
  /// When a block's code runs: a zone runs as a whole, before blocks outside that precede its last.
  unsigned turn(const llvm::BasicBlock* block) const { return turns_.lookup(block); }
  /// Position in the chain of the first element after a block.
  size_t next_element(const Chain& chain, const llvm::BasicBlock* after) const;

 private:
  void assign();
  bool consistent();
  bool shares_loops(const llvm::BasicBlock* block, const Zone& zone) const;
  bool joins(llvm::BasicBlock* block, const Zone& zone, std::vector<llvm::BasicBlock*>& between);
  void enclose(Zone& zone, llvm::BasicBlock* end, const std::vector<llvm::BasicBlock*>& between);
  Zone& add_zone(llvm::BasicBlock* head);
  void take_turns(const Chain& chain);

  const ScalarAnalyses& analyses_;
  const ShapeAnalysis& shapes_;
  std::vector<std::unique_ptr<Zone>> zones_;
  std::vector<std::unique_ptr<Chain>> chains_;
  llvm::DenseMap<const llvm::BasicBlock*, Zone*> zones_of_;
  llvm::DenseMap<const llvm::BasicBlock*, Chain*> ends_;
  llvm::DenseMap<const llvm::BasicBlock*, unsigned> turns_;
  llvm::SmallPtrSet<const llvm::BasicBlock*, 8> forced_heads_;
};

}  // namespace anvil::compiler::simd
