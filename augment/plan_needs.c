/*
 * Which pixels of the source an output reads. A general map sends the convex output to a convex
 * figure, so the box around its corners is the box around everything; the filter's reach is added.
 * What edge and reflect repeat, and what a lens bends, is anywhere in the window.
 */
#include <math.h>

#include "augment/affine.h"
#include "augment/plan_private.h"
#include "augment/resample.h"

bool plan_is_separable(const struct plan *plan)
{
    const struct plan_axis *axis = &plan->axis;
    bool scaled = axis->width != axis->window.width || axis->height != axis->window.height;
    return axis->valid && !(scaled && plan->filter == FILTER_NEAREST);
}

int plan_repeat(enum plan_fill_mode mode, int at, int size)
{
    if (mode == FILL_EDGE || size == 1)
        return at < 0 ? 0 : at >= size ? size - 1 : at;
    int period = 2 * size - 2, p = at % period;
    p = p < 0 ? p + period : p;
    return p < size ? p : period - p;
}

/* The one frame of an axis-aligned form whose edge or reflection fills what lies outside. */
static const struct plan_clip *repeated(const struct plan *plan)
{
    const struct plan_clip *clip = &plan->clips[0];
    return plan->clips_used == 1 && clip->fill.mode != FILL_CONSTANT ? clip : NULL;
}

/* As if the picture went on: where the column that edge or reflect repeats at i stands. */
static int repeated_at(const struct plan_clip *clip, bool vertical, int i)
{
    double scale = clip->map[vertical ? 4 : 0], shift = clip->map[vertical ? 5 : 2];
    int from = (int)rint(scale < 0 ? shift - 1 : shift);
    int at = plan_repeat(clip->fill.mode, scale < 0 ? from - i : from + i,
                         vertical ? clip->height : clip->width);
    return scale < 0 ? from - at : at - from;
}

int plan_position(const struct plan *plan, bool vertical, int i)
{
    const struct plan_axis *axis = &plan->axis;
    const struct plan_clip *clip = repeated(plan);
    int begin = vertical ? axis->clip.y : axis->clip.x;
    int end = begin + (vertical ? axis->clip.height : axis->clip.width);
    if (clip)
        i = repeated_at(clip, vertical, i);
    else if (i < begin || i >= end)
        return -1;
    if (vertical)
        return axis->top + (axis->mirror_y ? plan->height - 1 - i : i);
    return axis->left + (axis->mirror_x ? plan->width - 1 - i : i);
}

static void repeated_span(const struct plan *plan, bool vertical, int *begin, int *end)
{
    int size = vertical ? plan->height : plan->width;
    *begin = *end = plan_position(plan, vertical, 0);
    for (int i = 1; i < size; i++) {
        int at = plan_position(plan, vertical, i);
        *begin = at < *begin ? at : *begin;
        *end = at > *end ? at : *end;
    }
    *end += 1;
}

struct rect plan_visible(const struct plan *plan)
{
    const struct plan_axis *axis = &plan->axis;
    struct rect clip = axis->clip;
    if (repeated(plan)) {
        int right, bottom;
        repeated_span(plan, false, &clip.x, &right);
        repeated_span(plan, true, &clip.y, &bottom);
        clip.width = right - clip.x;
        clip.height = bottom - clip.y;
        return clip;
    }
    if (axis->mirror_x)
        clip.x = plan->width - clip.x - clip.width;
    if (axis->mirror_y)
        clip.y = plan->height - clip.y - clip.height;
    clip.x += axis->left;
    clip.y += axis->top;
    return clip;
}

static struct rect separable_needs(const struct plan *plan)
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

/* The box around what the pixel centers are taken to. */
struct box {
    double left, top, right, bottom;
};

static bool box_of(const struct plan *plan, struct box *box)
{
    *box = (struct box){ INFINITY, INFINITY, -INFINITY, -INFINITY };
    for (int i = 0; i < 4; i++) {
        double x, y;
        if (!affine_point(plan->post, i & 1 ? plan->width - 0.5 : 0.5,
                          i & 2 ? plan->height - 0.5 : 0.5, &x, &y))
            return false;
        box->left = fmin(box->left, x);
        box->right = fmax(box->right, x);
        box->top = fmin(box->top, y);
        box->bottom = fmax(box->bottom, y);
    }
    return true;
}

/* How far a widened filter reaches, for each unit of its support: the largest singular value of the
 * Jacobian (A - F g) / w is at most its Frobenius norm; F is measured from the box's center, which
 * moves no Jacobian and keeps the bound small. */
static double widening(const struct plan *plan, const struct box *box)
{
    const double *m = plan->post, g = m[6], h = m[7];
    double least = INFINITY, x = (box->left + box->right) / 2, y = (box->top + box->bottom) / 2;
    for (int i = 0; i < 4; i++)
        least = fmin(least, g * (i & 1 ? plan->width - 0.5 : 0.5) +
                                h * (i & 2 ? plan->height - 0.5 : 0.5) + m[8]);
    double far_x = (box->right - box->left) / 2 + 1, far_y = (box->bottom - box->top) / 2 + 1;
    double sum = 0;
    const double rows[2][3] = { { m[0] - x * g, m[1] - x * h, far_x },
                                { m[3] - y * g, m[4] - y * h, far_y } };
    for (int r = 0; r < 2; r++) {
        double a = fabs(rows[r][0]) + rows[r][2] * fabs(g);
        double b = fabs(rows[r][1]) + rows[r][2] * fabs(h);
        sum += a * a + b * b;
    }
    return fmax(1, sqrt(sum) / least);
}

/* [*first, *last) of the window that taps between low and high read when taps beyond the window's
 * border are moved to it. */
static void clamp_span(double low, double high, int start, int size, int *first, int *last)
{
    double most = start + size - 1, begin = floor(low), end = floor(high);
    *first = (int)(begin < start ? start : begin > most ? most : begin);
    *last = 1 + (int)(end < start ? start : end > most ? most : end);
}

static struct rect general_needs(const struct plan *plan)
{
    const struct rect *window = &plan->axis.window;
    struct box box;
    bool bent = plan->has_lens;
    for (int i = 0; i < plan->clips_used; i++)
        bent = bent || plan->clips[i].fill.mode != FILL_CONSTANT;
    if (bent || !box_of(plan, &box))
        return *window;
    /* Square root of 2: a widened filter's corner. 1: rounded coordinates. */
    double support = plan->filter == FILTER_NEAREST ? 0 : plan->filter == FILTER_BILINEAR ? 1 : 2;
    double reach = 1 + support * (plan->antialias ? sqrt(2) * widening(plan, &box) : 1);
    int left, right, top, bottom;
    clamp_span(box.left - reach, box.right + reach, window->x, window->width, &left, &right);
    clamp_span(box.top - reach, box.bottom + reach, window->y, window->height, &top, &bottom);
    return (struct rect){ left, top, right - left, bottom - top };
}

struct rect plan_needs(const struct plan *plan)
{
    return plan_is_separable(plan) ? separable_needs(plan) : general_needs(plan);
}
