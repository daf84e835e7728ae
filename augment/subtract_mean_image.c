/*
 * The output stage of AlexNet: the mean image of the training set is subtracted, pixel by pixel,
 * where the picture is of the mean image's size; crops and flips behind it take their part of it.
 * Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012,
 * section 2.
 */
#include "augment/affine.h"
#include "augment/augmentation_values.h"

enum { FILE_ROW, HASH, STD };

static const struct param params[] = {
    [FILE_ROW] = TABLE_FILE_ROW("with `mean_image` (3,h,w), levels 0..255"),
    [HASH] = TABLE_HASH_ROW,
    [STD] = { "std", PARAM_NUMBERS, "0..1 scale", .min = 1e-6, .max = 1, .initial = "[1, 1, 1]",
              .help = "what the difference is divided by, for R, G, B" },
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    if (v[STD].list.count != 3)
        return node_error(node, err, "std has %d numbers; must be 3", v[STD].list.count);
    return 0;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)rng;
    struct plan_output *o = &plan->output;
    (void)err;
    affine_identity(o->frame);
    o->mean_image = true;
    o->frame_width = plan->width;
    o->frame_height = plan->height;
    for (int c = 0; c < 3; c++)
        o->std[c] = v[STD].list.item[c];
    return 0;
}

const struct augmentation augment_subtract_mean_image = {
    .name = "subtract_mean_image",
    .summary = "subtract the training set's mean image",
    .source = "Krizhevsky et al., 2012, section 2",
    .kind = AUGMENT_OUTPUT,
    .params = params,
    .table = TABLE_MEAN_IMAGE,
    .check = check,
    .draw = draw,
};
