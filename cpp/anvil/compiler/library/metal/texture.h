// <metal_texture>: the texture types (specification 2.9, 6.12). Each is its descriptor's address.
#pragma once

#include "synchronization.h"
#include "texture_options.h"

namespace metal {

enum class access { sample, read, write, read_write };

namespace detail {

template <int D, class T>
using coordinates = typename shaped<T, D>::type;

template <int D, class T>
ANVIL_FN vec<T, 3> spread(coordinates<D, T> c) {
  if constexpr (D == 1)
    return vec<T, 3>(c, T(0), T(0));
  else if constexpr (D == 2)
    return vec<T, 3>(c.x, c.y, T(0));
  else
    return c;
}

template <class T, access A>
struct texture_handle {
  static_assert(__is_same(T, float) || __is_same(T, half) || __is_same(T, int) ||
                    __is_same(T, uint) || __is_same(T, short) || __is_same(T, ushort) ||
                    __is_same(T, ulong),
                "textures are of float, half, int, uint, short, ushort or ulong");
  static constexpr bool readable = A != access::write;
  static constexpr bool writable = A == access::write || A == access::read_write;
  static constexpr bool samplable = A == access::sample;

  const AnvilTexture* __descriptor;

  ANVIL_FN uint __level_width(uint lod) const {
    return lod < __descriptor->levels ? __descriptor->level[lod].width : 0;
  }
  ANVIL_FN uint __level_height(uint lod) const {
    return lod < __descriptor->levels ? __descriptor->level[lod].height : 0;
  }
  // Of what is written before, what the same thread reads behind it.
  ANVIL_FN void fence() const
    requires(A == access::read_write)
  {
    __atomic_thread_fence(__ATOMIC_ACQ_REL);
  }
};

// Atomic operations (MSL 3.1): of one channel, in a texel that is a word.
template <class T>
ANVIL_FN T* atomic_texel(const AnvilTexture* t, uint x, uint y, uint z) {
  const texel_place place = place_of(t, x, y, z, 0);
  return place.inside ? texel_at<T>(place) : nullptr;
}
template <class T>
inline constexpr bool is_atomic_texel = __is_same(T, int) || __is_same(T, uint);

// `place`: the texel's address, or null, which parameters `...` give.
#define ANVIL_TEXTURE_FETCH(name, builtin, place, ...)                                            \
  ANVIL_FN vec<T, 4> atomic_fetch_##name(__VA_ARGS__, vec<T, 4> operand) const                    \
    requires(A == access::read_write && is_atomic_texel<T>)                                       \
  {                                                                                               \
    T* const at = place;                                                                          \
    return vec<T, 4>(at ? builtin(at, operand.x, __ATOMIC_ACQ_REL) : T(0), T(0), T(0), T(0));     \
  }                                                                                               \
  ANVIL_FN vec<T, 4> atomic_fetch_##name##_explicit(__VA_ARGS__, vec<T, 4> operand, memory_order) \
      const                                                                                       \
    requires(A == access::read_write && is_atomic_texel<T>)                                       \
  {                                                                                               \
    T* const at = place;                                                                          \
    return vec<T, 4>(at ? builtin(at, operand.x, __ATOMIC_ACQ_REL) : T(0), T(0), T(0), T(0));     \
  }
#define ANVIL_TEXTURE_ATOMICS(place, ...)                                                         \
  ANVIL_FN vec<T, 4> atomic_load(__VA_ARGS__) const                                               \
    requires(A == access::read_write && is_atomic_texel<T>)                                       \
  {                                                                                               \
    const T* const at = place;                                                                    \
    return vec<T, 4>(at ? __atomic_load_n(at, __ATOMIC_ACQUIRE) : T(0), T(0), T(0), T(0));        \
  }                                                                                               \
  ANVIL_FN void atomic_store(vec<T, 4> value, __VA_ARGS__) const                                  \
    requires(A == access::read_write && is_atomic_texel<T>)                                       \
  {                                                                                               \
    if (T* const at = place) __atomic_store_n(at, value.x, __ATOMIC_RELEASE);                     \
  }                                                                                               \
  ANVIL_FN vec<T, 4> atomic_exchange(__VA_ARGS__, vec<T, 4> value) const                          \
    requires(A == access::read_write && is_atomic_texel<T>)                                       \
  {                                                                                               \
    T* const at = place;                                                                          \
    return vec<T, 4>(at ? __atomic_exchange_n(at, value.x, __ATOMIC_ACQ_REL) : T(0), T(0), T(0),  \
                     T(0));                                                                       \
  }                                                                                               \
  ANVIL_FN bool atomic_compare_exchange_weak(__VA_ARGS__, vec<T, 4>* expected, vec<T, 4> desired) \
      const                                                                                       \
    requires(A == access::read_write && is_atomic_texel<T>)                                       \
  {                                                                                               \
    T* const at = place;                                                                          \
    T found = expected->x;                                                                        \
    const bool done = at && __atomic_compare_exchange_n(at, &found, desired.x, true,              \
                                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);      \
    expected->x = found;                                                                          \
    return done;                                                                                  \
  }                                                                                               \
  ANVIL_FN void atomic_min(__VA_ARGS__, vec<T, 4> operand) const                                  \
    requires(A == access::read_write && __is_same(T, ulong))                                      \
  {                                                                                               \
    if (T* const at = place) __atomic_fetch_min(at, operand.x, __ATOMIC_ACQ_REL);                 \
  }                                                                                               \
  ANVIL_FN void atomic_max(__VA_ARGS__, vec<T, 4> operand) const                                  \
    requires(A == access::read_write && __is_same(T, ulong))                                      \
  {                                                                                               \
    if (T* const at = place) __atomic_fetch_max(at, operand.x, __ATOMIC_ACQ_REL);                 \
  }                                                                                               \
  ANVIL_TEXTURE_FETCH(add, __atomic_fetch_add, place, __VA_ARGS__)                                \
  ANVIL_TEXTURE_FETCH(sub, __atomic_fetch_sub, place, __VA_ARGS__)                                \
  ANVIL_TEXTURE_FETCH(and, __atomic_fetch_and, place, __VA_ARGS__)                                \
  ANVIL_TEXTURE_FETCH(or, __atomic_fetch_or, place, __VA_ARGS__)                                  \
  ANVIL_TEXTURE_FETCH(xor, __atomic_fetch_xor, place, __VA_ARGS__)                                \
  ANVIL_TEXTURE_FETCH(min, __atomic_fetch_min, place, __VA_ARGS__)                                \
  ANVIL_TEXTURE_FETCH(max, __atomic_fetch_max, place, __VA_ARGS__)

/// Textures of D dimensions with levels. A depth texture's texels are scalars.
template <class T, access A, int D, bool Depth>
struct plain_texture : texture_handle<T, A> {
  using texel_type = conditional_t<Depth, T, vec<T, 4>>;
  using place = coordinates<D, uint>;
  using short_place = coordinates<D, ushort>;
  using sample_place = coordinates<D, float>;

