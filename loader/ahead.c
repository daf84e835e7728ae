#include "loader/ahead.h"

enum { WARM = 256, SPARSE = 16 };

uint32_t ahead_units(const struct maker *m)
{
    return (m->places + SLOT_UNIT - 1) / SLOT_UNIT;
}

uint64_t ahead_far(const struct maker *m)
{
    return (m->options.read_ahead + SLOT_UNIT - 1) / SLOT_UNIT;
}

/* Bring the samples of the `u`th unit; how many were not there. */
static int advise_unit(const struct maker *m, uint64_t u)
{
    uint32_t units = ahead_units(m), first = (uint32_t)(u % units) * SLOT_UNIT;
    uint64_t step = u / units, id;
    struct cached found;
    int cold = 0;
    for (uint32_t place = first; place < first + SLOT_UNIT && place < m->places; place++) {
        if (!maker_place_id(m, step, place, &id) ||
            (m->job.cache && cache_get(m->job.cache, id, &found)))
            continue;
        cold += index_advise(m->index, id);
    }
    return cold;
}

void ahead_go(struct ahead *a, const struct maker *m, uint64_t from, uint64_t to)
{
    if (a->at < from)
        a->at = from;
    for (; a->at < to; a->at++) {
        if (a->warm >= WARM && a->at % SPARSE != 0)
            continue;
        a->warm = advise_unit(m, a->at) > 0 ? 0 : a->warm + 1;
    }
}
