/*
 * Reading ahead. The order is known, so one thread goes before the others and asks the kernel to
 * bring the samples to come into the page cache; the workers then find them there. It asks first
 * whether a sample is there already, and once all of the last WARM were, it looks at every SPARSEth
 * only: data that fits the page cache costs next to nothing.
 */
#include "loader/stream_private.h"

enum { WARM = 256, SPARSE = 16 };

/* Bring the samples of the `u`th unit; how many were not there. */
static int advise_unit(const struct stream *s, uint64_t u)
{
    const struct maker *m = &s->maker;
    uint32_t units = ring_units(s->ring);
    uint64_t step = m->options.start + u / units, id;
    uint32_t first = (uint32_t)(u % units) * SLOT_UNIT;
    struct cached found;
    int cold = 0;
    for (uint32_t place = first; place < first + SLOT_UNIT && place < m->places; place++) {
        if (!maker_place_id(m, step, place, &id) || (s->cache && cache_get(s->cache, id, &found)))
            continue;
        cold += index_advise(m->index, id);
    }
    return cold;
}

void *stream_ahead_main(void *argument)
{
    struct stream *s = argument;
    uint64_t ahead = (s->maker.options.read_ahead + SLOT_UNIT - 1) / SLOT_UNIT, at = 0, taken = 0;
    uint64_t end = s->maker.options.steps * ring_units(s->ring); /* 0: never */
    int warm = 0;
    do {
        if (at < taken)
            at = taken;
        for (; at < taken + ahead && (end == 0 || at < end); at++) {
            if (warm >= WARM && at % SPARSE != 0)
                continue;
            warm = advise_unit(s, at) > 0 ? 0 : warm + 1;
        }
        if (at == end)
            break;
    } while (ring_wait_taken(s->ring, at - ahead / 2, &taken));
    return NULL;
}
