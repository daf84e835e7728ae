#include "augment/view.h"

#include <math.h>
#include <string.h>

#include "augment/affine.h"

/* Lengths of policies are those at a base size of 224. */
enum { BASE = 224 };

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
    int i = 0;
    while (i < list->count && !same_geometry(&list->view[i].plan, plan))
        i++;
    if (i < list->count)
        list->view[i].weight++;
    else
        list->view[list->count++] =
            (struct view){ .number = list->total, .weight = 1, .plan = *plan };
    list->shown_by[list->total++] = i;
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

/* CENTER to AFTER, in this order, where centers are moved. */
enum { TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT, CENTER, CENTER_AGAIN, BEFORE, AFTER, WHOLE };

/* The center moved by `by` pixels to the bottom right. */
static int crop_beside(struct plan *plan, int s, int by, struct error *err)
{
    plan->fill.mode = FILL_REFLECT;
    return plan_crop(plan, (int)center_offset(plan->width, s) + by,
                     (int)center_offset(plan->height, s) + by, s, s, err);
}

/* One view at one scale. Corners, and a center beside them, are cut from the mirrored image, as
 * torchvision's TenCrop does; a center alone is mirrored after it was cut. */
static int add_view(struct view_list *list, const struct preprocess *p, int width, int height,
                    int short_side, int part, int shift, bool mirror, bool mirror_first,
                    struct error *err)
{
    struct plan plan;
    plan_start(&plan, width, height);
    plan.filter = p->filter;
    plan.output = p->output;
    if (resize(&plan, p, short_side, err) < 0)
        return -1;
    if (mirror && mirror_first)
        plan_mirror(&plan, true, false);
    int s = p->size, right = plan.width - s, bottom = plan.height - s, status = 0;
    if (part == CENTER || part == CENTER_AGAIN)
        status = plan_center_crop(&plan, s, s, err);
    else if (part == BEFORE || part == AFTER)
        status = crop_beside(&plan, s, part == BEFORE ? -shift : shift, err);
    else if (part != WHOLE)
        status = plan_crop(&plan, part & 1 ? right : 0, part & 2 ? bottom : 0, s, s, err);
    if (status < 0)
        return -1;
    if (mirror && !mirror_first)
        plan_mirror(&plan, true, false);
    add(list, &plan);
    return 0;
}

int view_list_draw(const struct view_policy *policy, const struct preprocess *p, uint64_t id,
                   int width, int height, struct view_list *list, struct error *err)
{
    list->count = list->total = 0;
    if (!policy->recipe &&
        add_view(list, p, width, height, p->resize, CENTER, 0, false, false, err) < 0)
        return -1;
    for (int i = 0; i < policy->samples; i++) {
        struct view *view = &list->view[i];
        if (policy->recipe &&
            recipe_draw(policy->recipe, id, (uint32_t)i, width, height, &view->plan, err) < 0)
            return -1;
        if (policy->recipe)
            view->plan.output = p->output;
        else if (i > 0)
            view->plan = list->view[0].plan;
        view->number = list->shown_by[i] = i;
        view->weight = 1;
    }
    list->count = list->total = policy->samples;
    return 0;
}

int view_list_make(const struct view_policy *policy, const struct preprocess *p, int width,
                   int height, struct view_list *list, struct error *err)
{
    list->count = list->total = 0;
    if (policy->dense && p->output.whiten)
        return error_set(err, ERROR_USAGE, view_protocol_names[VIEWS_DENSE],
                         "the network whitens pictures of %d x %d and no others; take views of "
                         "that size: 1crop, hflip, 10crop or 5x10",
                         p->size, p->size);
    int first = policy->dense ? WHOLE : policy->corners ? TOP_LEFT : CENTER;
    int last = policy->dense ? WHOLE : policy->corners && !policy->center ? BOTTOM_RIGHT : CENTER;
    last = policy->shift ? AFTER : last;
    int scales = policy->scales ? policy->scales : 1;
    for (int s = 0; s < scales; s++) {
        int side = policy->scales ? scaled(policy->scale[s], p->size) : p->resize;
        for (int mirror = 0; mirror <= policy->flip; mirror++)
            for (int part = first; part <= last; part++)
                if (add_view(list, p, width, height, side, part, policy->shift, mirror,
                             policy->corners, err) < 0)
                    return -1;
    }
    return 0;
}
