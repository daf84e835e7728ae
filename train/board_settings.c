#include "train/board_settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/board_flat.h"
#include "train/board_text.h"

enum { KEYS = 100, TEXT = 256 };

/* How often a key has which value. */
struct tally {
    const char *key;  /* borrowed from a flat config */
    json_t *counts;   /* owned: texts of values to numbers */
    json_t *most;     /* borrowed: the value that most have, the first of equals */
    json_int_t times; /* ... and how many that are */
    int rank;         /* 0 comes first */
    size_t seen;      /* when the key was first met */
};

struct tallies {
    struct tally *item; /* owned */
    size_t count, capacity;
    json_t *place; /* owned: keys to places in item */
};

/* What is looked at first. */
static int rank_of(const char *key)
{
    static const char *const sections[] = { "train.", "augment.", "mix.", "model.", "data." };
    int count = sizeof(sections) / sizeof(sections[0]);
    if (strcmp(key, "train.lr") == 0)
        return 1;
    for (int i = 0; i < count; i++)
        if (strncmp(key, sections[i], strlen(sections[i])) == 0)
            return 2 + i;
    return 2 + count;
}

static struct tally *tally_of(struct tallies *t, const char *key, struct error *err)
{
    const json_t *place = json_object_get(t->place, key);
    if (place)
        return &t->item[json_integer_value(place)];
    json_t *counts = json_object();
    if (!counts ||
        memory_grow((void **)&t->item, &t->capacity, t->count + 1, sizeof(*t->item), err) < 0 ||
        json_object_set_new(t->place, key, json_integer((json_int_t)t->count)) < 0) {
        error_set(err, ERROR_FAILED, NULL, "no memory for the keys of configs");
        json_decref(counts);
        return NULL;
    }
    struct tally *item = &t->item[t->count];
    *item = (struct tally){ .key = key, .counts = counts, .rank = rank_of(key), .seen = t->count };
    t->count++;
    return item;
}

/* Long texts were cut when the config was made flat. */
static void print_leaf(const json_t *value, char text[TEXT])
{
    const char *word = json_is_null(value) ? "null" : "no";
    if (json_is_string(value))
        snprintf(text, TEXT, "\"%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(text, TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, TEXT, "%.17g", json_real_value(value));
    else
        snprintf(text, TEXT, "%s", json_is_true(value) ? "yes" : word);
}

static int count_value(struct tally *t, json_t *value, struct error *err)
{
    char text[TEXT];
    print_leaf(value, text);
    json_int_t times = json_integer_value(json_object_get(t->counts, text)) + 1;
    if (json_object_set_new(t->counts, text, json_integer(times)) < 0)
        return error_set(err, ERROR_FAILED, NULL, "no memory for the values of %s", t->key);
    if (times > t->times) {
        t->times = times;
        t->most = value;
    }
    return 0;
}

static int count_run(struct tallies *all, const struct board_run *run, struct error *err)
{
    const char *key;
    json_t *value;
    const json_t *params = json_object_get(run->record->trial, "params");
    json_object_foreach(run->flat, key, value)
    {
        struct tally *t = tally_of(all, key, err);
        if (!t || count_value(t, value, err) < 0)
            return -1;
        if (json_object_get(params, key))
            t->rank = 0;
    }
    return 0;
}

static int compare_tallies(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    int rank = (x->rank > y->rank) - (x->rank < y->rank);
    return rank ? rank : (x->seen > y->seen) - (x->seen < y->seen);
}

static bool differs(const struct tally *t)
{
    return json_object_size(t->counts) > 1 && !board_flat_is_free(t->key) &&
           !board_flat_is_seed(t->key);
}

/* Takes the tallies apart: they are sorted. */
static int take_over(struct board_settings *s, struct tallies *all, bool *new_keys,
                     struct error *err)
{
    json_t *keys = json_array(), *base = json_object();
    int rc = keys && base ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < all->count; i++)
        rc = json_object_set(base, all->item[i].key, all->item[i].most);
    if (all->count > 0)
        qsort(all->item, all->count, sizeof(*all->item), compare_tallies);
    for (size_t i = 0; rc == 0 && i < all->count && json_array_size(keys) < KEYS; i++)
        if (differs(&all->item[i]))
            rc = json_array_append_new(keys, json_string(all->item[i].key));
    if (rc < 0) {
        json_decref(keys);
        json_decref(base);
        return error_set(err, ERROR_FAILED, NULL, "no memory for the keys of configs");
    }
    *new_keys = !s->keys || !json_equal(keys, s->keys);
    json_decref(s->keys);
    json_decref(s->base);
    s->keys = keys;
    s->base = base;
    return 0;
}

