/*
 * AutoAugment: one of 25 pairs of operations, each with its probability and strength, found by
 * search. Cubuk et al., "AutoAugment: Learning Augmentation Policies from Data", arXiv:1805.09501;
 * the lists as torchvision's AutoAugment has them, strengths in ten bins.
 */
#include "augment/augmentation_values.h"
#include "augment/policy_op.h"

enum { POLICY, COMPAT, INTERPOLATION, FILL };
enum { BINS = 10, PAIRS = 25 };
enum { IMAGENET, CIFAR10, SVHN };

static const char *const policies[] = {
    [IMAGENET] = "imagenet", [CIFAR10] = "cifar10", [SVHN] = "svhn", NULL
};

static const struct param params[] = {
    [POLICY] = { "policy", PARAM_CHOICE, "", .choices = policies,
                 .help = "the data set that it was found on" },
    [COMPAT] = COMPAT_ROW,
    [INTERPOLATION] = INTERPOLATION_ROW(FILTER_NEAREST),
    [FILL] = FILL_ROW,
    { 0 },
};

struct entry {
    enum policy_op op;
    double probability;
    int bin; /* of operations that have a strength */
};

static const struct entry imagenet[PAIRS][2] = {
    { { POLICY_POSTERIZE, 0.4, 8 }, { POLICY_ROTATE, 0.6, 9 } },
    { { POLICY_SOLARIZE, 0.6, 5 }, { POLICY_AUTOCONTRAST, 0.6, 0 } },
    { { POLICY_EQUALIZE, 0.8, 0 }, { POLICY_EQUALIZE, 0.6, 0 } },
    { { POLICY_POSTERIZE, 0.6, 7 }, { POLICY_POSTERIZE, 0.6, 6 } },
    { { POLICY_EQUALIZE, 0.4, 0 }, { POLICY_SOLARIZE, 0.2, 4 } },
    { { POLICY_EQUALIZE, 0.4, 0 }, { POLICY_ROTATE, 0.8, 8 } },
    { { POLICY_SOLARIZE, 0.6, 3 }, { POLICY_EQUALIZE, 0.6, 0 } },
    { { POLICY_POSTERIZE, 0.8, 5 }, { POLICY_EQUALIZE, 1, 0 } },
    { { POLICY_ROTATE, 0.2, 3 }, { POLICY_SOLARIZE, 0.6, 8 } },
    { { POLICY_EQUALIZE, 0.6, 0 }, { POLICY_POSTERIZE, 0.4, 6 } },
    { { POLICY_ROTATE, 0.8, 8 }, { POLICY_COLOR, 0.4, 0 } },
    { { POLICY_ROTATE, 0.4, 9 }, { POLICY_EQUALIZE, 0.6, 0 } },
    { { POLICY_EQUALIZE, 0, 0 }, { POLICY_EQUALIZE, 0.8, 0 } },
    { { POLICY_INVERT, 0.6, 0 }, { POLICY_EQUALIZE, 1, 0 } },
    { { POLICY_COLOR, 0.6, 4 }, { POLICY_CONTRAST, 1, 8 } },
    { { POLICY_ROTATE, 0.8, 8 }, { POLICY_COLOR, 1, 2 } },
    { { POLICY_COLOR, 0.8, 8 }, { POLICY_SOLARIZE, 0.8, 7 } },
    { { POLICY_SHARPNESS, 0.4, 7 }, { POLICY_INVERT, 0.6, 0 } },
    { { POLICY_SHEAR_X, 0.6, 5 }, { POLICY_EQUALIZE, 1, 0 } },
    { { POLICY_COLOR, 0.4, 0 }, { POLICY_EQUALIZE, 0.6, 0 } },
    { { POLICY_EQUALIZE, 0.4, 0 }, { POLICY_SOLARIZE, 0.2, 4 } },
    { { POLICY_SOLARIZE, 0.6, 5 }, { POLICY_AUTOCONTRAST, 0.6, 0 } },
    { { POLICY_INVERT, 0.6, 0 }, { POLICY_EQUALIZE, 1, 0 } },
    { { POLICY_COLOR, 0.6, 4 }, { POLICY_CONTRAST, 1, 8 } },
    { { POLICY_EQUALIZE, 0.8, 0 }, { POLICY_EQUALIZE, 0.6, 0 } },
};

