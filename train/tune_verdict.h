/*
 * What a step of the recipe has found: PASS or FAIL, why, and what to do about it.
 *
 *     struct verdict v;
 *     if (verdict_begin(&v, "init", &err) < 0) ...
 *     verdict_number(&v, "loss", loss);
 *     verdict_fault(&v, FAULT_INIT, "init: kaiming_normal", "loss %.3g at the start", loss);
 *     json_t *json = verdict_json(&v, &err);                // for sweep/steps/1-init.json
 *     verdict_release(&v);
 *
 * Judging is apart from running: judges take numbers and fill a verdict, so that they can be tried
 * on numbers that no training needs to make.
 */
#ifndef TENFOLD_TRAIN_TUNE_VERDICT_H
#define TENFOLD_TRAIN_TUNE_VERDICT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* What is wrong; of several the one found first. */
enum fault {
    FAULT_NONE,
    FAULT_INPUT,    /* images are not normalized */
    FAULT_INIT,     /* initial weights */
    FAULT_RATE,     /* learning rate too high or too low */
    FAULT_DECAY,    /* weight decay or another penalty too strong */
    FAULT_SCHEDULE, /* the learning rate falls too early */
    FAULT_DATA,     /* labels do not belong to the images */
    FAULT_CAPACITY, /* underfitting */
    FAULT_OVERFIT   /* training much better than validation */
};
extern const char *const fault_names[]; /* by fault */

struct verdict {
    const char *step; /* borrowed: "init" */
    int number;       /* in order of happening; 0: of no sweep */
    bool pass;        /* until a fault is found */
    enum fault fault;
    struct buffer reason, remedy; /* owned, as below; texts of one line */
    json_t *evidence;             /* an object */
    json_t *runs;                 /* an array of run folders */
    double seconds;
};

int verdict_begin(struct verdict *v, const char *step, struct error *err);

/* FAIL, with a reason and what to do about it (NULL: nothing to add); after earlier ones. */
void verdict_fault(struct verdict *v, enum fault fault, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Something worth saying that is no fault. */
void verdict_note(struct verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Evidence: one number, or n of them; what is not finite becomes null. */
void verdict_number(struct verdict *v, const char *key, double x);
void verdict_numbers(struct verdict *v, const char *key, const double *x, size_t n);
/* Takes the reference. */
void verdict_evidence(struct verdict *v, const char *key, json_t *value);
/* A run folder, relative to the sweep's. */
void verdict_run(struct verdict *v, const char *run);
json_t *verdict_real(double x); /* as JSON: null where it is not finite */

/* What nnboard shows; a new reference. NULL with err filled when memory ran out here or before. */
json_t *verdict_json(const struct verdict *v, struct error *err);
/* Back from such a file: everything but the runs. */
int verdict_read(struct verdict *v, const char *path, struct error *err);
/* For a person, appended: "init      PASS  loss 2.31 at the start; ln 10 = 2.30", and on a line of
 * its own the remedy. */
int verdict_print(const struct verdict *v, struct buffer *out, struct error *err);
void verdict_release(struct verdict *v);

#endif