  ANVIL_FN static texel_type __value(vec<T, 4> v) {
    if constexpr (Depth)
      return v.x;
    else
      return v;
  }
  ANVIL_FN static texel_type __value(texel<texel_number<T>> v) { return __value(as_vector<T>(v)); }

  ANVIL_FN uint get_width(uint lod = 0) const { return this->__level_width(lod); }
  ANVIL_FN uint get_height(uint lod = 0) const
    requires(D >= 2)
  {
    return this->__level_height(lod);
  }
  ANVIL_FN uint get_depth(uint lod = 0) const
    requires(D == 3)
  {
    return lod < this->__descriptor->levels ? this->__descriptor->level[lod].depth : 0;
  }
  ANVIL_FN uint get_num_mip_levels() const { return this->__descriptor->levels; }
};

/// One image.
template <class T, access A, int D, bool Depth = false>
struct single_texture : plain_texture<T, A, D, Depth> {
  using base = plain_texture<T, A, D, Depth>;
  using typename base::place, typename base::short_place, typename base::sample_place,
      typename base::texel_type;

  ANVIL_FN texel_type read(place c, uint lod = 0) const
    requires(base::readable)
  {
    const vec<uint, 3> at = spread<D, uint>(c);
    return base::__value(read_texel<T>(this->__descriptor, at.x, at.y, at.z, lod));
  }
  ANVIL_FN texel_type read(short_place c, ushort lod = 0) const
    requires(base::readable && D > 1)
  {
    return read(place(c), uint(lod));
  }
  ANVIL_FN void write(vec<T, 4> value, place c, uint lod = 0) const
    requires(base::writable)
  {
    const vec<uint, 3> at = spread<D, uint>(c);
    write_texel<T>(this->__descriptor, value, at.x, at.y, at.z, lod);
  }
  ANVIL_FN void write(vec<T, 4> value, short_place c, ushort lod = 0) const
    requires(base::writable && D > 1)
  {
    write(value, place(c), uint(lod));
  }
  template <class... O>
    requires(is_sample_option<O, D, false> && ...)
  ANVIL_FN texel_type sample(sampler s, sample_place c, O... options) const
    requires(base::samplable)
  {
    const vec<float, 3> at = spread<D, float>(c);
    return base::__value(sampled<texel_number<T>, D, false>(
        request(this->__descriptor, s, at.x, at.y, at.z, 0, options...)));
  }
  ANVIL_FN vec<T, 4> gather(sampler s, sample_place c, vec<int, 2> offset = vec<int, 2>(0),
                            metal::component channel = metal::component::x) const
    requires(base::samplable && D == 2)
  {
    return as_vector<T>(gathered<texel_number<T>, false>(
        request(this->__descriptor, s, c.x, c.y, 0.0f, 0, offset), uint(channel)));
  }
  template <class... O>
    requires(is_sample_option<O, D, false> && ...)
  ANVIL_FN T sample_compare(sampler s, sample_place c, float reference, O... options) const
    requires(base::samplable && Depth)
  {
    return T(sampled<float, D, false>(request(this->__descriptor, s, c.x, c.y, 0.0f, 0, options...),
                                      take_comparison{reference})
                 .r);
  }
  ANVIL_FN vec<T, 4> gather_compare(sampler s, sample_place c, float reference,
                                    vec<int, 2> offset = vec<int, 2>(0)) const
    requires(base::samplable && Depth)
  {
    return as_vector<T>(gathered<float, false>(
        request(this->__descriptor, s, c.x, c.y, 0.0f, 0, offset), 0, take_comparison{reference}));
  }

