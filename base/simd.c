#include "base/simd.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef SIMD_X86
#include <cpuid.h>
#endif

const char *const simd_names[] = {
    [SIMD_LEVEL_PLAIN] = "plain",
    [SIMD_LEVEL_AVX2] = "avx2",
    [SIMD_LEVEL_AVX512] = "avx512",
    NULL,
};

static atomic_int limit = SIMD_LEVELS;
static atomic_int found = -1; /* what the processor and the environment allow; -1: not asked yet */

#ifdef SIMD_X86
/* Not every compiler's __builtin_cpu_supports knows it. */
static bool has_f16c(void)
{
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

static enum simd_level of_processor(void)
{
#ifdef SIMD_X86
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !has_f16c())
        return SIMD_LEVEL_PLAIN;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return SIMD_LEVEL_AVX512;
    return SIMD_LEVEL_AVX2;
#else
    return SIMD_LEVEL_PLAIN;
#endif
}

/* The level that TENFOLD_SIMD names; SIMD_LEVELS: none, or not set. */
static enum simd_level of_environment(void)
{
    const char *name = getenv("TENFOLD_SIMD");
    int level = 0;
    while (level < SIMD_LEVELS && (!name || strcmp(name, simd_names[level]) != 0))
        level++;
    return (enum simd_level)level;
}

enum simd_level simd_level(void)
{
    int best = atomic_load_explicit(&found, memory_order_relaxed);
    if (best < 0) { /* whoever else asks first finds the same */
        int has = of_processor(), wanted = of_environment();
        best = wanted < has ? wanted : has;
        atomic_store_explicit(&found, best, memory_order_relaxed);
    }
    int most = atomic_load_explicit(&limit, memory_order_relaxed);
    return (enum simd_level)(most < best ? most : best);
}

bool simd_vbmi(void)
{
#ifdef SIMD_X86
    return simd_level() >= SIMD_LEVEL_AVX512 && __builtin_cpu_supports("avx512vbmi");
#else
    return false;
#endif
}

void simd_limit(enum simd_level level)
{
    atomic_store_explicit(&limit, level, memory_order_relaxed);
}

int simd_check(struct error *err)
{
    const char *name = getenv("TENFOLD_SIMD");
    if (!name)
        return 0;
    if (of_environment() == SIMD_LEVELS)
        return error_set(err, ERROR_USAGE, "TENFOLD_SIMD", "is %s; must be plain, avx2 or avx512",
                         name);
    if (of_environment() > of_processor())
        return error_set(err, ERROR_USAGE, "TENFOLD_SIMD", "is %s; this processor has %s", name,
                         simd_names[of_processor()]);
    return 0;
}
