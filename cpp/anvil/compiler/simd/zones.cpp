#include "anvil/compiler/simd/zones.hpp"

#include <llvm/IR/CFG.h>

#include <algorithm>

namespace anvil::compiler::simd {

using namespace llvm;

ZonePlan::ZonePlan(const ScalarAnalyses& analyses, const ShapeAnalysis& shapes)
    : analyses_(analyses), shapes_(shapes) {
  do {
    zones_.clear();
    chains_.clear();
    zones_of_.clear();
    ends_.clear();
    assign();
  } while (!consistent());
  take_turns(root());
}

void ZonePlan::take_turns(const Chain& chain) {
  for (const Zone* zone : chain.elements)
    for (const BasicBlock* block : zone->blocks) {
      if (const Chain* inner = ends_.lookup(block)) take_turns(*inner);
      turns_[block] = unsigned(turns_.size());
    }
}

Zone& ZonePlan::add_zone(BasicBlock* head) {
  zones_.push_back(std::make_unique<Zone>());
  zones_.back()->head = head;
  return *zones_.back();
}

void ZonePlan::assign() {
  for (BasicBlock* block : analyses_.order.blocks()) {
    Zone* home = nullptr;
    const Loop* loop = analyses_.loops.getLoopFor(block);
    const bool divergent_header = loop && loop->getHeader() == block && shapes_.is_divergent(loop);
    if (!divergent_header && !forced_heads_.contains(block)) {
      // A zone that the block belongs to holds one of its dominators: try the nearest first.
      const auto* node = analyses_.dominators.getNode(block);
      const Zone* tried = nullptr;
      while ((node = node->getIDom()) && !home) {
        Zone* candidate = zones_of_.lookup(node->getBlock());
        if (candidate == tried) continue;
        tried = candidate;
        std::vector<BasicBlock*> between;
        if (!joins(block, *candidate, between)) continue;
        home = candidate;
        if (!between.empty() || !all_of(predecessors(block), [&](BasicBlock* from) {
              return analyses_.order.is_back_edge(from, block) || !shapes_.is_divergent(from);
            }))
          enclose(*home, block, between);
      }
    }
    if (!home) home = &add_zone(block);
    home->blocks.push_back(block);
    zones_of_[block] = home;
  }
  // What no zone encloses follows the zone of the entry in the outermost chain.
  auto root = std::make_unique<Chain>();
  for (const auto& zone : zones_)
    if (!zone->chain) {
      zone->chain = root.get();
      root->elements.push_back(zone.get());
    }
  chains_.insert(chains_.begin(), std::move(root));
}

/// Whether all lanes of the zone reach the block together. `between` receives the blocks outside
/// the zone that lanes may pass on their way from the zone to the block.
bool ZonePlan::joins(BasicBlock* block, const Zone& zone, std::vector<BasicBlock*>& between) {
  if (!shares_loops(block, zone)) return false;
  SmallPtrSet<BasicBlock*, 16> seen;
  SmallVector<BasicBlock*, 16> work;
  SmallVector<BasicBlock*, 8> entries;
  const auto visit_predecessors = [&](BasicBlock* of) {
    for (BasicBlock* from : predecessors(of)) {
      if (of == block && analyses_.order.is_back_edge(from, of)) continue;
      if (!analyses_.dominators.isReachableFromEntry(from)) continue;
      if (zones_of_.lookup(from) == &zone)
        entries.push_back(from);
      else if (seen.insert(from).second)
        work.push_back(from);
    }
  };
  visit_predecessors(block);
  while (!work.empty()) {
    BasicBlock* passed = work.pop_back_val();
    if (!analyses_.dominators.dominates(zone.head, passed)) return false;
    between.push_back(passed);
    visit_predecessors(passed);
  }
  // Nothing on the way leads elsewhere. (That the block post-dominates the way would not do: a lane
  // may go round an enclosing loop first.)
  const auto leads_on = [&](BasicBlock* from) {
    return all_of(successors(from),
                  [&](BasicBlock* to) { return to == block || seen.contains(to); });
  };
  return all_of(between, leads_on) && all_of(entries, [&](BasicBlock* entry) {
           return !shapes_.is_divergent(entry) || leads_on(entry);
         });
}

/// A zone lies in one iteration of every loop around its head, and may run whole loops inside.
bool ZonePlan::shares_loops(const BasicBlock* block, const Zone& zone) const {
  for (const Loop* loop = analyses_.loops.getLoopFor(zone.head); loop; loop = loop->getParentLoop())
    if (!loop->contains(block)) return false;
  for (const Loop* loop = analyses_.loops.getLoopFor(block); loop && !loop->contains(zone.head);
       loop = loop->getParentLoop())
    if (loop->getHeader() != block && this->zone(loop->getHeader()) != &zone) return false;
  return true;
}

void ZonePlan::enclose(Zone& zone, BasicBlock* end, const std::vector<BasicBlock*>& between) {
  chains_.push_back(std::make_unique<Chain>());
  Chain& chain = *chains_.back();
  chain.owner = &zone;
  chain.end = end;
  for (BasicBlock* block : between) {
    Zone* element = zones_of_.lookup(block);
    if (element->head != block || element->chain) continue;
    element->chain = &chain;
    chain.elements.push_back(element);
  }
  const auto by_position = [&](const Zone* a, const Zone* b) {
    return analyses_.order.position(a->head) < analyses_.order.position(b->head);
  };
  std::sort(chain.elements.begin(), chain.elements.end(), by_position);
  zone.inner.push_back(&chain);
  ends_[end] = &chain;
}

/// A loop whose header runs inside a zone comes back to it with all lanes of the zone. Where that
/// cannot be shown the header becomes the head of a zone of its own, and the plan is made anew.
bool ZonePlan::consistent() {
  const size_t forced = forced_heads_.size();
  for (const Loop* loop : analyses_.loops.getLoopsInPreorder()) {
    BasicBlock* header = loop->getHeader();
    Zone* home = zone(header);
    if (home->head == header) continue;
    for (BasicBlock* from : predecessors(header))
      if (loop->contains(from) && !is_direct(from, header)) forced_heads_.insert(header);
  }
  return forced_heads_.size() == forced;
}

bool ZonePlan::is_direct(const BasicBlock* from, const BasicBlock* to) const {
  const Zone* home = zone(to);
  return zone(from) == home && home->head != to && !shapes_.is_divergent(from);
}

const Chain& ZonePlan::chain_of_edge(const BasicBlock*, const BasicBlock* to) const {
  const Zone* home = zone(to);
  // Into an element, or back to the head of a divergent loop; else to the end of a chain.
  return home->head == to ? *home->chain : *ends_.lookup(to);
}

size_t ZonePlan::next_element(const Chain& chain, const BasicBlock* after) const {
  const unsigned position = analyses_.order.position(after);
  size_t next = 0;
  while (next < chain.elements.size() &&
         analyses_.order.position(chain.elements[next]->head) <= position)
    ++next;
  return next;
}

}  // namespace anvil::compiler::simd
