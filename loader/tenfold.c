/*
 * The library's public functions: a handle in front of a table of functions, so that another source
 * of batches can stand behind the same handle. Here stands the loader in this process.
 */
#include "loader/tenfold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "loader/pipeline.h"

struct tenfold;

/* What a source of batches can do. */
struct source {
    int (*next)(struct tenfold *handle, struct tenfold_batch *batch, struct error *err);
    void (*release)(struct tenfold *handle, int slot);
    json_t *(*state)(const struct tenfold *handle, struct error *err);
    void (*close)(struct tenfold *handle);
};

struct tenfold {
    const struct source *source;
    uint64_t samples, steps_per_epoch;
    /* The in-process source's; all owned. */
    struct config *config;
    struct pipeline pipeline;
    struct stream *stream;
};

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

static int local_next(struct tenfold *t, struct tenfold_batch *batch, struct error *err)
{
    struct batch b;
    int rc = stream_next(t->stream, &b, err);
    if (rc != 1)
        return rc;
    const struct output_form *form = &t->pipeline.data.stream.form;
    *batch = (struct tenfold_batch){
        .step = b.header->step,
        .epoch = b.header->epoch,
        .count = b.header->count,
        .valid = b.header->valid,
        .dtype = public_dtype[form->dtype],
        .layout = form->layout == LAYOUT_NHWC ? TENFOLD_NHWC : TENFOLD_NCHW,
        .height = b.height,
        .width = b.width,
        .images = b.images,
        .label = b.label,
        .label_b = b.label_b,
        .lambda = b.lambda,
        .soft = b.soft,
        .classes = b.classes,
        .id = b.id,
        .weight = b.weight,
        .slot = b.slot,
    };
    return 1;
}

static void local_release(struct tenfold *t, int slot)
{
    stream_release(t->stream, &(struct batch){ .slot = slot });
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

/* The settings that are no keys of the config. */
struct call {
    uint64_t rank, world, start, steps;
};

static int set_number(const char *key, const char *text, uint64_t *value, struct error *err)
{
    int64_t number;
    if (!param_integer(text, &number) || number < 0)
        return error_set(err, ERROR_USAGE, key, "%s is no whole number", text);
    *value = (uint64_t)number;
    return 0;
}

/* One setting, "key=value" cut at the "=". */
static int set(struct tenfold *t, char *key, const char *value, struct call *call,
               struct error *err)
{
    const struct {
        const char *name;
        uint64_t *number;
    } numbers[] = { { "rank", &call->rank },
                    { "world", &call->world },
                    { "start", &call->start },
                    { "steps", &call->steps } };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (strcmp(key, numbers[i].name) == 0)
            return set_number(key, value, numbers[i].number, err);
    char assignment[4096];
    const char *name = strcmp(key, "data") == 0 ? "train" : key;
    int length = snprintf(assignment, sizeof(assignment), "%s%s=%s",
                          strchr(key, '.') ? "" : "data.", name, value);
    if (length < 0 || (size_t)length >= sizeof(assignment))
        return error_set(err, ERROR_USAGE, "settings", "%.40s... is too long", key);
    return config_set(t->config, assignment, err);
}

static int read_settings(struct tenfold *t, const char *settings, struct call *call,
                         struct error *err)
{
    char *copy = memory_text(settings ? settings : "", err);
    if (!copy)
        return -1;
    int rc = 0;
    char *rest = NULL;
    for (char *item = strtok_r(copy, " \t\n", &rest); item && rc == 0;
         item = strtok_r(NULL, " \t\n", &rest)) {
        char *equals = strchr(item, '=');
        if (!equals) {
            rc = error_set(err, ERROR_USAGE, "settings", "%s is no key=value", item);
            break;
        }
        *equals = '\0';
        rc = set(t, item, equals + 1, call, err);
    }
    free(copy);
    return rc;
}

static int open_local(struct tenfold *t, const char *config, const char *settings,
                      const char *state, struct error *err)
{
    struct call call = { .world = 1 };
    int rc = config ? config_open(&t->config, config, err)
                    : config_parse(&t->config, "", 0, "settings", err);
    if (rc < 0 || read_settings(t, settings, &call, err) < 0 ||
        pipeline_open(&t->pipeline, t->config, NULL, err) < 0)
        return -1;
    struct pipeline *p = &t->pipeline;
    struct stream_options *o = &p->data.stream;
    if (call.rank > UINT32_MAX || call.world > UINT32_MAX)
        return error_set(err, ERROR_USAGE, "world", "rank and world must be below 2^32");
    o->rank = (uint32_t)call.rank;
    o->world = (uint32_t)call.world;
    o->start = call.start;
    o->steps = call.steps;
    if (state) {
        json_t *json = json_parse(state, strlen(state), "state", err);
        rc = json ? stream_resume(json, p->index, p->recipe, p->mix, o, err) : -1;
        json_decref(json);
    }
    if (rc < 0 || stream_open(&t->stream, p->index, p->recipe, p->mix, o, err) < 0)
        return -1;
    t->samples = index_count(p->index);
    t->steps_per_epoch = stream_steps_per_epoch(t->stream);
    return 0;
}

int tenfold_resume(struct tenfold **handle, const char *config, const char *settings,
                   const char *state, char error[TENFOLD_ERROR])
{
    struct error err = { 0 };
    struct tenfold *t = memory_array(1, sizeof(*t), &err);
    if (!t)
        return fail(&err, error);
    t->source = &local;
    if (open_local(t, config, settings, state, &err) < 0) {
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
    t->source->release(t, batch->slot);
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
    t->source->close(t);
    free(t);
}
