#include "loader/ledger.h"

#include "base/json.h"

static const char *const events[] = {
    [LEDGER_SUBSTITUTED] = "substituted",
    [LEDGER_SKIPPED] = "skipped",
    [LEDGER_FAILED] = "failed",
    [LEDGER_WARNING] = "warning",
};

int ledger_write(struct log *log, const struct index *index, const struct ledger_entry *entry,
                 struct error *err)
{
    struct sample sample = index_sample(index, entry->id);
    char place[1024];
    index_place(index, entry->id, place, sizeof(place));
    json_t *line = json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:o}", "event",
                             events[entry->event], "epoch", (json_int_t)entry->epoch, "step",
                             (json_int_t)entry->step, "position", (json_int_t)entry->position,
                             "key", json_bytes(sample.key), "place", json_bytes(place), "offset",
                             (json_int_t)sample.offset, "reason", json_bytes(entry->reason));
    if (line && entry->substitute >= 0 &&
        json_object_set_new(line, "substitute",
                            json_bytes(index_sample(index, (uint64_t)entry->substitute).key)) < 0) {
        json_decref(line);
        line = NULL;
    }
    if (!line)
        return error_set(err, ERROR_FAILED, NULL, "no memory for a line of the ledger");
    return log_write(log, line, err);
}
