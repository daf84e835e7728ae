#include "train/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "loader/client.h"

struct feed {
    struct stream *stream; /* owned; NULL: the batches come from a daemon */
    struct client *client; /* owned; NULL: they are made here */
    bool lost;
};

/* What batches depend on, as one text: two runs that differ in the rest share a stream. NULL with
 * err filled. */
static char *data_text(const struct config *config, struct error *err)
{
    static const char *const sections[] = { "data", "augment", "mix" };
    const struct node *root = config_root(config);
    json_t *all = json_object();
    char *text = NULL;
    int rc = 0;
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]) && rc == 0; i++) {
        const struct node *section = node_get(root, sections[i]);
        if (node_is_null(section))
            continue;
        json_t *json = node_json(section, err);
        rc = json ? json_object_set_new(all, sections[i], json) : -1;
    }
    if (rc == 0)
        text = json_canonical(all, err);
    json_decref(all);
    return text;
}

/* The daemon's stream is the one that the config describes here. */
static int check_same(const struct feed *feed, const struct feed_options *options,
                      struct error *err)
{
    const struct stream_options *o = &options->pipeline->data.stream;
    const struct index *index = options->pipeline->index;
    struct client_shape shape = client_shape(feed->client);
    json_t *state = client_state(feed->client, err);
    if (!state)
        return -1;
    const char *dataset = json_string_value(json_object_get(state, "dataset"));
    bool same = dataset && strcmp(dataset, index_hash(index)) == 0 &&
                client_steps_per_epoch(feed->client) == stream_epoch_steps(index_count(index), o) &&
                shape.places == o->batch && shape.form.dtype == o->form.dtype &&
                shape.form.layout == o->form.layout;
    json_decref(state);
    if (!same)
        return error_set(err, ERROR_DATA, options->daemon,
                         "the daemon's stream %s is not of the data that this program sees",
                         client_stream(feed->client));
    if (o->soft_labels && shape.soft_classes != options->soft_classes)
        return error_set(err, ERROR_USAGE, "data.soft_labels",
                         "come from the daemon for %d classes; the network has %d outputs",
                         shape.soft_classes, options->soft_classes);
    return 0;
}

static int open_client(struct feed *feed, const struct feed_options *options, struct error *err)
{
    const struct stream_options *o = &options->pipeline->data.stream;
    struct buffer train = { 0 };
    char *text = data_text(options->config, err);
    int rc = text ? 0 : -1;
    if (rc == 0 && options->data)
        rc = buffer_print(&train, err, "data.train=%s", options->data);
    const char *settings[] = { train.data };
    const struct client_options client = {
        .address = options->daemon,
        .text = text,
        .settings = settings,
        .count = train.data != NULL,
        .has_start = !options->state,
        .state = options->state,
        .steps = o->steps,
    };
    if (rc == 0)
        rc = client_open(&feed->client, &client, err);
    buffer_release(&train);
    free(text);
    return rc == 0 ? check_same(feed, options, err) : -1;
}

int feed_open(struct feed **result, const struct feed_options *options, struct error *err)
{
    const struct pipeline *p = options->pipeline;
    struct feed *feed = memory_array(1, sizeof(*feed), err);
    if (!feed)
        return -1;
    int rc = options->daemon
                 ? open_client(feed, options, err)
                 : stream_open(&feed->stream, p->index, p->recipe, p->mix, &p->data.stream, err);
    if (rc < 0) {
        feed_close(feed);
        return -1;
    }
    *result = feed;
    return 0;
}

int feed_next(struct feed *feed, struct batch *batch, struct error *err)
{
    int rc = feed->client ? client_next(feed->client, batch, err)
                          : stream_next(feed->stream, batch, err);
    if (rc == 0)
        error_set(err, ERROR_FAILED, NULL, "the batches have ended before the training");
    feed->lost =
        feed->client && rc < 0 && (err->kind == ERROR_FAILED || err->kind == ERROR_REQUEUE);
    return rc == 1 ? 0 : -1;
}

bool feed_lost(const struct feed *feed)
{
    return feed->lost;
}

void feed_release(struct feed *feed, const struct batch *batch)
{
    if (feed->client)
        client_release(feed->client, batch);
    else
        stream_release(feed->stream, batch);
}

json_t *feed_state(const struct feed *feed, struct error *err)
{
    return feed->client ? client_state(feed->client, err) : stream_state(feed->stream, err);
}

void feed_close(struct feed *feed)
{
    if (!feed)
        return;
    stream_close(feed->stream);
    client_close(feed->client);
    free(feed);
}
