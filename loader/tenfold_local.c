/* The loader in this process behind the public handle. */
#include "loader/tenfold_private.h"

static int local_next(struct tenfold *t, struct tenfold_batch *batch, struct error *err)
{
    struct batch b;
    int rc = stream_next(t->stream, &b, err);
    if (rc == 1)
        tenfold_show(t, &b, batch);
    return rc;
}

static void local_release(struct tenfold *t, const struct tenfold_batch *batch)
{
    stream_release(t->stream, &(struct batch){ .slot = batch->slot });
}

static json_t *local_state(const struct tenfold *t, struct error *err)
{
    return stream_state(t->stream, err);
}

static void local_close(struct tenfold *t)
{
    stream_close(t->stream);
    pipeline_close(&t->pipeline);
    config_close(t->config);
}

static const struct source local = { local_next, local_release, local_state, local_close };

int tenfold_open_local(struct tenfold *t, const struct tenfold_call *call, struct error *err)
{
    t->source = &local;
    int rc = call->config ? config_open(&t->config, call->config, err)
                          : config_parse(&t->config, "", 0, "settings", err);
    for (int i = 0; i < call->count && rc == 0; i++)
        rc = config_set(t->config, call->settings[i], err);
    if (rc < 0 || pipeline_open(&t->pipeline, t->config, NULL, err) < 0)
        return -1;
    const struct pipeline *p = &t->pipeline;
    struct stream_options *o = &t->pipeline.data.stream;
    o->rank = (uint32_t)call->rank;
    o->world = (uint32_t)call->world;
    o->start = call->start;
    o->steps = call->steps;
    if (call->state && stream_resume(call->state, p->index, p->recipe, p->mix, o, err) < 0)
        return -1;
    if (stream_open(&t->stream, p->index, p->recipe, p->mix, o, err) < 0)
        return -1;
    t->form = o->form;
    t->samples = index_count(p->index);
    t->steps_per_epoch = stream_steps_per_epoch(t->stream);
    return 0;
}
