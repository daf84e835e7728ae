#include "loader/survey_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/page.h"

static int yaml_numbers(struct buffer *b, const char *key, const double *x, int n,
                        struct error *err)
{
    int rc = buffer_print(b, err, "%s: [", key);
    for (int i = 0; rc == 0 && i < n; i++)
        rc = buffer_print(b, err, "%s%.6g", i ? ", " : "", x[i]);
    return rc < 0 ? -1 : buffer_print(b, err, "]\n");
}

static int yaml_normalize(struct buffer *b, const struct survey_color *color, struct error *err)
{
    return yaml_numbers(b, "mean", color->mean, 3, err) < 0 ||
                   yaml_numbers(b, "std", color->std, 3, err) < 0
               ? -1
               : 0;
}

static int yaml_pca(struct buffer *b, const struct survey_color *color, struct error *err)
{
    return yaml_numbers(b, "eigval", color->eigval, 3, err) < 0 ||
                   yaml_numbers(b, "eigvec", &color->eigvec[0][0], 9, err) < 0
               ? -1
               : 0;
}

int survey_yaml(const struct survey *s, struct buffer *b, struct error *err)
{
    const struct survey_options *o = survey_options(s);
    const struct survey_counts *c = survey_counts(s);
    struct survey_color color;
    if (survey_color(s, &color, err) < 0)
        return -1;
    const char *over = o->native ? "all pixels of the images as they are" : "frames of the images";
    int rc = buffer_print(b, err,
                          "images: %" PRIu64 "\nunreadable: %" PRIu64 "\nclasses: %" PRId64
                          "\nframe: %d  # px: short side resized to it, center kept\n"
                          "# on the 0..1 scale, over %s\n",
                          c->images, c->unreadable, survey_classes(s), o->size, over);
    if (rc < 0 || yaml_normalize(b, &color, err) < 0 ||
        yaml_numbers(b, "covariance", &color.covariance[0][0], 9, err) < 0)
        return -1;
    return yaml_pca(b, &color, err);
}

static int write_yaml(const char *folder, const char *name, const struct survey *s,
                      int (*make)(const struct survey *, struct buffer *, struct error *),
                      struct error *err)
{
    struct buffer b = { 0 };
    char *path = file_join(folder, name, err);
    int rc = path ? make(s, &b, err) : -1;
    if (rc == 0)
        rc = file_write(path, b.data, b.size, err);
    buffer_release(&b);
    free(path);
    return rc;
}

static int make_normalize(const struct survey *s, struct buffer *b, struct error *err)
{
    struct survey_color color;
    return survey_color(s, &color, err) < 0 ? -1 : yaml_normalize(b, &color, err);
}

static int make_pca(const struct survey *s, struct buffer *b, struct error *err)
{
    struct survey_color color;
    return survey_color(s, &color, err) < 0 ? -1 : yaml_pca(b, &color, err);
}

/* Bars for the filled part of a histogram: label(i) names bin i. */
static void page_histogram(struct page *page, const char *title, const char *unit,
                           const uint64_t *counts, int bins, double (*lower)(int))
{
    enum { BINS_MAX = 64 };
    char text[BINS_MAX][24];
    const char *labels[BINS_MAX];
    double values[BINS_MAX];
    int first = 0, last = bins - 1, used = 0;
    while (first < bins && counts[first] == 0)
        first++;
    while (last > first && counts[last] == 0)
        last--;
    for (int i = first; i <= last && first < bins; i++, used++) {
        snprintf(text[used], sizeof(text[used]), "%.4g", lower(i));
        labels[used] = text[used];
        values[used] = (double)counts[i];
    }
    page_bars(page, &(struct page_bars){ title, unit, labels, values, (size_t)used });
}

static double size_from(int i)
{
    return ceil(exp2(i / 2.0) - 1e-9);
}

static double aspect_from(int i)
{
    return exp2((i - SURVEY_ASPECTS / 2.0) / 4);
}

