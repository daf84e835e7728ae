#include "base/page_axis.h"

#include <math.h>

#include "base/page_private.h"

enum { TICKS = 5 }; /* about so many */

/* The largest of 1, 2, 5 times a power of ten that gives at least about TICKS ticks. */
static double nice_step(double span)
{
    double rough = span / TICKS, power = pow(10, floor(log10(rough))), m = rough / power;
    return power * (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10);
}

struct page_scale page_scale(double low, double high, double from, double to)
{
    if (!isfinite(low) || !isfinite(high)) {
        low = 0;
        high = 1;
    }
    if (high - low < 1e-9 * (fabs(high) + fabs(low) + 1e-9)) {
        double room = high != 0 ? fabs(high) * 0.05 : 1;
        low -= room;
        high += room;
    }
    return (struct page_scale){ low, high, from, to, nice_step(high - low) };
}

double page_scale_at(const struct page_scale *s, double value)
{
    double share = (value - s->low) / (s->high - s->low);
    share = share > 0 ? share < 1 ? share : 1 : 0;
    return s->from + share * (s->to - s->from);
}

/* The i-th tick, and whether there is one. */
static bool tick_at(const struct page_scale *s, int i, double *value)
{
    *value = (ceil(s->low / s->step - 1e-6) + i) * s->step;
    if (fabs(*value) < s->step * 1e-6)
        *value = 0; /* not -0 */
    return *value <= s->high + s->step * 1e-6;
}

void page_scale_below(struct page *page, const struct page_scale *s, int bottom, int top,
                      const char *name)
{
    double value;
    for (int i = 0; tick_at(s, i, &value); i++) {
        double x = page_scale_at(s, value);
        page_print(page,
                   "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
                   "<text class=\"mid\" x=\"%.1f\" y=\"%d\">%g</text>",
                   x, top, x, bottom + 3, x, bottom + 15, value);
    }
    page_print(page, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", s->from, bottom, s->to,
               bottom);
    page_print(page, "<text class=\"mid\" x=\"%.1f\" y=\"%d\">", (s->from + s->to) / 2,
               bottom + 31);
    page_add_text(page, name);
    page_add(page, "</text>");
}

void page_scale_beside(struct page *page, const struct page_scale *s, int left, int right,
                       const char *name)
{
    double value, middle = (s->from + s->to) / 2;
    for (int i = 0; tick_at(s, i, &value); i++) {
        double y = page_scale_at(s, value);
        page_print(page,
                   "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>"
                   "<text class=\"end\" x=\"%d\" y=\"%.1f\">%g</text>",
                   left - 3, y, right, y, left - 6, y + 4, value);
    }
    page_print(page,
               "<text class=\"mid\" transform=\"translate(12 %.1f) rotate(-90)\" x=\"0\" y=\"0\">",
               middle);
    page_add_text(page, name);
    page_add(page, "</text>");
}

void page_chart_begin(struct page *page, const char *title, int width, int height)
{
    page_add(page, "<figure><figcaption>");
    page_add_text(page, title);
    page_print(page,
               "</figcaption><svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" "
               "aria-label=\"",
               width, height, width);
    page_add_text(page, title);
    page_add(page, "\">");
}

void page_chart_end(struct page *page)
{
    page_add(page, "</svg></figure>\n");
}
