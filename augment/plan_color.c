/* The plan's color list, chains and erasures. Matrices fold into one entry as they come. */
#include <math.h>
#include <string.h>

#include "augment/plan.h"

static void multiply(const double a[3][3], const double b[3][3], double result[3][3])
{
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            result[r][c] = a[r][0] * b[0][c] + a[r][1] * b[1][c] + a[r][2] * b[2][c];
}

/* The entry before gives v = A x + B m + o with mean A m + B m + o, so on top of it
 *     a v + M mean(v) + b = aA x + (aB + M(A + B)) m + (a + M) o + b. */
bool plan_color_fold(struct plan_color *entry, const struct plan_color *next)
{
    if (entry->kind != COLOR_MATRIX || next->kind != COLOR_MATRIX)
        return false;
    double both[3][3], ab[3][3], mab[3][3], aa[3][3], o[3];
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            both[r][c] = entry->pixel[r][c] + entry->mean[r][c];
    multiply(next->pixel, entry->pixel, aa);
    multiply(next->pixel, entry->mean, ab);
    multiply(next->mean, both, mab);
    for (int r = 0; r < 3; r++) {
        o[r] = next->offset[r];
        for (int c = 0; c < 3; c++)
            o[r] += (next->pixel[r][c] + next->mean[r][c]) * entry->offset[c];
    }
    for (int r = 0; r < 3; r++) {
        for (int c = 0; c < 3; c++) {
            entry->pixel[r][c] = aa[r][c];
            entry->mean[r][c] = ab[r][c] + mab[r][c];
        }
        entry->offset[r] = o[r];
    }
    return true;
}

static bool all_finite(const double *x, int n)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static bool is_finite(const struct plan_color *entry)
{
    return all_finite(&entry->pixel[0][0], 9) && all_finite(&entry->mean[0][0], 9) &&
           all_finite(entry->offset, 3) && all_finite(entry->value, PLAN_VALUES) &&
           isfinite(entry->rest) && all_finite(entry->share, PLAN_BRANCHES);
}

int plan_color(struct plan *plan, const struct plan_color *entry, struct error *err)
{
    if (!is_finite(entry))
        return error_set(err, ERROR_USAGE, NULL, "a color step's strength is not a finite number");
    struct plan_color *last = plan->colors_used ? &plan->colors[plan->colors_used - 1] : NULL;
    if (last && plan_color_fold(last, entry))
        return 0;
    if (plan->colors_used == PLAN_COLORS)
        return error_set(err, ERROR_USAGE, NULL, "more than %d color steps", PLAN_COLORS);
    plan->colors[plan->colors_used++] = *entry;
    return 0;
}

int plan_stage(struct plan *plan, const struct plan_stage *stage, struct error *err)
{
    if (plan->stages_used == PLAN_STAGES)
        return error_set(err, ERROR_USAGE, NULL, "more than %d steps in chains", PLAN_STAGES);
    plan->stages[plan->stages_used++] = *stage;
    return 0;
}

int plan_chain(struct plan *plan, int first, int branches, double rest, const double *share,
               struct error *err)
{
    struct plan_color chain = { .kind = COLOR_CHAIN,
                                .first = first,
                                .count = plan->stages_used - first,
                                .branches = branches,
                                .rest = rest };
    for (int b = 0; b < branches; b++)
        chain.share[b] = share[b];
    return plan_color(plan, &chain, err);
}

int plan_erase(struct plan *plan, const struct plan_erasure *erasure, struct error *err)
{
    struct rect area = erasure->area, output = { 0, 0, plan->width, plan->height };
    area = rect_intersect(area, output);
    if (area.width == 0)
        return 0;
    if (plan->erasures_used == PLAN_ERASURES)
        return error_set(err, ERROR_USAGE, NULL, "more than %d erased rectangles", PLAN_ERASURES);
    struct plan_erasure *added = &plan->erasures[plan->erasures_used++];
    *added = *erasure;
    added->area = area;
    return 0;
}
