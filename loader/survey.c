/* Opening, merging and reading a survey; survey_scan.c fills it, survey_save.c keeps it in files,
 * survey_color.c computes what preprocessing takes from it. */
#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/survey_private.h"

int survey_open(struct survey **result, const struct survey_options *options, struct error *err)
{
    if (options->size < 1 || options->size > SURVEY_SIZE_MAX)
        return error_set(err, ERROR_USAGE, "--size", "is %d; must be 1..%d (px)", options->size,
                         SURVEY_SIZE_MAX);
    if (options->covariance && options->size > SURVEY_WHITEN_MAX)
        return error_set(err, ERROR_USAGE, "--whiten",
                         "frames of %d x %d have %d values each; whitening takes sides of at most "
                         "%d: give a smaller --size",
                         options->size, options->size, 3 * options->size * options->size,
                         SURVEY_WHITEN_MAX);
    struct survey *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    openblas_set_num_threads(1); /* our pool does the threading */
    s->options = *options;
    s->values = 3 * (size_t)options->size * (size_t)options->size;
    s->frame_sum = memory_array(s->values, sizeof(*s->frame_sum), err);
    if (options->covariance && s->frame_sum)
        s->second = memory_array(s->values * s->values, sizeof(*s->second), err);
    if (!s->frame_sum || (options->covariance && !s->second)) {
        survey_close(s);
        return -1;
    }
    *result = s;
    return 0;
}

void survey_close(struct survey *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->class_count; i++)
        free(s->classes[i].name);
    for (size_t i = 0; i < s->unreadable_count; i++)
        free(s->unreadable[i]);
    for (size_t i = 0; i < s->part_count; i++)
        free(s->parts[i].data);
    free(s->parts);
    free(s->unreadable);
    free(s->classes);
    free(s->second);
    free(s->frame_sum);
    free(s);
}

const struct survey_options *survey_options(const struct survey *s)
{
    return &s->options;
}

const struct survey_counts *survey_counts(const struct survey *s)
{
    return &s->counts;
}

int64_t survey_classes(const struct survey *s)
{
    return (int64_t)s->class_count;
}

uint64_t survey_class(const struct survey *s, int64_t label, const char **name)
{
    *name = s->classes[label].name;
    return s->classes[label].count;
}

const char *survey_unreadable(const struct survey *s, uint64_t i)
{
    return i < s->unreadable_count ? s->unreadable[i] : NULL;
}

int survey_reserve_class(struct survey *s, int64_t label, struct error *err)
{
    enum { CLASSES_MAX = 10000000 };
    void *classes = s->classes;
    size_t need = (size_t)label + 1;
    if (label >= CLASSES_MAX)
        return error_set(err, ERROR_DATA, NULL, "class %lld; at most %d are surveyed",
                         (long long)label, CLASSES_MAX);
    if (memory_grow(&classes, &s->class_capacity, need, sizeof(*s->classes), err) < 0)
        return -1;
    s->classes = classes;
    while (s->class_count < need)
        s->classes[s->class_count++] = (struct survey_class){ NULL, 0 };
    return 0;
}

int survey_add_part(struct survey *s, const char *data, const char *hash, uint64_t begin,
                    uint64_t end, struct error *err)
{
    for (size_t i = 0; i < s->part_count; i++) {
        const struct survey_part *p = &s->parts[i];
        if (strcmp(p->hash, hash) == 0 && begin < p->end && p->begin < end)
            return error_set(err, ERROR_DATA, data,
                             "samples %llu..%llu and %llu..%llu of the same data set (%s) overlap: "
                             "they would count twice",
                             (unsigned long long)begin, (unsigned long long)end - 1,
                             (unsigned long long)p->begin, (unsigned long long)p->end - 1, p->data);
    }
    void *parts = s->parts;
    if (memory_grow(&parts, &s->part_capacity, s->part_count + 1, sizeof(*s->parts), err) < 0)
        return -1;
    s->parts = parts;
    struct survey_part *part = &s->parts[s->part_count];
    *part = (struct survey_part){ .data = memory_text(data, err), .begin = begin, .end = end };
    if (!part->data)
        return -1;
    memcpy(part->hash, hash, strnlen(hash, sizeof(part->hash) - 1));
    s->part_count++;
    return 0;
}

