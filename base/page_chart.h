/*
 * Charts of a page (page.h), as SVG in it: numbers with their intervals, curves and dots, a matrix.
 *
 *     page_plot(page, &(struct page_plot){ .title = "risk", .x = { "coverage", 0, 1 },
 *                                          .y = { "error" },
 *                                          .series = &curve, .count = 1 });
 *
 * What a chart shows is borrowed for the call. Numbers that are not finite are left out.
 */
#ifndef TENFOLD_BASE_PAGE_CHART_H
#define TENFOLD_BASE_PAGE_CHART_H

#include <stdbool.h>

#include "base/page.h"

/* One row: a dot at the value and a line from low to high (none where they are the same). */
struct page_span {
    const char *name;
    double value, low, high;
    const char *text; /* at right: the number in words; NULL: none */
    bool strong;      /* set apart from the others */
};

struct page_spans {
    const char *title, *unit;
    const struct page_span *spans;
    size_t count;
    bool zero;      /* a line at 0, which the axis then shows: gains */
    double highest; /* the axis ends there at the latest; 0: wherever */
};
void page_spans(struct page *page, const struct page_spans *chart);

enum page_mark { PAGE_LINE, PAGE_DOTS, PAGE_BARS };

struct page_series {
    const char *name; /* for the legend; NULL: none */
    enum page_mark mark;
    const double *x, *y;      /* (count); bars: x is the middle */
    const double *low, *high; /* (count) error bars, or NULL */
    double width;             /* of bars, in x */
    const char *const *tips;  /* (count) said when pointed at, or NULL */
    size_t count;
};

/* From low to high; both 0: what the series need. */
struct page_axis {
    const char *name;
    double low, high;
    bool whole; /* ticks at whole numbers alone */
};

struct page_plot {
    const char *title;
    struct page_axis x, y;
    bool diagonal; /* y = x, dashed */
    const struct page_series *series;
    size_t count;
    int width, height; /* of the frame in CSS pixels; 0: 300 x 220 */
};
void page_plot(struct page *page, const struct page_plot *plot);

/* A square of cells, rows from above. Up to PAGE_GRID_NAMED a side, with names, texts and tips;
 * larger ones without, for the eye alone. */
enum { PAGE_GRID_NAMED = 40 };

struct page_grid {
    const char *title, *rows_name, *columns_name;
    int side;
    const char *const *names; /* (side) of rows and columns; NULL: none */
    const double *shade;      /* (side,side) 0 paper .. 1 full */
    const bool *bad;          /* (side,side) in the color of what is wrong */
    const char *const *texts; /* (side,side) in the cells, or NULL */
    const char *const *tips;  /* (side,side) said when pointed at, or NULL */
};
void page_grid(struct page *page, const struct page_grid *grid);

#endif
