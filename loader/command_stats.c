/* nndata stats: what preprocessing needs to know of a data set, as YAML, page and safetensors. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/progress.h"

#include "base/stat.h"
#include "loader/command.h"
#include "loader/decode.h"
#include "loader/survey.h"
#include "loader/survey_report.h"

enum { OUT, SIZE, PIXELS, WHITEN, EPSILON, SHARD, MERGE, CLASSES, THREADS };
enum { PIXELS_FRAME, PIXELS_ALL };
enum { WHITEN_NONE, WHITEN_ZCA, WHITEN_PCA };

static const char *const pixel_names[] = { "frame", "all", NULL };
static const char *const whiten_names[] = { "none", "zca", "pca", NULL };

static const struct param options[] = {
    [OUT] = { "out", PARAM_FILE, "", .required = true,
              .help = "folder for stats.yaml, normalize.yaml, pca_color.yaml, stats.html and "
                      "stats.safetensors" },
    [SIZE] = { "size", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = SURVEY_SIZE_MAX,
               .help = "side of the frames: short side resized to it, center kept; 0: 256, or the "
                       "images' own median where that is at most 64" },
    [PIXELS] = { "pixels", PARAM_CHOICE, "", .choices = pixel_names,
                 .help = "channel figures over the frames (each image counts once), or over all "
                         "pixels of the images as they are" },
    [WHITEN] = { "whiten", PARAM_CHOICE, "", .choices = whiten_names,
                 .help = "add the whitening matrix of the frames to stats.safetensors" },
    [EPSILON] = { "epsilon", PARAM_NUMBER, "", .value = 1e-3, .min = 1e-12, .max = 1e6,
                  .help = "added to the eigenvalues that whitening divides by, on the 0..1 scale" },
    [SHARD] = { "shard", PARAM_TEXT, "",
                .help = "i/n: only the i-th (from 0) of n parts of the samples" },
    [MERGE] = { "merge", PARAM_FILE, "",
                .help = "a stats.safetensors to add; repeatable, in place of DATA or beside it" },
    [CLASSES] = { "classes", PARAM_FILE, "",
                  .help = "CSV with columns index and folder name: how folders map to labels" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "0: as many as this process may use" },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata stats",
    .usage = "DATA --out DIR [options]",
    .summary = "compute mean, covariance, mean image, whitening, classes and sizes of a data set",
    .options = options,
    .positional_min = 0,
    .positional_max = 1,
    .notes = "A recipe takes the figures by\n"
             "  - pca_color: {extends: DIR/pca_color.yaml}\n"
             "  - normalize: {extends: DIR/normalize.yaml}\n"
             "Of a data set in n parts, each on a machine of its own:\n"
             "  nndata stats DATA --shard 0/2 --size 256 --out a; nndata stats DATA --shard 1/2 "
             "--size 256 --out b\n"
             "  nndata stats --merge a/stats.safetensors --merge b/stats.safetensors --out all\n"
             "The result is the same to the last bit as of one run. Exit status 3 when no image "
             "can be decoded.\n",
};

/* The median short side of up to 101 samples, evenly spread. */
static int choose_size(const struct index *index, int *size, struct error *err)
{
    enum { SAMPLES = 101, SMALL = 64, LARGE = 256 };
    uint64_t count = index_count(index), samples = count < SAMPLES ? count : SAMPLES;
    double sides[SAMPLES];
    size_t found = 0;
    struct decoder *decoder;
    struct buffer bytes = { 0 };
    if (decoder_open(&decoder, NULL, err) < 0)
        return -1;
    for (uint64_t i = 0; i < samples; i++) {
        struct decode_info info;
        struct error ignored = { 0 }; /* the survey itself tells of it */
        if (index_read(index, i * count / samples, &bytes, &ignored) == 0 &&
            decode_header(decoder, bytes.data, bytes.size, &info, &ignored) == 0)
            sides[found++] = info.width < info.height ? info.width : info.height;
    }
    buffer_release(&bytes);
    decoder_close(decoder);
    double median = found ? stat_quantile(sides, found, 0.5) : LARGE;
    *size = median <= SMALL ? (int)median : LARGE;
    return 0;
}