  ANVIL_TEXTURE_ATOMICS((atomic_texel<T>(this->__descriptor, spread<D, uint>(c).x,
                                         spread<D, uint>(c).y, spread<D, uint>(c).z)),
                        place c)
};

/// An array of them.
template <class T, access A, int D, bool Depth = false>
struct array_texture : plain_texture<T, A, D, Depth> {
  using base = plain_texture<T, A, D, Depth>;
  using typename base::place, typename base::short_place, typename base::sample_place,
      typename base::texel_type;

  ANVIL_FN uint get_array_size() const { return this->__descriptor->slices; }
  ANVIL_FN uint __slice(uint slice) const {
    return op_min{}(slice, uint(op_max{}(int(this->__descriptor->slices) - 1, 0)));
  }

  ANVIL_FN texel_type read(place c, uint slice, uint lod = 0) const
    requires(base::readable)
  {
    const vec<uint, 3> at = spread<D, uint>(c);
    return base::__value(read_texel<T>(this->__descriptor, at.x, at.y, slice, lod));
  }
  ANVIL_FN texel_type read(short_place c, ushort slice, ushort lod = 0) const
    requires(base::readable && D > 1)
  {
    return read(place(c), uint(slice), uint(lod));
  }
  ANVIL_FN void write(vec<T, 4> value, place c, uint slice, uint lod = 0) const
    requires(base::writable)
  {
    const vec<uint, 3> at = spread<D, uint>(c);
    write_texel<T>(this->__descriptor, value, at.x, at.y, slice, lod);
  }
  ANVIL_FN void write(vec<T, 4> value, short_place c, ushort slice, ushort lod = 0) const
    requires(base::writable && D > 1)
  {
    write(value, place(c), uint(slice), uint(lod));
  }
  template <class... O>
    requires(is_sample_option<O, D, false> && ...)
  ANVIL_FN texel_type sample(sampler s, sample_place c, uint slice, O... options) const
    requires(base::samplable)
  {
    const vec<float, 3> at = spread<D, float>(c);
    return base::__value(sampled<texel_number<T>, D, false>(
        request(this->__descriptor, s, at.x, at.y, at.z, __slice(slice), options...)));
  }
  ANVIL_FN vec<T, 4> gather(sampler s, sample_place c, uint slice,
                            vec<int, 2> offset = vec<int, 2>(0),
                            metal::component channel = metal::component::x) const
    requires(base::samplable && D == 2)
  {
    return as_vector<T>(gathered<texel_number<T>, false>(
        request(this->__descriptor, s, c.x, c.y, 0.0f, __slice(slice), offset), uint(channel)));
  }
  template <class... O>
    requires(is_sample_option<O, D, false> && ...)
  ANVIL_FN T sample_compare(sampler s, sample_place c, uint slice, float reference,
                            O... options) const
    requires(base::samplable && Depth)
  {
    return T(sampled<float, D, false>(
                 request(this->__descriptor, s, c.x, c.y, 0.0f, __slice(slice), options...),
                 take_comparison{reference})
                 .r);
  }
  ANVIL_FN vec<T, 4> gather_compare(sampler s, sample_place c, uint slice, float reference,
                                    vec<int, 2> offset = vec<int, 2>(0)) const
    requires(base::samplable && Depth)
  {
    return as_vector<T>(gathered<float, false>(
        request(this->__descriptor, s, c.x, c.y, 0.0f, __slice(slice), offset), 0,
        take_comparison{reference}));
  }

