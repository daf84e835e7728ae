/*
 * What a network expects of an image, as a trained weights file carries it and a network's YAML
 * states it: base size, short side of the resize, filter, and the output stage: mean and std, or a
 * mean image or whitening matrix of the training set, whose values the weights file holds beside
 * the weights. Test-time views are built from it.
 *
 *     preprocess: {size: 224, resize: 256, filter: bilinear, mean: [0.485, 0.456, 0.406], std:
 * [0.229, 0.224, 0.225]}
 *
 * `resize` is the short side at which `1crop` and `hflip` are taken; by default round(256 * size /
 * 224), and the image itself (resize = size) at sizes up to 32. `output` names the stage as recipes
 * do: normalize, subtract_mean_image (divided by std) or whiten.
 */
#ifndef TENFOLD_AUGMENT_PREPROCESS_H
#define TENFOLD_AUGMENT_PREPROCESS_H

#include <jansson.h>

#include "augment/output.h"
#include "augment/plan.h"
#include "base/config.h"
#include "base/param.h"

struct preprocess {
    int size, resize;
    enum plan_filter filter;
    struct plan_output output;
    struct output_tables tables; /* owned: of a mean image or a whitening; empty otherwise */
};

extern const struct param preprocess_params[];

/* The short side at which inputs of `size` are cropped unless something else is said. */
int preprocess_resize(int size);

/* From a map node (YAML, or JSON of the metadata); NULL: the defaults. The tables are empty
 * afterwards: whoever reads the weights fills them. */
int preprocess_read(struct preprocess *p, const struct node *node, struct error *err);
json_t *preprocess_json(const struct preprocess *p, struct error *err);
/* The tables' memory; without tables there is nothing to release. */
void preprocess_release(struct preprocess *p);

#endif
