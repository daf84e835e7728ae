#include "train/board_live.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/http.h"
#include "base/progress.h"

/* A page that asks once a second then shows what is at most a second and a half old. */
static const double look_seconds = 0.5;

enum { PICTURE_BYTES = 64 << 20 };

struct live {
    struct board *board;                      /* borrowed */
    const struct board_live_options *options; /* borrowed */
    bool local;                               /* it listens to this machine alone */
};

/* A name or address of this machine, whatever the port. */
static bool is_local(const char *host)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t size = strlen(names[i]);
        if (strncmp(host, names[i], size) == 0 && (host[size] == ':' || !host[size]))
            return true;
    }
    return false;
}

static int not_found(struct http_reply *reply, struct error *err)
{
    reply->status = 404;
    return buffer_print(&reply->body, err,
                        "There is /, /data.json, /data.json?since=GENERATION and "
                        "/runs/ID/NAME.\n");
}

static int answer_data(const struct live *l, const struct http_request *request,
                       struct http_reply *reply, struct error *err)
{
    const char *text = http_query(request, "since");
    char *end;
    errno = 0;
    unsigned long long since = strtoull(text, &end, 10);
    if (*end || errno || text[0] == '-') {
        reply->status = 400;
        return buffer_print(&reply->body, err, "since is no generation\n");
    }
    reply->type = "application/json";
    return board_json(l->board, since, &reply->body, err);
}

static bool is_listed(const struct board_run *run, const char *name)
{
    size_t i;
    const json_t *file;
    json_array_foreach(run->files, i,
                       file) if (strcmp(json_string_value(file), name) == 0) return true;
    return false;
}

/* "12/report.html": only names that were found in the folder lead anywhere. */
static int answer_file(const struct live *l, const char *what, struct http_reply *reply,
                       struct error *err)
{
    char *name;
    errno = 0;
    unsigned long id = strtoul(what, &name, 10);
    if (errno || *name++ != '/' || what[0] < '0' || what[0] > '9' || id >= board_runs(l->board) ||
        !is_listed(board_run(l->board, id), name))
        return not_found(reply, err);
    char *path = file_join(board_run(l->board, id)->path, name, err);
    int rc = path ? file_read(path, PICTURE_BYTES, &reply->body, err) : -1;
    free(path);
    const char *dot = strrchr(name, '.');
    reply->type = dot && strcmp(dot, ".png") == 0 ? "image/png" : "text/html; charset=utf-8";
    return rc;
}

static int answer(void *context, const struct http_request *request, struct http_reply *reply,
                  struct error *err)
{
    static const char runs[] = "/runs/";
    const struct live *l = context;
    /* A page from elsewhere may have its own name lead to 127.0.0.1, and its script would then read
     * what only this machine is to see. */
    if (l->local && !is_local(request->host)) {
        reply->status = 403;
        return buffer_print(&reply->body, err, "ask for localhost or 127.0.0.1\n");
    }
    if (strcmp(request->path, "/") == 0) {
        reply->type = "text/html; charset=utf-8";
        return buffer_append(&reply->body, l->options->page, l->options->page_size, err);
    }
    if (strcmp(request->path, "/data.json") == 0)
        return answer_data(l, request, reply, err);
    if (strncmp(request->path, runs, strlen(runs)) == 0)
        return answer_file(l, request->path + strlen(runs), reply, err);
    return not_found(reply, err);
}

/* Until somebody asks, or it is time to look at the runs again. */
static void wait_for(struct http *http, double seconds)
{
    struct pollfd ready = { .fd = http_fd(http), .events = POLLIN };
    int ms = seconds > 0 ? (int)(1000 * seconds) + 1 : 0, http_ms = http_wait_ms(http);
    if (http_ms >= 0 && http_ms < ms)
        ms = http_ms;
    (void)poll(&ready, 1, ms); /* a signal ends it: the caller looks at the stop flag */
    http_run(http);
}

static int serve(struct live *l, struct http *http, struct error *err)
{
    double next = 0;
    while (!*l->options->stop) {
        double now = clock_seconds();
        if (now >= next) {
            bool changed;
            if (board_update(l->board, &changed, err) < 0)
                return -1;
            /* A file system that is slow to answer does not get all the time. */
            double took = clock_seconds() - now;
            next = clock_seconds() + (took > look_seconds ? took : look_seconds);
        }
        wait_for(http, next - clock_seconds());
    }
    return 0;
}

int board_live(struct board *board, const struct board_live_options *options, struct error *err)
{
    struct live l = { .board = board, .options = options };
    struct http *http;
    char address[256];
    bool port_only = strspn(options->address, "0123456789") == strlen(options->address);
    snprintf(address, sizeof(address), "%s%s", port_only ? "127.0.0.1:" : "", options->address);
    l.local = is_local(address);
    if (http_open(&http, address, answer, &l, err) < 0)
        return -1;
    size_t host = (size_t)(strrchr(address, ':') - address); /* http_open has found one */
    snprintf(address + host, sizeof(address) - host, ":%d", http_port(http));
    if (options->ready)
        options->ready(options->context, address);
    int rc = serve(&l, http, err);
    http_close(http);
    return rc;
}
