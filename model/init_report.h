/*
 * How signals go through a network before anything is learned: mean, standard deviation and
 * histogram of every activation's output, and of the loss's gradient by it, on one batch.
 *
 *     struct init_report *r;
 *     if (init_report_open(&r, net, seed, &err) < 0) ...   // runs net_init
 *     init_report_print(r, &text, &err);
 *     if (init_report_draw(reports, count, "out", &err) < 0) ...   // out/init.png, out/init.html
 *     init_report_close(r);
 *
 * The batch is 16 images of standard normal numbers, as in the lecture, with labels in turn; the
 * loss is softmax cross-entropy.
 */
#ifndef TENFOLD_MODEL_INIT_REPORT_H
#define TENFOLD_MODEL_INIT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "model/net.h"

enum { INIT_REPORT_BINS = 40, INIT_REPORT_BATCH = 16 };

/* Numbers of one layer; a histogram over [-range, range] of its report. */
struct init_report_numbers {
    double mean, deviation, largest; /* largest: of the absolute values */
    double zeros;                    /* share that is exactly 0; the histogram is of the others */
    uint64_t bins[INIT_REPORT_BINS];
};

struct init_report_layer {
    const char *name; /* owned by the report */
    struct init_report_numbers activation, gradient;
};

/* Plain data for readers; made and freed by open and close. */
struct init_report {
    char *network, *scheme;           /* owned */
    struct init_report_layer *layers; /* owned; names too */
    int count;
    double range, gradient_range; /* of the histograms: three deviations of the widest layer */
};

/* Initializes the net anew. All threads of the machine work on it. */
int init_report_open(struct init_report **report, struct net *net, uint64_t seed,
                     struct error *err);
/* A table, appended to `out`. */
int init_report_print(const struct init_report *report, struct buffer *out, struct error *err);
/* All reports as one picture, folder/init.png, a row for activations and one for gradients each,
 * and with their tables as a page, folder/init.html; the folder is made. */
int init_report_draw(struct init_report *const *reports, int count, const char *folder,
                     struct error *err);
void init_report_close(struct init_report *report); /* NULL is a no-op */

#endif
