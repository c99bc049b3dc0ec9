// NSJSONSerialization against nlohmann's writer and reader: random values, and what is no JSON.
#import <Foundation/Foundation.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#import "check.h"

using nlohmann::json;

static NSData* data(const std::string& text) {
  return [NSData dataWithBytes:text.data() length:text.size()];
}
static std::string text(NSData* data) {
  return std::string(static_cast<const char*>(data.bytes), data.length);
}

static std::string random_text(std::mt19937& random) {
  static const std::string parts[] = {"a", "/", "\\", "\"", "\n", "\x01", "\x1f", "é", "\u2028", "😀", " ", "key", std::string(1, '\0')};
  std::string made;
  for (unsigned n = random() % 5; n; --n) made += parts[random() % std::size(parts)];
  return made;
}
static json random_value(std::mt19937& random, int depth) {
  switch (random() % (depth ? 8 : 6)) {
    case 0: return nullptr;
    case 1: return random() % 2 == 0;
    case 2: return static_cast<int64_t>(uint64_t{random()} << 32 | random()) >> random() % 64;
    case 3: return std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 100);
    case 4: return UINT64_MAX - random() % 3;
    case 5: return random_text(random);
    case 6: {
      json list = json::array();
      for (unsigned n = random() % 4; n; --n) list.push_back(random_value(random, depth - 1));
      return list;
    }
    default: {
      json object = json::object();
      for (unsigned n = random() % 4; n; --n) object[random_text(random)] = random_value(random, depth - 1);
      return object;
    }
  }
}
static bool same(id object, const json& value) {
  if (value.is_null()) return object == [NSNull null];
  if (value.is_boolean()) return strcmp([object objCType], @YES.objCType) == 0 && [object boolValue] == value.get<bool>();
  if (value.is_number_float()) return [object doubleValue] == value.get<double>();
  if (value.is_number_unsigned()) return [object unsignedLongLongValue] == value.get<uint64_t>();
  if (value.is_number()) return [object longLongValue] == value.get<int64_t>();
  if (value.is_string()) {
    const auto& its = value.get_ref<const std::string&>();
    return [object isEqual:[[NSString alloc] initWithBytes:its.data() length:its.size() encoding:NSUTF8StringEncoding]];
  }
  if ([object count] != value.size()) return false;
  if (value.is_array()) {
    for (NSUInteger i = 0; i < value.size(); ++i)
      if (!same([object objectAtIndex:i], value[i])) return false;
    return true;
  }
  for (const auto& [key, its] : value.items())
    if (!same([object objectForKey:[[NSString alloc] initWithBytes:key.data() length:key.size() encoding:NSUTF8StringEncoding]], its)) return false;
  return true;
}

static void test_random() {
  std::mt19937 random(20251130);
  for (int i = 0; i < 300; ++i) {
    const json value = random_value(random, 4);
    NSError* error = nil;
    id object = [NSJSONSerialization JSONObjectWithData:data(value.dump(i % 3 - 1)) options:NSJSONReadingFragmentsAllowed error:&error];
    CHECK(object && !error && same(object, value));
    const NSJSONWritingOptions options = NSJSONWritingFragmentsAllowed | static_cast<NSUInteger>(i % 4) | (i & 16 ? NSJSONWritingWithoutEscapingSlashes : 0);
    const json again = json::parse(text([NSJSONSerialization dataWithJSONObject:object options:options error:&error]));
    CHECK(again == value);
  }
}

static void test_forms() {
  id object = @{@"b" : @[ @1, @YES, @2.5, [NSNull null] ], @"a/" : @"x/\"\n", @"c" : @{}, @"d" : @[]};
  CHECK(text([NSJSONSerialization dataWithJSONObject:object options:0 error:nil]) == R"({"b":[1,true,2.5,null],"a\/":"x\/\"\n","c":{},"d":[]})");
  const NSJSONWritingOptions pretty = NSJSONWritingPrettyPrinted | NSJSONWritingSortedKeys | NSJSONWritingWithoutEscapingSlashes;
  CHECK(text([NSJSONSerialization dataWithJSONObject:object options:pretty error:nil]) ==
        "{\n  \"a/\" : \"x/\\\"\\n\",\n  \"b\" : [\n    1,\n    true,\n    2.5,\n    null\n  ],\n  \"c\" : {\n\n  },\n  \"d\" : [\n\n  ]\n}");
  NSMutableDictionary* changing = [NSJSONSerialization JSONObjectWithData:data(R"({"list":["text"]})") options:NSJSONReadingMutableContainers | NSJSONReadingMutableLeaves error:nil];
  [changing[@"list"][0] appendString:@"!"];
  [changing[@"list"] addObject:@2];
  changing[@"more"] = @3;
  CHECK([changing isEqual:@{@"list" : @[ @"text!", @2 ], @"more" : @3}]);
  CHECK([[NSJSONSerialization JSONObjectWithData:data(R"({"a":1,"a":2})") options:0 error:nil][@"a"] isEqual:@2]);
}

static void test_no_json() {
  const char* none[] = {"", " ", "{", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "{a:1}", "['a']", "[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[NaN]", "[\"\\x\"]", "[\"\n\"]", "[\"\\ud800\"]", "[\"\xff\"]", "[true] x", "[tru]", "[1e999]", "12", "\"text\"", "null"};
  for (const char* each : none) {
    NSError* error = nil;
    CHECK([NSJSONSerialization JSONObjectWithData:data(each) options:0 error:&error] == nil);
    CHECK([error.domain isEqual:NSCocoaErrorDomain] && error.code == 3840);
  }
  NSError* error = nil;
  CHECK([NSJSONSerialization JSONObjectWithData:data("[1,\n  2,,]") options:0 error:&error] == nil);
  CHECK([error.localizedDescription hasPrefix:@"The data couldn’t be read because it isn’t in the correct format: line 2, column 5: "]);
  const std::string deep = std::string(513, '[') + std::string(513, ']');
  CHECK([NSJSONSerialization JSONObjectWithData:data(deep) options:0 error:&error] == nil);
  CHECK([error.localizedDescription hasSuffix:@": more than 512 arrays or dictionaries in another"]);
  CHECK([NSJSONSerialization JSONObjectWithData:data(deep.substr(1, 1024)) options:0 error:&error] != nil);

  id refused[] = {@[ @(NAN) ], @{@1 : @2}, @[ @[ [NSDate date] ] ], @"text"};
  NSString* reasons[] = {@"JSON cannot hold the number nan", @"JSON cannot hold a key of class NSNumber", @"JSON cannot hold an object of class NSDate", @"JSON cannot hold what is neither an array nor a dictionary, without NSJSONWritingFragmentsAllowed"};
  for (size_t i = 0; i < std::size(refused); ++i) {
    NSString* reason = nil;
    @try {
      [NSJSONSerialization dataWithJSONObject:refused[i] options:0 error:&error];
    } @catch (NSException* exception) {
      reason = exception.reason;
    }
    CHECK([reason hasSuffix:reasons[i]] && ![NSJSONSerialization isValidJSONObject:refused[i]]);
  }
  CHECK([NSJSONSerialization isValidJSONObject:@[ @{@"a" : @1.5} ]]);
}

extern "C" void test_json(void) {
  @autoreleasepool {
    test_random();
    test_forms();
    test_no_json();
  }
}
