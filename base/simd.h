/*
 * Vector code, in two ways, both with the same bits at every width (contraction is off).
 *
 * A kernel written for one instruction set lives in a file of its own beside its plain twin
 * (resample.c, resample_avx2.c), its functions marked SIMD_AVX2 or SIMD_AVX512, and is chosen by
 * level:
 *
 *     if (simd_level() >= SIMD_LEVEL_AVX2)
 *         exact_row_avx2(in, x, width, out);
 *     else
 *         exact_row_plain(in, x, width, out);
 *
 * A plain loop whose result does not depend on the width (element by element, or over an explicit
 * array of lanes) may instead be compiled for several widths, the widest that the processor has
 * being taken when the program starts, whatever the level (the compiler is told to expect long
 * loops: by itself it leaves at -O2 scalar what has no constant length):
 *
 *     VECTOR_CLONES static void scale(float *x, size_t n, float a)
 *     { for (size_t i = 0; i < n; i++) x[i] *= a; }
 *
 * Such a function must be static: what chooses between its versions would be exported. Under a
 * sanitizer, with clang and on other processors there is one version.
 */
#ifndef TENFOLD_BASE_SIMD_H
#define TENFOLD_BASE_SIMD_H

#include <stdbool.h>

#include "base/error.h"

enum simd_level { SIMD_LEVEL_PLAIN, SIMD_LEVEL_AVX2, SIMD_LEVEL_AVX512, SIMD_LEVELS };
extern const char *const simd_names[]; /* by level: "plain", "avx2", "avx512"; ends with NULL */

/* The best level that this processor has and this build knows, lowered by the environment's
 * TENFOLD_SIMD (a level's name) or by simd_limit. AVX2 includes F16C; AVX-512 means F, BW,
 * DQ and VL. Any thread. */
enum simd_level simd_level(void);

/* At level AVX-512: does the processor also permute bytes (VBMI: a table of 256 is two lookups)? */
bool simd_vbmi(void);

/* For tests and benchmarks: at most `level` from now on; SIMD_LEVELS takes the limit away. */
void simd_limit(enum simd_level level);

/* ERROR_USAGE when TENFOLD_SIMD names no level, or one that this processor does not have. */
int simd_check(struct error *err);

#if defined(__x86_64__) && defined(__GNUC__)
#define SIMD_X86 1
#define SIMD_INLINE inline __attribute__((always_inline)) /* where an argument is a constant */
#define SIMD_AVX2 __attribute__((target("avx2,f16c")))
#define SIMD_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,f16c")))
#define SIMD_VBMI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,f16c")))
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(TENFOLD_ONE_WIDTH)
#define VECTOR_CLONES                                                                              \
    __attribute__((target_clones("default", "avx2", "arch=x86-64-v4"),                             \
                   optimize("vect-cost-model=dynamic")))
#else
#define VECTOR_CLONES
#endif

#endif
