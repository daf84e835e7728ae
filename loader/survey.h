/*
 * A survey of a data set: what preprocessing needs to know of it (mean, covariance, mean image,
 * whitening) and what a person wants to know (classes, sizes, modes, what cannot be read).
 *
 *     struct survey *s;
 *     struct survey_options o = { .size = 256 };
 *     if (survey_open(&s, &o, &err) < 0) ...
 *     survey_scan(s, index, "photos", 0, index_count(index), 0, NULL, &err);
 *     survey_save(s, "out/stats.safetensors", &err);
 *     survey_close(s);
 *
 * All sums are over whole numbers and exact, so that they are the same for any number of threads
 * and shards, in any order of merging, and nothing is lost to cancellation. Every image counts
 * once, as a frame of size x size: its short side resized (exact resampler, bilinear), its center
 * kept; with `native` the channel sums are over all pixels of the images as they are.
 */
#ifndef TENFOLD_LOADER_SURVEY_H
#define TENFOLD_LOADER_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "loader/index.h"

enum {
    SURVEY_SIZE_MAX = 1024,
    SURVEY_WHITEN_MAX = 40, /* frames' side: a covariance of 4,800 x 4,800 */
    SURVEY_SIZES = 36,      /* bins of the short side: 2^(k/2) .. 2^((k+1)/2) */
    SURVEY_ASPECTS = 25,    /* bins of width / height: 2^((k-12.5)/4) .. 2^((k-11.5)/4) */
    SURVEY_MODES = 32,
    SURVEY_UNREADABLE = 10000, /* of which place and reason are kept */
};

struct survey_options {
    int size;
    bool native;
    bool covariance; /* of all values of a frame, for whitening: size up to SURVEY_WHITEN_MAX */
};

struct survey_mode {
    char name[16]; /* "RGB", "L", "CMYK" ... */
    uint64_t count;
};

/* What lies open to readers; the rest through the functions below. */
struct survey_counts {
    uint64_t images, unreadable, warned, unlabeled;
    uint64_t pixels;                /* that the channel sums are over */
    uint64_t sum[3], product[3][3]; /* of levels, and of products of levels */
    uint64_t sizes[SURVEY_SIZES], aspects[SURVEY_ASPECTS], orientations[9]; /* EXIF's 1..8 */
    int smallest[2], largest[2]; /* width and height of the images with fewest and most
                                    pixels; 0: none */
    int modes_used;
    struct survey_mode modes[SURVEY_MODES];
};

struct survey;

int survey_open(struct survey **survey, const struct survey_options *options, struct error *err);

/* Add the samples [begin, end) of `index`, with `threads` (0: as many as this process may use).
 * `data` names them in the list of parts. What cannot be decoded is counted and listed.
 * `progress` may be NULL. */
int survey_scan(struct survey *survey, const struct index *index, const char *data, uint64_t begin,
                uint64_t end, int threads, struct progress *progress, struct error *err);

/* Add another survey. ERROR_DATA when size or kind differ, or when a range of samples is in both;
 * after an error `survey` is good for closing only. */
int survey_merge(struct survey *survey, const struct survey *other, struct error *err);

const struct survey_options *survey_options(const struct survey *survey);
const struct survey_counts *survey_counts(const struct survey *survey);
/* Samples of each class, and their number; names may be NULL. */
int64_t survey_classes(const struct survey *survey);
uint64_t survey_class(const struct survey *survey, int64_t label, const char **name);
/* "place: reason" of the i-th unreadable image, NULL behind the last one kept. */
const char *survey_unreadable(const struct survey *survey, uint64_t i);

/* On the 0..1 scale: mean and standard deviation (n) of each channel, covariance of R, G, B, its
 * eigenvalues falling and the eigenvectors in columns, each with its largest part positive. */
struct survey_color {
    double mean[3], std[3], covariance[3][3];
    double eigval[3], eigvec[3][3];
};
int survey_color(const struct survey *survey, struct survey_color *color, struct error *err);

/* The mean of the frames (3,size,size), levels 0..255, into `mean`. ERROR_DATA without an image. */
int survey_mean_image(const struct survey *survey, float *mean, struct error *err);

/* The whitening matrix (d,d), d = 3 size^2, for frames on the 0..1 scale with their mean (d)
 * subtracted, in order channel, row, column: PCA's diag((l + epsilon)^-1/2) E^T, or with `zca`
 * E diag((l + epsilon)^-1/2) E^T, of the eigenvectors E and eigenvalues l of the frames'
 * covariance. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
 * appendix A. Needs survey_options.covariance. */
int survey_whitening(const struct survey *survey, bool zca, double epsilon, float *matrix,
                     struct error *err);

/* A safetensors file with everything, to be merged or read again, the mean image as `mean_image`
 * among it; with `whitening` (d,d) also `whitening` and `whitening_mean`. */
int survey_save(const struct survey *survey, const char *path, const float *whitening,
                struct error *err);
int survey_load(struct survey **survey, const char *path, struct error *err);

void survey_close(struct survey *survey); /* NULL is a no-op */

#endif
