#include "augment/preprocess.h"

#include <math.h>

#include "augment/affine.h"
#include "augment/augmentation_values.h"

enum { SIZE, RESIZE, FILTER, OUTPUT, MEAN, STD };
enum { NORMALIZE, SUBTRACT_MEAN_IMAGE, WHITEN };
static const char *const outputs[] = { [NORMALIZE] = "normalize",
                                       [SUBTRACT_MEAN_IMAGE] = "subtract_mean_image",
                                       [WHITEN] = "whiten",
                                       NULL };
enum {
    ITSELF_MAX = 32
}; /* up to this size `1crop` is the image itself: CIFAR and SVHN are not resized */

const struct param preprocess_params[] = {
    [SIZE] = { "size", PARAM_INTEGER, "px", .value = 224, .min = 1, .max = 4096,
               "side of the network's input" },
    [RESIZE] = { "resize", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 8192,
                 "short side before the crop; 0: round(256 * size / 224), or size where that is at "
                 "most 32" },
    [FILTER] = FILTER_ROW,
    [OUTPUT] = { "output", PARAM_CHOICE, "", .value = NORMALIZE, .choices = outputs,
                 .help = "what is subtracted and multiplied; other tables than mean and std lie "
                         "beside the weights" },
    [MEAN] = { "mean", PARAM_NUMBERS, "0..1 scale", .min = 0, .max = 1,
               .initial = "[0.485, 0.456, 0.406]", .help = "mean of R, G, B" },
    [STD] = { "std", PARAM_NUMBERS, "0..1 scale", .min = 1e-6, .max = 1,
              .initial = "[0.229, 0.224, 0.225]", .help = "standard deviation of R, G, B" },
    { 0 },
};

int preprocess_resize(int size)
{
    return size <= ITSELF_MAX ? size : (int)lround(256.0 * size / 224);
}

int preprocess_read(struct preprocess *p, const struct node *node, struct error *err)
{
    union value v[PARAMS(preprocess_params)];
    if (param_read(preprocess_params, node, v, err) < 0)
        return -1;
    if (v[MEAN].list.count != 3 || v[STD].list.count != 3)
        return node_error(node, err, "mean has %d numbers and std %d; must be 3 and 3",
                          v[MEAN].list.count, v[STD].list.count);
    p->size = (int)v[SIZE].integer;
    p->resize = (int)v[RESIZE].integer;
    if (p->resize == 0)
        p->resize = preprocess_resize(p->size);
    p->filter = (enum plan_filter)v[FILTER].integer;
    p->tables = (struct output_tables){ .mean_image = NULL };
    p->output = (struct plan_output){
        .normalize = v[OUTPUT].integer == NORMALIZE,
        .mean_image = v[OUTPUT].integer == SUBTRACT_MEAN_IMAGE,
        .whiten = v[OUTPUT].integer == WHITEN,
    };
    affine_identity(p->output.frame);
    for (int c = 0; c < 3; c++) {
        p->output.mean[c] = v[MEAN].list.item[c];
        p->output.std[c] = v[STD].list.item[c];
    }
    return 0;
}

json_t *preprocess_json(const struct preprocess *p, struct error *err)
{
    union value v[PARAMS(preprocess_params)];
    v[SIZE].integer = p->size;
    v[RESIZE].integer = p->resize;
    v[FILTER].integer = p->filter;
    v[OUTPUT].integer = p->output.mean_image ? SUBTRACT_MEAN_IMAGE
                        : p->output.whiten   ? WHITEN
                                             : NORMALIZE;
    v[MEAN].list.count = v[STD].list.count = 3;
    for (int c = 0; c < 3; c++) {
        v[MEAN].list.item[c] = p->output.mean[c];
        v[STD].list.item[c] = p->output.std[c];
    }
    return param_json(preprocess_params, v, err);
}

void preprocess_release(struct preprocess *p)
{
    output_tables_release(&p->tables);
}
