// Every swizzle of specification 2.2.2 as a property over the members x, y, z, w. A swizzle reads
// as a vec of its own; one without a repeated component can also be assigned. Include inside no
// class: ANVIL_SWIZZLES_<N> expands to the members of an N-component type.
#pragma once

#define ANVIL_RGBA_x r
#define ANVIL_RGBA_y g
#define ANVIL_RGBA_z b
#define ANVIL_RGBA_w a
#define ANVIL_CAT2(a, b) a##b
#define ANVIL_CAT3(a, b, c) a##b##c
#define ANVIL_CAT4(a, b, c, d) a##b##c##d
#define ANVIL_JOIN2(a, b) ANVIL_CAT2(a, b)
#define ANVIL_JOIN3(a, b, c) ANVIL_CAT3(a, b, c)
#define ANVIL_JOIN4(a, b, c, d) ANVIL_CAT4(a, b, c, d)

#define ANVIL_GET2(p, q)                                                                         \
  ANVIL_FN constexpr vec<T, 2> get_##p##q() const {                                              \
    return vec<T, 2>(p, q);                                                                      \
  }                                                                                              \
  __declspec(property(get = get_##p##q, put = put_##p##q)) vec<T, 2> p##q;                       \
  __declspec(property(get = get_##p##q, put = put_##p##q)) vec<T, 2> ANVIL_JOIN2(ANVIL_RGBA_##p, \
                                                                                 ANVIL_RGBA_##q);
#define ANVIL_GET3(p, q, s)                                                             \
  ANVIL_FN constexpr vec<T, 3> get_##p##q##s() const {                                  \
    return vec<T, 3>(p, q, s);                                                          \
  }                                                                                     \
  __declspec(property(get = get_##p##q##s, put = put_##p##q##s)) vec<T, 3> p##q##s;     \
  __declspec(property(get = get_##p##q##s, put = put_##p##q##s)) vec<T, 3> ANVIL_JOIN3( \
      ANVIL_RGBA_##p, ANVIL_RGBA_##q, ANVIL_RGBA_##s);
#define ANVIL_GET4(p, q, s, t)                                                                \
  ANVIL_FN constexpr vec<T, 4> get_##p##q##s##t() const {                                     \
    return vec<T, 4>(p, q, s, t);                                                             \
  }                                                                                           \
  __declspec(property(get = get_##p##q##s##t, put = put_##p##q##s##t)) vec<T, 4> p##q##s##t;  \
  __declspec(property(get = get_##p##q##s##t, put = put_##p##q##s##t)) vec<T, 4> ANVIL_JOIN4( \
      ANVIL_RGBA_##p, ANVIL_RGBA_##q, ANVIL_RGBA_##s, ANVIL_RGBA_##t);

#define ANVIL_PUT2(p, q)                            \
  ANVIL_FN constexpr void put_##p##q(vec<T, 2> o) { \
    p = o.x, q = o.y;                               \
  }
#define ANVIL_PUT3(p, q, s)                            \
  ANVIL_FN constexpr void put_##p##q##s(vec<T, 3> o) { \
    p = o.x, q = o.y, s = o.z;                         \
  }
#define ANVIL_PUT4(p, q, s, t)                            \
  ANVIL_FN constexpr void put_##p##q##s##t(vec<T, 4> o) { \
    p = o.x, q = o.y, s = o.z, t = o.w;                   \
  }

#define ANVIL_LAST_2(F, ...) F(__VA_ARGS__, x) F(__VA_ARGS__, y)
#define ANVIL_LAST_3(F, ...) ANVIL_LAST_2(F, __VA_ARGS__) F(__VA_ARGS__, z)
#define ANVIL_LAST_4(F, ...) ANVIL_LAST_3(F, __VA_ARGS__) F(__VA_ARGS__, w)

#define ANVIL_EACH_2(M, ...) M(__VA_ARGS__, x) M(__VA_ARGS__, y)
#define ANVIL_EACH_3(M, ...) ANVIL_EACH_2(M, __VA_ARGS__) M(__VA_ARGS__, z)
#define ANVIL_EACH_4(M, ...) ANVIL_EACH_3(M, __VA_ARGS__) M(__VA_ARGS__, w)
#define ANVIL_OUTER_2(M, ...) M(__VA_ARGS__, x) M(__VA_ARGS__, y)
#define ANVIL_OUTER_3(M, ...) ANVIL_OUTER_2(M, __VA_ARGS__) M(__VA_ARGS__, z)
#define ANVIL_OUTER_4(M, ...) ANVIL_OUTER_3(M, __VA_ARGS__) M(__VA_ARGS__, w)

#define ANVIL_ALL2_N(n, p) ANVIL_LAST_##n(ANVIL_GET2, p)
#define ANVIL_ALL3_IN(n, p, q) ANVIL_LAST_##n(ANVIL_GET3, p, q)
#define ANVIL_ALL3_N(n, p) ANVIL_EACH_##n(ANVIL_ALL3_IN, n, p)
#define ANVIL_ALL4_IN2(n, p, q, s) ANVIL_LAST_##n(ANVIL_GET4, p, q, s)
#define ANVIL_ALL4_IN(n, p, q) ANVIL_LAST_##n##_B(ANVIL_ALL4_IN2, n, p, q)
#define ANVIL_LAST_2_B(M, ...) M(__VA_ARGS__, x) M(__VA_ARGS__, y)
#define ANVIL_LAST_3_B(M, ...) ANVIL_LAST_2_B(M, __VA_ARGS__) M(__VA_ARGS__, z)
#define ANVIL_LAST_4_B(M, ...) ANVIL_LAST_3_B(M, __VA_ARGS__) M(__VA_ARGS__, w)
#define ANVIL_ALL4_N(n, p) ANVIL_EACH_##n(ANVIL_ALL4_IN, n, p)
#define ANVIL_GETS_N(n) \
  ANVIL_OUTER_##n(ANVIL_ALL2_N, n) ANVIL_OUTER_##n(ANVIL_ALL3_N, n) ANVIL_OUTER_##n(ANVIL_ALL4_N, n)

#define ANVIL_PAIR(p, q) ANVIL_PUT2(p, q) ANVIL_PUT2(q, p)
#define ANVIL_TRIPLE(p, q, s) \
  ANVIL_PUT3(p, q, s)         \
  ANVIL_PUT3(p, s, q)         \
  ANVIL_PUT3(q, p, s) ANVIL_PUT3(q, s, p) ANVIL_PUT3(s, p, q) ANVIL_PUT3(s, q, p)
#define ANVIL_FIRST(p, q, s, t) \
  ANVIL_PUT4(p, q, s, t)        \
  ANVIL_PUT4(p, q, t, s)        \
  ANVIL_PUT4(p, s, q, t) ANVIL_PUT4(p, s, t, q) ANVIL_PUT4(p, t, q, s) ANVIL_PUT4(p, t, s, q)

// The component's other name.
#define ANVIL_COMPONENT_NAME(p)              \
  ANVIL_FN constexpr T get_##p() const {     \
    return p;                                \
  }                                          \
  ANVIL_FN constexpr void put_##p(T value) { \
    p = value;                               \
  }                                          \
  __declspec(property(get = get_##p, put = put_##p)) T ANVIL_RGBA_##p;

#define ANVIL_SWIZZLES_2 \
  ANVIL_COMPONENT_NAME(x) ANVIL_COMPONENT_NAME(y) ANVIL_GETS_N(2) ANVIL_PAIR(x, y)
#define ANVIL_SWIZZLES_3                                                           \
  ANVIL_COMPONENT_NAME(x)                                                          \
  ANVIL_COMPONENT_NAME(y) ANVIL_COMPONENT_NAME(z) ANVIL_GETS_N(3) ANVIL_PAIR(x, y) \
      ANVIL_PAIR(x, z) ANVIL_PAIR(y, z) ANVIL_TRIPLE(x, y, z)
#define ANVIL_SWIZZLES_4                                                                     \
  ANVIL_COMPONENT_NAME(x)                                                                    \
  ANVIL_COMPONENT_NAME(y) ANVIL_COMPONENT_NAME(z) ANVIL_COMPONENT_NAME(w) ANVIL_GETS_N(4)    \
      ANVIL_PAIR(x, y) ANVIL_PAIR(x, z) ANVIL_PAIR(x, w) ANVIL_PAIR(y, z) ANVIL_PAIR(y, w)   \
          ANVIL_PAIR(z, w) ANVIL_TRIPLE(x, y, z) ANVIL_TRIPLE(x, y, w) ANVIL_TRIPLE(x, z, w) \
              ANVIL_TRIPLE(y, z, w) ANVIL_FIRST(x, y, z, w) ANVIL_FIRST(y, x, z, w)          \
                  ANVIL_FIRST(z, x, y, w) ANVIL_FIRST(w, x, y, z)