  ANVIL_TEXTURE_ATOMICS((atomic_texel<T>(this->__descriptor, spread<D, uint>(c).x,
                                         spread<D, uint>(c).y, slice)),
                        place c, uint slice)
};

/// Texels of cubes are read by face, and sampled by direction.
template <class T, access A, bool Array, bool Depth = false>
struct cube_texture : plain_texture<T, A, 2, Depth> {
  using base = plain_texture<T, A, 2, Depth>;
  using typename base::texel_type;
  using direction = vec<float, 3>;

  ANVIL_FN uint get_array_size() const
    requires(Array)
  {
    return this->__descriptor->slices / 6;
  }
  ANVIL_FN uint __cube(uint cube) const {
    return op_min{}(cube, uint(op_max{}(int(this->__descriptor->slices / 6) - 1, 0)));
  }

  ANVIL_FN texel_type read(vec<uint, 2> c, uint face, uint lod = 0) const
    requires(base::readable && !Array)
  {
    return base::__value(read_texel<T>(this->__descriptor, c.x, c.y, face, lod));
  }
  ANVIL_FN texel_type read(vec<uint, 2> c, uint face, uint cube, uint lod = 0) const
    requires(base::readable && Array)
  {
    return base::__value(read_texel<T>(this->__descriptor, c.x, c.y, cube * 6 + face, lod));
  }
  ANVIL_FN void write(vec<T, 4> value, vec<uint, 2> c, uint face, uint lod = 0) const
    requires(base::writable && !Array)
  {
    write_texel<T>(this->__descriptor, value, c.x, c.y, face, lod);
  }
  ANVIL_FN void write(vec<T, 4> value, vec<uint, 2> c, uint face, uint cube, uint lod = 0) const
    requires(base::writable && Array)
  {
    write_texel<T>(this->__descriptor, value, c.x, c.y, cube * 6 + face, lod);
  }
  template <class... O>
    requires(is_sample_option<O, 2, true> && ...)
  ANVIL_FN texel_type sample(sampler s, direction c, O... options) const
    requires(base::samplable && !Array)
  {
    return base::__value(sampled<texel_number<T>, 2, true>(
        request(this->__descriptor, s, c.x, c.y, c.z, 0, options...)));
  }
  template <class... O>
    requires(is_sample_option<O, 2, true> && ...)
  ANVIL_FN texel_type sample(sampler s, direction c, uint cube, O... options) const
    requires(base::samplable && Array)
  {
    return base::__value(sampled<texel_number<T>, 2, true>(
        request(this->__descriptor, s, c.x, c.y, c.z, __cube(cube), options...)));
  }
  ANVIL_FN vec<T, 4> gather(sampler s, direction c,
                            metal::component channel = metal::component::x) const
    requires(base::samplable && !Array)
  {
    return as_vector<T>(gathered<texel_number<T>, true>(
        request(this->__descriptor, s, c.x, c.y, c.z, 0), uint(channel)));
  }
  ANVIL_FN vec<T, 4> gather(sampler s, direction c, uint cube,
                            metal::component channel = metal::component::x) const
    requires(base::samplable && Array)
  {
    return as_vector<T>(gathered<texel_number<T>, true>(
        request(this->__descriptor, s, c.x, c.y, c.z, __cube(cube)), uint(channel)));
  }
  template <class... O>
    requires(is_sample_option<O, 2, true> && ...)
  ANVIL_FN T sample_compare(sampler s, direction c, float reference, O... options) const
    requires(base::samplable && Depth && !Array)
  {
    return T(sampled<float, 2, true>(request(this->__descriptor, s, c.x, c.y, c.z, 0, options...),
                                     take_comparison{reference})
                 .r);
  }
  template <class... O>
    requires(is_sample_option<O, 2, true> && ...)
  ANVIL_FN T sample_compare(sampler s, direction c, uint cube, float reference, O... options) const
    requires(base::samplable && Depth && Array)
  {
    return T(sampled<float, 2, true>(
                 request(this->__descriptor, s, c.x, c.y, c.z, __cube(cube), options...),
                 take_comparison{reference})
                 .r);
  }
};

/// A texel's samples are slices next to each other.
template <class T, access A, bool Array, bool Depth = false>
struct multisampled_texture : plain_texture<T, A, 2, Depth> {
  using base = plain_texture<T, A, 2, Depth>;
  using typename base::texel_type;
  static_assert(A == access::read, "multisampled textures have access::read");

