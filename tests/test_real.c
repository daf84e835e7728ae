/* Claim: log, exp, sine and cosine are within 2 units in the last place of libm's over the stated
 * ranges. */
#include <math.h>

#include "base/real.h"
#include "base/rng.h"
#include "tests/scale.h"
#include "tests/suite.h"

static double own_pow_half(double x)
{
    return real_pow(x, 0.5);
}

/* Where the exponent's error is magnified (pow), the tolerance is wider. */
static const struct {
    double (*own)(double), (*reference)(double);
    double low, high, ulps;
} rows[] = {
    { real_log, log, 0x1p-1022, 1e-300, 2 },
    { real_log, log, 1e-6, 1, 2 },
    { real_log, log, 0.9, 1.1, 2 },
    { real_log, log, 1, 1e300, 2 },
    { real_exp, exp, -700, 700, 2 },
    { real_exp, exp, -1, 1, 2 },
    { real_exp, exp, -1e-9, 1e-9, 2 },
    { real_sin, sin, -7, 7, 2 },
    { real_sin, sin, -1e5, 1e5, 2 },
    { real_sin, sin, -1e-8, 1e-8, 2 },
    { real_cos, cos, -7, 7, 2 },
    { real_cos, cos, -1e5, 1e5, 2 },
    { own_pow_half, sqrt, 1e-10, 1e10, 64 },
};

static double ulps_between(double a, double b)
{
    return a == b ? 0 : fabs(a - b) / (nextafter(fabs(b), INFINITY) - fabs(b));
}

START_TEST(close_to_libm)
{
    struct rng rng = rng_start(rng_derive(1, "sample", "real", 0), (uint64_t)_i, 0);
    int draws = test_scaled(200000);
    for (int i = 0; i < draws; i++) {
        double x = rng_range(&rng, rows[_i].low, rows[_i].high);
        double own = rows[_i].own(x), reference = rows[_i].reference(x);
        ck_assert_msg(ulps_between(own, reference) <= rows[_i].ulps,
                      "row %d at %.17g: %.17g, libm %.17g", _i, x, own, reference);
    }
}
END_TEST

START_TEST(edges)
{
    ck_assert(real_log(0) == -INFINITY && isnan(real_log(-1)) && real_log(1) == 0 &&
              isinf(real_log(INFINITY)));
    ck_assert(real_exp(0) == 1 && real_exp(-1000) == 0 && isinf(real_exp(710)) &&
              isnan(real_exp(NAN)));
    ck_assert(real_exp(-744.5) == exp(-744.5)); /* a denormal */
    ck_assert(real_sin(0) == 0 && real_cos(0) == 1);
    ck_assert(real_pow(0, 2) == 0 && real_pow(0, 0) == 1 && real_pow(5, 0) == 1);
}
END_TEST

/* The bits themselves: another compiler, processor or flag must not change a draw. */
START_TEST(same_bits_everywhere)
{
    ck_assert(real_log(3) == 0x1.193ea7aad030ap+0);
    ck_assert(real_exp(1) == 0x1.5bf0a8b14576ap+1);
    ck_assert(real_sin(1) == 0x1.aed548f090ceep-1);
    ck_assert(real_cos(1) == 0x1.14a280fb5068cp-1);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("real");
    tcase_add_loop_test(cases, close_to_libm, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(cases, edges);
    tcase_add_test(cases, same_bits_everywhere);
    return suite_run();
}
