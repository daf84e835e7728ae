/* Passes over the files: opened with a stream, left when there is nothing more to make for it. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "loader/hub_private.h"

int hub_pass_open(struct hub *hub, struct hub_stream *s, uint64_t step, struct error *err)
{
    struct pass *p = memory_array(1, sizeof(*p), err);
    if (!p)
        return -1;
    *p = (struct pass){
        .next = hub->passes,
        .member = { s },
        .count = 1,
        .key = hash64_text(s->pass_key),
        .step = step,
        .units = (s->maker.places + SLOT_UNIT - 1) / SLOT_UNIT,
        .time = hub->time,
    };
    s->pass = p;
    hub->passes = p;
    return 0;
}

void hub_pass_leave(struct hub *hub, struct hub_stream *s)
{
    struct pass *p = s->pass;
    if (!p)
        return;
    s->pass = NULL;
    int kept = 0;
    for (int i = 0; i < p->count; i++)
        if (p->member[i] != s)
            p->member[kept++] = p->member[i];
    p->count = kept;
    if (kept > 0)
        return;
    struct pass **at = &hub->passes;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    free(p);
}
