/*
 * Batches that go over the connection: one at a time, written from the ring's slot itself, which
 * goes back when its last byte is with the kernel. The client's credit and the socket are the
 * backpressure.
 */
#include <stdlib.h>

#include "loader/server_private.h"

size_t wire_bytes(const struct consumer_place *place)
{
    size_t bytes = 0;
    for (int i = 0; i < place->tensors; i++)
        bytes += place->tensor[i].bytes;
    return bytes;
}

static json_t *batch_json(const struct slot_header *h, uint64_t bad, size_t bytes)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "type", "batch", "step",
                     (json_int_t)h->step, "epoch", (json_int_t)h->epoch, "first_position",
                     (json_int_t)h->first_position, "count", (json_int_t)h->count, "valid",
                     (json_int_t)h->valid, "bad", (json_int_t)bad, "bytes", (json_int_t)bytes);
}

static void begin(struct connection *c)
{
    const struct slot_header *h = c->batch.batch.header;
    struct error err = { 0 };
    json_t *message = batch_json(h, h->bad, wire_bytes(c->server->from->place(c->consumer)));
    int rc = message ? message_write(message, &c->out, &err)
                     : error_set(&err, ERROR_FAILED, NULL, "no memory for a message");
    json_decref(message);
    if (rc < 0) {
        c->server->from->release(c->consumer, &c->batch.batch);
        connection_close(c, err.message);
        return;
    }
    c->batch.at = c->out.size;
    c->batch.tensor = 0;
    c->batch.sent = 0;
    c->batch.on = true;
    c->since = stats_clock();
}

/* The last word once nothing comes before it. */
static void tell_end(struct connection *c)
{
    json_t *ending = c->ending;
    if (!c->exhausted || !ending)
        return;
    c->ending = NULL;
    connection_send_new(c, ending);
}

void wire_take(struct connection *c)
{
    while (!c->dead && !c->ended && c->wire && !c->batch.on && !c->exhausted && c->credit > 0) {
        int rc = c->server->from->take(c->consumer, &c->batch.batch);
        if (rc == 0)
            return;
        if (rc < 0) {
            c->exhausted = true;
            break;
        }
        c->credit--;
        begin(c);
        if (!c->dead)
            connection_flush(c);
    }
    if (!c->dead && !c->batch.on)
        tell_end(c);
}

bool wire_piece(const struct connection *c, const uint8_t **bytes, size_t *n)
{
    const struct consumer_place *place = c->server->from->place(c->consumer);
    const struct place_tensor *t = &place->tensor[c->batch.tensor];
    *bytes = (const uint8_t *)c->batch.batch.header + t->offset + c->batch.sent;
    *n = t->bytes - c->batch.sent;
    return true;
}

void wire_sent(struct connection *c, size_t n)
{
    const struct consumer_place *place = c->server->from->place(c->consumer);
    c->batch.sent += n;
    if (c->batch.sent < place->tensor[c->batch.tensor].bytes)
        return;
    c->batch.sent = 0;
    if (++c->batch.tensor < place->tensors)
        return;
    c->batch.on = false;
    c->server->from->release(c->consumer, &c->batch.batch);
    wire_take(c);
}

/* The rest of the batch goes as a copy: its slot is given up with the stream. */
static int copy_rest(struct connection *c, struct error *err)
{
    struct buffer rest = { 0 };
    const uint8_t *bytes;
    size_t n;
    int rc = buffer_append(&rest, c->out.data, c->batch.at, err);
    const struct consumer_place *place = c->server->from->place(c->consumer);
    for (; rc == 0 && c->batch.tensor < place->tensors; c->batch.tensor++, c->batch.sent = 0) {
        wire_piece(c, &bytes, &n);
        rc = buffer_append(&rest, bytes, n, err);
    }
    if (rc == 0)
        rc = buffer_append(&rest, c->out.data + c->batch.at, c->out.size - c->batch.at, err);
    if (rc < 0) {
        buffer_release(&rest);
        return -1;
    }
    buffer_release(&c->out);
    c->out = rest;
    return 0;
}

void wire_end(struct connection *c)
{
    struct error err = { 0 };
    json_decref(c->ending);
    c->ending = NULL;
    c->credit = 0;
    c->exhausted = false;
    if (!c->batch.on)
        return;
    bool whole = c->dead || copy_rest(c, &err) == 0;
    c->batch.on = false;
    c->server->from->release(c->consumer, &c->batch.batch);
    c->wire = false;
    if (!whole)
        connection_close(c, err.message);
}
