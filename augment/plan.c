/*
 * The axis-aligned form under each step. Output pixel x shows column left + x of the resized frame,
 * or left + W - 1 - x when mirrored; so a crop at x of w columns moves `left` by x, or by W - x - w
 * when mirrored. A resize keeps the form when nothing was resized before (the window shrinks to
 * what is shown) or when all of the resized frame is shown (only its size changes). The 3x3 map is
 * kept in step for the maps that have no such form.
 */
#include "augment/plan.h"

#include <math.h>
#include <string.h>

#include "augment/resample.h"

/* map := map * step, where step takes new output coordinates to old ones: x_old = sx x + tx, y_old
 * = sy y + ty. */
static void compose(double map[9], double sx, double tx, double sy, double ty)
{
    for (int r = 0; r < 3; r++) {
        double *row = map + 3 * r;
        row[2] += row[0] * tx + row[1] * ty;
        row[0] *= sx;
        row[1] *= sy;
    }
}

static struct rect whole(const struct plan *plan)
{
    return (struct rect){ 0, 0, plan->width, plan->height };
}

void plan_start(struct plan *plan, int width, int height)
{
    memset(plan, 0, sizeof(*plan)); /* padding too: plans are compared and hashed as bytes */
    plan->source_width = plan->width = width;
    plan->source_height = plan->height = height;
    for (int i = 0; i < 9; i += 4)
        plan->pre[i] = plan->post[i] = plan->output.frame[i] = 1;
    plan->axis.valid = true;
    plan->axis.window = plan->axis.clip = (struct rect){ 0, 0, width, height };
    plan->axis.width = width;
    plan->axis.height = height;
    for (int c = 0; c < 3; c++)
        plan->output.std[c] = 1;
}

static int check_size(int width, int height, struct error *err)
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

int plan_resize(struct plan *plan, int width, int height, struct error *err)
{
    if (check_size(width, height, err) < 0)
        return -1;
    if (width == plan->width && height == plan->height)
        return 0;
    struct plan_axis *axis = &plan->axis;
    bool unscaled = axis->width == axis->window.width && axis->height == axis->window.height;
    bool shows_all = axis->left == 0 && axis->top == 0 && plan->width == axis->width &&
                     plan->height == axis->height;
    if (!rect_same(axis->clip, whole(plan)) || !(unscaled || shows_all))
        return error_set(
            err, ERROR_USAGE, NULL,
            "resizes again what was resized and cropped, or padded; resize once, before the crop");
    if (unscaled)
        axis->window = (struct rect){ axis->window.x + axis->left, axis->window.y + axis->top,
                                      plan->width, plan->height };
    compose(plan->post, (double)plan->width / width, 0, (double)plan->height / height, 0);
    for (int i = 0; i < plan->erasures_used; i++) {
        struct rect *area = &plan->erasures[i].area;
        double sx = (double)width / plan->width, sy = (double)height / plan->height;
        int right = (int)lround((area->x + area->width) * sx),
            bottom = (int)lround((area->y + area->height) * sy);
        area->x = (int)lround(area->x * sx);
        area->y = (int)lround(area->y * sy);
        area->width = right - area->x;
        area->height = bottom - area->y;
    }
    axis->left = axis->top = 0;
    axis->width = plan->width = width;
    axis->height = plan->height = height;
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

int plan_crop(struct plan *plan, int x, int y, int width, int height, struct error *err)
{
    if (check_size(width, height, err) < 0)
        return -1;
    struct plan_axis *axis = &plan->axis;
    axis->left += axis->mirror_x ? plan->width - x - width : x;
    axis->top += axis->mirror_y ? plan->height - y - height : y;
    compose(plan->post, 1, x, 1, y);
    plan->width = width;
    plan->height = height;
    axis->clip.x -= x;
    axis->clip.y -= y;
    axis->clip = rect_intersect(axis->clip, whole(plan));
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

void plan_mirror(struct plan *plan, bool horizontal, bool vertical)
{
    struct plan_axis *axis = &plan->axis;
    if (horizontal) {
        axis->mirror_x = !axis->mirror_x;
        axis->clip.x = plan->width - axis->clip.x - axis->clip.width;
        compose(plan->post, -1, plan->width, 1, 0);
    }
    if (vertical) {
        axis->mirror_y = !axis->mirror_y;
        axis->clip.y = plan->height - axis->clip.y - axis->clip.height;
        compose(plan->post, 1, 0, -1, plan->height);
    }
    for (int i = 0; i < plan->erasures_used; i++) {
        struct rect *area = &plan->erasures[i].area;
        if (horizontal)
            area->x = plan->width - area->x - area->width;
        if (vertical)
            area->y = plan->height - area->y - area->height;
    }
}

struct rect plan_visible(const struct plan *plan)
{
    const struct plan_axis *axis = &plan->axis;
    struct rect clip = axis->clip;
    if (axis->mirror_x)
        clip.x = plan->width - clip.x - clip.width;
    if (axis->mirror_y)
        clip.y = plan->height - clip.y - clip.height;
    clip.x += axis->left;
    clip.y += axis->top;
    return clip;
}

struct rect plan_needs(const struct plan *plan)
{
    const struct plan_axis *axis = &plan->axis;
    struct rect visible = plan_visible(plan);
    if (visible.width == 0 || visible.height == 0)
        return (struct rect){ axis->window.x, axis->window.y, 1, 1 };
    int left, right, top, bottom;
    resample_span(plan->filter, axis->window.x, axis->window.width, axis->width, visible.x,
                  visible.x + visible.width, &left, &right);
    resample_span(plan->filter, axis->window.y, axis->window.height, axis->height, visible.y,
                  visible.y + visible.height, &top, &bottom);
    return (struct rect){ left, top, right - left, bottom - top };
}
