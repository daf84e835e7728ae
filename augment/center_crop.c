/* Keep the center; what sticks out of the image is fill, as torchvision pads. */
#include "augment/augmentation_values.h"

enum { SIZE };

static const struct param params[] = { [SIZE] = SIZE_ROW, { 0 } };

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    (void)rng;
    int width, height;
    size_of(&v[SIZE], &width, &height);
    return plan_center_crop(plan, width, height, err);
}

static const char *const strip[] = {
    "{size: 104}", "{size: 88}", "{size: 64}", "{size: 32}", NULL,
};

const struct augmentation augment_center_crop = {
    .name = "center_crop",
    .summary = "keep the center",
    .source = "torchvision's CenterCrop",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = size_check,
    .draw = draw,
    .strip = strip,
};
