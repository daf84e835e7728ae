/*
 * A stream's thread: it asks the other daemon for as many batches as there are free slots, reads
 * them into these, and publishes them. What the other daemon says is checked as a client checks it.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "loader/relay_private.h"

/* READ_MS: between two bytes of a batch that has begun. */
enum { CONNECT_MS = 10000, OPEN_MS = 600000, READ_MS = 30000, SLOTS = 4, PLACES_MAX = 1 << 24 };

void relay_stream_free(struct relay_stream *s)
{
    talk_close(s->talk);
    json_decref(s->open);
    json_decref(s->state);
    free(s->text);
    free(s->owed);
    shared_ring_close(s->ring);
    control_close(&s->control);
    const int fds[] = { s->ready, s->freed, s->wake };
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(s);
}

static int refuse(const struct relay_stream *s, struct error *err, const char *what)
{
    return error_set(err, ERROR_DATA, s->relay->address, "what it calls a batch is none: %s", what);
}

static bool is_gone(struct relay_stream *s)
{
    pthread_mutex_lock(&s->relay->lock);
    bool gone = s->gone;
    pthread_mutex_unlock(&s->relay->lock);
    return gone;
}

/* The connection, which from now on can be cut off by others. */
static int connect_to(struct relay_stream *s, struct error *err)
{
    struct talk *t;
    if (talk_open(&t, s->relay->address, s->relay->tls, CONNECT_MS, err) < 0) {
        if (err->kind == ERROR_DATA)
            err->kind = ERROR_FAILED; /* to the client, a daemon has answered: this one */
        return -1;
    }
    pthread_mutex_lock(&s->relay->lock);
    s->talk = t;
    bool gone = s->gone;
    pthread_mutex_unlock(&s->relay->lock);
    return gone ? error_set(err, ERROR_FAILED, NULL, "nobody wants it any more") : 0;
}

static const json_t *find_tensor(const json_t *ring, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(ring, "tensors"), i, item)
    {
        const char *found = json_string_value(json_object_get(item, "name"));
        if (found && strcmp(found, name) == 0)
            return item;
    }
    return NULL;
}

static size_t element_bytes(const char *dtype)
{
    static const struct {
        const char *name;
        size_t bytes;
    } types[] = { { "float32", 4 }, { "float16", 2 }, { "bfloat16", 2 }, { "uint8", 1 } };
    for (size_t i = 0; dtype && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].name, dtype) == 0)
            return types[i].bytes;
    return 0;
}

static int64_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* The shape of its batches; ours has the same tensors on pages of their own. */
static int read_shape(struct relay_stream *s, const json_t *opened, struct slot_shape *shape,
                      const char **dtype, bool *pixels, struct error *err)
{
    const json_t *ring = json_object_get(opened, "ring");
    const json_t *images = find_tensor(ring, "images"), *sides = json_object_get(images, "shape");
    int64_t h = number(opened, "height"), w = number(opened, "width");
    int64_t n = json_integer_value(json_array_get(sides, 0));
    int64_t classes = number(opened, "soft_classes");
    static const char *const names[] = { "float32", "float16", "bfloat16", "uint8" };
    const char *given = json_string_value(json_object_get(images, "dtype"));
    if (json_array_size(sides) != 4 || n < 1 || n > PLACES_MAX || h < 1 || w < 1 || h > 65535 ||
        w > 65535 || classes < 0 || classes > PLACES_MAX || !element_bytes(given))
        return refuse(s, err, "its images");
    *pixels = json_integer_value(json_array_get(sides, 3)) == 3 &&
              json_integer_value(json_array_get(sides, 1)) == h;
    for (size_t i = 0; i < 4; i++)
        if (strcmp(names[i], given) == 0)
            *dtype = names[i]; /* a text that lives on */
    *shape = (struct slot_shape){
        .count = (uint32_t)n,
        .sample_bytes = 3 * (size_t)h * (size_t)w * element_bytes(given),
        .mixing = find_tensor(ring, "label_b") != NULL,
        .classes = find_tensor(ring, "soft") ? (int)classes : 0,
    };
    return 0;
}

static void add_tensor(struct consumer_place *p, const char *name, const char *dtype, size_t offset,
                       size_t bytes, int64_t rows, int64_t columns)
{
    p->tensor[p->tensors++] = (struct place_tensor){
        .name = name,
        .dtype = dtype,
        .offset = offset,
        .bytes = bytes,
        .rank = columns ? 2 : 1,
        .shape = { rows, columns },
    };
}

