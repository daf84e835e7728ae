/*
 * The same loop compiled for several vector widths, the widest that the processor has being taken
 * when the program starts. Only for loops whose result does not depend on the width: element by
 * element, or over an explicit array of lanes. Contraction is off, so every width gives the same
 * bits.
 *
 *     VECTOR_CLONES void scale(float *x, size_t n, float a) { for (size_t i = 0; i < n; i++) x[i]
 * *= a; }
 *
 * Under a sanitizer, with clang and on other processors there is one version.
 */
#ifndef TENFOLD_BASE_SIMD_H
#define TENFOLD_BASE_SIMD_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(TENFOLD_ONE_WIDTH)
#define VECTOR_CLONES __attribute__((target_clones("default", "avx2", "arch=skylake-avx512")))
#else
#define VECTOR_CLONES
#endif

#endif
