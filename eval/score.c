#include "eval/score.h"

#include <assert.h>
#include <stdlib.h>

const char *const score_kind_names[] = { "probs", "logits", "votes", NULL };
const char *const score_rule_names[] = { "prob", "logprob", "logit", "vote", NULL };
const char *const score_weighting_names[] = { "uniform",    "given",  "nnls",
                                              "likelihood", "greedy", NULL };

static struct interval negate(struct interval x)
{
    return (struct interval){ -x.value, -x.high, -x.low, x.kind };
}

struct score_pair score_pair_of(const struct score_result *result, int a, int b)
{
    assert(a != b);
    int small = a < b ? a : b, large = a < b ? b : a;
    /* Rows of a triangle, each one shorter than the one before. */
    int row = small * (2 * result->predictors - small - 1) / 2;
    struct score_pair pair = result->pair[row + large - small - 1];
    if (a < b)
        return pair;
    struct score_pair turned = pair;
    turned.a = a;
    turned.b = b;
    turned.only_a = pair.only_b;
    turned.only_b = pair.only_a;
    turned.gain_top1 = negate(pair.gain_top1);
    turned.gain_nll = negate(pair.gain_nll);
    return turned;
}

void score_close(struct score_result *result)
{
    if (!result)
        return;
    arena_release(&result->arena);
    free(result);
}
