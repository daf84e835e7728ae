/* The status page: what a person asks first stands first. */
#include <stdio.h>
#include <string.h>

#include "base/page.h"
#include "loader/metrics.h"

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    const char *found = json_string_value(json_object_get(object, key));
    return found ? found : "";
}

/* Of a client over TCP neither process nor user is known. */
static void whole_or_none(const json_t *object, const char *key, char *out, size_t size)
{
    if (json_object_get(object, key))
        snprintf(out, size, "%.0f", number(object, key));
    else
        snprintf(out, size, "-");
}

static void bytes(double n, char *out, size_t size)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    int i = 0;
    for (; n >= 1024 && i < 4; i++)
        n /= 1024;
    snprintf(out, size, "%.*f %s", i ? 1 : 0, n, units[i]);
}

static void summary(struct page *page, const json_t *stats, double rate)
{
    char memory[32], limit[32], read[32];
    bytes(number(stats, "memory"), memory, sizeof(memory));
    bytes(number(stats, "memory_limit"), limit, sizeof(limit));
    bytes(number(stats, "bytes"), read, sizeof(read));
    double up = number(stats, "uptime");
    page_text(page, "%.0f images/s. Clients: %zu, streams: %zu, threads: %.0f, up %d:%02d:%02d.",
              rate, json_array_size(json_object_get(stats, "clients")),
              json_array_size(json_object_get(stats, "streams")), number(stats, "threads"),
              (int)(up / 3600), (int)(up / 60) % 60, (int)up % 60);
    page_text(
        page,
        "%.0f images in %.0f batches, %.0f of them decoded anew; %s read from files, %.0f "
        "samples from the cache; %.0f bad images substituted, %.0f skipped. Memory: %s of %s.",
        number(stats, "images"), number(stats, "batches"), number(stats, "decoded"), read,
        number(stats, "cached"), number(stats, "substituted"), number(stats, "skipped"), memory,
        limit);
}

static void streams(struct page *page, const json_t *list)
{
    static const char *const columns[] = { "stream",  "data",   "step",        "ready",  "slots",
                                           "clients", "images", "substituted", "private" };
    static const char *const keys[] = { "step",      "ready",  "slots",
                                        "consumers", "images", "substituted" };
    enum { COLUMNS = 9, NUMBERS = 6 };
    size_t i;
    json_t *entry;
    page_heading(page, "Streams");
    if (!json_array_size(list)) {
        page_text(page, "None.");
        return;
    }
    page_table(page, columns, COLUMNS);
    json_array_foreach(list, i, entry)
    {
        char numbers[NUMBERS][32];
        const char *cells[COLUMNS] = { text(entry, "name"), text(entry, "data") };
        for (int k = 0; k < NUMBERS; k++) {
            snprintf(numbers[k], sizeof(numbers[k]), "%.0f", number(entry, keys[k]));
            cells[2 + k] = numbers[k];
        }
        cells[COLUMNS - 1] = json_is_true(json_object_get(entry, "private")) ? "yes" : "no";
        page_row(page, cells, COLUMNS);
    }
    page_table_end(page);
}

static void clients(struct page *page, const json_t *list)
{
    static const char *const columns[] = { "process", "user",   "stream", "transport",
                                           "step",    "waited", "holds" };
    enum { COLUMNS = 7 };
    size_t i;
    json_t *entry;
    page_heading(page, "Clients");
    if (!json_array_size(list)) {
        page_text(page, "None.");
        return;
    }
    page_table(page, columns, COLUMNS);
    json_array_foreach(list, i, entry)
    {
        char pid[32], uid[32], step[32], waited[32], held[32];
        whole_or_none(entry, "pid", pid, sizeof(pid));
        whole_or_none(entry, "uid", uid, sizeof(uid));
        snprintf(step, sizeof(step), "%.0f", number(entry, "taken"));
        snprintf(waited, sizeof(waited), "%.1f s", number(entry, "waited_seconds"));
        snprintf(held, sizeof(held), "%.0f", number(entry, "held"));
        const char *cells[COLUMNS] = {
            pid, uid, text(entry, "stream"), text(entry, "transport"), step, waited, held
        };
        page_row(page, cells, COLUMNS);
    }
    page_table_end(page);
}

static void stages(struct page *page, const json_t *stages)
{
    const char *labels[8];
    double values[8];
    size_t count = 0;
    const char *key;
    json_t *seconds;
    json_object_foreach((json_t *)stages, key, seconds)
    {
        if (count == 8)
            break;
        labels[count] = key;
        values[count++] = json_number_value(seconds);
    }
    if (!count)
        return;
    page_heading(page, "Where the threads' time goes");
    page_bars(page, &(struct page_bars){ .title = "since the daemon began",
                                         .unit = "seconds",
                                         .labels = labels,
                                         .values = values,
                                         .count = count });
}

int metrics_page(const json_t *stats, double rate, struct buffer *out, struct error *err)
{
    char title[200];
    struct page *page;
    snprintf(title, sizeof(title), "nnprepd at %s", text(stats, "address"));
    if (page_open(&page, title, err) < 0)
        return -1;
    summary(page, stats, rate);
    streams(page, json_object_get(stats, "streams"));
    clients(page, json_object_get(stats, "clients"));
    stages(page, json_object_get(stats, "seconds"));
    page_text(page,
              "%s, process %.0f. Numbers for programs: /metrics (Prometheus), "
              "/metrics?format=json.",
              text(stats, "software"), number(stats, "pid"));
    int rc = page_append(page, out, err);
    page_close(page);
    return rc;
}
