// NSMapTable, NSHashTable and NSCache.
#pragma once

#include <Foundation/NSCollections.h>

typedef NS_OPTIONS(NSUInteger, NSPointerFunctionsOptions) {
  NSPointerFunctionsStrongMemory = 0,
  NSPointerFunctionsWeakMemory = 5,
  NSPointerFunctionsObjectPersonality = 0,
  NSPointerFunctionsObjectPointerPersonality = 1 << 9,
  NSPointerFunctionsCopyIn = 1 << 16
};
typedef NSUInteger NSMapTableOptions;
typedef NSUInteger NSHashTableOptions;
enum : NSMapTableOptions {
  NSMapTableStrongMemory = 0,
  NSMapTableWeakMemory = 5,
  NSMapTableObjectPointerPersonality = 1 << 9,
  NSMapTableCopyIn = 1 << 16
};
enum : NSHashTableOptions {
  NSHashTableStrongMemory = 0,
  NSHashTableWeakMemory = 5,
  NSHashTableObjectPointerPersonality = 1 << 9,
  NSHashTableCopyIn = 1 << 16
};

@interface NSMapTable<KeyType, ObjectType> : NSObject <NSFastEnumeration>
+ (instancetype)strongToStrongObjectsMapTable;
+ (instancetype)strongToWeakObjectsMapTable;
+ (instancetype)weakToStrongObjectsMapTable;
+ (instancetype)weakToWeakObjectsMapTable;
+ (instancetype)mapTableWithKeyOptions:(NSMapTableOptions)keys
                          valueOptions:(NSMapTableOptions)values;
- (instancetype)initWithKeyOptions:(NSMapTableOptions)keys
                      valueOptions:(NSMapTableOptions)values
                          capacity:(NSUInteger)capacity;
@property(readonly) NSUInteger count;
- (ObjectType)objectForKey:(KeyType)key;
- (void)setObject:(ObjectType)object forKey:(KeyType)key;
- (void)removeObjectForKey:(KeyType)key;
- (void)removeAllObjects;
- (NSEnumerator<KeyType>*)keyEnumerator;
- (NSEnumerator<ObjectType>*)objectEnumerator;
@property(readonly, copy) NSDictionary<KeyType, ObjectType>* dictionaryRepresentation;
@end

@interface NSHashTable<ObjectType> : NSObject <NSFastEnumeration>
+ (instancetype)weakObjectsHashTable;
+ (instancetype)hashTableWithOptions:(NSPointerFunctionsOptions)options;
- (instancetype)initWithOptions:(NSPointerFunctionsOptions)options capacity:(NSUInteger)capacity;
@property(readonly) NSUInteger count;
- (void)addObject:(ObjectType)object;
- (void)removeObject:(ObjectType)object;
- (void)removeAllObjects;
- (ObjectType)member:(ObjectType)object;
- (BOOL)containsObject:(ObjectType)object;
@property(readonly) ObjectType anyObject;
@property(readonly, copy) NSArray<ObjectType>* allObjects;
- (NSEnumerator<ObjectType>*)objectEnumerator;
@end

@class NSCache<KeyType, ObjectType>;
@protocol NSCacheDelegate <NSObject>
@optional
- (void)cache:(NSCache*)cache willEvictObject:(id)object;
@end
@interface NSCache<KeyType, ObjectType> : NSObject
@property(copy) NSString* name;
@property(assign) id<NSCacheDelegate> delegate;
@property NSUInteger countLimit;
@property NSUInteger totalCostLimit;
- (ObjectType)objectForKey:(KeyType)key;
- (void)setObject:(ObjectType)object forKey:(KeyType)key;
- (void)setObject:(ObjectType)object forKey:(KeyType)key cost:(NSUInteger)cost;
- (void)removeObjectForKey:(KeyType)key;
- (void)removeAllObjects;
@end