static void describe(struct relay_stream *s, const json_t *opened, const char *dtype, bool pixels)
{
    const struct slot_layout *at = &s->ring->at;
    const struct slot_shape *shape = &s->ring->shape;
    const char *name = json_string_value(json_object_get(opened, "stream"));
    struct consumer_place *p = &s->place;
    int64_t n = shape->count;
    size_t words = 8 * (size_t)n, floats = 4 * (size_t)n;
    *p = (struct consumer_place){
        .private = json_is_true(json_object_get(opened, "private")),
        .next = (uint64_t)number(opened, "next"),
        .samples = (uint64_t)number(opened, "samples"),
        .steps_per_epoch = (uint64_t)number(opened, "steps_per_epoch"),
        .classes = number(opened, "classes"),
        .soft_classes = shape->classes,
        .height = (int)number(opened, "height"),
        .width = (int)number(opened, "width"),
        .slots = s->ring->slots,
        .slot_bytes = s->ring->slot_bytes,
        .header_bytes = s->ring->header_bytes,
        .ring = s->ring->fd,
        .control = s->control.fd,
        .ready = s->ready,
        .freed = s->freed,
    };
    snprintf(p->stream, sizeof(p->stream), "%s", name ? name : "");
    add_tensor(p, "images", dtype, at->images, shape->sample_bytes * (size_t)n, n, 0);
    p->tensor[0].rank = 4;
    const int64_t planes[] = { n, 3, p->height, p->width };
    const int64_t interleaved[] = { n, p->height, p->width, 3 };
    memcpy(p->tensor[0].shape, pixels ? interleaved : planes, sizeof(planes));
    add_tensor(p, "label", "int64", at->label, words, n, 0);
    add_tensor(p, "id", "int64", at->id, words, n, 0);
    add_tensor(p, "weight", "float32", at->weight, floats, n, 0);
    if (shape->mixing) {
        add_tensor(p, "label_b", "int64", at->label_b, words, n, 0);
        add_tensor(p, "lambda", "float32", at->lambda, floats, n, 0);
    }
    if (shape->classes)
        add_tensor(p, "soft", "float32", at->soft, floats * (size_t)shape->classes, n,
                   shape->classes);
}

static int reserve(struct relay_stream *s, size_t bytes, struct error *err)
{
    struct relay *relay = s->relay;
    pthread_mutex_lock(&relay->lock);
    bool fits = bytes <= relay->limit && relay->memory <= relay->limit - bytes;
    relay->memory += fits ? bytes : 0;
    s->reserved = fits ? bytes : 0;
    pthread_mutex_unlock(&relay->lock);
    return fits
               ? 0
               : error_set(err, ERROR_FAILED, relay->address,
                           "its ring takes %zu MiB, and of %" PRIu64 " MiB (--memory) less is left",
                           bytes >> 20, relay->limit >> 20);
}

static int open_ring(struct relay_stream *s, const json_t *opened, struct error *err)
{
    struct slot_shape shape = { 0 };
    const char *dtype = NULL;
    bool pixels = false;
    size_t bytes;
    int64_t slots = number(json_object_get(opened, "ring"), "slots");
    int64_t next = number(opened, "next");
    if (slots < 1 || slots > 1024)
        slots = SLOTS;
    if (next < 0 || read_shape(s, opened, &shape, &dtype, &pixels, err) < 0)
        return next < 0 ? refuse(s, err, "its step") : -1;
    if (!shared_ring_bytes((int)slots, &shape, &bytes))
        return refuse(s, err, "its size");
    if (reserve(s, bytes, err) < 0 ||
        shared_ring_open(&s->ring, (int)slots, &shape, (uint64_t)next, err) < 0 ||
        control_open(&s->control, (int)slots, err) < 0 ||
        !(s->owed = memory_array((size_t)slots, sizeof(*s->owed), err)))
        return -1;
    describe(s, opened, dtype, pixels);
    return 0;
}

/* Ask for the stream; its place is known from then on. */
static int open_stream(struct relay_stream *s, struct error *err)
{
    struct talk_message m;
    json_t *open = s->open;
    s->open = NULL;
    if (talk_send_config(s->talk, s->text, CONNECT_MS, err) < 0) {
        json_decref(open);
        return -1;
    }
    if (talk_request(s->talk, open, OPEN_MS, &m, err) < 0)
        return -1;
    int rc = open_ring(s, m.object, err);
    s->state = json_incref(json_object_get(m.object, "state"));
    talk_message_release(&m);
    if (rc < 0)
        return -1;
    pthread_mutex_lock(&s->relay->lock);
    s->published = s->place.next;
    s->free_slots = s->ring->slots;
    s->opened = true;
    relay_tell(s, HUB_OPENED);
    pthread_mutex_unlock(&s->relay->lock);
    return 0;
}

