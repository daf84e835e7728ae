/*
 * Another node's daemon, for the clients on this one: each stream has a TLS connection over which
 * its batches come and a ring in memory that a local client maps as any other's.
 *
 *     struct relay *relay;
 *     if (relay_open(&relay, "node7:7400", tls, memory, &err) < 0) ...
 *     server ... relay_supply, relay ...                  // the functions of supply.h
 *     relay_supply.close(relay);
 *
 * The functions of the supply are called from one thread, the server's; every stream has a thread
 * of its own that reads.
 */
#ifndef TENFOLD_LOADER_RELAY_H
#define TENFOLD_LOADER_RELAY_H

#include "loader/supply.h"
#include "loader/tls.h"

struct relay;

/* Connects when a client comes. `tls` is borrowed; `memory`: bytes of all rings, 0: half of what is
 * free. ERROR_USAGE when the address is none. */
int relay_open(struct relay **relay, const char *address, struct tls *tls, uint64_t memory,
               struct error *err);

extern const struct supply relay_supply;

#endif
