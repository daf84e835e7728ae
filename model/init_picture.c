/*
 * A report's histograms as two rows of small charts, activations above gradients. Where a network
 * has more layers than charts fit, they are taken evenly, the first and the last among them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/canvas.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/page.h"
#include "model/init_report.h"

enum { COLUMNS = 8, LEFT = 12, CHART_W = 170, CHART_H = 96, GAP = 14, TITLE = 30, CAPTION = 32 };
enum { ROW_H = CAPTION + CHART_H + GAP, REPORT_H = TITLE + 2 * ROW_H };

static const uint32_t PAPER = 0xffffff, INK = 0x202020, DIM = 0x707070, AXIS = 0xb0b0b0;
static const uint32_t BLUE = 0x2f6fb0, ORANGE = 0xd07020;

static int charts_of(const struct init_report *r)
{
    return r->count < COLUMNS ? r->count : COLUMNS;
}

static int layer_at(const struct init_report *r, int chart)
{
    int charts = charts_of(r);
    return charts == r->count || charts == 1 ? chart : chart * (r->count - 1) / (charts - 1);
}

static void draw_chart(struct canvas *canvas, int x, int y, const struct init_report_layer *layer,
                       bool gradient, double range)
{
    const struct init_report_numbers *n = gradient ? &layer->gradient : &layer->activation;
    char text[64];
    uint64_t most = 1;
    for (int b = 0; b < INIT_REPORT_BINS; b++)
        most = n->bins[b] > most ? n->bins[b] : most;
    snprintf(text, sizeof(text), "%.24s", layer->name);
    canvas_text(canvas, x, y, INK, 1, text);
    if (n->zeros > 0.005) {
        snprintf(text, sizeof(text), "%.0f%% zeros", 100 * n->zeros);
        canvas_text(canvas, x + CHART_W - 10 - canvas_text_width(text, 1), y, DIM, 1, text);
    }
    snprintf(text, sizeof(text), "mean %.2g std %.2g", n->mean, n->deviation);
    canvas_text(canvas, x, y + 14, DIM, 1, text);
    int top = y + CAPTION, bar = CHART_W / INIT_REPORT_BINS;
    for (int b = 0; b < INIT_REPORT_BINS; b++) {
        int height = (int)lround((double)n->bins[b] / (double)most * (CHART_H - 14));
        if (n->bins[b] > 0 && height == 0)
            height = 1;
        canvas_fill(canvas, (struct rect){ x + b * bar, top + CHART_H - 14 - height, bar, height },
                    gradient ? ORANGE : BLUE);
    }
    canvas_fill(canvas, (struct rect){ x, top + CHART_H - 14, bar * INIT_REPORT_BINS, 1 }, AXIS);
    snprintf(text, sizeof(text), "%.2g", -range);
    canvas_text(canvas, x, top + CHART_H - 12, DIM, 1, text);
    snprintf(text, sizeof(text), "%.2g", range);
    canvas_text(canvas, x + bar * INIT_REPORT_BINS - canvas_text_width(text, 1), top + CHART_H - 12,
                DIM, 1, text);
}

static void draw_report(struct canvas *canvas, int y, const struct init_report *r)
{
    char title[200];
    snprintf(title, sizeof(title), "%.60s, init %.60s: activations, and below the loss's gradients",
             r->network, r->scheme);
    canvas_text(canvas, LEFT, y + 6, INK, 1, title);
    for (int c = 0; c < charts_of(r); c++) {
        const struct init_report_layer *layer = &r->layers[layer_at(r, c)];
        int x = LEFT + c * (CHART_W + GAP);
        draw_chart(canvas, x, y + TITLE, layer, false, r->range);
        draw_chart(canvas, x, y + TITLE + ROW_H, layer, true, r->gradient_range);
    }
}

static void write_table(struct page *page, const struct init_report *r)
{
    static const char *const columns[] = { "layer",    "mean",          "deviation",
                                           "zeros, %", "gradient mean", "deviation" };
    char text[5][32];
    page_table(page, columns, 6);
    for (int l = 0; l < r->count; l++) {
        const struct init_report_numbers *a = &r->layers[l].activation, *g = &r->layers[l].gradient;
        snprintf(text[0], sizeof(text[0]), "%.4g", a->mean);
        snprintf(text[1], sizeof(text[1]), "%.4g", a->deviation);
        snprintf(text[2], sizeof(text[2]), "%.1f", 100 * a->zeros);
        snprintf(text[3], sizeof(text[3]), "%.4g", g->mean);
        snprintf(text[4], sizeof(text[4]), "%.4g", g->deviation);
        const char *cells[] = { r->layers[l].name, text[0], text[1], text[2], text[3], text[4] };
        page_row(page, cells, 6);
    }
    page_table_end(page);
}

static int write_page(struct init_report *const *reports, int count, const struct image *picture,
                      const char *path, struct error *err)
{
    struct page *page;
    if (page_open(&page, "Signals at the beginning", err) < 0)
        return -1;
    page_text(page,
              "Outputs of the activations, and the gradients of the loss by them, on one batch of "
              "%d images of normal numbers, before any training. A scheme that works keeps both "
              "from dying out and from saturating.",
              INIT_REPORT_BATCH);
    page_image(page, picture, 0, "histograms of activations and gradients, layer by layer");
    for (int i = 0; i < count; i++) {
        char title[200];
        snprintf(title, sizeof(title), "%.60s, init %.60s", reports[i]->network,
                 reports[i]->scheme);
        page_heading(page, title);
        write_table(page, reports[i]);
    }
    int rc = page_save(page, path, err);
    page_close(page);
    return rc;
}

int init_report_draw(struct init_report *const *reports, int count, const char *folder,
                     struct error *err)
{
    char path[2][600];
    struct canvas *canvas;
    int charts = 1;
    for (int i = 0; i < count; i++)
        charts = charts_of(reports[i]) > charts ? charts_of(reports[i]) : charts;
    if (file_make_folders(folder, err) < 0 ||
        canvas_open(&canvas, 2 * LEFT + charts * (CHART_W + GAP) - GAP, count * REPORT_H, PAPER,
                    err) < 0)
        return -1;
    for (int i = 0; i < count; i++)
        draw_report(canvas, i * REPORT_H, reports[i]);
    snprintf(path[0], sizeof(path[0]), "%s/init.png", folder);
    snprintf(path[1], sizeof(path[1]), "%s/init.html", folder);
    struct image picture = canvas_pixels(canvas);
    int rc = canvas_save(canvas, path[0], err);
    if (rc == 0)
        rc = write_page(reports, count, &picture, path[1], err);
    canvas_close(canvas);
    return rc;
}
