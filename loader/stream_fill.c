/* The threads of a stream in process: they take pairs of places from the ring and fill them. */
#include "loader/stream_private.h"

void *stream_thread_main(void *argument)
{
    struct stream_thread *t = argument;
    struct ring_unit unit;
    stats_begin(t->stats);
    while (ring_take(t->stream->ring, &unit)) {
        stats_stage(t->stats, STAGE_WAIT);
        struct filling f = stream_filling(t->stream, unit.slot);
        maker_fill(&f, 1, t->worker, unit.step, unit.first, unit.places);
        ring_done(t->stream->ring, &unit);
        stats_stage(t->stats, STAGE_RENDER);
    }
    return NULL;
}
