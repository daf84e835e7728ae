/*
 * RandAugment: `num_ops` operations at random, all of one strength. Cubuk et al., "RandAugment:
 * Practical Automated Data Augmentation with a Reduced Search Space", arXiv:1909.13719.
 * Two dialects: torchvision's RandAugment (strengths in bins), and timm's (a scale of 0..10, noise,
 * increasing variants), which its configuration string names: `randaugment: rand-m9-mstd0.5-inc1`.
 * timm's choice of bilinear or bicubic for each operation is not followed.
 */
#include "augment/augmentation_values.h"
#include "augment/policy_timm.h"

enum {
    CONFIG,
    NUM_OPS,
    MAGNITUDE,
    NUM_MAGNITUDE_BINS,
    STYLE,
    INC,
    MSTD,
    MAGNITUDE_MAX,
    OP_P,
    COMPAT,
    INTERPOLATION,
    FILL
};
enum { TORCHVISION, TIMM };
enum { FUSED_MAX = 6 }; /* each may add a frame, and the recipe needs some of its own */

static const char *const styles[] = { [TORCHVISION] = "torchvision", [TIMM] = "timm", NULL };

static const struct param params[] = {
    [CONFIG] = { "config", PARAM_TEXT, "",
                 .help = "timm's string, rand-m9-mstd0.5-inc1: sets style to op_p" },
    [NUM_OPS] = { "num_ops", PARAM_INTEGER, "operations", .value = 2, .min = 1, .max = PLAN_STAGES,
                  "one after the other" },
    [MAGNITUDE] = { "magnitude", PARAM_NUMBER, "", .value = 9, .min = 0, .max = 1000,
                    "strength: a bin (torchvision), or on the scale 0..10 (timm)" },
    [NUM_MAGNITUDE_BINS] = { "num_magnitude_bins", PARAM_INTEGER, "bins", .value = 31, .min = 2,
                             .max = 1000, "torchvision: strengths from none to the full range" },
    [STYLE] = { "style", PARAM_CHOICE, "", .choices = styles, .help = "whose operations" },
    [INC] = { "inc", PARAM_FLAG, "", .help = "timm: all effects grow with the strength" },
    [MSTD] = { "mstd", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 1e6,
               "timm: deviation of the strength; above 100: uniform from 0 on" },
    [MAGNITUDE_MAX] = { "magnitude_max", PARAM_NUMBER, "", .value = 10, .min = 0, .max = 1000,
                        "timm: where noisy strengths are cut off" },
    [OP_P] = { "op_p", PARAM_NUMBER, "", .value = -1, .min = -1, .max = 1,
               "probability of each operation; -1: the style's (torchvision 1, timm 0.5)" },
    [COMPAT] = COMPAT_ROW,
    [INTERPOLATION] = INTERPOLATION_ROW(FILTER_NEAREST),
    [FILL] = { "fill", PARAM_NUMBERS, "level", .min = -1, .max = 255, .initial = "-1",
               .help = "level outside the picture, or [red, green, blue]; -1: the style's "
                       "(torchvision 0, timm 128)" },
    { 0 },
};

static int resolve(union value *v, const struct node *node, struct error *err)
{
    if (v[CONFIG].text) {
        struct policy_timm timm;
        if (policy_timm_parse(v[CONFIG].text, &timm, node, err) < 0)
            return -1;
        v[CONFIG].text = NULL;
        v[STYLE].integer = TIMM;
        v[NUM_OPS].integer = timm.num_ops;
        v[MAGNITUDE].number = timm.magnitude;
        v[INC].flag = timm.inc;
        v[MSTD].number = timm.mstd;
        v[MAGNITUDE_MAX].number = timm.magnitude_max;
        v[OP_P].number = timm.op_p;
    }
    bool timm = v[STYLE].integer == TIMM;
    if (v[OP_P].number < 0)
        v[OP_P].number = timm ? 0.5 : 1;
    if (v[FILL].list.count == 1 && v[FILL].list.item[0] < 0)
        v[FILL].list.item[0] = timm ? 128 : 0;
    return 0;
}

static int check(const union value *v, const struct node *node, struct error *err)
{
    int most = v[COMPAT].integer == COMPAT_FUSED ? FUSED_MAX : PLAN_STAGES;
    if (v[NUM_OPS].integer > most)
        return node_error(node, err, "num_ops is %d; must be 1..%d%s", (int)v[NUM_OPS].integer,
                          most, most == FUSED_MAX ? ", or take compat: sequential" : "");
    for (int c = 0; c < v[FILL].list.count; c++)
        if (v[FILL].list.item[c] < 0)
            return node_error(node, err, "fill is %g; of three levels each must be 0..255",
                              v[FILL].list.item[c]);
    if (fill_check(&v[FILL], node, err) < 0)
        return -1;
    if (v[STYLE].integer == TIMM)
        return 0;
    double magnitude = v[MAGNITUDE].number;
    int64_t bins = v[NUM_MAGNITUDE_BINS].integer;
    if (magnitude != (double)(int64_t)magnitude || magnitude >= (double)bins)
        return node_error(node, err, "magnitude is %g; must be a bin, 0..%d, or take style: timm",
                          magnitude, (int)bins - 1);
    if (v[INC].flag || v[MSTD].number > 0)
        return node_error(node, err, "inc and mstd are timm's; take style: timm, too");
    return 0;
}

static struct policy_step draw_step(const union value *v, struct rng *rng, int width, int height)
{
    if (v[STYLE].integer == TIMM) {
        struct policy_timm timm = { .magnitude = v[MAGNITUDE].number,
                                    .mstd = v[MSTD].number,
                                    .magnitude_max = v[MAGNITUDE_MAX].number,
                                    .op_p = v[OP_P].number,
                                    .inc = v[INC].flag };
        return policy_timm_draw(&timm, rng, width, height);
    }
    struct policy_rows space = policy_space(SPACE_RAND);
    const struct policy_row *row = &space.rows[rng_below(rng, (uint64_t)space.count)];
    double chance = rng_uniform(rng);
    bool minus = rng_below(rng, 2);
    if (!(chance < v[OP_P].number))
        return (struct policy_step){ POLICY_IDENTITY, 0 };
    return policy_step_at(row, (int)v[MAGNITUDE].number, (int)v[NUM_MAGNITUDE_BINS].integer, minus,
                          width, height);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    struct policy_way way =
        policy_way_of(plan, v[COMPAT].integer, v[INTERPOLATION].integer, &v[FILL]);
    for (int64_t i = 0; i < v[NUM_OPS].integer; i++) {
        struct policy_step step = draw_step(v, rng, plan->width, plan->height);
        if (policy_apply(plan, &step, &way, err) < 0)
            return -1;
    }
    return policy_end(plan, &way, err);
}

static int stages(const union value *v)
{
    return v[COMPAT].integer == COMPAT_SEQUENTIAL ? (int)v[NUM_OPS].integer : 0;
}

static const char *const strip[] = {
    "{magnitude: 3}",       "{magnitude: 9}",     "{magnitude: 15}",
    "{magnitude: 22}",      "{magnitude: 30}",    "rand-m5-p1",
    "rand-m9-mstd0.5-inc1", "rand-m9-n3-p1-inc1", NULL,
};

const struct augmentation augment_randaugment = {
    .name = "randaugment",
    .summary = "a number of random operations, all of one strength",
    .source = "Cubuk et al., arXiv:1909.13719; torchvision's and timm's RandAugment",
    .kind = AUGMENT_POLICY,
    .params = params,
    .resolve = resolve,
    .check = check,
    .draw = draw,
    .stages = stages,
    .strip = strip,
};
