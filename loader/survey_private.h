/* What the files of the survey share; others include survey.h. */
#ifndef TENFOLD_LOADER_SURVEY_PRIVATE_H
#define TENFOLD_LOADER_SURVEY_PRIVATE_H

#include "loader/survey.h"

/* A range of a data set's samples that is in the survey. */
struct survey_part {
    char *data; /* owned: as it was named */
    char hash[65];
    uint64_t begin, end;
};

struct survey_class {
    char *name; /* owned; NULL: none known */
    uint64_t count;
};

struct survey {
    struct survey_options options;
    size_t values; /* of a frame: 3 size^2 */
    struct survey_counts counts;
    uint64_t *frame_sum; /* owned: (3,size,size) */
    double *second;      /* owned: (values, values) sums of products, lower triangle, exact; NULL */
    struct survey_class *classes; /* owned */
    size_t class_count, class_capacity;
    char **unreadable; /* owned, as its texts */
    size_t unreadable_count, unreadable_capacity;
    struct survey_part *parts; /* owned */
    size_t part_count, part_capacity;
};

/* Make room for class `label` and everything below it. */
int survey_reserve_class(struct survey *survey, int64_t label, struct error *err);
/* Append a part. ERROR_DATA when some of its samples are in the survey already. */
int survey_add_part(struct survey *survey, const char *data, const char *hash, uint64_t begin,
                    uint64_t end, struct error *err);
int survey_add_unreadable(struct survey *survey, const char *text, struct error *err);
void survey_count_mode(struct survey_counts *counts, const char *name, uint64_t count);
/* Add the numbers of `other` to those of `counts`. */
void survey_add_counts(struct survey_counts *counts, const struct survey_counts *other);

#endif
