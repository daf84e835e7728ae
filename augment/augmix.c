/*
 * AugMix: the picture mixed with up to three versions of itself, each made by a chain of one to
 * three operations. Hendrycks et al., "AugMix: A Simple Data Processing Method to Improve
 * Robustness and Uncertainty", arXiv:1912.02781, as torchvision's AugMix: the share of the picture
 * from Beta(alpha, alpha), those of the chains from Dirichlet(alpha, ...). Chains run on 8-bit
 * pixels of the finished picture; `fused` makes neighboring maps one map and neighboring matrices
 * one matrix.
 */
#include "augment/augmentation_values.h"
#include "augment/policy_op.h"

enum { SEVERITY, MIXTURE_WIDTH, CHAIN_DEPTH, ALPHA, ALL_OPS, COMPAT, INTERPOLATION, FILL };
enum { BINS = 10, DEPTH_MAX = PLAN_STAGES / PLAN_BRANCHES, DRAWN_DEPTH_MAX = 3 };

static const struct param params[] = {
    [SEVERITY] = { "severity", PARAM_INTEGER, "bins", .value = 3, .min = 1, .max = BINS,
                   "strengths are the first so many of ten" },
    [MIXTURE_WIDTH] = { "mixture_width", PARAM_INTEGER, "chains", .value = 3, .min = 1,
                        .max = PLAN_BRANCHES, "mixed with the picture" },
    [CHAIN_DEPTH] = { "chain_depth", PARAM_INTEGER, "operations", .value = -1, .min = -1,
                      .max = DEPTH_MAX, "of each chain; -1 or 0: one to three, drawn" },
    [ALPHA] = { "alpha", PARAM_NUMBER, "", .value = 1, .min = 0.01, .max = 100,
                "of the distributions of the shares" },
    [ALL_OPS] = { "all_ops", PARAM_FLAG, "", .value = 1,
                  .help = "brightness, color, contrast and sharpness, too" },
    [COMPAT] = COMPAT_ROW,
    [INTERPOLATION] = INTERPOLATION_ROW(FILTER_BILINEAR),
    [FILL] = FILL_ROW,
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    return fill_check(&v[FILL], node, err);
}

/* Dirichlet(alpha, ...): gammas over their sum, which may vanish where alpha is tiny. */
static void draw_shares(struct rng *rng, double alpha, int count, double *share)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += share[i] = rng_gamma(rng, alpha);
    for (int i = 0; i < count; i++)
        share[i] = sum > 0 ? share[i] / sum : 1.0 / count;
}

static int draw_chain(struct plan *plan, const union value *v, const struct policy_way *way,
                      struct rng *rng, struct error *err)
{
    struct policy_rows space = policy_space(v[ALL_OPS].flag ? SPACE_AUGMIX_ALL : SPACE_AUGMIX);
    int depth = (int)v[CHAIN_DEPTH].integer;
    if (depth < 1)
        depth = (int)rng_integer(rng, 1, DRAWN_DEPTH_MAX);
    for (int i = 0; i < depth; i++) {
        const struct policy_row *row = &space.rows[rng_below(rng, (uint64_t)space.count)];
        int bin = (int)rng_below(rng, (uint64_t)v[SEVERITY].integer);
        struct policy_step step =
            policy_step_at(row, bin, BINS, rng_below(rng, 2), plan->width, plan->height);
        if (policy_apply(plan, &step, way, err) < 0)
            return -1;
    }
    return 0;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    int width = (int)v[MIXTURE_WIDTH].integer;
    double whole[2], share[PLAN_BRANCHES];
    struct policy_way way =
        policy_way_of(plan, v[COMPAT].integer, v[INTERPOLATION].integer, &v[FILL]);
    way.stages = true;
    way.merge = v[COMPAT].integer == COMPAT_FUSED;
    draw_shares(rng, v[ALPHA].number, 2, whole);
    draw_shares(rng, v[ALPHA].number, width, share);
    for (way.branch = 0; way.branch < width; way.branch++) {
        share[way.branch] *= whole[1];
        if (draw_chain(plan, v, &way, rng, err) < 0)
            return -1;
    }
    return plan_chain(plan, way.first, width, whole[0], share, err);
}

static int stages(const union value *v)
{
    int64_t depth = v[CHAIN_DEPTH].integer;
    return (int)(v[MIXTURE_WIDTH].integer * (depth < 1 ? DRAWN_DEPTH_MAX : depth));
}

static const char *const strip[] = {
    "{severity: 1}",
    "{severity: 3}",
    "{severity: 5}",
    "{severity: 7}",
    "{severity: 10}",
    "{severity: 10, chain_depth: 5}",
    "{severity: 10, mixture_width: 1}",
    NULL,
};

const struct augmentation augment_augmix = {
    .name = "augmix",
    .summary = "the picture mixed with versions of itself, each made by a chain of operations",
    .source = "Hendrycks et al., arXiv:1912.02781; torchvision's AugMix",
    .kind = AUGMENT_POLICY,
    .params = params,
    .check = check,
    .draw = draw,
    .stages = stages,
    .strip = strip,
};