static int read_batch(struct relay_stream *s, const json_t *batch, struct error *err)
{
    struct shared_slot *slot = shared_ring_slot(s->ring, s->published);
    struct slot_header *h = slot->slot.header;
    size_t all = 0;
    for (int i = 0; i < s->place.tensors; i++)
        all += s->place.tensor[i].bytes;
    int64_t valid = number(batch, "valid");
    if ((uint64_t)number(batch, "step") != s->published || (size_t)number(batch, "bytes") != all ||
        number(batch, "count") != s->ring->shape.count || valid < 0 || valid > s->ring->shape.count)
        return refuse(s, err, "its header");
    pthread_mutex_lock(&s->relay->lock);
    bool unasked = s->owed[slot->slot.number] != 0;
    pthread_mutex_unlock(&s->relay->lock);
    if (unasked)
        return refuse(s, err, "nobody asked for it");
    if (s->published - s->ring->first < (uint64_t)s->ring->slots)
        shared_ring_back(s->ring, &slot->slot);
    for (int i = 0; i < s->place.tensors; i++) {
        const struct place_tensor *t = &s->place.tensor[i];
        if (talk_bytes(s->talk, (uint8_t *)h + t->offset, t->bytes, READ_MS, err) < 0)
            return -1;
    }
    h->step = s->published;
    h->epoch = (uint32_t)number(batch, "epoch");
    h->first_position = (uint64_t)number(batch, "first_position");
    h->count = s->ring->shape.count;
    h->valid = (uint32_t)valid;
    h->bad = (uint64_t)number(batch, "bad");
    struct relay *relay = s->relay;
    pthread_mutex_lock(&relay->lock);
    s->owed[slot->slot.number] = s->published + 1;
    s->published++;
    relay->batches++;
    relay->images += (uint64_t)valid;
    relay->bytes += all;
    shared_ring_publish(s->ring, s->published);
    pthread_mutex_unlock(&relay->lock);
    relay_poke(s->ready);
    return 0;
}

/* 1: go on; 0: the stream has ended; -1. */
static int handle(struct relay_stream *s, const struct talk_message *m, bool *draining,
                  struct error *err)
{
    const char *type = json_string_value(json_object_get(m->object, "type"));
    if (strcmp(type, "batch") == 0)
        return read_batch(s, m->object, err) < 0 ? -1 : 1;
    if (strcmp(type, "ended") == 0)
        return 0;
    if (strcmp(type, "failed") == 0 || strcmp(type, "error") == 0) {
        message_read_error(m->object, err);
        return -1;
    }
    *draining |= strcmp(type, "draining") == 0;
    return 1;
}

/* Ask for a batch for every slot that has become free. 1: go on; 0: we are being stopped. */
static int ask(struct relay_stream *s, struct error *err)
{
    pthread_mutex_lock(&s->relay->lock);
    int n = s->free_slots;
    bool stop = s->gone || s->relay->draining;
    s->free_slots = 0;
    pthread_mutex_unlock(&s->relay->lock);
    if (stop)
        return 0;
    if (n > 0 && talk_send(s->talk, json_pack("{s:s, s:i}", "type", "take", "batches", n), err) < 0)
        return -1;
    return 1;
}

/* Until the stream's end (0), an error (-1), or the end of the relay (1). */
static int run(struct relay_stream *s, struct error *err)
{
    bool draining = false;
    for (;;) {
        struct talk_message m;
        int rc = ask(s, err);
        if (rc <= 0)
            return rc < 0 ? -1 : 1;
        while ((rc = talk_event(s->talk, &m, err)) == 1) {
            rc = handle(s, &m, &draining, err);
            talk_message_release(&m);
            if (rc <= 0)
                return rc;
        }
        if (rc < 0 && draining)
            error_set(err, ERROR_REQUEUE, s->relay->address, "the daemon has been stopped");
        if (rc < 0 || talk_wait(s->talk, s->wake, -1, err) < 0)
            return -1;
        uint64_t count;
        if (read(s->wake, &count, sizeof(count)) < 0)
            continue; /* nobody has called */
    }
}

/* Nothing more will come; whoever maps the ring sees where it ends before it is told why. */
static void finish(struct relay_stream *s, int rc, const struct error *why)
{
    pthread_mutex_lock(&s->relay->lock);
    if (s->ring)
        shared_ring_end(s->ring, s->published);
    s->why = *why;
    relay_poke(s->ready);
    if (!s->gone && rc <= 0)
        relay_tell(s, rc < 0 ? HUB_FAILED : HUB_ENDED);
    pthread_mutex_unlock(&s->relay->lock);
}

/* The client still maps what it has. */
static void await_detach(struct relay_stream *s)
{
    while (!is_gone(s)) {
        struct pollfd p = { .fd = s->wake, .events = POLLIN };
        uint64_t count;
        if (poll(&p, 1, -1) < 0 || read(s->wake, &count, sizeof(count)) < 0)
            continue;
    }
}

static void leave(struct relay_stream *s)
{
    struct relay *relay = s->relay;
    pthread_mutex_lock(&relay->lock);
    struct relay_stream **place = &relay->streams;
    while (*place != s)
        place = &(*place)->next;
    *place = s->next;
    relay->memory -= s->reserved;
    pthread_mutex_unlock(&relay->lock);
    relay_stream_free(s);
    tls_thread_end();
    pthread_mutex_lock(&relay->lock);
    relay->threads--;
    pthread_cond_signal(&relay->ended);
    pthread_mutex_unlock(&relay->lock);
}

void *relay_stream_main(void *argument)
{
    struct relay_stream *s = argument;
    struct error err = { 0 };
    int rc = connect_to(s, &err);
    if (rc == 0)
        rc = open_stream(s, &err);
    if (rc == 0)
        rc = run(s, &err);
    finish(s, rc, &err);
    await_detach(s);
    leave(s);
    return NULL;
}