static int page_classes(struct page *page, const struct survey *s, struct error *err)
{
    int64_t count = survey_classes(s);
    const char **labels = memory_array((size_t)count, sizeof(*labels), err);
    double *values = labels ? memory_array((size_t)count, sizeof(*values), err) : NULL;
    char(*numbers)[24] = values ? memory_array((size_t)count, sizeof(*numbers), err) : NULL;
    if (numbers) {
        uint64_t least = UINT64_MAX, most = 0;
        for (int64_t i = 0; i < count; i++) {
            uint64_t n = survey_class(s, i, &labels[i]);
            snprintf(numbers[i], sizeof(numbers[i]), "%" PRId64, i);
            labels[i] = labels[i] ? labels[i] : numbers[i];
            values[i] = (double)n;
            least = n < least ? n : least;
            most = n > most ? n : most;
        }
        page_heading(page, "Classes");
        page_text(page,
                  "%" PRId64 " classes of %" PRIu64 " to %" PRIu64 " images; %" PRIu64
                  " images without a class.",
                  count, count ? least : 0, most, survey_counts(s)->unlabeled);
        page_bars(page, &(struct page_bars){ "images of each class", "class", labels, values,
                                             (size_t)count });
    }
    int rc = numbers ? 0 : -1;
    free(numbers);
    free(values);
    free(labels);
    return rc;
}

static int page_mean_image(struct page *page, const struct survey *s, struct error *err)
{
    int size = survey_options(s)->size;
    size_t plane = (size_t)size * (size_t)size;
    float *mean = memory_array(3 * plane, sizeof(*mean), err);
    uint8_t *pixels = mean ? memory_array(3 * plane, 1, err) : NULL;
    int rc = pixels ? survey_mean_image(s, mean, err) : -1;
    if (rc == 0) {
        for (size_t i = 0; i < plane; i++)
            for (size_t c = 0; c < 3; c++)
                pixels[3 * i + c] = (uint8_t)(mean[c * plane + i] + 0.5f);
        struct image image = { pixels, size, size, 3 * (size_t)size };
        page_heading(page, "Mean image");
        page_image(page, &image, size < 192 ? 192 : size, "the mean of all frames");
    }
    free(pixels);
    free(mean);
    return rc;
}

static void page_color(struct page *page, const struct survey *s, const struct survey_color *color)
{
    static const char *const columns[] = {
        "channel", "mean", "std", "covariance with R", "G", "B"
    };
    static const char *const names[] = { "R", "G", "B" };
    static const char *const components[] = { "component", "eigenvalue", "R", "G", "B" };
    page_heading(page, "Color");
    page_text(page, "On the 0..1 scale, over %s.",
              survey_options(s)->native ? "all pixels of the images as they are"
                                        : "the frames of the images, each of which counts once");
    page_table(page, columns, 6);
    for (int i = 0; i < 3; i++) {
        char text[5][24];
        const double *cov = color->covariance[i];
        const double values[5] = { color->mean[i], color->std[i], cov[0], cov[1], cov[2] };
        for (int j = 0; j < 5; j++)
            snprintf(text[j], sizeof(text[j]), "%.5f", values[j]);
        const char *cells[] = { names[i], text[0], text[1], text[2], text[3], text[4] };
        page_row(page, cells, 6);
    }
    page_table_end(page);
    page_text(page, "Principal components, what pca_color draws along:");
    page_table(page, components, 5);
    for (int k = 0; k < 3; k++) {
        char text[5][24];
        snprintf(text[0], sizeof(text[0]), "%d", k);
        snprintf(text[1], sizeof(text[1]), "%.5f", color->eigval[k]);
        for (int i = 0; i < 3; i++)
            snprintf(text[2 + i], sizeof(text[2 + i]), "%.4f", color->eigvec[i][k]);
        const char *cells[] = { text[0], text[1], text[2], text[3], text[4] };
        page_row(page, cells, 5);
    }
    page_table_end(page);
}

