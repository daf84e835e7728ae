/*
 * The output stage of small images: W (x - mean), x being all values of the picture on the 0..1
 * scale in order channel, row, column, W the PCA or ZCA whitening matrix of the training set.
 * Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, appendix A.
 */
#include "augment/augmentation_values.h"

enum { FILE_ROW, HASH };

static const struct param params[] = {
    [FILE_ROW] = TABLE_FILE_ROW("with `whitening` (d,d) and `whitening_mean` (d)"),
    [HASH] = TABLE_HASH_ROW,
    { 0 },
};

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)v;
    (void)rng;
    (void)err;
    plan->output.whiten = true;
    return 0;
}

const struct augmentation augment_whiten = {
    .name = "whiten",
    .summary = "multiply by the training set's whitening matrix",
    .source = "Krizhevsky, 2009, appendix A",
    .kind = AUGMENT_OUTPUT,
    .params = params,
    .table = TABLE_WHITENING,
    .draw = draw,
};
