/*
 * The books of a stream: every place is counted, and the ledger is written, when its slot's turn
 * comes, in the order of the stream, so that both are the same for any number of threads.
 *
 *     struct books books = { .bad = options.bad_before, .ledger = log };
 *     books_begin(&books, &maker, epoch, batches_before);
 *     if (books_enter(&books, &filling, &err) < 0) ...   // it ends the stream
 */
#ifndef TENFOLD_LOADER_BOOKS_H
#define TENFOLD_LOADER_BOOKS_H

#include "base/log.h"
#include "loader/maker.h"

struct books {
    struct account account;
    uint64_t bad;       /* samples of the account's epoch, an earlier run's included */
    struct log *ledger; /* borrowed; NULL: none */
};

/* Begin the books of `epoch` behind its first `batches_before` batches. */
void books_begin(struct books *books, const struct maker *maker, uint32_t epoch,
                 uint64_t batches_before);
/* Fill in the slot's header and enter the slot, which is filled. -1: it ends the stream. */
int books_enter(struct books *books, const struct filling *f, struct error *err);

#endif
