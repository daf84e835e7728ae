/*
 * The books of a stream: every place is counted and the ledger is written when its slot is handed
 * over, in the order of the stream, so that both are the same for any number of threads.
 */
#include <stdio.h>

#include "loader/stream_private.h"

/* The samples of this rank in a batch whose first position within the epoch is `first`. */
static uint32_t valid_places(const struct stream *s, uint64_t first)
{
    uint64_t rest = s->count > first ? s->count - first : 0;
    return rest < s->places ? (uint32_t)rest : s->places;
}

/* This rank's samples in the first `batches` batches of an epoch, and in all of it. */
static uint64_t samples_before(const struct stream *s, uint64_t batches)
{
    if (batches == 0)
        return 0;
    uint64_t last = (batches - 1) * s->options.batch + (uint64_t)s->options.rank * s->places;
    return (batches - 1) * s->places + valid_places(s, last);
}

void stream_begin_account(struct stream *s, uint32_t epoch, uint64_t batches_before)
{
    uint64_t batches = (s->count + s->options.batch - 1) / s->options.batch;
    s->account = (struct account){
        .epoch = epoch,
        .before = samples_before(s, batches_before),
        .share = samples_before(s, batches),
    };
}

/* ERROR at the sample's file: the reason and what follows from it. */
static int sample_error(const struct stream *s, const struct outcome *outcome,
                        const char *consequence, struct error *err)
{
    char place[sizeof(err->place)];
    index_place(s->index, outcome->id, place, sizeof(place));
    return error_set(err, outcome->error, place, "%s%s", outcome->reason, consequence);
}

static int write_entry(struct stream *s, const struct slot *slot, uint32_t place,
                       enum ledger_event event, struct error *err)
{
    if (!s->ledger)
        return 0;
    const struct outcome *outcome = &s->outcomes[(size_t)slot->number * s->places + place];
    struct ledger_entry entry = {
        .event = event,
        .epoch = s->account.epoch,
        .step = slot->step,
        .position = slot->header->first_position + place,
        .id = outcome->id,
        .substitute = event == LEDGER_SUBSTITUTED ? slot->id[place] : -1,
        .reason = outcome->reason,
    };
    return ledger_write(s->ledger, s->index, &entry, err);
}

/* Count one place and write what is to be said of it. */
static int book_place(struct stream *s, const struct slot *slot, uint32_t place, struct error *err)
{
    const struct outcome *outcome = &s->outcomes[(size_t)slot->number * s->places + place];
    switch (outcome->kind) {
    case PLACE_EMPTY:
        return 0;
    case PLACE_DELIVERED:
        s->account.delivered++;
        s->account.warnings += outcome->warned;
        return outcome->warned ? write_entry(s, slot, place, LEDGER_WARNING, err) : 0;
    case PLACE_SUBSTITUTED:
        s->account.substituted++;
        s->bad++;
        return write_entry(s, slot, place, LEDGER_SUBSTITUTED, err);
    case PLACE_SKIPPED:
        s->account.skipped++;
        s->bad++;
        return write_entry(s, slot, place, LEDGER_SKIPPED, err);
    case PLACE_FAILED:
        if (write_entry(s, slot, place, LEDGER_FAILED, err) < 0)
            return -1;
        return sample_error(s, outcome, "", err);
    }
    return 0;
}

/* Named after the last bad sample of `slot`. */
static int too_many_bad(const struct stream *s, const struct slot *slot, struct error *err)
{
    const struct outcome *outcome = &s->outcomes[(size_t)slot->number * s->places + s->places - 1];
    while (outcome->kind != PLACE_SUBSTITUTED && outcome->kind != PLACE_SKIPPED)
        outcome--;
    char text[200];
    snprintf(text, sizeof(text),
             "; with it %llu of this epoch's %llu samples are bad, more than data.max_bad (%g) "
             "allows",
             (unsigned long long)s->bad, (unsigned long long)s->account.share, s->options.max_bad);
    return sample_error(s, outcome, text, err);
}

int stream_book(struct stream *s, struct slot *slot, struct error *err)
{
    uint32_t epoch = (uint32_t)(slot->step / s->steps_per_epoch);
    uint64_t batch = slot->step % s->steps_per_epoch;
    struct slot_header *header = slot->header;
    header->step = slot->step;
    header->epoch = epoch;
    header->count = s->places;
    header->first_position = batch * s->options.batch + (uint64_t)s->options.rank * s->places;
    header->valid = valid_places(s, header->first_position);
    if (epoch != s->account.epoch) {
        stream_begin_account(s, epoch, 0);
        s->bad = 0;
    }
    uint64_t bad = s->bad;
    for (uint32_t place = 0; place < s->places; place++)
        if (book_place(s, slot, place, err) < 0)
            return -1;
    if (s->bad > bad && (double)s->bad > s->options.max_bad * (double)s->account.share)
        return too_many_bad(s, slot, err);
    if (batch + 1 == s->steps_per_epoch) {
        s->account.complete = true;
        s->account.dropped = s->account.share - s->account.before - s->account.delivered -
                             s->account.substituted - s->account.skipped;
    }
    return 0;
}
