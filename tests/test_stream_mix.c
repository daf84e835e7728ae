/*
 * Claim: in a stream's batches every pair is mixed consistently: both partners by the same draw,
 * pixels, labels, lambda and dense labels agreeing with one another and with the unmixed stream.
 */
#include <math.h>
#include <string.h>

#include "tests/stream_data.h"
#include "tests/suite.h"

static struct mix *open_mix(const char *text)
{
    struct config *config;
    struct mix *opened;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "a.yaml", &err), 0);
    ck_assert_msg(mix_open(&opened, config_root(config), 5, &err) == 0, "%s", err.message);
    config_close(config);
    return opened;
}

/* How many of the pair's values are the partner's; -1 when one is neither's. */
static int from_partner(const float *mixed, const float *own, const float *other, size_t n)
{
    int count = 0;
    for (size_t i = 0; i < n; i++) {
        if (mixed[i] != own[i] && mixed[i] != other[i])
            return -1;
        count += mixed[i] != own[i];
    }
    return count;
}

static void check_place(const struct batch *mixed, const struct batch *plain, uint32_t i,
                        int counts[3])
{
    uint32_t j = i ^ 1;
    size_t n = 3 * (size_t)mixed->width * (size_t)mixed->height;
    const float *x = (const float *)mixed->images + i * n;
    const float *own = (const float *)plain->images + i * n,
                *other = (const float *)plain->images + j * n;
    float lambda = mixed->lambda[i];
    ck_assert_int_eq(mixed->id[i], plain->id[i]);
    ck_assert_int_eq(mixed->label[i], plain->label[i]);
    ck_assert_float_eq(lambda, mixed->lambda[j]);
    float soft[3];
    mix_soft_label(mixed->label[i], mixed->label_b[i], (double)lambda, 0.1, 3, soft);
    ck_assert_mem_eq(soft, mixed->soft + 3 * i, sizeof(soft));
    if (lambda == 1) {
        ck_assert_mem_eq(x, own, n * sizeof(float));
        counts[MIX_NONE]++;
        return;
    }
    ck_assert_int_eq(mixed->label_b[i], plain->label[j]);
    int partner = from_partner(x, own, other, n);
    if (partner >= 0) { /* fill and erasures may be the same in both */
        double area = (1 - (double)lambda) * (double)n;
        ck_assert(partner <= area + 0.5 && partner > 0.5 * area);
        counts[MIX_CUT]++;
        return;
    }
    for (size_t v = 0; v < n; v++)
        ck_assert_float_eq(x[v], lambda * own[v] + (1 - lambda) * other[v]);
    counts[MIX_BLEND]++;
}

START_TEST(pairs)
{
    static const char *const texts[] = {
        "[mixup: {alpha: 1, lambda: pair, p: 0.8}, cutmix: {lambda: pair, p: 0.8}]",
        "[cutmix: {p: 0.7}, mixup: {alpha: 1, p: 0.7}]",
    };
    struct stream_options o = small_options();
    struct mix *both = open_mix(texts[_i]);
    struct error err = { 0 };
    int counts[3] = { 0 };
    o.steps = 24;
    struct stream *plain = must_open(&o, NULL);
    o.soft_labels = true;
    o.label_smoothing = 0.1;
    struct stream *mixed = must_open(&o, both);
    for (uint64_t step = 0; step < o.steps; step++) {
        struct batch a, b;
        ck_assert_int_eq(stream_next(mixed, &a, &err), 1);
        ck_assert_int_eq(stream_next(plain, &b, &err), 1);
        ck_assert_int_eq(a.classes, 3);
        ck_assert_ptr_null(b.soft);
        for (uint32_t i = 0; i < a.header->count; i++)
            check_place(&a, &b, i, counts);
        stream_release(mixed, &a);
        stream_release(plain, &b);
    }
    ck_assert(counts[0] > 0 && counts[1] > 0 && counts[2] > 0);
    stream_close(mixed);
    stream_close(plain);
    mix_close(both);
}
END_TEST

/* A place without a sample has a target of zeros, its partner its own. */
START_TEST(skipped)
{
    struct stream_options o = small_options();
    struct error err = { 0 };
    int empty = 0;
    break_some();
    o.on_error = ON_ERROR_SKIP;
    o.soft_labels = true;
    o.classes = 4; /* more than the data has */
    o.steps = 5;
    struct stream *stream = must_open(&o, mix);
    struct batch batch;
    while (stream_next(stream, &batch, &err) == 1) {
        for (uint32_t i = 0; i < batch.header->count; i++) {
            const float *soft = batch.soft + 4 * i;
            float sum = soft[0] + soft[1] + soft[2] + soft[3];
            ck_assert_float_eq_tol(sum, batch.id[i] < 0 ? 0 : 1, 1e-6f);
            if (batch.id[i] < 0) {
                empty++;
                ck_assert_float_eq(batch.soft[4 * (i ^ 1) + (size_t)batch.label[i ^ 1]], 1);
            }
        }
        stream_release(stream, &batch);
    }
    ck_assert_int_gt(empty, 0);
    stream_close(stream);
}
END_TEST

START_TEST(refused)
{
    struct stream_options o = small_options();
    struct error err = { 0 };
    o.batch = 6;
    o.world = 2;
    ck_assert_int_eq(stream_check(data, recipe, mix, &o, &err), -1);
    ck_assert_msg(strstr(err.message, "even number"), "%s", err.message);

    struct config *config;
    struct recipe *units;
    static const char text[] = "[{center_crop: 8}, {random_erasing: {p: 0.01, units: normal}}]";
    ck_assert_int_eq(config_parse(&config, text, sizeof(text) - 1, "a.yaml", &err), 0);
    ck_assert_int_eq(recipe_open(&units, config_root(config), 5, &err), 0);
    config_close(config);
    o = small_options();
    ck_assert_int_eq(stream_check(data, units, NULL, &o, &err), 0);
    o.form.dtype = DTYPE_U8;
    ck_assert_int_eq(stream_check(data, units, NULL, &o, &err), -1);
    ck_assert_msg(strstr(err.message, "units: normal"), "%s", err.message);
    recipe_close(units);

    struct data_config read;
    static const char smoothing[] = "label_smoothing: 0.1";
    ck_assert_int_eq(config_parse(&config, smoothing, sizeof(smoothing) - 1, "a.yaml", &err), 0);
    ck_assert_int_eq(data_config_read(&read, config_root(config), &err), -1);
    ck_assert_msg(strstr(err.message, "soft_labels: yes"), "%s", err.message);
    config_close(config);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("stream_mix");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_loop_test(cases, pairs, 0, 2);
    tcase_add_test(cases, skipped);
    tcase_add_test(cases, refused);
    return suite_run();
}
