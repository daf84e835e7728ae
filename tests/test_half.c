/*
 * Claim: 16-bit floats are the nearest ones, ties to even, infinities and NaN keep their kind,
 * every 16-bit value survives the way to float and back, and the bits are the same at every level
 * of vector code.
 */
#include <math.h>
#include <string.h>

#include "base/half.h"
#include "base/rng.h"
#include "base/simd.h"
#include "tests/suite.h"

typedef void to_floats(const uint16_t *bits, size_t n, float *x);
typedef void from_floats(const float *x, size_t n, uint16_t *bits);

/* By loop number: two kinds at three levels. */
static const struct kind {
    const char *name;
    to_floats *to;
    from_floats *from;
    uint16_t infinity;
} kinds[] = { { "half", half_to_floats, half_from_floats, 0x7c00 },
              { "bfloat", bfloat_to_floats, bfloat_from_floats, 0x7f80 } };

static const struct kind *kind_at(int i)
{
    simd_limit((enum simd_level)(i / 2));
    return &kinds[i % 2];
}

/* Eight copies: vector code takes eight at a time. */
static uint16_t round_one(const struct kind *kind, float x)
{
    float many[9];
    uint16_t bits[9];
    for (int i = 0; i < 9; i++)
        many[i] = x;
    kind->from(many, 9, bits);
    for (int i = 0; i < 9; i++)
        ck_assert_uint_eq(bits[i], bits[0]);
    return bits[0];
}

START_TEST(known_values)
{
    static const struct {
        float x;
        uint16_t half, bfloat;
    } cases[] = {
        { 0, 0, 0 },
        { 1, 0x3c00, 0x3f80 },
        { -2, 0xc000, 0xc000 },
        { 0.1f, 0x2e66, 0x3dcd },
        { 65504, 0x7bff, 0x4780 },
        { 65519.996f, 0x7bff, 0x4780 },
        { 65520, 0x7c00, 0x4780 },
        { -0.0f, 0x8000, 0x8000 },
        { 0x1p-24f, 1, 0x3380 },
        { 0x1p-25f, 0, 0x3300 },
        { 0x1.8p-25f, 1, 0x3340 },
        { 0x1.fffffep127f, 0x7c00, 0x7f80 },
        { INFINITY, 0x7c00, 0x7f80 },
    };
    const struct kind *kind = kind_at(_i);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_uint_eq(round_one(kind, cases[i].x), _i % 2 ? cases[i].bfloat : cases[i].half);
    uint16_t nan = round_one(kind, NAN);
    ck_assert_uint_gt(nan & 0x7fff, kind->infinity);
    uint32_t bits = 0x7f800001; /* a NaN whose set bit is lost */
    float x;
    memcpy(&x, &bits, sizeof(x));
    ck_assert_uint_gt(round_one(kind, x) & 0x7fff, kind->infinity);
}
END_TEST

START_TEST(there_and_back)
{
    static uint16_t all[65536], back[65536];
    static float x[65536];
    const struct kind *kind = kind_at(_i);
    for (int i = 0; i < 65536; i++)
        all[i] = (uint16_t)i;
    kind->to(all, 65536, x);
    kind->from(x, 65536, back);
    for (int i = 0; i < 65536; i++)
        if ((i & 0x7fff) <= kind->infinity)
            ck_assert_uint_eq(back[i], i);
        else
            ck_assert(isnan(x[i]) && (back[i] & 0x7fff) > kind->infinity);
}
END_TEST

/* Between all neighbors: their middle goes to the even one, what is nearer to one goes there. */
START_TEST(nearest_even)
{
    const struct kind *kind = kind_at(_i);
    for (int i = 0; i + 1 < kind->infinity; i++) {
        uint16_t two[2] = { (uint16_t)i, (uint16_t)(i + 1) };
        float x[2];
        kind->to(two, 2, x);
        float middle = (float)(((double)x[0] + (double)x[1]) / 2);
        ck_assert_uint_eq(round_one(kind, middle), two[i % 2]);
        ck_assert_uint_eq(round_one(kind, nextafterf(middle, 0)), two[0]);
        ck_assert_uint_eq(round_one(kind, -nextafterf(middle, INFINITY)), two[1] | 0x8000);
    }
}
END_TEST

START_TEST(every_level)
{
    enum { N = 100003 };
    static float x[N], y[2][N];
    static uint16_t bits[2][N];
    struct rng rng = rng_start(rng_derive(1, "sample", "half", 0), 0, 0);
    for (int i = 0; i < N; i++) {
        uint32_t any = rng_u32(&rng);
        if (rng_below(&rng, 2)) /* the exponents of halves */
            any = (any & 0x807fffff) | (uint32_t)rng_integer(&rng, 95, 145) << 23;
        memcpy(x + i, &any, sizeof(any));
    }
    for (int k = 0; k < 2; k++)
        for (int level = 0; level < SIMD_LEVELS; level++) {
            simd_limit((enum simd_level)level);
            kinds[k].from(x, N, bits[level > 0]);
            kinds[k].to(bits[0], N, y[level > 0]);
            ck_assert_mem_eq(bits[level > 0], bits[0], sizeof(bits[0]));
            ck_assert_mem_eq(y[level > 0], y[0], sizeof(y[0]));
        }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("half");
    tcase_add_loop_test(cases, known_values, 0, 2 * SIMD_LEVELS);
    tcase_add_loop_test(cases, there_and_back, 0, 2 * SIMD_LEVELS);
    tcase_add_loop_test(cases, nearest_even, 0, 2 * SIMD_LEVELS);
    tcase_add_test(cases, every_level);
    return suite_run();
}
