/*
 * Add to every pixel [p1 p2 p3] [a1 l1, a2 l2, a3 l3]^T, where p_i and l_i are the eigenvectors and
 * eigenvalues of the RGB covariance over the training set's pixels on the 0..1 scale and a_i ~ N(0,
 * std), drawn once an image. Krizhevsky et al., "ImageNet Classification with Deep Convolutional
 * Neural Networks", 2012, section 4.1. The defaults are ImageNet's; the eigenvectors are the
 * columns of `eigvec`, whose rows are R, G, B.
 */
#include "augment/augmentation.h"
#include "augment/color.h"

enum { STD, EIGVAL, EIGVEC };

static const struct param params[] = {
    [STD] = { "std", PARAM_NUMBER, "", .value = 0.1, .min = 0, .max = 100,
              "standard deviation of the three factors" },
    [EIGVAL] = { "eigval", PARAM_NUMBERS, "0..1 scale", .initial = "[0.2175, 0.0188, 0.0045]",
                 .help = "three eigenvalues" },
    [EIGVEC] = { "eigvec", PARAM_NUMBERS, "",
                 .initial = "[-0.5675, 0.7192, 0.4009, -0.5808, -0.0045, -0.8140, -0.5836, "
                            "-0.6948, 0.4203]",
                 .help = "3x3 by rows, eigenvectors in columns" },
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    if (v[EIGVAL].list.count != 3 || v[EIGVEC].list.count != 9)
        return node_error(node, err, "eigval has %d numbers and eigvec %d; must be 3 and 9",
                          v[EIGVAL].list.count, v[EIGVEC].list.count);
    return 0;
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    double factor[3], offset[3];
    for (int i = 0; i < 3; i++)
        factor[i] = v[STD].number * rng_normal(rng) * v[EIGVAL].list.item[i];
    for (int c = 0; c < 3; c++) {
        const double *row = v[EIGVEC].list.item + 3 * c;
        offset[c] = 255 * (row[0] * factor[0] + row[1] * factor[1] + row[2] * factor[2]);
    }
    struct plan_color entry = color_offset(offset);
    return plan_color(plan, &entry, err);
}

static const char *const strip[] = {
    "{std: 0.1}", "{std: 0.3}", "{std: 0.6}", "{std: 1}", NULL,
};

const struct augmentation augment_pca_color = {
    .name = "pca_color",
    .summary = "shift all pixels along the principal components of color",
    .source = "Krizhevsky et al., 2012, section 4.1",
    .kind = AUGMENT_COLOR,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
