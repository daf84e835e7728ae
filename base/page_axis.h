/* Inside page: axes of its charts, and what all charts begin and end with. Others include
 * page_chart.h. */
#ifndef TENFOLD_BASE_PAGE_AXIS_H
#define TENFOLD_BASE_PAGE_AXIS_H

#include "base/page.h"

/* Values from low to high lie between the pixels `from` and `to`; ticks every `step`. */
struct page_scale {
    double low, high, from, to, step;
};

/* With room made where low and high are the same or not finite. */
struct page_scale page_scale(double low, double high, double from, double to);
/* The pixel of a value; what is outside is at the end. */
double page_scale_at(const struct page_scale *s, double value);

/* Ticks, their numbers and the axis' name below y = bottom, thin lines up to y = top. */
void page_scale_below(struct page *page, const struct page_scale *s, int bottom, int top,
                      const char *name);
/* The same at the left of x = left, lines up to x = right. */
void page_scale_beside(struct page *page, const struct page_scale *s, int left, int right,
                       const char *name);

void page_chart_begin(struct page *page, const char *title, int width, int height);
void page_chart_end(struct page *page);

#endif
