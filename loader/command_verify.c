/*
 * nndata verify: every image of a data set decoded to its last pixel, the broken ones named. Images
 * are decoded by all threads in runs of CHUNK, whose findings are then printed in order.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/thread.h"
#include "loader/command.h"
#include "loader/decode.h"
#include "loader/pack_check.h"

enum { THREADS, ALL };
enum { CHUNK = 1024 };

static const struct param options[] = {
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "0: as many as this process may use" },
    [ALL] = { "all", PARAM_FLAG, "", .help = "print a line for the sound images, too" },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata verify",
    .usage = "DATA [options]",
    .summary = "decode every image and name those that are broken",
    .options = options,
    .positional_min = 1,
    .positional_max = 1,
    .notes = "A line per image: refused, warning (decoded, but the file is damaged between its "
             "parts) or, with\n--all, ok; then its place and the reason or size and mode. Exit "
             "status 3 when an image was refused. Of shards that nndata pack made the bytes are "
             "held to their CRC-32,\ntoo.\n",
};

enum verdict { OK, WARNING, REFUSED };
static const char *const verdicts[] = { "ok", "warning", "refused" };

struct finding {
    enum verdict verdict;
    char text[400];
};

struct verify {
    const struct index *index; /* borrowed */
    struct pack_check *check;  /* owned */
    struct decoder **decoders; /* owned: one a worker */
    struct buffer *bytes;      /* owned: one a worker */
    uint64_t first;            /* id of the chunk's first image */
    struct finding *findings;  /* owned: of the chunk */
    uint64_t counts[3];        /* by verdict */
};

static int check_crc(const struct verify *v, uint64_t id, const struct buffer *bytes,
                     struct error *err)
{
    uint32_t stated, crc;
    if (!pack_check_crc(v->check, id, &stated))
        return 0;
    crc = crc32_of(bytes->data, bytes->size);
    return crc == stated
               ? 0
               : error_set(err, ERROR_DATA, NULL,
                           "its bytes have CRC-32 %08" PRIx32 "; the shard's index says %08" PRIx32,
                           crc, stated);
}

static void verify_turn(void *context, size_t i, int worker)
{
    struct verify *v = context;
    struct finding *finding = &v->findings[i];
    struct decoder *decoder = v->decoders[worker];
    struct buffer *bytes = &v->bytes[worker];
    struct decode_info info;
    struct image image;
    struct error err = { 0 };
    int x, y;
    if (index_read(v->index, v->first + i, bytes, &err) < 0 ||
        check_crc(v, v->first + i, bytes, &err) < 0 ||
        decode_header(decoder, bytes->data, bytes->size, &info, &err) < 0 ||
        decode_pixels(decoder, (struct rect){ 0, 0, info.width, info.height }, &image, &x, &y,
                      &err) < 0) {
        finding->verdict = REFUSED;
        snprintf(finding->text, sizeof(finding->text), "%.*s", (int)sizeof(finding->text) - 1,
                 err.message);
        return;
    }
    const char *warning = decode_warnings(decoder);
    finding->verdict = warning ? WARNING : OK;
    if (warning)
        snprintf(finding->text, sizeof(finding->text), "%s", warning);
    else
        snprintf(finding->text, sizeof(finding->text), "%d x %d %s", info.width, info.height,
                 info.mode);
}

static void print_findings(struct verify *v, size_t count, bool all)
{
    char place[512];
    for (size_t i = 0; i < count; i++) {
        const struct finding *finding = &v->findings[i];
        v->counts[finding->verdict]++;
        if (finding->verdict == OK && !all)
            continue;
        index_place(v->index, v->first + i, place, sizeof(place));
        error_make_printable(place);
        printf("%s %s: %s\n", verdicts[finding->verdict], place, finding->text);
    }
}

static int open_workers(struct verify *v, int threads, struct error *err)
{
    v->findings = memory_array(CHUNK, sizeof(*v->findings), err);
    v->decoders = memory_array((size_t)threads, sizeof(struct decoder *), err);
    v->bytes = memory_array((size_t)threads, sizeof(*v->bytes), err);
    if (!v->findings || !v->decoders || !v->bytes)
        return -1;
    for (int i = 0; i < threads; i++)
        if (decoder_open(&v->decoders[i], NULL, err) < 0)
            return -1;
    return 0;
}

static void close_workers(struct verify *v, int threads)
{
    for (int i = 0; i < threads; i++) {
        if (v->decoders)
            decoder_close(v->decoders[i]);
        if (v->bytes)
            buffer_release(&v->bytes[i]);
    }
    free(v->decoders);
    free(v->bytes);
    free(v->findings);
}

static int verify(const struct index *index, int threads, bool all, struct error *err)
{
    struct verify v = { .index = index };
    struct pool *pool;
    uint64_t count = index_count(index);
    if (pool_open(&pool, threads, err) < 0)
        return -1;
    threads = pool_threads(pool);
    int rc = open_workers(&v, threads, err);
    if (rc == 0)
        rc = pack_check_open(&v.check, index, err);
    struct progress *progress = progress_open("verify", count, "images", rc < 0);
    for (; rc == 0 && v.first < count; v.first += CHUNK) {
        size_t chunk = count - v.first < CHUNK ? (size_t)(count - v.first) : CHUNK;
        pool_run(pool, chunk, verify_turn, &v);
        print_findings(&v, chunk, all);
        progress_update(progress, v.first + chunk, NULL);
    }
    progress_close(progress);
    pool_close(pool);
    close_workers(&v, threads);
    uint64_t checked = v.check ? pack_check_count(v.check) : 0;
    pack_check_close(v.check);
    if (rc < 0)
        return -1;
    printf("%" PRIu64 " images: %" PRIu64 " ok, %" PRIu64 " with a warning, %" PRIu64 " refused",
           count, v.counts[OK], v.counts[WARNING], v.counts[REFUSED]);
    if (index_ignored(index) > 0)
        printf("; %" PRIu64 " other files passed over", index_ignored(index));
    if (checked > 0)
        printf("; %" PRIu64 " CRCs compared", checked);
    printf("\n");
    if (v.counts[REFUSED] > 0)
        return error_set(err, ERROR_DATA, NULL, "%" PRIu64 " of %" PRIu64 " images were refused",
                         v.counts[REFUSED], count);
    return 0;
}

int command_verify(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    struct index *index;
    struct index_options io = { .allow_unlabeled = true };
    if (index_open(&index, given.positional[0], &io, err) < 0)
        return -1;
    command_note(index);
    rc = verify(index, (int)given.value[THREADS].integer, given.value[ALL].flag, err);
    index_close(index);
    return rc;
}
