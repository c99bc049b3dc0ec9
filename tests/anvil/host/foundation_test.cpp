// Foundation, as far as compute programs use it.
#include "host.hpp"

#include <unistd.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <thread>

using host::text;

TEST_CASE("strings count UTF-16 units and compare by content") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  NS::String* made = host::string("h\u00e4llo\U0001d11e");
  NS::String* constant = MTLSTR("h\u00e4llo\U0001d11e");
  CHECK(made->length() == 7);
  CHECK(constant->length() == 7);
  CHECK(text(constant) == "h\u00e4llo\U0001d11e");
  CHECK(made->isEqual(constant));
  CHECK(constant->isEqualToString(made));
  CHECK(made->hash() == constant->hash());
  CHECK(made->character(1) == 0xe4);
  CHECK(made->character(5) == 0xd834);
  CHECK(made->character(6) == 0xdd1e);
  CHECK_THROWS_WITH_AS(made->character(7), doctest::Contains("index 7 is beyond length 7"),
                       std::logic_error);
  CHECK(made->lengthOfBytes(NS::UTF8StringEncoding) == 10);
  CHECK(made->lengthOfBytes(NS::ASCIIStringEncoding) == 0);
  CHECK(made->cString(NS::ASCIIStringEncoding) == nullptr);
  CHECK(text(host::string("a")->stringByAppendingString(MTLSTR("b"))) == "ab");
  CHECK(host::string("ABC")->caseInsensitiveCompare(MTLSTR("abd")) == NS::OrderedAscending);
  pool->release();
}

TEST_CASE("text that is no UTF-8 makes no string") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82"})
    CHECK(NS::String::string(bad, NS::UTF8StringEncoding) == nullptr);
  CHECK(host::text(NS::String::string("\xe4", NS::ASCIIStringEncoding)) ==
        "\xc3\xa4");  // as Latin 1
  CHECK(text(NS::String::string("\xe4", NS::ISOLatin1StringEncoding)) == "\u00e4");
  pool->release();
}

TEST_CASE("ranges of strings are found from both ends") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  NS::String* all = host::string("\u00e4bcabc");
  CHECK(all->rangeOfString(MTLSTR("bc"), 0).location == 1);
  CHECK(all->rangeOfString(MTLSTR("bc"), NS::BackwardsSearch).location == 4);
  CHECK(all->rangeOfString(MTLSTR("BC"), NS::CaseInsensitiveSearch).length == 2);
  CHECK(all->rangeOfString(MTLSTR("bc"), NS::AnchoredSearch).location ==
        static_cast<NS::UInteger>(NS::NotFound));
  CHECK(all->rangeOfString(MTLSTR("bc"), NS::AnchoredSearch | NS::BackwardsSearch).location == 4);
  pool->release();
}

TEST_CASE("numbers convert, compare across kinds and print the shortest text") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  CHECK(text(NS::Number::number(0.1f)->stringValue()) == "0.1");
  CHECK(text(NS::Number::number(0.1)->stringValue()) == "0.1");
  CHECK(text(NS::Number::number(-3)->stringValue()) == "-3");
  CHECK(NS::Number::number(300)->unsignedCharValue() == 44);
  CHECK(NS::Number::number(2.75)->intValue() == 2);
  CHECK(NS::Number::number(true)->boolValue());
  CHECK(NS::Number::number(1)->isEqualToNumber(NS::Number::number(1.0)));
  CHECK(NS::Number::number(-1)->compare(NS::Number::number(1ul)) == NS::OrderedAscending);
  CHECK(NS::Number::number(~0ull)->compare(NS::Number::number(-1ll)) == NS::OrderedDescending);
  CHECK(std::string(NS::Number::number(1.0f)->objCType()) == "f");
  int x = 0;
  CHECK(NS::Value::value(&x)->pointerValue() == &x);
  pool->release();
}

