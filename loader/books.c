#include "loader/books.h"

#include <stdio.h>

#include "loader/ledger.h"

/* The samples of this rank in a batch whose first position within the epoch is `first`. */
static uint32_t valid_places(const struct maker *m, uint64_t first)
{
    uint64_t rest = m->count > first ? m->count - first : 0;
    return rest < m->places ? (uint32_t)rest : m->places;
}

/* This rank's samples in the first `batches` batches of an epoch, and in all of it. */
static uint64_t samples_before(const struct maker *m, uint64_t batches)
{
    if (batches == 0)
        return 0;
    uint64_t last = (batches - 1) * m->options.batch + (uint64_t)m->options.rank * m->places;
    return (batches - 1) * m->places + valid_places(m, last);
}

void books_begin(struct books *b, const struct maker *m, uint32_t epoch, uint64_t batches_before)
{
    uint64_t batches = (m->count + m->options.batch - 1) / m->options.batch;
    b->account = (struct account){
        .epoch = epoch,
        .before = samples_before(m, batches_before),
        .share = samples_before(m, batches),
    };
}

/* ERROR at the sample's file: the reason and what follows from it. */
static int sample_error(const struct maker *m, const struct outcome *outcome,
                        const char *consequence, struct error *err)
{
    char place[sizeof(err->place)];
    index_place(m->index, outcome->id, place, sizeof(place));
    return error_set(err, outcome->error, place, "%s%s", outcome->reason, consequence);
}

static int write_entry(struct books *b, const struct filling *f, uint32_t place,
                       enum ledger_event event, struct error *err)
{
    if (!b->ledger)
        return 0;
    const struct outcome *outcome = &f->outcomes[place];
    struct ledger_entry entry = {
        .event = event,
        .epoch = b->account.epoch,
        .step = f->slot->step,
        .position = f->slot->header->first_position + place,
        .id = outcome->id,
        .substitute = event == LEDGER_SUBSTITUTED ? f->slot->id[place] : -1,
        .reason = outcome->reason,
    };
    return ledger_write(b->ledger, f->maker->index, &entry, err);
}

/* Count one place and write what is to be said of it. */
static int enter_place(struct books *b, const struct filling *f, uint32_t place, struct error *err)
{
    const struct outcome *outcome = &f->outcomes[place];
    switch (outcome->kind) {
    case PLACE_EMPTY:
        return 0;
    case PLACE_DELIVERED:
        b->account.delivered++;
        b->account.warnings += outcome->warned;
        return outcome->warned ? write_entry(b, f, place, LEDGER_WARNING, err) : 0;
    case PLACE_SUBSTITUTED:
        b->account.substituted++;
        b->bad++;
        return write_entry(b, f, place, LEDGER_SUBSTITUTED, err);
    case PLACE_SKIPPED:
        b->account.skipped++;
        b->bad++;
        return write_entry(b, f, place, LEDGER_SKIPPED, err);
    case PLACE_FAILED:
        if (write_entry(b, f, place, LEDGER_FAILED, err) < 0)
            return -1;
        return sample_error(f->maker, outcome, "", err);
    }
    return 0;
}

/* Named after the last bad sample of the slot. */
static int too_many_bad(const struct books *b, const struct filling *f, struct error *err)
{
    const struct maker *m = f->maker;
    const struct outcome *outcome = &f->outcomes[m->places - 1];
    while (outcome->kind != PLACE_SUBSTITUTED && outcome->kind != PLACE_SKIPPED)
        outcome--;
    char text[200];
    snprintf(text, sizeof(text),
             "; with it %llu of this epoch's %llu samples are bad, more than data.max_bad (%g) "
             "allows",
             (unsigned long long)b->bad, (unsigned long long)b->account.share, m->options.max_bad);
    return sample_error(m, outcome, text, err);
}

int books_enter(struct books *b, const struct filling *f, struct error *err)
{
    const struct maker *m = f->maker;
    uint64_t step = f->slot->step, batch = step % m->steps_per_epoch;
    uint32_t epoch = (uint32_t)(step / m->steps_per_epoch);
    struct slot_header *header = f->slot->header;
    header->step = step;
    header->epoch = epoch;
    header->count = m->places;
    header->first_position = batch * m->options.batch + (uint64_t)m->options.rank * m->places;
    header->valid = valid_places(m, header->first_position);
    if (epoch != b->account.epoch) {
        books_begin(b, m, epoch, 0);
        b->bad = 0;
    }
    uint64_t bad = b->bad;
    for (uint32_t place = 0; place < m->places; place++)
        if (enter_place(b, f, place, err) < 0)
            return -1;
    header->bad = b->bad;
    if (b->bad > bad && (double)b->bad > m->options.max_bad * (double)b->account.share)
        return too_many_bad(b, f, err);
    if (batch + 1 == m->steps_per_epoch) {
        b->account.complete = true;
        b->account.dropped = b->account.share - b->account.before - b->account.delivered -
                             b->account.substituted - b->account.skipped;
    }
    return 0;
}
