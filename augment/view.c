#include "augment/view.h"

#include <math.h>
#include <string.h>

#include "augment/affine.h"

const char *const view_protocol_names[] = {
    [VIEWS_1CROP] = "1crop", [VIEWS_HFLIP] = "hflip", [VIEWS_10CROP] = "10crop",
    [VIEWS_DENSE] = "dense", [VIEWS_5X10] = "5x10",   NULL,
};

/* He et al., arXiv:1512.03385, section 3.4, at a base size of 224. */
static const int scales[] = { 224, 256, 384, 480, 640 };
enum { SCALES = sizeof(scales) / sizeof(scales[0]), BASE = 224, TEN_CROP_SHORT = 256 };

static int scaled(int length, int size)
{
    return (int)lround((double)length * size / BASE);
}

static bool same_geometry(const struct plan *a, const struct plan *b)
{
    return a->width == b->width && a->height == b->height &&
           memcmp(&a->axis, &b->axis, sizeof(a->axis)) == 0;
}

/* Append the plan, or count it onto the view that it coincides with. */
static void add(struct view_list *list, const struct plan *plan)
{
    for (int i = 0; i < list->count; i++)
        if (same_geometry(&list->view[i].plan, plan)) {
            list->view[i].weight++;
            list->total++;
            return;
        }
    list->view[list->count] = (struct view){ .number = list->total, .weight = 1, .plan = *plan };
    list->count++;
    list->total++;
}

static void start(struct plan *plan, const struct preprocess *p, int width, int height)
{
    plan_start(plan, width, height);
    plan->filter = p->filter;
    plan->output = p->output;
}

/* Of a center crop, as plan_center_crop has it. */
static double center_offset(int size, int part)
{
    return rint((size - part) / 2.0); /* the default rounding: half to even */
}

/* Resize, and lay the mean image in the middle: at the scale of training pixel on pixel. */
static int resize(struct plan *plan, const struct preprocess *p, int short_side, struct error *err)
{
    if (plan_resize_short(plan, short_side, err) < 0)
        return -1;
    if (!p->output.mean_image)
        return 0;
    int width = p->tables.mean_width, height = p->tables.mean_height;
    double scale = (double)p->resize / short_side;
    double *frame = plan->output.frame;
    affine_identity(frame);
    frame[0] = frame[4] = scale;
    if (short_side == p->resize) {
        frame[2] = -center_offset(plan->width, width);
        frame[5] = -center_offset(plan->height, height);
    } else {
        frame[2] = (width - plan->width * scale) / 2;
        frame[5] = (height - plan->height * scale) / 2;
    }
    plan->output.frame_width = width;
    plan->output.frame_height = height;
    return 0;
}

/* Corners and center, then the same of the mirrored image: torchvision's TenCrop. */
static int add_ten(struct view_list *list, const struct preprocess *p, int width, int height,
                   int short_side, struct error *err)
{
    for (int i = 0; i < 10; i++) {
        struct plan plan;
        int s = p->size, corner = i % 5;
        start(&plan, p, width, height);
        if (resize(&plan, p, short_side, err) < 0)
            return -1;
        if (i >= 5)
            plan_mirror(&plan, true, false);
        int right = plan.width - s, bottom = plan.height - s;
        int rc = corner == 4
                     ? plan_center_crop(&plan, s, s, err)
                     : plan_crop(&plan, corner & 1 ? right : 0, corner & 2 ? bottom : 0, s, s, err);
        if (rc < 0)
            return -1;
        add(list, &plan);
    }
    return 0;
}

/* The center crop, or with `crop` 0 the whole image; then its mirror where asked for. */
static int add_center(struct view_list *list, const struct preprocess *p, int width, int height,
                      int short_side, int crop, int mirrors, struct error *err)
{
    for (int i = 0; i <= mirrors; i++) {
        struct plan plan;
        start(&plan, p, width, height);
        if (resize(&plan, p, short_side, err) < 0)
            return -1;
        if (crop && plan_center_crop(&plan, crop, crop, err) < 0)
            return -1;
        if (i)
            plan_mirror(&plan, true, false);
        add(list, &plan);
    }
    return 0;
}

int view_list_make(enum view_protocol protocol, const struct preprocess *p, int width, int height,
                   struct view_list *list, struct error *err)
{
    list->count = list->total = 0;
    switch (protocol) {
    case VIEWS_1CROP:
        return add_center(list, p, width, height, p->resize, p->size, 0, err);
    case VIEWS_HFLIP:
        return add_center(list, p, width, height, p->resize, p->size, 1, err);
    case VIEWS_10CROP:
        return add_ten(list, p, width, height, scaled(TEN_CROP_SHORT, p->size), err);
    case VIEWS_DENSE:
        if (p->output.whiten)
            return error_set(err, ERROR_USAGE, view_protocol_names[VIEWS_DENSE],
                             "the network whitens pictures of %d x %d and no others; take views of "
                             "that size: 1crop, hflip, 10crop or 5x10",
                             p->size, p->size);
        for (int i = 0; i < SCALES; i++)
            if (add_center(list, p, width, height, scaled(scales[i], p->size), 0, 1, err) < 0)
                return -1;
        return 0;
    case VIEWS_5X10:
        for (int i = 0; i < SCALES; i++)
            if (add_ten(list, p, width, height, scaled(scales[i], p->size), err) < 0)
                return -1;
        return 0;
    }
    return error_set(err, ERROR_USAGE, NULL, "no such view protocol: %d", (int)protocol);
}
