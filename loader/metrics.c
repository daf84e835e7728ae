/* Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include "loader/metrics.h"

#include <math.h>
#include <string.h>

enum kind { COUNTER, GAUGE };

struct metric {
    const char *name, *key; /* "tenfold_images_total"; in the JSON */
    enum kind kind;
    const char *help;
};

static const struct metric whole[] = {
    { "tenfold_uptime_seconds", "uptime", GAUGE, "time since the daemon began" },
    { "tenfold_threads", "threads", GAUGE, "threads that decode and render" },
    { "tenfold_memory_bytes", "memory", GAUGE, "memory of all rings" },
    { "tenfold_memory_limit_bytes", "memory_limit", GAUGE, "what that may grow to" },
    { "tenfold_images_total", "images", COUNTER, "images in finished batches" },
    { "tenfold_decoded_total", "decoded", COUNTER, "images read and decoded, once for a convoy" },
    { "tenfold_batches_total", "batches", COUNTER, "finished batches" },
    { "tenfold_read_bytes_total", "bytes", COUNTER, "bytes read from files" },
    { "tenfold_cache_hits_total", "cached", COUNTER, "samples found in the cache" },
    { "tenfold_substituted_total", "substituted", COUNTER, "bad samples replaced by others" },
    { "tenfold_skipped_total", "skipped", COUNTER, "bad samples left out" },
    { "tenfold_cpu_seconds_total", "cpu_seconds", COUNTER, "processor time of the pool's threads" },
    { "tenfold_clients_accepted_total", "accepted", COUNTER, "connections" },
    { "tenfold_refused_total", "refused", COUNTER, "connections and requests refused" },
};

static const struct metric of_stream[] = {
    { "tenfold_stream_images_total", "images", COUNTER, "images in finished batches" },
    { "tenfold_stream_batches_total", "batches", COUNTER, "finished batches" },
    { "tenfold_stream_step", "step", GAUGE, "step that comes next" },
    { "tenfold_stream_slots", "slots", GAUGE, "batches that the ring holds" },
    { "tenfold_stream_ready", "ready", GAUGE, "finished batches that a consumer still needs" },
    { "tenfold_stream_consumers", "consumers", GAUGE, "clients" },
    { "tenfold_stream_substituted_total", "substituted", COUNTER, "bad samples replaced" },
};

static const struct metric of_client[] = {
    { "tenfold_client_wait_seconds_total", "waited_seconds", COUNTER,
      "time that the client has waited for batches, as it says" },
    { "tenfold_client_taken", "taken", GAUGE, "step that the client comes for next" },
    { "tenfold_client_held", "held", GAUGE, "batches that the client holds" },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Label values escape three characters. */
static int label(struct buffer *out, const char *name, const char *value, struct error *err)
{
    int rc = buffer_print(out, err, "%s=\"", name);
    for (; *value && rc == 0; value++) {
        if (*value == '\\' || *value == '"')
            rc = buffer_print(out, err, "\\%c", *value);
        else
            rc = *value == '\n' ? buffer_append(out, "\\n", 2, err)
                                : buffer_append(out, value, 1, err);
    }
    return rc == 0 ? buffer_append(out, "\"", 1, err) : -1;
}

static int head(struct buffer *out, const struct metric *m, struct error *err)
{
    return buffer_print(out, err, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
                        m->kind == COUNTER ? "counter" : "gauge");
}

static int value(struct buffer *out, const json_t *number, struct error *err)
{
    if (json_is_integer(number))
        return buffer_print(out, err, " %lld\n", (long long)json_integer_value(number));
    return buffer_print(out, err, " %.6f\n", json_number_value(number));
}

/* {stream="...",pid="..."} for an entry of one of the lists. */
static int labels(struct buffer *out, const json_t *entry, size_t i, struct error *err)
{
    const char *stream = json_string_value(json_object_get(entry, "stream"));
    const char *name = json_string_value(json_object_get(entry, "name"));
    const json_t *pid = json_object_get(entry, "pid");
    char number[48];
    if (buffer_append(out, "{", 1, err) < 0 || label(out, "stream",
                                                     name     ? name
                                                     : stream ? stream
                                                              : "",
                                                     err) < 0)
        return -1;
    if (pid) {
        /* Threads of one process may each have a connection. */
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(pid));
        if (buffer_append(out, ",", 1, err) < 0 || label(out, "pid", number, err) < 0)
            return -1;
    }
    snprintf(number, sizeof(number), "%zu", i);
    if (buffer_append(out, ",", 1, err) < 0 || label(out, "place", number, err) < 0)
        return -1;
    return buffer_append(out, "}", 1, err);
}

static int list_text(const json_t *list, const struct metric *metrics, size_t count,
                     struct buffer *out, struct error *err)
{
    for (size_t m = 0; m < count; m++) {
        size_t i;
        json_t *entry;
        if (json_array_size(list) && head(out, &metrics[m], err) < 0)
            return -1;
        json_array_foreach(list, i, entry)
        {
            const json_t *number = json_object_get(entry, metrics[m].key);
            if (json_is_number(number) &&
                (buffer_append(out, metrics[m].name, strlen(metrics[m].name), err) < 0 ||
                 labels(out, entry, i, err) < 0 || value(out, number, err) < 0))
                return -1;
        }
    }
    return 0;
}

static int stages_text(const json_t *stages, struct buffer *out, struct error *err)
{
    static const struct metric m = { "tenfold_stage_seconds_total", "seconds", COUNTER,
                                     "time of the pool's threads by what they did" };
    const char *key;
    json_t *number;
    if (!stages)
        return 0;
    if (head(out, &m, err) < 0)
        return -1;
    json_object_foreach((json_t *)stages, key, number)
    {
        if (buffer_print(out, err, "%s{stage=\"%s\"}", m.name, key) < 0 ||
            value(out, number, err) < 0)
            return -1;
    }
    return 0;
}

int metrics_text(const json_t *stats, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < COUNT(whole); i++) {
        const json_t *number = json_object_get(stats, whole[i].key);
        if (json_is_number(number) &&
            (head(out, &whole[i], err) < 0 ||
             buffer_append(out, whole[i].name, strlen(whole[i].name), err) < 0 ||
             value(out, number, err) < 0))
            return -1;
    }
    const json_t *streams = json_object_get(stats, "streams");
    const json_t *clients = json_object_get(stats, "clients");
    if (buffer_print(out, err,
                     "# HELP tenfold_streams streams being made\n# TYPE tenfold_streams gauge\n"
                     "tenfold_streams %zu\n# HELP tenfold_clients clients connected\n"
                     "# TYPE tenfold_clients gauge\ntenfold_clients %zu\n",
                     json_array_size(streams), json_array_size(clients)) < 0)
        return -1;
    if (stages_text(json_object_get(stats, "seconds"), out, err) < 0 ||
        list_text(streams, of_stream, COUNT(of_stream), out, err) < 0)
        return -1;
    return list_text(clients, of_client, COUNT(of_client), out, err);
}
