/*
 * `nnprepd top`: a daemon at work, on a terminal's screen once a second; once, where standard
 * output is none.
 *
 *     rc = top_run(argc - 1, argv + 1, &err);
 */
#ifndef TENFOLD_LOADER_TOP_H
#define TENFOLD_LOADER_TOP_H

#include "base/error.h"

/* argv[0] is "top". 0: done; 1: --help was printed. */
int top_run(int argc, char **argv, struct error *err);

#endif