TEST_CASE("collections find equal keys and keep their order") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  const NS::Object* keys[] = {MTLSTR("one"), MTLSTR("two"), MTLSTR("three")};
  const NS::Object* objects[] = {NS::Number::number(1), NS::Number::number(2),
                                 NS::Number::number(3)};
  auto* dictionary = NS::Dictionary::dictionary(objects, keys, 3);
  CHECK(dictionary->count() == 3);
  CHECK(dictionary->object<NS::Number>(host::string("two"))->intValue() == 2);
  CHECK(dictionary->object(MTLSTR("four")) == nullptr);
  std::string order;
  auto* enumerator = dictionary->keyEnumerator<NS::String>();
  while (NS::String* key = enumerator->nextObject()) order += text(key) + " ";
  CHECK(order == "one two three ");
  CHECK(text(dictionary->description()) == "{one = 1, two = 2, three = 3}");

  auto* array = NS::Array::array(objects, 3);
  CHECK(array->count() == 3);
  CHECK(array->object<NS::Number>(2)->intValue() == 3);
  CHECK(array->objectEnumerator()->allObjects()->count() == 3);
  CHECK_THROWS_WITH_AS(array->object(3), doctest::Contains("index 3 is beyond count 3"),
                       std::logic_error);

  const NS::Object* twice[] = {MTLSTR("x"), host::string("x"), MTLSTR("y")};
  NS::Set* set = NS::Set::alloc()->init(twice, 3);
  CHECK(set->count() == 2);
  set->release();
  pool->release();
}

TEST_CASE("errors carry domain, code and description") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  auto* info = NS::Dictionary::dictionary(MTLSTR("it broke"), NS::LocalizedDescriptionKey);
  auto* error = NS::Error::error(NS::CocoaErrorDomain, 7, info);
  CHECK(error->code() == 7);
  CHECK(text(error->domain()) == "NSCocoaErrorDomain");
  CHECK(text(error) == "it broke");
  CHECK(text(NS::Error::error(NS::POSIXErrorDomain, 2, nullptr)) ==
        "The operation couldn\u2019t be completed. (NSPOSIXErrorDomain error 2.)");
  pool->release();
}

TEST_CASE("an error's texts outlive the error, until the pool is drained") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  NS::Error* error = NS::Error::alloc()->init(
      NS::CocoaErrorDomain, 7,
      NS::Dictionary::dictionary(host::string("told"), NS::LocalizedDescriptionKey));
  NS::String* description = error->localizedDescription();
  NS::Dictionary* info = error->userInfo();
  error->release();
  CHECK(text(description) == "told");
  CHECK(info->count() == 1);
  pool->release();
}

TEST_CASE("file URLs escape and unescape their path") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  CHECK(std::string(NS::URL::fileURLWithPath(MTLSTR("/tmp/a b"))->fileSystemRepresentation()) ==
        "/tmp/a b");
  NS::URL* url = NS::URL::alloc()->init(MTLSTR("file:///tmp/a%20b"));
  CHECK(std::string(url->fileSystemRepresentation()) == "/tmp/a b");
  url->release();
  pool->release();
}

TEST_CASE("the process knows itself") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  auto* info = NS::ProcessInfo::processInfo();
  CHECK(info->processIdentifier() == getpid());
  CHECK(info->operatingSystemVersion().majorVersion > 2);
  CHECK(info->physicalMemory() > 1u << 20);
  CHECK(info->environment()->object(MTLSTR("PATH")) != nullptr);
  CHECK(info->arguments()->count() >= 1);
  pool->release();
}

TEST_CASE("a condition wakes on a signal and on a date") {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  NS::Condition* condition = NS::Condition::alloc()->init();
  bool ready = false;
  std::thread thread([&] {
    condition->lock();
    ready = true;
    condition->signal();
    condition->unlock();
  });
  condition->lock();
  while (!ready) condition->wait();
  CHECK_FALSE(condition->waitUntilDate(NS::Date::dateWithTimeIntervalSinceNow(0.01)));
  condition->unlock();
  thread.join();
  condition->release();
  pool->release();
}
