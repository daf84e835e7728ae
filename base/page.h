/*
 * A page of HTML in one file, for reports: headings, text, tables, pictures and charts, readable in
 * light and dark, without scripts and without anything fetched from elsewhere. Charts of numbers
 * with error bars, curves and matrices are in page_chart.h.
 *
 *     struct page *page;
 *     if (page_open(&page, "Statistics of photos", &err) < 0) ...
 *     page_heading(page, "Sizes");
 *     page_bars(page, &(struct page_bars){ .title = "short side", .unit = "px", ... });
 *     if (page_save(page, "stats.html", &err) < 0) ...
 *     page_close(page);
 *
 * What fails in between (memory) is kept and told by page_save. All text is escaped; what is no
 * UTF-8 is taken for Latin-1, as in JSON.
 */
#ifndef TENFOLD_BASE_PAGE_H
#define TENFOLD_BASE_PAGE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/image.h"

struct page;

int page_open(struct page **page, const char *title, struct error *err);

/* Links to all headings, also those to come. */
void page_contents(struct page *page);
void page_heading(struct page *page, const char *text);
void page_subheading(struct page *page, const char *text);
/* A warning in a frame that nobody overlooks: one word in capitals, and why. */
void page_stamp(struct page *page, const char *word, const char *text);
void page_text(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fixed-width text as it is: configs, plans. */
void page_code(struct page *page, const char *text);

/* What is between these two is folded away until its summary is clicked. */
void page_fold(struct page *page, const char *summary);
void page_fold_end(struct page *page);

/* page_table, then rows of as many cells as `columns` has; a cell that is a number, or numbers with
 * an interval, is set right, and so is the column's head where the first row's cell is. Ends with
 * page_table_end; `columns` must live until then. */
void page_table(struct page *page, const char *const *columns, size_t count);
void page_row(struct page *page, const char *const *cells, size_t count);
void page_table_end(struct page *page);

/* The picture itself, in the page as PNG, shown `width` CSS pixels wide at most (0: its own size);
 * `text` below it and read aloud in its place. */
void page_image(struct page *page, const struct image *image, int width, const char *text);
/* Pictures and charts between these two stand side by side where there is room. */
void page_side_by_side(struct page *page);
void page_side_by_side_end(struct page *page);
/* The same of a contact sheet: pictures at most 132 CSS pixels wide, each text below its own,
 * broken at its line feeds. */
void page_cards(struct page *page);
void page_cards_end(struct page *page);

struct page_bars {
    const char *title;
    const char *unit;          /* below the axis */
    const char *const *labels; /* (count) */
    const double *values;      /* (count), 0 or more */
    size_t count;
};
/* A bar chart as SVG, with every value in a tooltip; of more bars than can be labeled, every n-th
 * label is written. */
void page_bars(struct page *page, const struct page_bars *bars);

/* Write the page whole or not at all. */
int page_save(struct page *page, const char *path, struct error *err);
/* The page as bytes, appended to `out`. */
int page_append(struct page *page, struct buffer *out, struct error *err);
void page_close(struct page *page); /* NULL is a no-op */

#endif
