#include <string.h>

#include "base/page_axis.h"
#include "base/page_chart.h"
#include "base/page_private.h"

/* Of named grids: letters are about 6 pixels wide. */
enum { LETTER = 6, NAME_LIMIT = 22, PICTURE = 480, LEVELS = 8, MARGIN = 22 };

/* Text in a cell has to be read on its color: in both schemes that is sure up to this opacity. */
#define NAMED_OPACITY 0.55

static int name_width(const struct page_grid *g)
{
    size_t longest = 0;
    for (int i = 0; g->names && i < g->side; i++) {
        size_t length = strlen(g->names[i]);
        longest = length > longest ? length : longest;
    }
    return LETTER * (int)(longest < NAME_LIMIT ? longest : NAME_LIMIT) + 10;
}

static void add_names(struct page *page, const struct page_grid *g, int left, int top, int cell)
{
    for (int i = 0; g->names && i < g->side; i++) {
        page_print(page, "<text class=\"end\" x=\"%d\" y=\"%d\">", left - 5,
                   top + i * cell + cell / 2 + 4);
        page_add_short(page, g->names[i], NAME_LIMIT);
        page_print(page,
                   "</text><text transform=\"translate(%d %d) rotate(-60)\" x=\"0\" "
                   "y=\"0\">",
                   left + i * cell + cell / 2 + 4, top - 6);
        page_add_short(page, g->names[i], NAME_LIMIT);
        page_add(page, "</text>");
    }
}

static void add_cell(struct page *page, const struct page_grid *g, int i, int x, int y, int cell)
{
    page_print(page,
               "<g><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"%s fill-opacity=\"%.3f\"/>", x,
               y, cell - 1, cell - 1, g->bad && g->bad[i] ? " class=\"bad\"" : "",
               NAMED_OPACITY * g->shade[i]);
    if (g->texts && g->texts[i]) {
        page_print(page, "<text class=\"mid ink\" x=\"%d\" y=\"%d\">", x + cell / 2,
                   y + cell / 2 + 4);
        page_add_text(page, g->texts[i]);
        page_add(page, "</text>");
    }
    if (g->tips && g->tips[i]) {
        page_add(page, "<title>");
        page_add_text(page, g->tips[i]);
        page_add(page, "</title>");
    }
    page_add(page, "</g>");
}

static void add_named(struct page *page, const struct page_grid *g)
{
    int cell = g->side <= 12 ? 40 : g->side <= 20 ? 32 : 26, names = name_width(g);
    int left = names + MARGIN, top = names + MARGIN, size = g->side * cell;
    page_chart_begin(page, g->title, left + size + names / 2, top + size + 6);
    page_print(page, "<text class=\"mid ink\" x=\"%d\" y=\"12\">%s</text>", left + size / 2,
               g->columns_name);
    page_print(page,
               "<text class=\"mid ink\" transform=\"translate(12 %d) rotate(-90)\" x=\"0\" "
               "y=\"0\">%s</text>",
               top + size / 2, g->rows_name);
    add_names(page, g, left, top, cell);
    for (int i = 0; i < g->side * g->side; i++)
        add_cell(page, g, i, left + i % g->side * cell, top + i / g->side * cell, cell);
    page_chart_end(page);
}

/* All cells of a level are one path, so that ten thousand cells are a page of text. */
static void add_level(struct page *page, const struct page_grid *g, int level, bool bad,
                      double cell)
{
    bool any = false;
    for (int i = 0; i < g->side * g->side; i++) {
        double shade = g->shade[i];
        int own = shade > 0 ? 1 + (int)(shade * (LEVELS - 1e-9)) : 0;
        if (own != level || (g->bad && g->bad[i]) != bad)
            continue;
        if (!any)
            page_print(page, "<path%s fill-opacity=\"%.3f\" d=\"", bad ? " class=\"bad\"" : "",
                       0.15 + 0.85 * level / LEVELS);
        any = true;
        page_print(page, "M%.1f %.1fh%.1fv%.1fh-%.1fz", MARGIN + i % g->side * cell,
                   MARGIN + i / g->side * cell, cell, cell, cell);
    }
    if (any)
        page_add(page, "\"/>");
}

static void add_picture(struct page *page, const struct page_grid *g)
{
    double cell = (double)PICTURE / g->side;
    page_chart_begin(page, g->title, PICTURE + MARGIN + 2, PICTURE + MARGIN + 2);
    page_print(page, "<text class=\"mid ink\" x=\"%d\" y=\"14\">%s</text>", MARGIN + PICTURE / 2,
               g->columns_name);
    page_print(page,
               "<text class=\"mid ink\" transform=\"translate(14 %d) rotate(-90)\" x=\"0\" "
               "y=\"0\">%s</text>",
               MARGIN + PICTURE / 2, g->rows_name);
    page_print(page,
               "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" style=\"fill:none;stroke:"
               "var(--line)\"/>",
               MARGIN, MARGIN, PICTURE, PICTURE);
    for (int level = 1; level <= LEVELS; level++) {
        add_level(page, g, level, false, cell);
        add_level(page, g, level, true, cell);
    }
    page_chart_end(page);
}

void page_grid(struct page *page, const struct page_grid *g)
{
    if (g->side <= PAGE_GRID_NAMED)
        add_named(page, g);
    else
        add_picture(page, g);
}
