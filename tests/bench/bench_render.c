/*
 * The renderer at every level of vector code: each resampler alone and the whole render call, for a
 * recipe's plans on an image of 500 x 375 and for small images. Every level's bits are compared
 * before anything is timed. One thread's processor time, levels interleaved, medians of rounds.
 * Usage: bench_render [SECONDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "augment/recipe.h"
#include "augment/render.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/simd.h"
#include "base/stat.h"

enum { PLANS = 32, ROUNDS = 7, PASSES = 3 };

/* What is timed, on the plans of one recipe. */
struct job {
    struct plan plan[PLANS];
    struct image source;
    struct output_form form;
    struct renderer *renderer;
    struct resampler *resampler;
    uint8_t *pixels, *out;
    size_t pixels_bytes, out_bytes;
};

typedef int pass_function(struct job *job, int i, struct error *err);

static int resample(struct job *job, enum plan_resampler kind, int i, struct error *err)
{
    const struct plan *p = &job->plan[i];
    struct rect visible = plan_visible(p);
    struct image out = { job->pixels, visible.width, visible.height, 3 * (size_t)visible.width };
    return resampler_run(job->resampler, kind, p->filter, &job->source, 0, 0, p->axis.window,
                         p->axis.width, p->axis.height, visible, &out, err);
}

static int exact_pass(struct job *job, int i, struct error *err)
{
    return resample(job, RESAMPLER_EXACT, i, err);
}

static int fast_pass(struct job *job, int i, struct error *err)
{
    return resample(job, RESAMPLER_FAST, i, err);
}

static int render_pass(struct job *job, int i, struct error *err)
{
    return render(job->renderer, &job->plan[i], RESAMPLER_EXACT, &job->source, 0, 0, &job->form,
                  job->out, err);
}

static const struct {
    const char *name;
    pass_function *run;
} passes[PASSES] = { { "exact", exact_pass }, { "fast", fast_pass }, { "render", render_pass } };

/* As a photograph is: smooth, with noise. */
static int paint(struct image *image, int width, int height, struct error *err)
{
    *image = (struct image){ NULL, width, height, 3 * (size_t)width };
    image->pixels = memory_array((size_t)height, image->stride, err);
    if (!image->pixels)
        return -1;
    struct rng rng = rng_start(rng_derive(1, "sample", "bench", 0), 0, 0);
    for (size_t i = 0; i < image->stride * (size_t)height; i++)
        image->pixels[i] = (uint8_t)(100 + i / 3 % (size_t)width / 5 + rng_below(&rng, 40));
    return 0;
}

static void job_release(struct job *job)
{
    free(job->out);
    free(job->pixels);
    free(job->source.pixels);
    resampler_close(job->resampler);
    renderer_close(job->renderer);
}

static int job_init(struct job *job, const char *recipe_text, int width, int height,
                    struct output_form form, struct error *err)
{
    struct config *config = NULL;
    struct recipe *recipe = NULL;
    int rc = -1;
    *job = (struct job){ .form = form };
    if (config_parse(&config, recipe_text, strlen(recipe_text), "bench", err) < 0 ||
        recipe_open(&recipe, node_get(config_root(config), "augment"), 1, err) < 0 ||
        paint(&job->source, width, height, err) < 0 || renderer_open(&job->renderer, err) < 0 ||
        resampler_open(&job->resampler, err) < 0)
        goto done;
    for (int i = 0; i < PLANS; i++) {
        if (recipe_draw(recipe, (uint64_t)i, 0, width, height, &job->plan[i], err) < 0)
            goto done;
        size_t bytes = output_bytes(&form, job->plan[i].width, job->plan[i].height);
        job->out_bytes = bytes > job->out_bytes ? bytes : job->out_bytes;
        bytes = 3 * (size_t)job->plan[i].width * (size_t)job->plan[i].height;
        job->pixels_bytes = bytes > job->pixels_bytes ? bytes : job->pixels_bytes;
    }
    job->out = memory_array(job->out_bytes, 1, err);
    job->pixels = memory_array(job->pixels_bytes, 1, err);
    rc = job->out && job->pixels ? 0 : -1;
done:
    recipe_close(recipe);
    config_close(config);
    return rc;
}

/* Every level's bits are the plain code's. */
static int check(struct job *job, enum simd_level best, struct error *err)
{
    uint8_t *plain = memory_array(job->out_bytes, 1, err);
    int rc = plain ? 0 : -1;
    for (int i = 0; i < PLANS && rc == 0; i++)
        for (int level = 0; level <= (int)best && rc == 0; level++) {
            simd_limit((enum simd_level)level);
            rc = render_pass(job, i, err);
            if (level == 0)
                memcpy(plain, job->out, job->out_bytes);
            if (rc == 0 && memcmp(plain, job->out, job->out_bytes) != 0)
                rc = error_set(err, ERROR_FAILED, simd_names[level], "plan %d: other bits", i);
        }
    free(plain);
    return rc;
}

