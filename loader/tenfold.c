/*
 * The library's public functions: a handle in front of a table of functions, behind which stands
 * the loader in this process (tenfold_local.c) or a daemon's stream (tenfold_daemon.c).
 */
#include "loader/tenfold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "loader/tenfold_private.h"

static int fail(const struct error *err, char text[TENFOLD_ERROR])
{
    snprintf(text, TENFOLD_ERROR, "%s%s%s", err->place, err->place[0] ? ": " : "", err->message);
    return error_status(err);
}

static const enum tenfold_dtype public_dtype[DTYPE_COUNT] = {
    [DTYPE_F32] = TENFOLD_F32,
    [DTYPE_F16] = TENFOLD_F16,
    [DTYPE_BF16] = TENFOLD_BF16,
    [DTYPE_U8] = TENFOLD_U8,
};

void tenfold_show(const struct tenfold *t, const struct batch *b, struct tenfold_batch *batch)
{
    *batch = (struct tenfold_batch){
        .step = b->header->step,
        .epoch = b->header->epoch,
        .count = b->header->count,
        .valid = b->header->valid,
        .dtype = public_dtype[t->form.dtype],
        .layout = t->form.layout == LAYOUT_NHWC ? TENFOLD_NHWC : TENFOLD_NCHW,
        .height = b->height,
        .width = b->width,
        .images = b->images,
        .label = b->label,
        .label_b = b->label_b,
        .lambda = b->lambda,
        .soft = b->soft,
        .classes = b->classes,
        .id = b->id,
        .weight = b->weight,
        .slot = b->slot,
    };
}

int tenfold_resume(struct tenfold **handle, const char *config, const char *settings,
                   const char *state, char error[TENFOLD_ERROR])
{
    struct error err = { 0 };
    struct tenfold_call call;
    struct tenfold *t = memory_array(1, sizeof(*t), &err);
    if (!t)
        return fail(&err, error);
    int rc = tenfold_call_init(&call, config, settings, state, &err);
    if (rc == 0)
        rc = call.daemon ? tenfold_open_daemon(t, &call, &err) : tenfold_open_local(t, &call, &err);
    tenfold_call_release(&call);
    if (rc < 0) {
        tenfold_close(t);
        return fail(&err, error);
    }
    *handle = t;
    return 0;
}

int tenfold_open(struct tenfold **handle, const char *config, const char *settings,
                 char error[TENFOLD_ERROR])
{
    return tenfold_resume(handle, config, settings, NULL, error);
}

int tenfold_next(struct tenfold *t, struct tenfold_batch *batch, char error[TENFOLD_ERROR])
{
    struct error err = { 0 };
    int rc = t->source->next(t, batch, &err);
    return rc < 0 ? -fail(&err, error) : rc;
}

void tenfold_release(struct tenfold *t, const struct tenfold_batch *batch)
{
    t->source->release(t, batch);
}

char *tenfold_state(const struct tenfold *t)
{
    struct error err = { 0 };
    json_t *state = t->source->state(t, &err);
    char *text = state ? json_canonical(state, &err) : NULL;
    json_decref(state);
    return text;
}

uint64_t tenfold_samples(const struct tenfold *t)
{
    return t->samples;
}

uint64_t tenfold_steps_per_epoch(const struct tenfold *t)
{
    return t->steps_per_epoch;
}

const char *tenfold_version(void)
{
    return TENFOLD_VERSION;
}

void tenfold_close(struct tenfold *t)
{
    if (!t)
        return;
    if (t->source)
        t->source->close(t);
    free(t);
}