static void page_files(struct page *page, const struct survey *s)
{
    static const char *const orientations[] = { "upright (or not stated)",
                                                "mirrored",
                                                "upside down",
                                                "upside down, mirrored",
                                                "on its left side, mirrored",
                                                "on its right side",
                                                "on its right side, mirrored",
                                                "on its left side" };
    static const char *const mode_columns[] = { "mode", "images" }, *const exif_columns[] = {
        "EXIF orientation", "", "images"
    };
    const struct survey_counts *c = survey_counts(s);
    char count[24], number[8];
    page_heading(page, "Files");
    page_side_by_side(page);
    page_table(page, mode_columns, 2);
    for (int i = 0; i < c->modes_used; i++) {
        snprintf(count, sizeof(count), "%" PRIu64, c->modes[i].count);
        const char *cells[] = { c->modes[i].name, count };
        page_row(page, cells, 2);
    }
    page_table_end(page);
    page_table(page, exif_columns, 3);
    for (int i = 1; i <= 8; i++) {
        if (c->orientations[i] == 0)
            continue;
        snprintf(number, sizeof(number), "%d", i);
        snprintf(count, sizeof(count), "%" PRIu64, c->orientations[i]);
        const char *cells[] = { number, orientations[i - 1], count };
        page_row(page, cells, 3);
    }
    page_table_end(page);
    page_side_by_side_end(page);
    if (c->warned)
        page_text(page, "%" PRIu64 " files are damaged between their parts, but decode.",
                  c->warned);
    if (c->unreadable)
        page_text(page, "%" PRIu64 " files cannot be decoded and are in none of the figures:",
                  c->unreadable);
    static const char *const columns[] = { "unreadable", "reason" };
    if (c->unreadable)
        page_table(page, columns, 1);
    for (uint64_t i = 0; survey_unreadable(s, i); i++) {
        const char *text = survey_unreadable(s, i);
        page_row(page, &text, 1);
    }
    if (c->unreadable)
        page_table_end(page);
}

static int write_page(const struct survey *s, const char *data, const char *folder,
                      struct error *err)
{
    const struct survey_counts *c = survey_counts(s);
    struct survey_color color;
    struct page *page = NULL;
    char *path = file_join(folder, "stats.html", err);
    int rc = path && survey_color(s, &color, err) == 0 ? 0 : -1;
    if (rc == 0) {
        char title[600];
        snprintf(title, sizeof(title), "Statistics of %.500s", data);
        rc = page_open(&page, title, err);
    }
    if (rc == 0) {
        page_text(page,
                  "%" PRIu64 " images, from %d x %d to %d x %d pixels. Frames: short side "
                  "resized to %d, center kept.",
                  c->images, c->smallest[0], c->smallest[1], c->largest[0], c->largest[1],
                  survey_options(s)->size);
        page_color(page, s, &color);
        rc = page_mean_image(page, s, err);
    }
    if (rc == 0) {
        page_heading(page, "Sizes");
        page_side_by_side(page);
        page_histogram(page, "shorter side", "px, from", c->sizes, SURVEY_SIZES, size_from);
        page_histogram(page, "aspect", "width / height, from", c->aspects, SURVEY_ASPECTS,
                       aspect_from);
        page_side_by_side_end(page);
        rc = page_classes(page, s, err);
    }
    if (rc == 0) {
        page_files(page, s);
        rc = page_save(page, path, err);
    }
    page_close(page);
    free(path);
    return rc;
}

int survey_report(const struct survey *s, const char *data, const char *folder, struct error *err)
{
    if (write_yaml(folder, "normalize.yaml", s, make_normalize, err) < 0 ||
        write_yaml(folder, "pca_color.yaml", s, make_pca, err) < 0 ||
        write_yaml(folder, "stats.yaml", s, survey_yaml, err) < 0)
        return -1;
    return write_page(s, data, folder, err);
}