static const struct entry cifar10[PAIRS][2] = {
    { { POLICY_INVERT, 0.1, 0 }, { POLICY_CONTRAST, 0.2, 6 } },
    { { POLICY_ROTATE, 0.7, 2 }, { POLICY_TRANSLATE_X, 0.3, 9 } },
    { { POLICY_SHARPNESS, 0.8, 1 }, { POLICY_SHARPNESS, 0.9, 3 } },
    { { POLICY_SHEAR_Y, 0.5, 8 }, { POLICY_TRANSLATE_Y, 0.7, 9 } },
    { { POLICY_AUTOCONTRAST, 0.5, 0 }, { POLICY_EQUALIZE, 0.9, 0 } },
    { { POLICY_SHEAR_Y, 0.2, 7 }, { POLICY_POSTERIZE, 0.3, 7 } },
    { { POLICY_COLOR, 0.4, 3 }, { POLICY_BRIGHTNESS, 0.6, 7 } },
    { { POLICY_SHARPNESS, 0.3, 9 }, { POLICY_BRIGHTNESS, 0.7, 9 } },
    { { POLICY_EQUALIZE, 0.6, 0 }, { POLICY_EQUALIZE, 0.5, 0 } },
    { { POLICY_CONTRAST, 0.6, 7 }, { POLICY_SHARPNESS, 0.6, 5 } },
    { { POLICY_COLOR, 0.7, 7 }, { POLICY_TRANSLATE_X, 0.5, 8 } },
    { { POLICY_EQUALIZE, 0.3, 0 }, { POLICY_AUTOCONTRAST, 0.4, 0 } },
    { { POLICY_TRANSLATE_Y, 0.4, 3 }, { POLICY_SHARPNESS, 0.2, 6 } },
    { { POLICY_BRIGHTNESS, 0.9, 6 }, { POLICY_COLOR, 0.2, 8 } },
    { { POLICY_SOLARIZE, 0.5, 2 }, { POLICY_INVERT, 0, 0 } },
    { { POLICY_EQUALIZE, 0.2, 0 }, { POLICY_AUTOCONTRAST, 0.6, 0 } },
    { { POLICY_EQUALIZE, 0.2, 0 }, { POLICY_EQUALIZE, 0.6, 0 } },
    { { POLICY_COLOR, 0.9, 9 }, { POLICY_EQUALIZE, 0.6, 0 } },
    { { POLICY_AUTOCONTRAST, 0.8, 0 }, { POLICY_SOLARIZE, 0.2, 8 } },
    { { POLICY_BRIGHTNESS, 0.1, 3 }, { POLICY_COLOR, 0.7, 0 } },
    { { POLICY_SOLARIZE, 0.4, 5 }, { POLICY_AUTOCONTRAST, 0.9, 0 } },
    { { POLICY_TRANSLATE_Y, 0.9, 9 }, { POLICY_TRANSLATE_Y, 0.7, 9 } },
    { { POLICY_AUTOCONTRAST, 0.9, 0 }, { POLICY_SOLARIZE, 0.8, 3 } },
    { { POLICY_EQUALIZE, 0.8, 0 }, { POLICY_INVERT, 0.1, 0 } },
    { { POLICY_TRANSLATE_Y, 0.7, 9 }, { POLICY_AUTOCONTRAST, 0.9, 0 } },
};

