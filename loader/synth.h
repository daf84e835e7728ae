/*
 * The generated data set: pictures like photographs, of ten classes that shape and texture tell
 * together, in ImageFolder layout: OUT/train/<class>/0000.jpg ..., OUT/test/<class>/....
 *
 *     struct synth_options o = { .classes = 10, .train = 2000, .test = 1000, .seed = 0 };
 *     if (synth_write("out/data", &o, &err) < 0) ...
 */
#ifndef TENFOLD_LOADER_SYNTH_H
#define TENFOLD_LOADER_SYNTH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct synth_options {
    int classes;     /* 2..10, the first of them by name */
    int train, test; /* pictures of all classes together, as even as can be */
    uint64_t seed;
    int threads;                       /* 0: as many as this process may use */
    bool quiet;                        /* no progress on standard error */
    const volatile sig_atomic_t *stop; /* ends the work when it is not 0; may be NULL */
};

/* The bytes of every file depend on the seed, the class and its number only. `folder` must not
 * exist, or be empty (ERROR_USAGE); it appears complete, by rename, or not at all.
 * ERROR_INTERRUPTED when it was stopped. */
int synth_write(const char *folder, const struct synth_options *options, struct error *err);

#endif
