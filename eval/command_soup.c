/* nneval soup: the mean of several networks' weights as one network. */
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "eval/command.h"
#include "eval/soup.h"

enum { OUT, DATA, IMAGES, SELECT, CLASSES, THREADS };

static const struct param options[] = {
    [OUT] = { "out", PARAM_FILE, "", .required = true, .help = "the weights file to write" },
    [DATA] = { "data", PARAM_FILE, "",
               .help = "training images, for the statistics of batch normalization" },
    [IMAGES] = { "images", PARAM_INTEGER, "", .value = 10000, .min = 0, .max = 1e12,
                 .help = "how many of them, spread over the data set; 0: all" },
    [SELECT] = { "select", PARAM_FILE, "",
                 .help = "labeled images for greedy selection: a network stays if the mean with it "
                         "is right as often; without them all are averaged" },
    [CLASSES] = { "classes", PARAM_FILE, "",
                  .help =
                      "CSV with columns index and folder name: which output each class folder is" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "0: as many as this process may use; the result does not depend on it" },
    { 0 },
};

static const char notes[] =
    "MODELS are weights of one network: snapshots and means of one training, or trainings that "
    "began at\nthe same weights. Numbers on the images of --select are optimistic afterwards.\n"
    "\n"
    "Example:\n"
    "  nneval soup out/run/snapshot-*.safetensors --data data/train --out soup.safetensors\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 data or weights refused.\n";

static const struct option_command command = {
    .program = "nneval soup",
    .usage = "MODELS... --out FILE [options]",
    .summary = "average the weights of several networks into one network",
    .options = options,
    .positional_min = 1,
    .positional_max = OPTION_POSITIONAL,
    .notes = notes,
};

static void print(const struct soup *s)
{
    for (int j = 0; j < s->members.count; j++) {
        printf("%-3s %s", s->in[j] ? "in" : "out", s->members.names[j]);
        if (s->labeled)
            printf("  %" PRIu64 " of %" PRIu64, s->correct[j], s->labeled);
        printf("\n");
    }
    if (s->labeled)
        printf("soup  %" PRIu64 " of %" PRIu64
               " on the images it was selected on, which is optimistic\n",
               s->best, s->labeled);
}

static int run(const struct option_values *given, struct pool *pool, struct error *err)
{
    const char *out = given->value[OUT].text;
    struct soup soup;
    struct soup_request request = { .models = given->positional,
                                    .count = given->positional_count,
                                    .statistics = given->value[DATA].text,
                                    .images = (uint64_t)given->value[IMAGES].integer,
                                    .select = given->value[SELECT].text,
                                    .classes = given->value[CLASSES].text,
                                    .pool = pool };
    if (file_check_out(out, err) < 0 || soup_make(&soup, &request, err) < 0)
        return -1;
    int status = soup_save(&soup, out, err);
    if (status == 0)
        print(&soup);
    soup_release(&soup);
    return status;
}

int command_soup(int argc, char **argv, struct error *err)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct pool *pool;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc;
    if (pool_open(&pool, (int)given.value[THREADS].integer, err) < 0)
        return -1;
    rc = run(&given, pool, err);
    pool_close(pool);
    return rc;
}
