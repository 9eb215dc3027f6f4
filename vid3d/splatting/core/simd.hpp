// Short vectors of floats, written with the vector extensions of GCC and Clang so that one source serves every
// instruction set.  VID3D_LANES is set by CMakeLists.txt: 8 for AVX2, 4 for the portable build.
#pragma once

#include <cmath>
#include <cstdint>

namespace vid3d {

constexpr int LANES = VID3D_LANES;

// aligned(4): loads and stores need no alignment, so that a row of pixels may start anywhere.
typedef float Floats __attribute__((vector_size(VID3D_LANES * 4), aligned(4), may_alias));
typedef int32_t Ints __attribute__((vector_size(VID3D_LANES * 4), aligned(4), may_alias));

constexpr int round_up(int n) {
    return (n + LANES - 1) / LANES * LANES;
}

inline Floats load(const float* p) {
    return *reinterpret_cast<const Floats*>(p);
}
inline void store(float* p, Floats v) {
    *reinterpret_cast<Floats*>(p) = v;
}
inline Floats broadcast(float a) {
    return a - Floats{};
}
inline Floats iota() {  // 0, 1, 2, ...
    Floats v{};
    for (int k = 0; k < LANES; k++) v[k] = static_cast<float>(k);
    return v;
}

inline Floats select(Ints mask, Floats yes, Floats no) {
    return mask ? yes : no;
}
inline Floats smaller(Floats a, Floats b) {
    return a < b ? a : b;
}  // a NaN in a gives b
inline Floats larger(Floats a, Floats b) {
    return a > b ? a : b;
}
inline Floats square_root(Floats a) {
    Floats r{};
    for (int k = 0; k < LANES; k++) r[k] = std::sqrt(a[k]);
    return r;
}
inline float sum(Floats a) {  // fixed order: results do not depend on the compiler's choice
    float s = 0;
    for (int k = 0; k < LANES; k++) s += a[k];
    return s;
}
inline float largest(Floats a) {
    float m = a[0];
    for (int k = 1; k < LANES; k++) m = a[k] > m ? a[k] : m;
    return m;
}
inline Ints truncate(Floats a) {
    return __builtin_convertvector(a, Ints);
}
inline Floats to_floats(Ints a) {
    return __builtin_convertvector(a, Floats);
}

// exp(-s) for 0 <= s <= 6: the degree-5 Chebyshev fit of exp(-s/8), raised to the eighth power.  Relative error 2e-7,
// and four times fewer operations than a general exponential.
inline Floats exp_of_negative(Floats s) {
    Floats p =
        9.9999987661e-01f +
        s * (-1.2499866936e-01f +
             s * (7.8100808715e-03f + s * (-3.2386650373e-04f + s * (9.6466729312e-06f + s * -1.7376512935e-07f))));
    p *= p;
    p *= p;
    return p * p;
}

// exp(x) for |x| <= 87 (clamped): x = n ln 2 + r, |r| <= ln 2 / 2, a Taylor polynomial in r, and n into the exponent.
inline Floats exponential(Floats x) {
    x = smaller(larger(x, broadcast(-87.f)), broadcast(87.f));
    Floats t = x * 1.44269504f;
    Floats n = to_floats(truncate(t + select(t < 0.f, broadcast(-.5f), broadcast(.5f))));
    Floats r = x - n * 0.693145752f - n * 1.42860677e-6f;
    Floats p =
        1.f +
        r * (1.f + r * (0.5f + r * (1.6666667e-1f + r * (4.1666667e-2f + r * (8.3333333e-3f + r * 1.3888889e-3f)))));
    Ints bits = (truncate(n) + 127) << 23;
    return p * reinterpret_cast<Floats&>(bits);
}

// ln(x) for normal x > 0: x = m 2^e with m in [1/sqrt 2, sqrt 2), ln m = 2 artanh((m - 1) / (m + 1)).
inline Floats logarithm(Floats x) {
    Ints bits = reinterpret_cast<Ints&>(x);
    Ints exponent = (bits - 0x3f3504f3) >> 23;
    Ints mantissa = bits - (exponent << 23);
    Floats m = reinterpret_cast<Floats&>(mantissa);
    Floats t = (m - 1.f) / (m + 1.f), u = t * t;
    Floats series = t * (2.f + u * (2.f / 3 + u * (2.f / 5 + u * (2.f / 7 + u * (2.f / 9)))));
    return to_floats(exponent) * 0.693147181f + series;
}

}  // namespace vid3d
