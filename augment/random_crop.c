/*
 * Keep a random rectangle; with `padding`, after a border was added on all sides (CIFAR's pad 4):
 * of fill, of the edge repeated, or of the reflection without the border pixel. Each position is
 * equally likely.
 */
#include "augment/augmentation_values.h"

enum { SIZE, PADDING, FILL, PADDING_MODE };

static const struct param params[] = {
    [SIZE] = SIZE_ROW,
    [PADDING] = { "padding", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 1024,
                  "border added on each side first" },
    [FILL] = FILL_ROW,
    [PADDING_MODE] = FILL_MODE_ROW("padding_mode"),
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    return size_check(&v[SIZE], node, err) < 0 ? -1 : fill_check(&v[FILL], node, err);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    int width, height, padding = (int)v[PADDING].integer;
    size_of(&v[SIZE], &width, &height);
    int room_x = plan->width + 2 * padding - width, room_y = plan->height + 2 * padding - height;
    if (room_x < 0 || room_y < 0)
        return error_set(err, ERROR_USAGE, NULL,
                         "random_crop of %dx%d from %dx%d with padding %d does not fit: resize "
                         "before it, or give more padding",
                         width, height, plan->width, plan->height, padding);
    int y = (int)rng_integer(rng, 0, room_y), x = (int)rng_integer(rng, 0, room_x);
    if (padding)
        fill_set(plan, &v[FILL], &v[PADDING_MODE]);
    return plan_crop(plan, x - padding, y - padding, width, height, err);
}

static const char *const strip[] = {
    "{size: 104}",
    "{size: 88}",
    "{size: 64}",
    "{size: 112, padding: 14}",
    "{size: 112, padding: 28, fill: 128}",
    NULL,
};

const struct augmentation augment_random_crop = {
    .name = "random_crop",
    .summary = "keep a random rectangle",
    .source = "torchvision's RandomCrop",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
