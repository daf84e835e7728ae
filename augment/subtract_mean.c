/* The output stage of VGG: level / 255 - mean for each channel, not divided by a deviation. The
 * default is ImageNet's mean. Simonyan and Zisserman, arXiv:1409.1556, section 2.1. */
#include "augment/augmentation.h"

enum { MEAN };

static const struct param params[] = {
    [MEAN] = { "mean", PARAM_NUMBERS, "0..1 scale", .min = 0, .max = 1,
               .initial = "[0.485, 0.456, 0.406]", .help = "mean of R, G, B" },
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    if (v[MEAN].list.count != 3)
        return node_error(node, err, "mean has %d numbers; must be 3", v[MEAN].list.count);
    return 0;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)rng;
    (void)err;
    plan->output.normalize = true;
    for (int c = 0; c < 3; c++) {
        plan->output.mean[c] = v[MEAN].list.item[c];
        plan->output.std[c] = 1;
    }
    return 0;
}

static const char *const strip[] = {
    "[0, 0, 0]",
    "[0.485, 0.456, 0.406]",
    NULL,
};

const struct augmentation augment_subtract_mean = {
    .name = "subtract_mean",
    .summary = "subtract a mean per channel",
    .source = "Simonyan and Zisserman, arXiv:1409.1556, section 2.1",
    .kind = AUGMENT_OUTPUT,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
