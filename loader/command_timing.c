/* --stats of the commands that read a stream: a line a second and a summary on standard error. */
#include <inttypes.h>
#include <stdio.h>

#include "base/thread.h"
#include "loader/command.h"

static const uint64_t EVERY = 1000000000; /* ns */

void command_timing_begin(struct command_timing *s, const struct stream *stream, bool on)
{
    *s = (struct command_timing){ .stream = stream, .on = on };
    s->first = s->last = stream_stats(stream);
}

static void print(const struct stats_sum *before, const struct stats_sum *now, const char *label)
{
    struct stats_report r = stats_report(before, now);
    char text[400];
    stats_print(&r, text, sizeof(text));
    fprintf(stderr, "%s: %s\n", label, text);
}

void command_timing_tick(struct command_timing *s)
{
    if (!s->on || stats_clock() - s->last.at < EVERY)
        return;
    struct stats_sum now = stream_stats(s->stream);
    char label[40];
    snprintf(label, sizeof(label), "%.0f s", 1e-9 * (double)(now.at - s->first.at));
    print(&s->last, &now, label);
    s->last = now;
}

struct stats_report command_timing_end(struct command_timing *s)
{
    struct stats_sum now = stream_stats(s->stream);
    struct stats_report r = stats_report(&s->first, &now);
    if (!s->on)
        return r;
    print(&s->first, &now, "in all");
    fprintf(stderr,
            "        %" PRIu64 " images in %.1f s by %d threads, %d CPUs; %.1f MB/s read from "
            "files; %.0f %% of the samples were cached",
            now.images - s->first.images, r.seconds, now.threads, thread_cpus(),
            r.megabytes_per_second, 100 * r.cached);
    if (now.cache_bytes)
        fprintf(stderr, " (%" PRIu64 " in %.1f MiB)", now.cache_items,
                (double)now.cache_bytes / (1 << 20));
    fprintf(stderr, "\n");
    return r;
}
