/*
 * The ledger: a JSON line for every sample that is not what it should be, written when its batch is
 * handed over, so in the order of the stream whatever the threads do.
 *
 *     {"event": "substituted", "epoch": 0, "step": 17, "position": 4398, "key": "ants/x",
 *      "place": "data/ants/x.jpg", "offset": 0, "reason": "...", "substitute": "bees/y"}
 *
 * Events: substituted, skipped, failed, warning (decoded, but the file is damaged).
 */
#ifndef TENFOLD_LOADER_LEDGER_H
#define TENFOLD_LOADER_LEDGER_H

#include "base/log.h"
#include "loader/index.h"

enum ledger_event { LEDGER_SUBSTITUTED, LEDGER_SKIPPED, LEDGER_FAILED, LEDGER_WARNING };

struct ledger_entry {
    enum ledger_event event;
    uint32_t epoch;
    uint64_t step, position; /* position within the epoch */
    uint64_t id;             /* of the sample at that position */
    int64_t substitute;      /* the id taken instead; -1: none */
    const char *reason;
};

int ledger_write(struct log *log, const struct index *index, const struct ledger_entry *entry,
                 struct error *err);

#endif
