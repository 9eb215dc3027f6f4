// Eight floats at a time, written with the vector extensions of GCC and Clang so that one source serves every
// instruction set.  They are one register of AVX2 or two of SSE2 and NEON; since sums run over eight lanes in either
// case, and no multiplication is contracted with an addition (CMakeLists.txt), results are the same to the last bit.
#pragma once

#include <cmath>
#include <cstdint>

namespace vid3d {

constexpr int LANES = 8;

// aligned(4): loads and stores need no alignment, so that a row of pixels may start anywhere.
#if defined(__AVX2__)
typedef float Floats __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t Ints __attribute__((vector_size(32), aligned(4), may_alias));

inline Floats load(const float* p) {
    return *reinterpret_cast<const Floats*>(p);
}
inline Ints load(const int32_t* p) {
    return *reinterpret_cast<const Ints*>(p);
}
inline void store(float* p, Floats v) {
    *reinterpret_cast<Floats*>(p) = v;
}
inline void store(int32_t* p, Ints v) {
    *reinterpret_cast<Ints*>(p) = v;
}
inline Floats broadcast(float a) {
    return a - Floats{};
}
inline Floats select(Ints mask, Floats yes, Floats no) {
    return mask ? yes : no;
}
inline Ints truncate(Floats a) {
    return __builtin_convertvector(a, Ints);
}
inline Floats to_floats(Ints a) {
    return __builtin_convertvector(a, Floats);
}
inline Floats of_bits(Ints a) {
    return Floats(a);  // a cast between vectors keeps the bits
}
inline Ints bits_of(Floats a) {
    return Ints(a);
}
#else  // a compiler's own vectors of twice the register's length are several times slower than this pair
typedef float FourFloats __attribute__((vector_size(16)));
typedef int32_t FourInts __attribute__((vector_size(16)));
typedef FourFloats FourFloatsAnywhere __attribute__((aligned(4), may_alias));
typedef FourInts FourIntsAnywhere __attribute__((aligned(4), may_alias));

template <class Half, class Element>
struct Pair {
    Half low, high;
    Element operator[](int k) const { return k < 4 ? low[k] : high[k - 4]; }
    Pair operator-() const { return {-low, -high}; }
    Pair& operator+=(Pair b) { return *this = *this + b; }
    Pair& operator*=(Pair b) { return *this = *this * b; }
    friend Pair operator+(Pair a, Pair b) { return {a.low + b.low, a.high + b.high}; }
    friend Pair operator-(Pair a, Pair b) { return {a.low - b.low, a.high - b.high}; }
    friend Pair operator*(Pair a, Pair b) { return {a.low * b.low, a.high * b.high}; }
    friend Pair operator/(Pair a, Pair b) { return {a.low / b.low, a.high / b.high}; }
    friend Pair operator+(Pair a, Element b) { return {a.low + b, a.high + b}; }
    friend Pair operator-(Pair a, Element b) { return {a.low - b, a.high - b}; }
    friend Pair operator*(Pair a, Element b) { return {a.low * b, a.high * b}; }
    friend Pair operator+(Element a, Pair b) { return {a + b.low, a + b.high}; }
    friend Pair operator-(Element a, Pair b) { return {a - b.low, a - b.high}; }
    friend Pair operator*(Element a, Pair b) { return {a * b.low, a * b.high}; }
    friend Pair operator/(Element a, Pair b) { return {a / b.low, a / b.high}; }
};
typedef Pair<FourFloats, float> Floats;
typedef Pair<FourInts, int32_t> Ints;

inline Ints operator<(Floats a, Floats b) {
    return {a.low < b.low, a.high < b.high};
}
inline Ints operator>(Floats a, Floats b) {
    return {a.low > b.low, a.high > b.high};
}
inline Ints operator<(Floats a, float b) {
    return {a.low < b, a.high < b};
}
inline Ints operator>(Floats a, float b) {
    return {a.low > b, a.high > b};
}
inline Ints operator<=(Floats a, float b) {
    return {a.low <= b, a.high <= b};
}
inline Ints operator>=(Floats a, float b) {
    return {a.low >= b, a.high >= b};
}
inline Ints operator&(Ints a, Ints b) {
    return {a.low & b.low, a.high & b.high};
}
inline Ints operator<<(Ints a, int bits) {
    return {a.low << bits, a.high << bits};
}
inline Ints operator>>(Ints a, int bits) {
    return {a.low >> bits, a.high >> bits};
}
inline Floats load(const float* p) {
    return {*reinterpret_cast<const FourFloatsAnywhere*>(p), *reinterpret_cast<const FourFloatsAnywhere*>(p + 4)};
}
inline Ints load(const int32_t* p) {
    return {*reinterpret_cast<const FourIntsAnywhere*>(p), *reinterpret_cast<const FourIntsAnywhere*>(p + 4)};
}
inline void store(float* p, Floats v) {
    *reinterpret_cast<FourFloatsAnywhere*>(p) = v.low, *reinterpret_cast<FourFloatsAnywhere*>(p + 4) = v.high;
}
inline void store(int32_t* p, Ints v) {
    *reinterpret_cast<FourIntsAnywhere*>(p) = v.low, *reinterpret_cast<FourIntsAnywhere*>(p + 4) = v.high;
}
inline Floats broadcast(float a) {
    return a - Floats{};
}
inline Floats select(Ints mask, Floats yes, Floats no) {
    return {mask.low ? yes.low : no.low, mask.high ? yes.high : no.high};
}
inline Ints truncate(Floats a) {
    return {__builtin_convertvector(a.low, FourInts), __builtin_convertvector(a.high, FourInts)};
}
inline Floats to_floats(Ints a) {
    return {__builtin_convertvector(a.low, FourFloats), __builtin_convertvector(a.high, FourFloats)};
}
inline Floats of_bits(Ints a) {
    return {FourFloats(a.low), FourFloats(a.high)};
}
inline Ints bits_of(Floats a) {
    return {FourInts(a.low), FourInts(a.high)};
}
#endif

constexpr int round_up(int n) {
    return (n + LANES - 1) / LANES * LANES;
}

inline Floats iota() {  // 0, 1, 2, ...
    constexpr float numbers[LANES] = {0, 1, 2, 3, 4, 5, 6, 7};
    return load(numbers);
}

inline Floats smaller(Floats a, Floats b) {
    return select(a < b, a, b);
}  // a NaN in a gives b
inline Floats larger(Floats a, Floats b) {
    return select(a > b, a, b);
}
inline Floats square_root(Floats a) {
    float r[LANES];
    for (int k = 0; k < LANES; k++) r[k] = std::sqrt(a[k]);
    return load(r);
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
    return p * of_bits(bits);
}

// ln(x) for normal x > 0: x = m 2^e with m in [1/sqrt 2, sqrt 2), ln m = 2 artanh((m - 1) / (m + 1)).
inline Floats logarithm(Floats x) {
    Ints bits = bits_of(x);
    Ints exponent = (bits - 0x3f3504f3) >> 23;
    Ints mantissa = bits - (exponent << 23);
    Floats m = of_bits(mantissa);
    Floats t = (m - 1.f) / (m + 1.f), u = t * t;
    Floats series = t * (2.f + u * (2.f / 3 + u * (2.f / 5 + u * (2.f / 7 + u * (2.f / 9)))));
    return to_floats(exponent) * 0.693147181f + series;
}

}  // namespace vid3d
