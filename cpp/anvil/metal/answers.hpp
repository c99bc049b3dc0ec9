// answers.hpp: what a class says of all of its objects, for objc::function<>.
#pragma once

namespace anvil::metal::answers {

template <class C>
bool yes(const C*) {
  return true;
}
template <class C>
bool no(const C*) {
  return false;
}
/// Whatever the question is about.
template <class C, class About>
bool no_to(const C*, About) {
  return false;
}
template <class C, class T>
T zero(const C*) {
  return {};
}
template <class C, class T, class About>
T zero_of(const C*, About) {
  return {};
}

}  // namespace anvil::metal::answers
