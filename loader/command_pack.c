/* nndata pack: a data set as WebDataset shards, whose JPEGs can be decoded in part. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "loader/command.h"
#include "loader/pack.h"

enum { SHARD_SIZE, PREFIX, CLASSES, RESTART, MAX_SHORT, QUALITY, ON_ERROR, SHARD, THREADS, REPORT };

static const char *const on_errors[] = {
    [PACK_BAD_KEEP] = "keep", [PACK_BAD_SKIP] = "skip", [PACK_BAD_FAIL] = "fail", NULL
};

static const struct param options[] = {
    [SHARD_SIZE] = { "shard-size", PARAM_NUMBER, "MB", .value = 256, .min = 0.001, .max = 1e6,
                     .help = "of the source's files in a shard" },
    [PREFIX] = { "prefix", PARAM_TEXT, "", .initial = "shard",
                 .help = "the shards are OUT/PREFIX-000000.tar, ..." },
    [CLASSES] = { "classes", PARAM_FILE, "",
                  .help = "CSV with columns index and folder name: how folders map to labels" },
    [RESTART] = { "restart", PARAM_INTEGER, "px", .value = 64, .min = 0, .max = 65535,
                  .help = "between two restart markers in a row, about; 0: no markers" },
    [MAX_SHORT] = { "max-short", PARAM_INTEGER, "px", .min = 0, .max = 65535,
                    .help = "shrink images whose short side is longer, with --quality; 0: none" },
    [QUALITY] = { "quality", PARAM_INTEGER, "", .min = 0, .max = 100,
                  .help = "of the JPEGs that shrunk images become" },
    [ON_ERROR] = { "on-error", PARAM_CHOICE, "", .choices = on_errors,
                   .help = "what becomes of an image that does not decode" },
    [SHARD] = { "shard", PARAM_TEXT, "", .initial = "0/1",
                .help = "I/N: make every Nth shard from the Ith on, I from 0; the rest is other "
                        "processes'" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "0: as many as this process may use; the files do not depend on it" },
    [REPORT] = { "report", PARAM_FILE, "",
                 .help = "JSON lines of the images of which something is to be said: key, reason, "
                         "..." },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata pack",
    .usage = "DATA OUT [options]",
    .summary = "make WebDataset shards whose JPEGs can be decoded in part",
    .options = options,
    .positional_min = 2,
    .positional_max = 2,
    .notes =
        "Keys, labels, order and pixels stay, so that a packed set gives the batches of its "
        "source. JPEGs keep\ntheir DCT coefficients and metadata, and get restart markers; each "
        "is decoded again and compared. What\ncannot be rewritten is packed as it is: PNG, files "
        "with a warning, and with --on-error keep also those\nthat do not decode. With "
        "--max-short and --quality images are made smaller, and pixels do not stay.\n\n"
        "Run again, it goes on where it was ended. Processes share the work with --shard:\n"
        "  nndata pack photos packed --shard $SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT\n"
        "  nndata verify packed\n\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 3 data refused (also: OUT holds another "
        "pack), 130\ninterrupted.\n",
};

static int read_part(const char *text, struct pack_options *o, struct error *err)
{
    char number[24];
    int64_t part = -1, parts = -1;
    size_t length = strcspn(text, "/");
    if (length < sizeof(number) && text[length] == '/') {
        memcpy(number, text, length);
        number[length] = '\0';
        if (!param_integer(number, &part) || !param_integer(text + length + 1, &parts))
            part = -1;
    }
    if (part < 0 || parts <= part || parts > 1000000)
        return error_set(err, ERROR_USAGE, NULL,
                         "--shard is '%.40s'; must be I/N with I in 0..N-1, N at most 1000000",
                         text);
    o->part = (uint64_t)part;
    o->parts = (uint64_t)parts;
    return 0;
}

static int read_options(const struct option_values *given, struct pack_options *o,
                        struct error *err)
{
    *o = pack_defaults();
    o->shard_bytes = (uint64_t)(given->value[SHARD_SIZE].number * 1e6);
    o->prefix = given->value[PREFIX].text;
    o->form.restart = (int)given->value[RESTART].integer;
    o->form.max_short = (int)given->value[MAX_SHORT].integer;
    o->form.quality = (int)given->value[QUALITY].integer;
    o->on_error = (enum pack_bad)given->value[ON_ERROR].integer;
    o->threads = (int)given->value[THREADS].integer;
    o->report = given->value[REPORT].text;
    if ((o->form.max_short > 0) != (o->form.quality > 0))
        return error_set(err, ERROR_USAGE, NULL,
                         "--max-short %d with --quality %d; both must be given (at least 1), or "
                         "neither",
                         o->form.max_short, o->form.quality);
    return read_part(given->value[SHARD].text, o, err);
}

static double percent(uint64_t after, uint64_t before)
{
    return before ? 100 * ((double)after - (double)before) / (double)before : 0;
}

static void print_result(const char *out, const struct pack_result *r)
{
    static const char *const kinds[PACK_KINDS] = {
        [PACK_REWRITTEN] = "rewritten, the same pixels",
        [PACK_PNG] = "PNG, as they were",
        [PACK_SHRUNK] = "shrunk",
        [PACK_DAMAGED] = "as they were: decoded with a warning",
        [PACK_UNUSUAL] = "as they were: cannot be rewritten without loss",
        [PACK_UNREADABLE] = "as they were: do not decode",
        [PACK_SKIPPED] = "left out: do not decode",
    };
    printf("%s: %" PRIu64 " images in %" PRIu64 " shards, %" PRIu64 " made now\n", out, r->images,
           r->shards, r->shards_made);
    printf("  %" PRIu64 " bytes of images, before %" PRIu64 " (%+.2f %%); with the tars %" PRIu64
           "\n",
           r->bytes, r->source_bytes, percent(r->bytes, r->source_bytes), r->tar_bytes);
    for (int k = 0; k < PACK_KINDS; k++) {
        if (r->kinds[k] == 0)
            continue;
        printf("  %" PRIu64 " %s", r->kinds[k], kinds[k]);
        if (k >= PACK_DAMAGED)
            printf("; the first: %s", r->example[k]);
        printf("\n");
    }
    if (r->unlabeled > 0)
        printf("  %" PRIu64 " without a label\n", r->unlabeled);
    if (r->images_made > 0)
        printf("  %.1f images/s (%.2f s)\n", (double)r->images_made / r->seconds, r->seconds);
    if (!r->complete)
        printf("  not all %" PRIu64 " shards are there yet; pack.json is written with the last\n",
               r->all_shards);
}

int command_pack(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    const char *out = given.positional[1];
    struct pack_options o;
    struct pack_result result;
    struct index *index;
    struct index_options io = { .classes = given.value[CLASSES].text, .allow_unlabeled = true };
    if (read_options(&given, &o, err) < 0 || (o.report && file_check_out(o.report, err) < 0) ||
        index_open(&index, given.positional[0], &io, err) < 0)
        return -1;
    o.stop = interrupt_catch();
    rc = pack_run(index, out, &o, &result, err);
    if (rc == 0)
        print_result(out, &result);
    index_close(index);
    return rc;
}
