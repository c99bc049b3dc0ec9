#include "block_order.hpp"

#include <llvm/IR/CFG.h>

#include <algorithm>
#include <vector>

namespace anvil::oracle {
namespace {

using llvm::BasicBlock;
using Blocks = std::vector<const BasicBlock*>;

class Orderer {
 public:
  /// Numbers `blocks`, all reached from `entry` by edges among them. Edges back to `entry` count
  /// for nothing when it is `header`, whose cycle has already been found.
  void number(const Blocks& blocks, const BasicBlock* entry, const BasicBlock* header) {
    Components search(blocks, header);
    search.visit(entry);
    // Tarjan's algorithm finds components last first.
    for (size_t i = search.found.size(); i-- > 0;) {
      const Blocks& component = search.found[i];
      const BasicBlock* first = component.back();  // the one that the search came upon first
      const bool cycle = component.size() > 1 ||
                         (first != header && llvm::is_contained(llvm::successors(first), first));
      if (cycle) {
        number(component, first, first);
        order.latches[first] = next_++;
      } else {
        order.blocks[first] = next_++;
      }
    }
  }

  BlockOrder order;

 private:
  /// Tarjan, "Depth-first search and linear graph algorithms" (1972).
  struct Components {
    Components(const Blocks& blocks, const BasicBlock* header) : header(header) {
      for (const BasicBlock* block : blocks) states[block] = {};
    }

    void visit(const BasicBlock* block) {
      State& own = states[block];
      own.index = own.low = ++counter;
      own.on_stack = true;
      stack.push_back(block);
      // The last successor first: in the end the first successor's blocks come before.
      Blocks targets(llvm::succ_begin(block), llvm::succ_end(block));
      for (const BasicBlock* target : llvm::reverse(targets)) {
        const auto known = states.find(target);
        if (known == states.end() || target == header) continue;
        if (known->second.index == 0) {
          visit(target);
          states[block].low = std::min(states[block].low, states[target].low);
        } else if (known->second.on_stack) {
          states[block].low = std::min(states[block].low, known->second.index);
        }
      }
      if (states[block].low != states[block].index) return;
      Blocks component;
      const BasicBlock* top;
      do {
        top = stack.back();
        stack.pop_back();
        states[top].on_stack = false;
        component.push_back(top);
      } while (top != block);
      found.push_back(std::move(component));
    }

    struct State {
      unsigned index = 0, low = 0;
      bool on_stack = false;
    };
    const BasicBlock* header;
    llvm::DenseMap<const BasicBlock*, State> states;
    Blocks stack;
    unsigned counter = 0;
    std::vector<Blocks> found;
  };

  unsigned next_ = 0;
};

}  // namespace

BlockOrder order_blocks(const llvm::Function& function) {
  Blocks blocks;
  for (const BasicBlock& block : function) blocks.push_back(&block);
  Orderer orderer;
  orderer.number(blocks, &function.getEntryBlock(), nullptr);
  return std::move(orderer.order);
}

}  // namespace anvil::oracle
