#include <math.h>

#include "base/page_axis.h"
#include "base/page_chart.h"
#include "base/page_private.h"

enum { LEFT = 56, TOP = 8, RIGHT = 12, BOTTOM = 40, WIDTH = 300, HEIGHT = 220, LEGEND = 16 };
enum { COLORS = 6 };

/* What an axis must show: error bars too. */
static void widen(double *low, double *high, const double *values, size_t count)
{
    for (size_t i = 0; values && i < count; i++)
        if (isfinite(values[i])) {
            *low = fmin(*low, values[i]);
            *high = fmax(*high, values[i]);
        }
}

static struct page_scale scale_of(const struct page_plot *p, bool is_x, double from, double to)
{
    const struct page_axis *axis = is_x ? &p->x : &p->y;
    if (axis->low < axis->high)
        return page_scale(axis->low, axis->high, from, to);
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < p->count; i++) {
        const struct page_series *s = &p->series[i];
        widen(&low, &high, is_x ? s->x : s->y, s->count);
        if (!is_x) {
            widen(&low, &high, s->low, s->count);
            widen(&low, &high, s->high, s->count);
        }
    }
    double room = (high - low) * 0.05;
    struct page_scale scale = page_scale(low - room, high + room, from, to);
    if (axis->whole && scale.step < 1)
        scale.step = 1;
    return scale;
}

static void add_tip(struct page *page, const struct page_series *s, size_t i)
{
    page_add(page, "<title>");
    if (s->tips)
        page_add_text(page, s->tips[i]);
    else
        page_print(page, "%g: %g", s->x[i], s->y[i]);
    page_add(page, "</title>");
}

static void add_bar(struct page *page, const struct page_series *s, size_t i,
                    const struct page_scale *x, const struct page_scale *y)
{
    double left = page_scale_at(x, s->x[i] - s->width / 2),
           right = page_scale_at(x, s->x[i] + s->width / 2), top = page_scale_at(y, s->y[i]);
    page_print(page,
               "<rect fill-opacity=\".45\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
               "height=\"%.1f\">",
               left + 0.5, top, right - left - 1, y->from - top);
    add_tip(page, s, i);
    page_add(page, "</rect>");
}

static void add_marks(struct page *page, const struct page_series *s, const struct page_scale *x,
                      const struct page_scale *y)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!isfinite(s->x[i]) || !isfinite(s->y[i]))
            continue;
        double at = page_scale_at(x, s->x[i]);
        if (s->mark == PAGE_BARS) {
            add_bar(page, s, i, x, y);
        } else {
            page_print(page, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.4\">", at,
                       page_scale_at(y, s->y[i]));
            add_tip(page, s, i);
            page_add(page, "</circle>");
        }
        if (s->low && s->high && s->high[i] > s->low[i])
            page_print(page, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", at,
                       page_scale_at(y, s->low[i]), at, page_scale_at(y, s->high[i]));
    }
}

static void add_line(struct page *page, const struct page_series *s, const struct page_scale *x,
                     const struct page_scale *y, bool dashed)
{
    bool down = false;
    page_print(page, "<path%s d=\"", dashed ? " stroke-dasharray=\"5 3\"" : "");
    for (size_t i = 0; i < s->count; i++) {
        bool there = isfinite(s->x[i]) && isfinite(s->y[i]);
        if (there)
            page_print(page, "%c%.1f %.1f", down ? 'L' : 'M', page_scale_at(x, s->x[i]),
                       page_scale_at(y, s->y[i]));
        down = there;
    }
    page_add(page, "\"/>");
}

static void add_series(struct page *page, const struct page_plot *p, const struct page_scale *x,
                       const struct page_scale *y)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct page_series *s = &p->series[i];
        page_print(page, "<g class=\"series s%d\">", (int)(i % COLORS) + 1);
        if (s->mark == PAGE_LINE)
            add_line(page, s, x, y, i >= COLORS);
        else
            add_marks(page, s, x, y);
        page_add(page, "</g>");
    }
}

static void add_legend(struct page *page, const struct page_plot *p, int y)
{
    for (size_t i = 0; i < p->count; i++) {
        if (!p->series[i].name)
            continue;
        page_print(page,
                   "<g class=\"series s%d\"><rect x=\"%d\" y=\"%d\" width=\"10\" "
                   "height=\"10\"/></g><text x=\"%d\" y=\"%d\">",
                   (int)(i % COLORS) + 1, LEFT, y - 9, LEFT + 16, y);
        page_add_short(page, p->series[i].name, 48);
        page_add(page, "</text>");
        y += LEGEND;
    }
}

void page_plot(struct page *page, const struct page_plot *p)
{
    int width = p->width ? p->width : WIDTH, height = p->height ? p->height : HEIGHT, names = 0;
    for (size_t i = 0; i < p->count; i++)
        names += p->series[i].name != NULL;
    int bottom = TOP + height, right = LEFT + width;
    struct page_scale x = scale_of(p, true, LEFT, right), y = scale_of(p, false, bottom, TOP);
    page_chart_begin(page, p->title, right + RIGHT, bottom + BOTTOM + LEGEND * names);
    page_scale_below(page, &x, bottom, TOP, p->x.name);
    page_scale_beside(page, &y, LEFT, right, p->y.name);
    if (p->diagonal)
        page_print(page,
                   "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" style=\"stroke:"
                   "var(--faint)\" stroke-dasharray=\"4 4\"/>",
                   page_scale_at(&x, x.low), page_scale_at(&y, x.low), page_scale_at(&x, x.high),
                   page_scale_at(&y, x.high));
    add_series(page, p, &x, &y);
    add_legend(page, p, bottom + BOTTOM + LEGEND - 6);
    page_chart_end(page);
}
