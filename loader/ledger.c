#include "loader/ledger.h"

static const char *const events[] = {
    [LEDGER_SUBSTITUTED] = "substituted",
    [LEDGER_SKIPPED] = "skipped",
    [LEDGER_FAILED] = "failed",
    [LEDGER_WARNING] = "warning",
};

/* Names of files are bytes; those that are no UTF-8 are written with their bytes as Latin-1. */
static json_t *text(const char *bytes)
{
    json_t *value = json_string(bytes);
    if (value)
        return value;
    char out[2048];
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)bytes; *p && n + 2 < sizeof(out); p++)
        if (*p < 0x80) {
            out[n++] = (char)*p;
        } else {
            out[n++] = (char)(0xc0 | *p >> 6);
            out[n++] = (char)(0x80 | (*p & 0x3f));
        }
    return json_stringn(out, n);
}

int ledger_write(struct log *log, const struct index *index, const struct ledger_entry *entry,
                 struct error *err)
{
    struct sample sample = index_sample(index, entry->id);
    char place[1024];
    index_place(index, entry->id, place, sizeof(place));
    json_t *line =
        json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:o}", "event", events[entry->event],
                  "epoch", (json_int_t)entry->epoch, "step", (json_int_t)entry->step, "position",
                  (json_int_t)entry->position, "key", text(sample.key), "place", text(place),
                  "offset", (json_int_t)sample.offset, "reason", text(entry->reason));
    if (line && entry->substitute >= 0 &&
        json_object_set_new(line, "substitute",
                            text(index_sample(index, (uint64_t)entry->substitute).key)) < 0) {
        json_decref(line);
        line = NULL;
    }
    if (!line)
        return error_set(err, ERROR_FAILED, NULL, "no memory for a line of the ledger");
    return log_write(log, line, err);
}
