/* Outputs from text. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/csv.h"
#include "base/memory.h"
#include "eval/outputs_read.h"

#define CSV_LIMIT ((uint64_t)8 << 30) /* 50,000 x 1,000 probabilities of ten digits are 0.6 GB */

enum role { ROLE_CLASS, ROLE_LABEL, ROLE_ID, ROLE_KEY, ROLE_VOTE };

static const struct {
    const char *name;
    enum role role;
} roles[] = {
    { "label", ROLE_LABEL }, { "labels", ROLE_LABEL }, { "target", ROLE_LABEL },
    { "id", ROLE_ID },       { "index", ROLE_ID },     { "key", ROLE_KEY },
    { "path", ROLE_KEY },    { "image", ROLE_KEY },    { "filename", ROLE_KEY },
    { "file", ROLE_KEY },    { "vote", ROLE_VOTE },    { "prediction", ROLE_VOTE },
    { "pred", ROLE_VOTE },
};

/* A table being read. */
struct table {
    struct outputs *o;
    struct csv csv;
    const char *path;
    bool labels;     /* only these are wanted */
    enum role *role; /* (fields) */
    size_t fields, classes, votes;
    size_t capacity; /* rows that there is room for */
};

static bool parse_number(const char *text, double *value)
{
    char *end;
    if (!*text)
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && !isspace((unsigned char)text[0]);
}

static int refuse(const struct table *t, struct error *err, const char *what, const char *field)
{
    char place[512];
    snprintf(place, sizeof(place), "%s:%" PRIu64, t->path, t->csv.line);
    return error_set(err, ERROR_DATA, place, "%s '%.40s'", what, field);
}

/* Is the first line one of names? Classes may be named 0, 1, ...: then only the other columns'
 * names tell. */
static bool is_header(const struct csv *c)
{
    size_t words = 0;
    bool counting = c->fields > 1;
    for (size_t f = 0, number = 0; f < c->fields; f++) {
        double value;
        if (!parse_number(c->field[f], &value))
            words++;
        else
            counting &= value == (double)number++;
    }
    return words > 1 || (words == 1 && (c->fields == 1 || counting));
}

static enum role role_of(const char *name)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (!strcasecmp(name, roles[i].name))
            return roles[i].role;
    return ROLE_CLASS;
}

static int name_classes(struct table *t, struct error *err)
{
    struct outputs *o = t->o;
    o->class_name = memory_array(t->classes + 1, sizeof(*o->class_name), err);
    if (!o->class_name)
        return -1;
    size_t at = 0;
    for (size_t f = 0; f < t->fields; f++)
        if (t->role[f] == ROLE_CLASS &&
            !(o->class_name[at++] =
                  arena_text(&o->arena, t->csv.field[f], strlen(t->csv.field[f]), err)))
            return -1;
    return 0;
}

static int check_roles(const struct table *t, struct error *err)
{
    int count[ROLE_VOTE + 1] = { 0 };
    for (size_t f = 0; f < t->fields; f++)
        count[t->role[f]]++;
    for (int r = ROLE_LABEL; r <= ROLE_KEY; r++)
        if (count[r] > 1)
            return error_set(err, ERROR_DATA, t->path,
                             "has two columns of labels, of ids or of keys");
    if (t->labels)
        return count[ROLE_LABEL]
                   ? 0
                   : error_set(err, ERROR_DATA, t->path, "has no column called label or target");
    if (t->classes && t->votes)
        return error_set(err, ERROR_DATA, t->path,
                         "has both a vote and %zu columns of numbers; which are the outputs?",
                         t->classes);
    return t->classes || t->votes ? 0
                                  : error_set(err, ERROR_DATA, t->path, "has no column of outputs");
}

/* Roles of the columns from the first row; *header: it holds names. */
static int take_roles(struct table *t, const struct outputs_options *options, bool *header,
                      struct error *err)
{
    double value;
    *header = is_header(&t->csv);
    t->fields = t->csv.fields;
    t->role = memory_array(t->fields, sizeof(*t->role), err);
    if (!t->role)
        return -1;
    for (size_t f = 0; f < t->fields; f++) {
        if (*header)
            t->role[f] = role_of(t->csv.field[f]);
        else if (f == 0 && t->fields > 1 && !parse_number(t->csv.field[f], &value))
            t->role[f] = ROLE_KEY;
        else if (t->labels && (t->fields == 1 || f == t->fields - 1))
            t->role[f] = ROLE_LABEL;
        else if (t->fields == 1 || options->kind == OUTPUTS_VOTES)
            t->role[f] = ROLE_VOTE;
    }
    if (t->labels && *header && t->fields == 1)
        t->role[0] = ROLE_LABEL;
    for (size_t f = 0; f < t->fields; f++) {
        t->classes += t->role[f] == ROLE_CLASS;
        t->votes += t->role[f] == ROLE_VOTE;
    }
    if (check_roles(t, err) < 0)
        return -1;
    return *header && !t->labels && t->classes ? name_classes(t, err) : 0;
}

