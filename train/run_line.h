/*
 * One line of log.jsonl. A thousand runs have millions of them, so the usual ones (an object of
 * plain names and numbers) are read without a JSON library; all others go to jansson, which is also
 * the twin that a test compares with.
 *
 *     struct run_line line;
 *     run_line_read(text, size, &line);                 // text[size] is the line feed
 *     if (line.kind == LINE_POINT)
 *         use(line.step, line.loss);
 */
#ifndef TENFOLD_TRAIN_RUN_LINE_H
#define TENFOLD_TRAIN_RUN_LINE_H

#include "train/run_read.h"

enum run_line_kind {
    LINE_FOREIGN, /* half a line, or no record of a training */
    LINE_POINT,   /* {"step": s, "loss": x, ...}: step to images_per_second, NAN where not said */
    LINE_RESUMED, /* {"resumed": s}: step */
    LINE_ENDED    /* {"ended": "done", "reason": "..."}: state and reason */
};

struct run_line {
    enum run_line_kind kind;
    uint64_t step;
    double epoch, loss, lr, images_per_second;
    enum run_state state;
    char reason[256];
};

/* Numbers are within two units in the last place of what strtod gives. Steps are below 2^53. */
void run_line_read(const char *text, size_t size, struct run_line *line);
/* The same by jansson alone. */
void run_line_read_plain(const char *text, size_t size, struct run_line *line);

#endif
