/*
 * One layer by itself, forward and backward on a batch, for checks: with numbers in double on both
 * sides, so that float and double can be compared.
 *
 *     struct trial t;
 *     if (trial_open(&t, "conv", values, &shape, 1, batch, &err) < 0) ...
 *     ... fill t.x[0], t.w[0], t.dy ...
 *     trial_run(&t, TRIAL_TWIN_DOUBLE);           // t.y, t.dx[0], t.dw[0]
 *     trial_close(&t);
 */
#ifndef TENFOLD_MODEL_TRIAL_H
#define TENFOLD_MODEL_TRIAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/param.h"
#include "model/net.h"

enum { TRIAL_INPUTS = 8, TRIAL_WEIGHTS = 4, TRIAL_PARAMS = 12 };

enum trial_way {
    TRIAL_PRODUCTION,  /* what networks run */
    TRIAL_TWIN_FLOAT,  /* the plain code in float */
    TRIAL_TWIN_DOUBLE, /* the same in double */
};

struct trial {
    const char *name; /* of the kind */
    union value v[TRIAL_PARAMS];
    int inputs, b, weights;
    int nth, of; /* among the layers of its kind: 1 and 1 unless set */
    struct shape in[TRIAL_INPUTS], out;
    const char *suffix[TRIAL_WEIGHTS];
    bool trained[TRIAL_WEIGHTS];
    size_t size[TRIAL_WEIGHTS]; /* numbers of each weight */
    uint64_t seed;              /* of what it draws */
    bool relu;                  /* end in max(y, 0) */
    bool fast;                  /* production's fastest way, where there are several */
    bool evaluation;            /* forward alone, as evaluation does */
    bool noise;                 /* evaluation draws, too */
    bool add;                   /* dx is added to */
    bool blocks;                /* production: images lie in blocks where the kind takes that */
    /* Owned. (b, in), (weights), (b, out). */
    double *x[TRIAL_INPUTS], *w[TRIAL_WEIGHTS], *dy;
    double *y, *dx[TRIAL_INPUTS], *dw[TRIAL_WEIGHTS];
};

/* A kind of `layers` by name, its values (of its params), inputs of these shapes, b images. All
 * numbers are 0. `values` NULL: defaults. */
int trial_open(struct trial *trial, const char *name, const union value *values,
               const struct shape *in, int inputs, int b, struct error *err);

/* Forward as in training, then backward from dy: fills y, dx, dw and the untrained w (running
 * statistics). */
int trial_run(struct trial *trial, enum trial_way way, struct error *err);

/* The kernel that production takes for it, one of its kind's `kernels`; NULL where there is one way
 * only. */
const char *trial_kernel(const struct trial *trial);

void trial_close(struct trial *trial);

#endif
