/* The level of vector code: limited by tests, named by the environment, refused when unknown. */
#include <stdlib.h>
#include <string.h>

#include "base/simd.h"
#include "tests/suite.h"

START_TEST(a_limit_lowers_the_level_and_can_be_taken_away)
{
    enum simd_level best = simd_level();
    for (int level = 0; level < SIMD_LEVELS; level++) {
        simd_limit((enum simd_level)level);
        ck_assert_int_eq(simd_level(), level < (int)best ? level : (int)best);
    }
    simd_limit(SIMD_LEVELS);
    ck_assert_int_eq(simd_level(), best);
}
END_TEST

START_TEST(the_environment_names_the_level)
{
    struct error err = { 0 };
    setenv("TENFOLD_SIMD", "plain", 1);
    ck_assert_int_eq(simd_check(&err), 0);
    ck_assert_int_eq(simd_level(), SIMD_LEVEL_PLAIN);
}
END_TEST

START_TEST(an_unknown_level_is_refused)
{
    struct error err = { 0 };
    setenv("TENFOLD_SIMD", "sse9", 1);
    ck_assert_int_eq(simd_check(&err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_str_eq(err.message, "is sse9; must be plain, avx2 or avx512");
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("simd");
    tcase_add_test(cases, a_limit_lowers_the_level_and_can_be_taken_away);
    tcase_add_test(cases, the_environment_names_the_level);
    tcase_add_test(cases, an_unknown_level_is_refused);
    return suite_run();
}
