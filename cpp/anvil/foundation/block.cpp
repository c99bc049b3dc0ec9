// Blocks as objects: what ARC and collections send to one.
#include "anvil/objc/block.hpp"
#include "anvil/foundation/object.hpp"

extern "C" __attribute__((visibility("default"))) objc_class _NSConcreteGlobalBlock,
    _NSConcreteStackBlock, _NSConcreteMallocBlock;

namespace anvil {
namespace {

struct AnyBlock : objc::BlockObject {
  using Super = RootObject;
};
struct GlobalBlock : objc::BlockObject {
  using Super = AnyBlock;
};
struct StackBlock : objc::BlockObject {
  using Super = AnyBlock;
};
struct MallocBlock : objc::BlockObject {
  using Super = AnyBlock;
};

}  // namespace

template <>
constexpr objc_class* objc::class_of<GlobalBlock>() {
  return &_NSConcreteGlobalBlock;
}
template <>
constexpr objc_class* objc::class_of<StackBlock>() {
  return &_NSConcreteStackBlock;
}
template <>
constexpr objc_class* objc::class_of<MallocBlock>() {
  return &_NSConcreteMallocBlock;
}

namespace {

objc_object* retain(AnyBlock* self) {
  return static_cast<objc_object*>(_Block_copy(self));
}
void release(AnyBlock* self) {
  _Block_release(self);
}

ANVIL_OBJC_CLASS_DEFINITION<AnyBlock> any_block_definition{"NSBlock",
                                                           {
                                                               objc::function<&retain>("retain"),
                                                               objc::function<&retain>("copy"),
                                                               objc::function<&release>("release"),
                                                           }};
ANVIL_OBJC_CLASS_DEFINITION<GlobalBlock> global_block_definition{"__NSGlobalBlock__", {}};
ANVIL_OBJC_CLASS_DEFINITION<StackBlock> stack_block_definition{"__NSStackBlock__", {}};
ANVIL_OBJC_CLASS_DEFINITION<MallocBlock> malloc_block_definition{"__NSMallocBlock__", {}};

}  // namespace
}  // namespace anvil