static int give_group(struct board_settings *s, struct board_run *run, struct error *err)
{
    char name[24];
    snprintf(name, sizeof(name), "%016" PRIx64, run->setting);
    const json_t *known = json_object_get(s->groups, name);
    run->group = known ? (int)json_integer_value(known) : (int)json_object_size(s->groups);
    if (!known && json_object_set_new(s->groups, name, json_integer(run->group)) < 0)
        return error_set(err, ERROR_FAILED, NULL, "no memory for the groups of runs");
    return 0;
}

int board_settings_update(struct board_settings *s, struct board_run *const *runs, size_t count,
                          bool *new_keys, struct error *err)
{
    struct tallies all = { .place = json_object() };
    int rc = 0;
    if (!s->groups)
        s->groups = json_object();
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (runs[i]->record)
            rc = count_run(&all, runs[i], err) < 0 ? -1 : give_group(s, runs[i], err);
    if (rc == 0)
        rc = take_over(s, &all, new_keys, err);
    for (size_t i = 0; i < all.count; i++)
        json_decref(all.item[i].counts);
    free(all.item);
    json_decref(all.place);
    return rc;
}

static int write_values(const struct board_settings *s, const struct board_run *run,
                        struct buffer *json, struct error *err)
{
    size_t i;
    const json_t *key;
    if (buffer_print(json, err, "\"values\":[") < 0)
        return -1;
    json_array_foreach(s->keys, i, key)
    {
        const json_t *value = json_object_get(run->flat, json_string_value(key));
        if ((i > 0 && buffer_append(json, ",", 1, err) < 0) ||
            board_text_json(json, value ? value : json_null(), err) < 0)
            return -1;
    }
    return buffer_append(json, "],", 2, err);
}

/* What is not as in most runs; null where a key is missing. */
static json_t *difference(const struct board_settings *s, const struct board_run *run)
{
    json_t *changed = json_object(), *value;
    const char *key;
    json_object_foreach(run->flat, key,
                        value) if (!json_equal(value, json_object_get(s->base, key)))
        json_object_set(changed, key, value);
    json_object_foreach(s->base, key, value) if (run->flat && !json_object_get(run->flat, key))
        json_object_set_new(changed, key, json_null());
    return changed;
}

static int write_member(struct buffer *json, const char *name, const json_t *value,
                        struct error *err)
{
    if (buffer_print(json, err, "\"%s\":", name) < 0 ||
        board_text_json(json, value ? value : json_null(), err) < 0)
        return -1;
    return buffer_append(json, ",", 1, err);
}

int board_settings_head(const struct board_settings *s, const struct board_run *run,
                        struct buffer *json, struct error *err)
{
    const json_t *trial = run->record->trial;
    if (buffer_print(json, err, "\"id\":%zu,\"name\":", run->id) < 0 ||
        board_text_string(json, run->name, err) < 0 ||
        buffer_print(json, err, ",\"group\":%d,", run->group) < 0 ||
        write_member(json, "seed", board_run_seed(run), err) < 0 ||
        write_member(json, "stage", json_object_get(trial, "stage"), err) < 0 ||
        write_member(json, "fold", json_object_get(trial, "fold"), err) < 0 ||
        write_member(json, "round", json_object_get(trial, "round"), err) < 0 ||
        write_values(s, run, json, err) < 0)
        return -1;
    json_t *changed = difference(s, run);
    int rc = write_member(json, "config", changed, err);
    json_decref(changed);
    return rc;
}

void board_settings_release(struct board_settings *s)
{
    json_decref(s->keys);
    json_decref(s->base);
    json_decref(s->groups);
}