static const struct entry svhn[PAIRS][2] = {
    { { POLICY_SHEAR_X, 0.9, 4 }, { POLICY_INVERT, 0.2, 0 } },
    { { POLICY_SHEAR_Y, 0.9, 8 }, { POLICY_INVERT, 0.7, 0 } },
    { { POLICY_EQUALIZE, 0.6, 0 }, { POLICY_SOLARIZE, 0.6, 6 } },
    { { POLICY_INVERT, 0.9, 0 }, { POLICY_EQUALIZE, 0.6, 0 } },
    { { POLICY_EQUALIZE, 0.6, 0 }, { POLICY_ROTATE, 0.9, 3 } },
    { { POLICY_SHEAR_X, 0.9, 4 }, { POLICY_AUTOCONTRAST, 0.8, 0 } },
    { { POLICY_SHEAR_Y, 0.9, 8 }, { POLICY_INVERT, 0.4, 0 } },
    { { POLICY_SHEAR_Y, 0.9, 5 }, { POLICY_SOLARIZE, 0.2, 6 } },
    { { POLICY_INVERT, 0.9, 0 }, { POLICY_AUTOCONTRAST, 0.8, 0 } },
    { { POLICY_EQUALIZE, 0.6, 0 }, { POLICY_ROTATE, 0.9, 3 } },
    { { POLICY_SHEAR_X, 0.9, 4 }, { POLICY_SOLARIZE, 0.3, 3 } },
    { { POLICY_SHEAR_Y, 0.8, 8 }, { POLICY_INVERT, 0.7, 0 } },
    { { POLICY_EQUALIZE, 0.9, 0 }, { POLICY_TRANSLATE_Y, 0.6, 6 } },
    { { POLICY_INVERT, 0.9, 0 }, { POLICY_EQUALIZE, 0.6, 0 } },
    { { POLICY_CONTRAST, 0.3, 3 }, { POLICY_ROTATE, 0.8, 4 } },
    { { POLICY_INVERT, 0.8, 0 }, { POLICY_TRANSLATE_Y, 0, 2 } },
    { { POLICY_SHEAR_Y, 0.7, 6 }, { POLICY_SOLARIZE, 0.4, 8 } },
    { { POLICY_INVERT, 0.6, 0 }, { POLICY_ROTATE, 0.8, 4 } },
    { { POLICY_SHEAR_Y, 0.3, 7 }, { POLICY_TRANSLATE_X, 0.9, 3 } },
    { { POLICY_SHEAR_X, 0.1, 6 }, { POLICY_INVERT, 0.6, 0 } },
    { { POLICY_SOLARIZE, 0.7, 2 }, { POLICY_TRANSLATE_Y, 0.6, 7 } },
    { { POLICY_SHEAR_Y, 0.8, 4 }, { POLICY_INVERT, 0.8, 0 } },
    { { POLICY_SHEAR_X, 0.7, 9 }, { POLICY_TRANSLATE_Y, 0.8, 3 } },
    { { POLICY_SHEAR_Y, 0.8, 5 }, { POLICY_AUTOCONTRAST, 0.7, 0 } },
    { { POLICY_SHEAR_X, 0.7, 2 }, { POLICY_INVERT, 0.1, 0 } },
};

static const struct entry (*const lists[])[2] = {
    [IMAGENET] = imagenet, [CIFAR10] = cifar10, [SVHN] = svhn
};

static const struct policy_row *row_of(enum policy_op op)
{
    struct policy_rows space = policy_space(SPACE_AUTOAUGMENT);
    int i = 0;
    while (space.rows[i].op != op)
        i++;
    return &space.rows[i];
}

static int check(const union value *v, const struct node *node, struct error *err)
{
    return fill_check(&v[FILL], node, err);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    struct policy_way way =
        policy_way_of(plan, v[COMPAT].integer, v[INTERPOLATION].integer, &v[FILL]);
    const struct entry *pair = lists[v[POLICY].integer][rng_below(rng, PAIRS)];
    double chance[2] = { rng_uniform(rng), rng_uniform(rng) };
    bool minus[2] = { rng_below(rng, 2), rng_below(rng, 2) };
    for (int i = 0; i < 2; i++) {
        if (!(chance[i] < pair[i].probability))
            continue;
        const struct policy_row *row = row_of(pair[i].op);
        struct policy_step step =
            policy_step_at(row, pair[i].bin, BINS, minus[i], plan->width, plan->height);
        if (policy_apply(plan, &step, &way, err) < 0)
            return -1;
    }
    return policy_end(plan, &way, err);
}

static int stages(const union value *v)
{
    return v[COMPAT].integer == COMPAT_SEQUENTIAL ? 2 : 0;
}

const struct augmentation augment_autoaugment = {
    .name = "autoaugment",
    .summary = "one of the 25 pairs of operations found for a data set",
    .source = "Cubuk et al., arXiv:1805.09501; torchvision's AutoAugment",
    .kind = AUGMENT_POLICY,
    .params = params,
    .check = check,
    .draw = draw,
    .stages = stages,
};
