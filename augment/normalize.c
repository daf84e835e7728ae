/* The output stage: (level / 255 - mean) / std for each channel. The defaults are ImageNet's. */
#include "augment/augmentation.h"

enum { MEAN, STD };

static const struct param params[] = {
    [MEAN] = { "mean", PARAM_NUMBERS, "0..1 scale", .min = 0, .max = 1,
               .initial = "[0.485, 0.456, 0.406]", .help = "mean of R, G, B" },
    [STD] = { "std", PARAM_NUMBERS, "0..1 scale", .min = 1e-6, .max = 1,
              .initial = "[0.229, 0.224, 0.225]", .help = "standard deviation of R, G, B" },
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    if (v[MEAN].list.count != 3 || v[STD].list.count != 3)
        return node_error(node, err, "mean has %d numbers and std %d; must be 3 and 3",
                          v[MEAN].list.count, v[STD].list.count);
    return 0;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)rng;
    (void)err;
    plan->output.normalize = true;
    for (int c = 0; c < 3; c++) {
        plan->output.mean[c] = v[MEAN].list.item[c];
        plan->output.std[c] = v[STD].list.item[c];
    }
    return 0;
}

static const char *const strip[] = {
    "{mean: [0.5, 0.5, 0.5], std: [1, 1, 1]}",
    "{mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}",
    "{mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}",
    NULL,
};

const struct augmentation augment_normalize = {
    .name = "normalize",
    .summary = "subtract a mean and divide by a deviation, per channel",
    .source = "torchvision's ToTensor and Normalize",
    .kind = AUGMENT_OUTPUT,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
