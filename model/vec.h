/*
 * Vectors of floats for kernels that are written once and compiled for each instruction set: the
 * file that includes this says which by VEC_AVX512 or VEC_AVX2 (its functions then carry VEC, which
 * lets the compiler use them), or neither: plain C in vectors of four.
 *
 *     #define VEC_AVX512
 *     #include "model/winograd_kernel.h"
 *
 * LANES_OF is the number of floats in one. vec_fma rounds once where the processor can, twice in
 * plain C.
 */
#ifndef TENFOLD_MODEL_VEC_H
#define TENFOLD_MODEL_VEC_H

#include <string.h>

#if defined(VEC_AVX512) || defined(VEC_AVX2)
#include <immintrin.h>
#endif

#if defined(VEC_AVX512)
#define VEC __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,fma")))
#elif defined(VEC_AVX2)
#define VEC __attribute__((target("avx2,fma")))
#else
#define VEC
#endif
#define VEC_INLINE VEC static inline __attribute__((always_inline))

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#if defined(VEC_AVX512)

enum { VEC_LANES = 16 };
typedef __m512 vec;

VEC_INLINE vec vec_load(const float *x)
{
    return _mm512_loadu_ps(x);
}
VEC_INLINE void vec_store(float *x, vec v)
{
    _mm512_storeu_ps(x, v);
}
VEC_INLINE vec vec_all(float x)
{
    return _mm512_set1_ps(x);
}
VEC_INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}
VEC_INLINE vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}
VEC_INLINE vec vec_min(vec a, vec b)
{
    return _mm512_min_ps(a, b);
}

/* Row i becomes column i. */
VEC_INLINE void vec_transpose(vec r[16])
{
    __m512 t[16];
    UNROLL for (int i = 0; i < 8; i++)
    {
        t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        __m512d a = _mm512_castps_pd(t[4 * i]), b = _mm512_castps_pd(t[4 * i + 1]),
                c = _mm512_castps_pd(t[4 * i + 2]), d = _mm512_castps_pd(t[4 * i + 3]);
        r[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
        r[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
        r[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
        r[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        t[i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0x88);
        t[4 + i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0xdd);
        t[8 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0x88);
        t[12 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0xdd);
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        r[i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0x88);
        r[8 + i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0xdd);
        r[4 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0x88);
        r[12 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0xdd);
    }
}

#elif defined(VEC_AVX2)

enum { VEC_LANES = 8 };
typedef __m256 vec;

VEC_INLINE vec vec_load(const float *x)
{
    return _mm256_loadu_ps(x);
}
VEC_INLINE void vec_store(float *x, vec v)
{
    _mm256_storeu_ps(x, v);
}
VEC_INLINE vec vec_all(float x)
{
    return _mm256_set1_ps(x);
}
VEC_INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}
VEC_INLINE vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}
VEC_INLINE vec vec_min(vec a, vec b)
{
    return _mm256_min_ps(a, b);
}

VEC_INLINE void vec_transpose(vec r[8])
{
    __m256 t[8], s[8];
    UNROLL for (int i = 0; i < 4; i++)
    {
        t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    UNROLL for (int i = 0; i < 2; i++)
    {
        s[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
        s[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
        s[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
        s[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        r[i] = _mm256_permute2f128_ps(s[i], s[4 + i], 0x20);
        r[4 + i] = _mm256_permute2f128_ps(s[i], s[4 + i], 0x31);
    }
}

#else

enum { VEC_LANES = 4 };
typedef float vec __attribute__((vector_size(16)));

VEC_INLINE vec vec_load(const float *x)
{
    vec v;
    memcpy(&v, x, sizeof(v));
    return v;
}
VEC_INLINE void vec_store(float *x, vec v)
{
    memcpy(x, &v, sizeof(v));
}
VEC_INLINE vec vec_all(float x)
{
    return (vec){ x, x, x, x };
}
VEC_INLINE vec vec_fma(vec a, vec b, vec c)
{
    return a * b + c;
}
VEC_INLINE vec vec_max(vec a, vec b)
{
    vec m;
    for (int i = 0; i < VEC_LANES; i++)
        m[i] = a[i] > b[i] ? a[i] : b[i];
    return m;
}
VEC_INLINE vec vec_min(vec a, vec b)
{
    vec m;
    for (int i = 0; i < VEC_LANES; i++)
        m[i] = a[i] < b[i] ? a[i] : b[i];
    return m;
}

VEC_INLINE void vec_transpose(vec r[4])
{
    vec t[4];
    memcpy(t, r, sizeof(t));
    for (int i = 0; i < VEC_LANES; i++)
        for (int j = 0; j < VEC_LANES; j++)
            r[i][j] = t[j][i];
}

#endif

/* a b, a + b, a - b by the compiler's own operators on all of them. */

#endif
