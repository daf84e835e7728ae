#include <math.h>

#include "base/page_axis.h"
#include "base/page_chart.h"
#include "base/page_private.h"

enum { NAME = 210, NAME_LIMIT = 32, FRAME = 380, TEXT = 190, ROW = 22, TOP = 6, BOTTOM = 36 };

static struct page_scale scale_of(const struct page_spans *c)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < c->count; i++) {
        const struct page_span *s = &c->spans[i];
        low = fmin(low, fmin(s->value, s->low));
        high = fmax(high, fmax(s->value, s->high));
    }
    if (c->zero) {
        low = fmin(low, 0);
        high = fmax(high, 0);
    }
    double room = (high - low) * 0.04;
    high += room;
    if (c->highest > 0 && high > c->highest)
        high = c->highest;
    return page_scale(low - (c->zero && low >= 0 ? 0 : room), high, NAME, NAME + FRAME);
}

static void add_row(struct page *page, const struct page_span *s, const struct page_scale *x, int y)
{
    page_print(page, "<text class=\"end%s\" x=\"%d\" y=\"%d\"><title>", s->strong ? " ink" : "",
               NAME - 10, y + 4);
    page_add_text(page, s->name);
    page_add(page, "</title>");
    page_add_short(page, s->name, NAME_LIMIT);
    page_add(page, "</text>");
    if (isfinite(s->value)) {
        page_print(page, "<g class=\"series %s\"><title>", s->strong ? "s2" : "s1");
        page_add_text(page, s->text ? s->text : "");
        page_add(page, "</title>");
        if (s->high > s->low)
            page_print(page,
                       "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
                       "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
                       "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>",
                       page_scale_at(x, s->low), y, page_scale_at(x, s->high), y,
                       page_scale_at(x, s->low), y - 4, page_scale_at(x, s->low), y + 4,
                       page_scale_at(x, s->high), y - 4, page_scale_at(x, s->high), y + 4);
        page_print(page, "<circle cx=\"%.1f\" cy=\"%d\" r=\"4\"/></g>", page_scale_at(x, s->value),
                   y);
    }
    if (s->text) {
        page_print(page, "<text%s x=\"%d\" y=\"%d\">", s->strong ? " class=\"ink\"" : "",
                   NAME + FRAME + 12, y + 4);
        page_add_text(page, s->text);
        page_add(page, "</text>");
    }
}

void page_spans(struct page *page, const struct page_spans *c)
{
    struct page_scale x = scale_of(c);
    int bottom = TOP + ROW * (int)c->count, width = NAME + FRAME + TEXT;
    page_chart_begin(page, c->title, width, bottom + BOTTOM);
    page_scale_below(page, &x, bottom, TOP, c->unit);
    if (c->zero)
        page_print(page,
                   "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" style=\"stroke:"
                   "currentColor\"/>",
                   page_scale_at(&x, 0), TOP, page_scale_at(&x, 0), bottom);
    for (size_t i = 0; i < c->count; i++)
        add_row(page, &c->spans[i], &x, TOP + ROW / 2 + ROW * (int)i);
    page_chart_end(page);
}