static int read_shard(const char *text, uint64_t count, uint64_t *begin, uint64_t *end,
                      struct error *err)
{
    unsigned long long i = 0, n = 1;
    char rest;
    if (text && (sscanf(text, "%llu/%llu%c", &i, &n, &rest) != 2 || n == 0 || i >= n || n > count))
        return error_set(err, ERROR_USAGE, "--shard",
                         "is %s; must be i/n with i in 0..n-1 and n at most the %" PRIu64
                         " samples",
                         text, count);
    *begin = count / n * i + (i < count % n ? i : count % n);
    *end = *begin + count / n + (i < count % n);
    return 0;
}

static int scan(struct survey **survey, const struct option_values *given, struct error *err)
{
    const union value *v = given->value;
    struct index_options io = { .classes = v[CLASSES].text, .allow_unlabeled = true };
    struct survey_options o = { .size = (int)v[SIZE].integer,
                                .native = v[PIXELS].integer == PIXELS_ALL,
                                .covariance = v[WHITEN].integer != WHITEN_NONE };
    struct index *index;
    uint64_t begin = 0, end = 0;
    const char *data = given->positional[0];
    if (index_open(&index, data, &io, err) < 0)
        return -1;
    int rc = read_shard(v[SHARD].text, index_count(index), &begin, &end, err);
    if (rc == 0 && o.size == 0)
        rc = choose_size(index, &o.size, err);
    if (rc == 0)
        rc = survey_open(survey, &o, err);
    if (rc == 0) {
        struct progress *progress = progress_open("stats", end - begin, "images", false);
        rc = survey_scan(*survey, index, data, begin, end, (int)v[THREADS].integer, progress, err);
        progress_close(progress);
    }

    index_close(index);
    return rc;
}

static int merge(struct survey **survey, const struct option_values *given, struct error *err)
{
    for (int i = 0; i < given->repeat_count[MERGE]; i++) {
        struct survey *other;
        if (survey_load(&other, given->repeat[MERGE][i], err) < 0)
            return -1;
        if (!*survey) {
            *survey = other;
            continue;
        }
        int rc = survey_merge(*survey, other, err);
        survey_close(other);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int save(const struct survey *s, const struct option_values *given, struct error *err)
{
    const char *folder = given->value[OUT].text;
    const char *data = given->positional_count ? given->positional[0] : "merged surveys";
    int64_t whiten = given->value[WHITEN].integer;
    size_t d = 3 * (size_t)survey_options(s)->size * (size_t)survey_options(s)->size;
    float *matrix = NULL;
    if (file_make_folders(folder, err) < 0 || survey_report(s, data, folder, err) < 0)
        return -1;
    if (whiten != WHITEN_NONE) {
        matrix = memory_array(d * d, sizeof(*matrix), err);
        if (!matrix || survey_whitening(s, whiten == WHITEN_ZCA, given->value[EPSILON].number,
                                        matrix, err) < 0) {
            free(matrix);
            return -1;
        }
    }
    char *path = file_join(folder, "stats.safetensors", err);
    int rc = path ? survey_save(s, path, matrix, err) : -1;
    free(path);
    free(matrix);
    return rc;
}

static int print(const struct survey *s, struct error *err)
{
    struct buffer text = { 0 };
    int rc = survey_yaml(s, &text, err);
    if (rc == 0)
        fputs(text.data, stdout);
    buffer_release(&text);
    return rc;
}

int command_stats(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    if (given.positional_count == 0 && given.repeat_count[MERGE] == 0)
        return error_set(err, ERROR_USAGE, NULL, "neither DATA nor --merge was given");
    struct survey *survey = NULL;
    if (given.positional_count > 0)
        rc = scan(&survey, &given, err);
    if (rc == 0)
        rc = merge(&survey, &given, err);
    if (rc == 0)
        rc = save(survey, &given, err);
    if (rc == 0)
        rc = print(survey, err);
    survey_close(survey);
    return rc;
}
