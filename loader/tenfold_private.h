/* Inside tenfold: the handle, what may stand behind it, and the settings that say which. */
#ifndef TENFOLD_LOADER_TENFOLD_PRIVATE_H
#define TENFOLD_LOADER_TENFOLD_PRIVATE_H

#include <jansson.h>

#include "base/error.h"
#include "loader/client.h"
#include "loader/pipeline.h"
#include "loader/tenfold.h"

/* What a source of batches can do. */
struct source {
    int (*next)(struct tenfold *handle, struct tenfold_batch *batch, struct error *err);
    void (*release)(struct tenfold *handle, const struct tenfold_batch *batch);
    json_t *(*state)(const struct tenfold *handle, struct error *err);
    void (*close)(struct tenfold *handle);
};

struct tenfold {
    const struct source *source;
    uint64_t samples, steps_per_epoch;
    struct output_form form;
    /* Of the loader in this process; all owned. */
    struct config *config;
    struct pipeline pipeline;
    struct stream *stream;
    /* Of a daemon's stream; owned. */
    struct client *client;
};

enum { TENFOLD_SETTINGS = 256 };

/* What tenfold_open was given. */
struct tenfold_call {
    const char *config; /* borrowed */
    json_t *state;      /* owned; NULL: none */
    char *daemon;       /* owned; NULL: the loader in this process */
    uint64_t rank, world, start, steps;
    bool has_start;
    char *settings[TENFOLD_SETTINGS]; /* owned: "section.key=value", in order */
    int count;
};

int tenfold_call_init(struct tenfold_call *call, const char *config, const char *settings,
                      const char *state, struct error *err);
void tenfold_call_release(struct tenfold_call *call);

/* Fill the handle; what is there when they fail is closed by the source's close. */
int tenfold_open_local(struct tenfold *t, const struct tenfold_call *call, struct error *err);
int tenfold_open_daemon(struct tenfold *t, const struct tenfold_call *call, struct error *err);

/* A batch as the public header has it. */
void tenfold_show(const struct tenfold *t, const struct batch *b, struct tenfold_batch *batch);

#endif
