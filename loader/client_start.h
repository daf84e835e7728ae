/*
 * A daemon for a client that finds none: a process of its own that serves the address and ends by
 * itself a while after its last client.
 *
 *     if (client_start("/run/user/1000/tenfold/nnprepd.sock", NULL, 10000, &err) < 0) ...
 */
#ifndef TENFOLD_LOADER_CLIENT_START_H
#define TENFOLD_LOADER_CLIENT_START_H

#include "base/error.h"

/* Returns when it listens, or has ended because another was faster. The program is
 * $TENFOLD_NNPREPD, or nnprepd beside the running program, or on the PATH. What it says goes to
 * nnprepd.log beside the socket. */
int client_start(const char *path, int wait_ms, struct error *err);

#endif
