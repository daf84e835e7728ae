/* A screen of `nnprepd top`: as the status page, in the width of a terminal. */
#include <stdio.h>
#include <string.h>

#include "loader/metrics.h"

enum { NAME = 28 /* columns of a stream's name, its end shown */ };

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* The end of a name is what tells streams apart; a terminal is told nothing by it. */
static void name_of(const json_t *object, const char *key, char out[NAME + 1])
{
    const char *text = json_string_value(json_object_get(object, key));
    size_t length = text ? strlen(text) : 0;
    snprintf(out, NAME + 1, "%s", !text ? "-" : length > NAME ? text + length - NAME : text);
    error_make_printable(out);
}

/* Of a client over TCP neither process nor user is known. */
static void whole_or_none(const json_t *object, const char *key, char out[NAME + 1])
{
    if (json_object_get(object, key))
        snprintf(out, NAME + 1, "%.0f", number(object, key));
    else
        snprintf(out, NAME + 1, "-");
}

static double rate(const json_t *now, const json_t *before, const char *key)
{
    double span = number(now, "uptime") - (before ? number(before, "uptime") : 0);
    double change = number(now, key) - (before ? number(before, key) : 0);
    return span > 0 ? change / span : 0;
}

/* Of the time that the pool's threads had between the two. */
static int stages(const json_t *now, const json_t *before, struct buffer *out, struct error *err)
{
    const json_t *a = before ? json_object_get(before, "seconds") : NULL;
    const json_t *b = json_object_get(now, "seconds");
    double span = number(now, "uptime") - (before ? number(before, "uptime") : 0);
    double had = span * number(now, "threads");
    const char *key;
    json_t *value;
    if (buffer_print(out, err, "threads %.0f:", number(now, "threads")) < 0)
        return -1;
    json_object_foreach((json_t *)b, key, value)
    {
        double spent = json_number_value(value) - (a ? number(a, key) : 0);
        if (buffer_print(out, err, "  %s %.0f %%", key, had > 0 ? 100 * spent / had : 0) < 0)
            return -1;
    }
    return buffer_append(out, "\n", 1, err);
}

static int streams(const json_t *list, struct buffer *out, struct error *err)
{
    size_t i;
    json_t *entry;
    char name[NAME + 1], data[NAME + 1];
    if (buffer_print(out, err, "\n%-6s %-*s %10s %7s %8s %12s %6s\n", "stream", NAME, "data",
                     "step", "ready", "clients", "images", "bad") < 0)
        return -1;
    json_array_foreach(list, i, entry)
    {
        name_of(entry, "name", name);
        name_of(entry, "data", data);
        if (buffer_print(out, err, "%-6s %-*s %10.0f %3.0f/%-3.0f %8.0f %12.0f %6.0f\n", name, NAME,
                         data, number(entry, "step"), number(entry, "ready"),
                         number(entry, "slots"), number(entry, "consumers"),
                         number(entry, "images"),
                         number(entry, "substituted") + number(entry, "skipped")) < 0)
            return -1;
    }
    return 0;
}

static int clients(const json_t *list, struct buffer *out, struct error *err)
{
    size_t i;
    json_t *entry;
    char name[NAME + 1], way[NAME + 1], pid[NAME + 1], uid[NAME + 1];
    if (buffer_print(out, err, "\n%-9s %8s %8s %-9s %10s %10s %6s\n", "client of", "process",
                     "user", "transport", "step", "waited", "holds") < 0)
        return -1;
    json_array_foreach(list, i, entry)
    {
        name_of(entry, "stream", name);
        name_of(entry, "transport", way);
        whole_or_none(entry, "pid", pid);
        whole_or_none(entry, "uid", uid);
        if (buffer_print(out, err, "%-9s %8s %8s %-9s %10.0f %8.1f s %6.0f\n", name, pid, uid, way,
                         number(entry, "taken"), number(entry, "waited_seconds"),
                         number(entry, "held")) < 0)
            return -1;
    }
    return 0;
}

int metrics_screen(const json_t *now, const json_t *before, struct buffer *out, struct error *err)
{
    double up = number(now, "uptime");
    const double mebi = 1 << 20;
    if (buffer_print(out, err,
                     "%.0f images/s  %.1f MB/s read  memory %.0f of %.0f MiB  %.0f substituted  up "
                     "%d:%02d:%02d\n",
                     rate(now, before, "images"), rate(now, before, "bytes") / 1e6,
                     number(now, "memory") / mebi, number(now, "memory_limit") / mebi,
                     number(now, "substituted"), (int)(up / 3600), (int)(up / 60) % 60,
                     (int)up % 60) < 0 ||
        stages(now, before, out, err) < 0)
        return -1;
    if (json_is_true(json_object_get(now, "cut")))
        return buffer_print(out, err, "\nToo many streams and clients for one message.\n");
    if (streams(json_object_get(now, "streams"), out, err) < 0)
        return -1;
    return clients(json_object_get(now, "clients"), out, err);
}
