/*
 * TrivialAugment (wide): one operation, any strength. Mueller and Hutter, "TrivialAugment:
 * Tuning-free Yet State-of-the-Art Data Augmentation", arXiv:2103.10158, as torchvision's
 * TrivialAugmentWide.
 */
#include "augment/augmentation_values.h"
#include "augment/policy_op.h"

enum { NUM_MAGNITUDE_BINS, COMPAT, INTERPOLATION, FILL };

static const struct param params[] = {
    [NUM_MAGNITUDE_BINS] = { "num_magnitude_bins", PARAM_INTEGER, "bins", .value = 31, .min = 2,
                             .max = 1000, "strengths from none to the full range" },
    [COMPAT] = COMPAT_ROW,
    [INTERPOLATION] = INTERPOLATION_ROW(FILTER_NEAREST),
    [FILL] = FILL_ROW,
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    return fill_check(&v[FILL], node, err);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    struct policy_way way =
        policy_way_of(plan, v[COMPAT].integer, v[INTERPOLATION].integer, &v[FILL]);
    struct policy_rows space = policy_space(SPACE_WIDE);
    int bins = (int)v[NUM_MAGNITUDE_BINS].integer;
    const struct policy_row *row = &space.rows[rng_below(rng, (uint64_t)space.count)];
    int bin = (int)rng_below(rng, (uint64_t)bins);
    struct policy_step step =
        policy_step_at(row, bin, bins, rng_below(rng, 2), plan->width, plan->height);
    if (policy_apply(plan, &step, &way, err) < 0)
        return -1;
    return policy_end(plan, &way, err);
}

static int stages(const union value *v)
{
    return v[COMPAT].integer == COMPAT_SEQUENTIAL;
}

const struct augmentation augment_trivialaugment = {
    .name = "trivialaugment",
    .summary = "one operation of any strength",
    .source = "Mueller and Hutter, arXiv:2103.10158; torchvision's TrivialAugmentWide",
    .kind = AUGMENT_POLICY,
    .params = params,
    .check = check,
    .draw = draw,
    .stages = stages,
};