  ANVIL_FN uint get_num_samples() const { return this->__descriptor->samples; }
  ANVIL_FN uint get_array_size() const
    requires(Array)
  {
    return this->__descriptor->slices / op_max{}(this->__descriptor->samples, 1u);
  }
  // A sample that is not there would be another slice's.
  ANVIL_FN texel_type __sample(vec<uint, 2> c, uint slice, uint sample) const {
    const uint samples = this->__descriptor->samples;
    return base::__value(read_texel<T>(this->__descriptor, c.x, c.y, slice * samples + sample,
                                       sample < samples ? 0 : ~0u));
  }
  ANVIL_FN texel_type read(vec<uint, 2> c, uint sample) const
    requires(!Array)
  {
    return __sample(c, 0, sample);
  }
  ANVIL_FN texel_type read(vec<uint, 2> c, uint slice, uint sample) const
    requires(Array)
  {
    return __sample(c, slice, sample);
  }
};

}  // namespace detail

template <class T, access A = access::sample>
struct texture1d : detail::single_texture<T, A, 1> {};
template <class T, access A = access::sample>
struct texture1d_array : detail::array_texture<T, A, 1> {};
template <class T, access A = access::sample>
struct texture2d : detail::single_texture<T, A, 2> {};
template <class T, access A = access::sample>
struct texture2d_array : detail::array_texture<T, A, 2> {};
template <class T, access A = access::sample>
struct texture3d : detail::single_texture<T, A, 3> {};
template <class T, access A = access::sample>
struct texturecube : detail::cube_texture<T, A, false> {};
template <class T, access A = access::sample>
struct texturecube_array : detail::cube_texture<T, A, true> {};
template <class T, access A = access::read>
struct texture2d_ms : detail::multisampled_texture<T, A, false> {};
template <class T, access A = access::read>
struct texture2d_ms_array : detail::multisampled_texture<T, A, true> {};
template <class T, access A = access::sample>
struct depth2d : detail::single_texture<T, A, 2, true> {};
template <class T, access A = access::sample>
struct depth2d_array : detail::array_texture<T, A, 2, true> {};
template <class T, access A = access::sample>
struct depthcube : detail::cube_texture<T, A, false, true> {};
template <class T, access A = access::sample>
struct depthcube_array : detail::cube_texture<T, A, true, true> {};
template <class T, access A = access::read>
struct depth2d_ms : detail::multisampled_texture<T, A, false, true> {};
template <class T, access A = access::read>
struct depth2d_ms_array : detail::multisampled_texture<T, A, true, true> {};

/// A row of up to 2^28 texels, without levels and samplers.
template <class T, access A = access::read>
struct texture_buffer : detail::texture_handle<T, A> {
  static_assert(A != access::sample, "texture buffers have access::read, write or read_write");

  ANVIL_FN uint get_width() const { return this->__level_width(0); }
  ANVIL_FN vec<T, 4> read(uint c) const
    requires(A != access::write)
  {
    return detail::read_texel<T>(this->__descriptor, c, 0, 0, 0);
  }
  ANVIL_FN void write(vec<T, 4> value, uint c) const
    requires(A != access::read)
  {
    detail::write_texel<T>(this->__descriptor, value, c, 0, 0, 0);
  }

 private:
  template <class U>
  static constexpr bool is_atomic_texel = detail::is_atomic_texel<U>;

 public:
  ANVIL_TEXTURE_ATOMICS(detail::atomic_texel<T>(this->__descriptor, c, 0, 0), uint c)
};
#undef ANVIL_TEXTURE_ATOMICS
#undef ANVIL_TEXTURE_FETCH

/// Whether nothing is bound there: the descriptor is none, or all zeros.
template <class Texture>
  requires requires(Texture t) { t.__descriptor; }
ANVIL_FN bool is_null_texture(Texture t) {
  return !t.__descriptor || t.__descriptor->levels == 0;
}

}  // namespace metal