/* Of this thread: what else the machine does is not counted. */
static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Microseconds of a call, over at least `seconds`. */
static double time_calls(struct job *job, pass_function *run, double seconds, struct error *err)
{
    double start = processor_seconds(), now;
    uint64_t calls = 0;
    do {
        for (int i = 0; i < PLANS; i++, calls++)
            if (run(job, i, err) < 0)
                return -1;
        now = processor_seconds();
    } while (now - start < seconds);
    return (now - start) / (double)calls * 1e6;
}

static int measure(struct job *job, const char *title, enum simd_level best, double seconds,
                   struct error *err)
{
    static double us[PASSES][SIMD_LEVELS][ROUNDS];
    if (check(job, best, err) < 0)
        return -1;
    for (int round = 0; round < ROUNDS; round++)
        for (int pass = 0; pass < PASSES; pass++)
            for (int level = 0; level <= (int)best; level++) {
                simd_limit((enum simd_level)level);
                us[pass][level][round] = time_calls(job, passes[pass].run, seconds, err);
                if (us[pass][level][round] < 0)
                    return -1;
            }
    printf("%s\n", title);
    for (int pass = 0; pass < PASSES; pass++) {
        double plain = 0;
        for (int level = 0; level <= (int)best; level++) {
            double median = stat_quantile(us[pass][level], ROUNDS, 0.5);
            plain = level == 0 ? median : plain;
            printf("  %-9s %-7s %8.1f us  %9.0f images/s  %5.2f of plain's speed\n",
                   passes[pass].name, simd_names[level], median, 1e6 / median, plain / median);
        }
    }
    return 0;
}

static const char resnet[] = "augment:\n"
                             "  - scale_jitter: {min: 256, max: 480}\n"
                             "  - random_crop: {size: 224}\n"
                             "  - hflip\n"
                             "  - pca_color\n"
                             "  - normalize\n";
static const char contrast[] = "augment:\n"
                               "  - random_resized_crop: {size: 224}\n"
                               "  - hflip\n"
                               "  - brightness: 0.4\n"
                               "  - contrast: 0.4\n"
                               "  - normalize\n";
static const char resnet_plain[] = "augment:\n"
                                   "  - scale_jitter: {min: 256, max: 480}\n"
                                   "  - random_crop: {size: 224}\n"
                                   "  - hflip\n"
                                   "  - normalize\n";
static const char resnet_levels[] = "augment:\n"
                                    "  - scale_jitter: {min: 256, max: 480}\n"
                                    "  - random_crop: {size: 224}\n"
                                    "  - hflip\n";
static const char cifar[] = "augment:\n"
                            "  - random_crop: {size: 32, padding: 4}\n"
                            "  - hflip\n"
                            "  - normalize\n";

int main(int argc, char **argv)
{
    static const struct {
        const char *title, *recipe;
        int width, height;
        struct output_form form;
    } jobs[] = {
        { "ResNet's recipe, 500 x 375 to 224 x 224, float32 NCHW",
          resnet,
          500,
          375,
          { DTYPE_F32, LAYOUT_NCHW } },
        { "random resized crop, brightness, contrast, float32 NCHW",
          contrast,
          500,
          375,
          { DTYPE_F32, LAYOUT_NCHW } },
        { "without PCA color, float32 NCHW", resnet_plain, 500, 375, { DTYPE_F32, LAYOUT_NCHW } },
        { "without PCA color, float16 NCHW", resnet_plain, 500, 375, { DTYPE_F16, LAYOUT_NCHW } },
        { "without PCA color, bfloat16 NHWC", resnet_plain, 500, 375, { DTYPE_BF16, LAYOUT_NHWC } },
        { "crop and mirror alone, uint8 NHWC", resnet_levels, 500, 375, { DTYPE_U8, LAYOUT_NHWC } },
        { "CIFAR's recipe, 32 x 32, float32 NCHW", cifar, 32, 32, { DTYPE_F32, LAYOUT_NCHW } },
    };
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.05;
    enum simd_level best = simd_level();
    struct error err = { 0 };
    printf("1 thread's processor time, medians of %d rounds of %.2f s, %d plans\n", ROUNDS, seconds,
           PLANS);
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        struct job job;
        int rc = job_init(&job, jobs[i].recipe, jobs[i].width, jobs[i].height, jobs[i].form, &err);
        if (rc == 0)
            rc = measure(&job, jobs[i].title, best, seconds, &err);
        job_release(&job);
        if (rc < 0) {
            error_print(&err, "bench_render");
            return 1;
        }
    }
    return 0;
}
