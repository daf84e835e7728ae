/*
 * The axis-aligned form under each step. Output pixel x shows column left + x of the resized frame,
 * or left + W - 1 - x when mirrored; so a crop at x of w columns moves `left` by x, or by W - x - w
 * when mirrored. A resize keeps the form when nothing was resized before (the window shrinks to
 * what is shown) or when all of the resized frame is shown (only its size changes). Maps and frames
 * are kept in step by plan_compose for the resampler of maps that have no such form.
 */
#include "augment/plan.h"

#include <math.h>
#include <string.h>

#include "augment/affine.h"
#include "augment/plan_private.h"

static struct rect whole(const struct plan *plan)
{
    return (struct rect){ 0, 0, plan->width, plan->height };
}

void plan_drop_output(struct plan *plan)
{
    plan->output = (struct plan_output){ .std = { 1, 1, 1 } };
}

void plan_start(struct plan *plan, int width, int height)
{
    memset(plan, 0, sizeof(*plan)); /* padding too: plans are compared and hashed as bytes */
    plan->source_width = plan->width = width;
    plan->source_height = plan->height = height;
    for (int i = 0; i < 9; i += 4)
        plan->pre[i] = plan->post[i] = 1;
    plan->axis.valid = true;
    plan->axis.window = plan->axis.clip = (struct rect){ 0, 0, width, height };
    plan->axis.width = width;
    plan->axis.height = height;
    plan_drop_output(plan);
}

int plan_check_size(int width, int height, struct error *err)
{
    if (width < 1 || height < 1 || width > PLAN_SIZE_MAX || height > PLAN_SIZE_MAX)
        return error_set(err, ERROR_USAGE, NULL, "an output of %dx%d; sides must be 1..%d", width,
                         height, PLAN_SIZE_MAX);
    return 0;
}

static void drop_erasure(struct plan *plan, int i)
{
    plan->erasures_used--;
    memmove(&plan->erasures[i], &plan->erasures[i + 1],
            (size_t)(plan->erasures_used - i) * sizeof(plan->erasures[0]));
}

static void resize_erasures(struct plan *plan, double sx, double sy)
{
    for (int i = 0; i < plan->erasures_used; i++) {
        struct rect *area = &plan->erasures[i].area;
        int right = (int)lround((area->x + area->width) * sx),
            bottom = (int)lround((area->y + area->height) * sy);
        area->x = (int)lround(area->x * sx);
        area->y = (int)lround(area->y * sy);
        area->width = right - area->x;
        area->height = bottom - area->y;
    }
}

int plan_resize(struct plan *plan, int width, int height, struct error *err)
{
    if (plan_check_size(width, height, err) < 0)
        return -1;
    if (width == plan->width && height == plan->height)
        return 0;
    struct plan_axis *axis = &plan->axis;
    int old_width = plan->width, old_height = plan->height;
    bool unscaled = axis->width == axis->window.width && axis->height == axis->window.height;
    bool shows_all = axis->left == 0 && axis->top == 0 && plan->width == axis->width &&
                     plan->height == axis->height;
    bool keeps = axis->valid && rect_same(axis->clip, whole(plan)) && (unscaled || shows_all);
    double step[9] = {
        (double)plan->width / width, 0, 0, 0, (double)plan->height / height, 0, 0, 0, 1
    };
    if (!keeps)
        plan_leave_axis(plan);
    plan_multiply(plan, step);
    plan->width = width;
    plan->height = height;
    plan->antialias = true;
    resize_erasures(plan, (double)width / old_width, (double)height / old_height);
    if (!keeps)
        return 0;
    if (unscaled)
        axis->window = (struct rect){ axis->window.x + axis->left, axis->window.y + axis->top,
                                      old_width, old_height };
    axis->left = axis->top = 0;
    axis->width = width;
    axis->height = height;
    axis->clip = whole(plan);
    return 0;
}

int plan_resize_short(struct plan *plan, int size, struct error *err)
{
    int64_t w = plan->width, h = plan->height, l = size;
    int64_t width = w <= h ? l : w * l / h, height = w <= h ? h * l / w : l;
    if (width > PLAN_SIZE_MAX || height > PLAN_SIZE_MAX)
        return error_set(err, ERROR_USAGE, NULL,
                         "%dx%d with a short side of %d gives %lldx%lld; sides must be 1..%d",
                         plan->width, plan->height, size, (long long)width, (long long)height,
                         PLAN_SIZE_MAX);
    return plan_resize(plan, (int)width, (int)height, err);
}

void plan_axis_crop(struct plan *plan, int width, int height, int x, int y)
{
    struct plan_axis *axis = &plan->axis;
    axis->left += axis->mirror_x ? width - x - plan->width : x;
    axis->top += axis->mirror_y ? height - y - plan->height : y;
    axis->clip.x -= x;
    axis->clip.y -= y;
    axis->clip = rect_intersect(axis->clip, whole(plan));
}

int plan_crop(struct plan *plan, int x, int y, int width, int height, struct error *err)
{
    int old_width = plan->width, old_height = plan->height;
    double step[9];
    affine_translate(-x, -y, step);
    if (plan_check_size(width, height, err) < 0 ||
        plan_compose(plan, step, width, height, false, err) < 0)
        return -1;
    if (plan->axis.valid)
        plan_axis_crop(plan, old_width, old_height, x, y);
    plan_axis_settle(plan);
    for (int i = plan->erasures_used - 1; i >= 0; i--) {
        struct rect *area = &plan->erasures[i].area;
        area->x -= x;
        area->y -= y;
        *area = rect_intersect(*area, whole(plan));
        if (area->width == 0)
            drop_erasure(plan, i);
    }
    return 0;
}

/* margin / 2 rounded half to even, which is what Python's round gives torchvision. */
static int half(int margin)
{
    int down = margin >= 0 ? margin / 2 : (margin - 1) / 2;
    return margin % 2 == 0 ? down : down % 2 == 0 ? down : down + 1;
}

int plan_center_crop(struct plan *plan, int width, int height, struct error *err)
{
    return plan_crop(plan, half(plan->width - width), half(plan->height - height), width, height,
                     err);
}

void plan_axis_mirror(struct plan *plan, bool horizontal, bool vertical)
{
    struct plan_axis *axis = &plan->axis;
    if (horizontal) {
        axis->mirror_x = !axis->mirror_x;
        axis->clip.x = plan->width - axis->clip.x - axis->clip.width;
    }
    if (vertical) {
        axis->mirror_y = !axis->mirror_y;
        axis->clip.y = plan->height - axis->clip.y - axis->clip.height;
    }
}

void plan_mirror(struct plan *plan, bool horizontal, bool vertical)
{
    double step[9] = { horizontal ? -1 : 1,
                       0,
                       horizontal ? plan->width : 0,
                       0,
                       vertical ? -1 : 1,
                       vertical ? plan->height : 0,
                       0,
                       0,
                       1 };
    plan_multiply(plan, step);
    if (plan->axis.valid)
        plan_axis_mirror(plan, horizontal, vertical);
    for (int i = 0; i < plan->erasures_used; i++) {
        struct rect *area = &plan->erasures[i].area;
        if (horizontal)
            area->x = plan->width - area->x - area->width;
        if (vertical)
            area->y = plan->height - area->y - area->height;
    }
}