/* Rows double as the table grows. Votes stand by rows until all are there. */
static int grow(struct table *t, struct error *err)
{
    struct outputs *o = t->o;
    if (o->n < t->capacity)
        return 0;
    size_t need = (size_t)o->n + 1, capacity = t->capacity, cells;
    struct {
        void **array;
        size_t width, size;
        bool wanted;
    } columns[] = {
        { (void **)&o->values, t->classes, sizeof(float), t->classes && !t->labels },
        { (void **)&o->votes, t->votes, sizeof(int32_t), t->votes && !t->labels },
        { (void **)&o->label, 1, sizeof(int64_t), false },
        { (void **)&o->id, 1, sizeof(int64_t), false },
        { (void **)&o->key, 1, sizeof(char *), false },
    };
    for (size_t f = 0; f < t->fields; f++) {
        columns[2].wanted |= t->role[f] == ROLE_LABEL;
        columns[3].wanted |= t->role[f] == ROLE_ID;
        columns[4].wanted |= t->role[f] == ROLE_KEY;
    }
    size_t wider = capacity ? 2 * capacity : 1024;
    wider = wider < need ? need : wider;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (!columns[i].wanted)
            continue;
        size_t held = capacity * columns[i].width;
        if (!size_mul(wider, columns[i].width, &cells))
            return error_set(err, ERROR_FAILED, t->path, "no memory for its rows");
        if (memory_grow(columns[i].array, &held, cells, columns[i].size, err) < 0)
            return -1;
    }
    t->capacity = wider;
    return 0;
}

static int take_whole(const struct table *t, const char *field, const char *what, int64_t *value,
                      struct error *err)
{
    double number;
    if (!parse_number(field, &number) || number != (double)(int64_t)number || number < -1 ||
        number > 9e15)
        return refuse(t, err, what, field);
    *value = (int64_t)number;
    return 0;
}

static int take_row(struct table *t, struct error *err)
{
    struct outputs *o = t->o;
    size_t i = (size_t)o->n, class_at = 0, vote_at = 0;
    if (grow(t, err) < 0)
        return -1;
    for (size_t f = 0; f < t->fields; f++) {
        const char *field = t->csv.field[f];
        double number = 0;
        int64_t vote = 0;
        int status = 0;
        switch (t->role[f]) {
        case ROLE_LABEL:
            status = take_whole(t, field, "labels are classes from 0 on, or -1; found",
                                &o->label[i], err);
            break;
        case ROLE_ID:
            status = take_whole(t, field, "ids are whole numbers from 0 on; found", &o->id[i], err);
            break;
        case ROLE_KEY:
            o->key[i] = arena_text(&o->arena, field, strlen(field), err);
            status = o->key[i] ? 0 : -1;
            break;
        case ROLE_VOTE:
            if (t->labels)
                break;
            status = take_whole(t, field, "votes are classes from 0 on; found", &vote, err);
            o->votes[i * t->votes + vote_at++] = vote < INT32_MAX ? (int32_t)vote : -1;
            break;
        case ROLE_CLASS:
            if (t->labels)
                break;
            if (!parse_number(field, &number))
                status = refuse(t, err, "a number is needed; found", field);
            else
                o->values[i * t->classes + class_at++] = (float)number;
            break;
        }
        if (status < 0)
            return -1;
    }
    o->n++;
    return 0;
}

/* (n,voters) becomes (voters,n). */
static int turn_votes(struct table *t, struct error *err)
{
    struct outputs *o = t->o;
    size_t n = (size_t)o->n;
    int32_t *turned = memory_array(n * t->votes, sizeof(*turned), err);
    if (!turned)
        return -1;
    for (size_t i = 0; i < n; i++)
        for (size_t v = 0; v < t->votes; v++)
            turned[v * n + i] = o->votes[i * t->votes + v];
    free(o->votes);
    o->votes = turned;
    o->voters = (int)t->votes;
    o->kind = SCORE_VOTES;
    return 0;
}

static int read_rows(struct table *t, const struct outputs_options *options, struct error *err)
{
    bool header = false;
    int more = csv_next(&t->csv, err);
    if (more <= 0)
        return more < 0 ? -1 : error_set(err, ERROR_DATA, t->path, "holds no line");
    if (take_roles(t, options, &header, err) < 0)
        return -1;
    if (!header && take_row(t, err) < 0)
        return -1;
    while ((more = csv_next(&t->csv, err)) > 0)
        if (take_row(t, err) < 0)
            return -1;
    if (more < 0 || t->labels)
        return more;
    if (t->votes)
        return turn_votes(t, err);
    if (t->classes > 1 << 24)
        return error_set(err, ERROR_DATA, t->path, "has %zu columns", t->classes);
    t->o->k = (int)t->classes;
    return outputs_settle(t->o, t->path, options->kind, err);
}

int outputs_read_csv(struct outputs *o, const char *path, const struct outputs_options *options,
                     bool labels, struct error *err)
{
    struct table t = { .o = o, .path = path, .labels = labels };
    if (csv_open(&t.csv, path, CSV_LIMIT, err) < 0)
        return -1;
    int status = read_rows(&t, options, err);
    csv_close(&t.csv);
    free(t.role);
    return status;
}
