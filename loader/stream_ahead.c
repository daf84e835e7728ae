/* The thread of a stream in process that reads ahead of the others. */
#include "loader/ahead.h"
#include "loader/stream_private.h"

void *stream_ahead_main(void *argument)
{
    struct stream *s = argument;
    const struct stream_options *o = &s->maker.options;
    uint64_t units = ring_units(s->ring), begin = o->start * units, taken = 0;
    uint64_t end = o->steps ? begin + o->steps * units : UINT64_MAX, far = ahead_far(&s->maker);
    struct ahead ahead = { .at = begin };
    do {
        uint64_t to = begin + taken + far;
        ahead_go(&ahead, &s->maker, begin + taken, to < end ? to : end);
        if (ahead.at == end)
            break;
    } while (ring_wait_taken(s->ring, ahead.at - begin - far / 2, &taken));
    return NULL;
}