int survey_add_unreadable(struct survey *s, const char *text, struct error *err)
{
    if (s->unreadable_count == SURVEY_UNREADABLE)
        return 0;
    void *list = s->unreadable;
    if (memory_grow(&list, &s->unreadable_capacity, s->unreadable_count + 1, sizeof(char *), err) <
        0)
        return -1;
    s->unreadable = list;
    char *copy = memory_text(text, err);
    if (!copy)
        return -1;
    s->unreadable[s->unreadable_count++] = copy;
    return 0;
}

void survey_count_mode(struct survey_counts *c, const char *name, uint64_t count)
{
    int i = 0;
    while (i < c->modes_used && strcmp(c->modes[i].name, name) != 0)
        i++;
    if (i == c->modes_used) {
        if (i == SURVEY_MODES) /* decoders know fewer */
            return;
        c->modes_used++;
        c->modes[i].count = 0;
        size_t size = strnlen(name, sizeof(c->modes[i].name) - 1);
        memcpy(c->modes[i].name, name, size);
        c->modes[i].name[size] = '\0';
    }
    c->modes[i].count += count;
}

static void keep_extreme(int kept[2], const int other[2], bool largest)
{
    int64_t ours = (int64_t)kept[0] * kept[1], theirs = (int64_t)other[0] * other[1];
    bool better = largest ? theirs > ours : theirs < ours;
    bool wider = theirs == ours && other[0] > kept[0]; /* the same whatever the order */
    if (theirs != 0 && (ours == 0 || better || wider))
        memcpy(kept, other, 2 * sizeof(*kept));
}

void survey_add_counts(struct survey_counts *c, const struct survey_counts *other)
{
    c->images += other->images;
    c->unreadable += other->unreadable;
    c->warned += other->warned;
    c->unlabeled += other->unlabeled;
    c->pixels += other->pixels;
    for (int i = 0; i < 3; i++) {
        c->sum[i] += other->sum[i];
        for (int j = 0; j < 3; j++)
            c->product[i][j] += other->product[i][j];
    }
    for (int i = 0; i < SURVEY_SIZES; i++)
        c->sizes[i] += other->sizes[i];
    for (int i = 0; i < SURVEY_ASPECTS; i++)
        c->aspects[i] += other->aspects[i];
    for (int i = 0; i < 9; i++)
        c->orientations[i] += other->orientations[i];
    keep_extreme(c->smallest, other->smallest, false);
    keep_extreme(c->largest, other->largest, true);
    for (int i = 0; i < other->modes_used; i++)
        survey_count_mode(c, other->modes[i].name, other->modes[i].count);
}

static int merge_classes(struct survey *s, const struct survey *other, struct error *err)
{
    if (other->class_count && survey_reserve_class(s, (int64_t)other->class_count - 1, err) < 0)
        return -1;
    for (size_t i = 0; i < other->class_count; i++) {
        const struct survey_class *theirs = &other->classes[i];
        struct survey_class *ours = &s->classes[i];
        if (ours->name && theirs->name && strcmp(ours->name, theirs->name) != 0)
            return error_set(err, ERROR_DATA, NULL,
                             "class %zu is %s in one survey and %s in another: number the classes "
                             "alike (--classes)",
                             i, ours->name, theirs->name);
        if (theirs->name && !ours->name && !(ours->name = memory_text(theirs->name, err)))
            return -1;
        ours->count += theirs->count;
    }
    return 0;
}

int survey_merge(struct survey *s, const struct survey *other, struct error *err)
{
    if (s->options.size != other->options.size || s->options.native != other->options.native)
        return error_set(
            err, ERROR_DATA, NULL, "one survey is of frames of %d px (%s), another of %d px (%s)",
            s->options.size, s->options.native ? "--pixels all" : "--pixels frame",
            other->options.size, other->options.native ? "--pixels all" : "--pixels frame");
    if (!s->second != !other->second)
        return error_set(err, ERROR_DATA, NULL,
                         "one survey was made with --whiten and another without");
    for (size_t i = 0; i < other->part_count; i++) {
        const struct survey_part *p = &other->parts[i];
        if (survey_add_part(s, p->data, p->hash, p->begin, p->end, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < other->unreadable_count; i++)
        if (survey_add_unreadable(s, other->unreadable[i], err) < 0)
            return -1;
    if (merge_classes(s, other, err) < 0)
        return -1;
    survey_add_counts(&s->counts, &other->counts);
    for (size_t i = 0; i < s->values; i++)
        s->frame_sum[i] += other->frame_sum[i];
    for (size_t i = 0; s->second && i < s->values * s->values; i++)
        s->second[i] += other->second[i];
    return 0;
}
