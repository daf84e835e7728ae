/* Claim: the test of a pair reads the same from either side, and the example that renderers are
 * tested with is one that could be. */
#include "eval/score.h"
#include "tests/score_example.h"
#include "tests/suite.h"

START_TEST(pairs)
{
    struct score_result *r = score_example();
    for (int a = 0; a < r->predictors; a++) {
        for (int b = 0; b < r->predictors; b++) {
            if (a == b)
                continue;
            struct score_pair pair = score_pair_of(r, a, b), other = score_pair_of(r, b, a);
            ck_assert(pair.a == a && pair.b == b);
            ck_assert_uint_eq(pair.both + pair.only_a, r->predictor[a].correct);
            ck_assert_uint_eq(pair.both + pair.only_b, r->predictor[b].correct);
            ck_assert_uint_eq(pair.both + pair.only_a + pair.only_b + pair.neither, r->labeled);
            ck_assert(pair.only_a == other.only_b && pair.both == other.both);
            ck_assert(pair.gain_top1.value == -other.gain_top1.value);
            ck_assert(pair.gain_top1.low == -other.gain_top1.high);
            ck_assert(pair.mcnemar == other.mcnemar);
        }
    }
    score_close(r);
    score_close(NULL);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("score");
    tcase_add_test(cases, pairs);
    return suite_run();
}
