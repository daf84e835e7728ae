/* Which views there are, as people say it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/view.h"

const char *const view_protocol_names[] = {
    [VIEWS_1CROP] = "1crop", [VIEWS_HFLIP] = "hflip", [VIEWS_10CROP] = "10crop",
    [VIEWS_DENSE] = "dense", [VIEWS_5X10] = "5x10",   NULL,
};
enum { PROTOCOLS = VIEWS_5X10 + 1 };

/* He et al., arXiv:1512.03385, section 3.4, at a base size of 224. */
#define FIVE_SCALES .scales = 5, .scale = { 224, 256, 384, 480, 640 }

const struct view_policy view_protocols[] = {
    [VIEWS_1CROP] = { 0 },
    [VIEWS_HFLIP] = { .flip = true },
    [VIEWS_10CROP] = { .scales = 1,
                       .scale = { 256 },
                       .center = true,
                       .corners = true,
                       .flip = true },
    [VIEWS_DENSE] = { FIVE_SCALES, .dense = true, .flip = true },
    [VIEWS_5X10] = { FIVE_SCALES, .center = true, .corners = true, .flip = true },
};

enum { BASE = 224, SCALE_MIN = 8, SCALE_MAX = 4096, SHIFT_MAX = 64 };

static const char grammar[] = "accepted: 1crop, hflip, 10crop, dense, 5x10, or words such as "
                              "\"scales=224,256 crops=center,corners flip=yes\" or "
                              "\"shift=1 flip=yes\"";

static int refuse(struct error *err, const char *text, const char *what, int size)
{
    return error_set(err, ERROR_USAGE, "views", "'%.100s': '%.*s' is not understood; %s", text,
                     size, what, grammar);
}

static int add_scale(struct view_policy *p, long scale, const char *text, struct error *err)
{
    if (scale < SCALE_MIN || scale > SCALE_MAX)
        return error_set(err, ERROR_USAGE, "views", "'%.100s': scale %ld; must be %d..%d", text,
                         scale, SCALE_MIN, SCALE_MAX);
    int i = p->scales;
    while (i > 0 && p->scale[i - 1] > scale)
        i--;
    if (i > 0 && p->scale[i - 1] == scale)
        return error_set(err, ERROR_USAGE, "views", "'%.100s': scale %ld is given twice", text,
                         scale);
    if (p->scales == VIEW_SCALES)
        return error_set(err, ERROR_USAGE, "views", "'%.100s': more than %d scales", text,
                         VIEW_SCALES);
    memmove(&p->scale[i + 1], &p->scale[i], (size_t)(p->scales++ - i) * sizeof(p->scale[0]));
    p->scale[i] = (int)scale;
    return 0;
}

/* The items of a list "a,b,c" that ends at `end`, one by one. */
static int read_item(struct view_policy *p, char key, const char *item, int size, const char *text,
                     struct error *err)
{
    char *rest;
    long scale = key == 's' ? strtol(item, &rest, 10) : 0;
    if (key == 's' && size > 0 && item[0] >= '0' && item[0] <= '9' && rest == item + size)
        return add_scale(p, scale, text, err);
    bool *set = NULL;
    if (key == 'c')
        set = size == 6 && !memcmp(item, "center", 6)    ? &p->center
              : size == 7 && !memcmp(item, "corners", 7) ? &p->corners
              : size == 5 && !memcmp(item, "dense", 5)   ? &p->dense
                                                         : NULL;
    if (set && !*set) {
        *set = true;
        return 0;
    }
    return refuse(err, text, item, size);
}

/* A whole number of digits alone. */
static bool read_digits(const char *at, int size, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < size; i++) {
        uint64_t digit = (uint64_t)at[i] - '0';
        if (digit > 9 || *number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return size > 0;
}

/* "samples=N", "seed=S" and "recipe=HASH"; *known: it was one of them. */
static int read_draws(struct view_policy *p, const char *word, int size, bool *known,
                      const char *text, struct error *err)
{
    uint64_t number;
    const char *equals = memchr(word, '=', (size_t)size);
    int key = equals ? (int)(equals - word) : 0, rest = size - key - 1;
    *known = true;
    if (key == 7 && !memcmp(word, "samples", 7)) {
        if (!read_digits(equals + 1, rest, &number) || number < 1 || number > VIEW_MAX)
            return error_set(err, ERROR_USAGE, "views", "'%.100s': samples must be 1..%d", text,
                             VIEW_MAX);
        p->samples = (int)number;
        return 0;
    }
    if (key == 4 && !memcmp(word, "seed", 4) && read_digits(equals + 1, rest, &p->seed))
        return 0;
    if (key == 6 && !memcmp(word, "recipe", 6) && rest == sizeof(p->recipe_hash) - 1) {
        memcpy(p->recipe_hash, equals + 1, (size_t)rest);
        return 0;
    }
    *known = false;
    return 0;
}

/* "shift=N"; *known: it was that. */
static int read_shift(struct view_policy *p, const char *word, int size, bool *known,
                      const char *text, struct error *err)
{
    uint64_t number;
    *known = size > 6 && !memcmp(word, "shift=", 6);
    if (!*known)
        return 0;
    if (!read_digits(word + 6, size - 6, &number) || number < 1 || number > SHIFT_MAX)
        return error_set(err, ERROR_USAGE, "views", "'%.100s': shift must be 1..%d pixels", text,
                         SHIFT_MAX);
    p->shift = (int)number;
    return 0;
}

/* One word, "key=value". */
static int read_word(struct view_policy *p, const char *word, int size, const char *text,
                     struct error *err)
{
    static const char *const keys[] = { "scales=", "crops=", "flip=" };
    bool known;
    if (read_draws(p, word, size, &known, text, err) < 0 ||
        (!known && read_shift(p, word, size, &known, text, err) < 0))
        return -1;
    if (known)
        return 0;
    for (int k = 0; k < 3; k++) {
        int length = (int)strlen(keys[k]);
        if (size <= length || memcmp(word, keys[k], (size_t)length) != 0)
            continue;
        const char *at = word + length, *end = word + size;
        bool yes = end - at == 3 && !memcmp(at, "yes", 3);
        bool no = end - at == 2 && !memcmp(at, "no", 2);
        if (k == 2 && (yes || no)) {
            p->flip = yes;
            return 0;
        }
        while (k < 2) {
            const char *comma = memchr(at, ',', (size_t)(end - at));
            int item = (int)((comma ? comma : end) - at);
            if (read_item(p, keys[k][0], at, item, text, err) < 0)
                return -1;
            if (!comma)
                return 0;
            at = comma + 1;
        }
    }
    return refuse(err, text, word, size);
}

int view_policy_read(struct view_policy *policy, const char *text, struct error *err)
{
    for (int i = 0; i < PROTOCOLS; i++)
        if (!strcmp(text, view_protocol_names[i])) {
            *policy = view_protocols[i];
            return 0;
        }
    struct view_policy p = { 0 };
    const char *at = text + strspn(text, " ");
    if (!*at)
        return refuse(err, text, "", 0);
    while (*at) {
        int size = (int)strcspn(at, " ");
        if (read_word(&p, at, size, text, err) < 0)
            return -1;
        at += size;
        at += strspn(at, " ");
    }
    bool views = p.scales || p.center || p.corners || p.dense || p.flip || p.shift;
    if (p.samples ? views : p.seed || p.recipe_hash[0])
        return error_set(err, ERROR_USAGE, "views",
                         "'%.100s': samples are drawn, with a seed; scales, crops, shift and flip "
                         "are for views",
                         text);
    if (p.dense && (p.center || p.corners))
        return error_set(err, ERROR_USAGE, "views",
                         "'%.100s': dense is the whole image, and no crops beside it", text);
    if (p.shift && (p.dense || p.corners))
        return error_set(err, ERROR_USAGE, "views",
                         "'%.100s': shift moves the center crop; there is none of dense or corners",
                         text);
    if (!p.dense && p.scales && p.scale[0] < BASE)
        return error_set(err, ERROR_USAGE, "views",
                         "'%.100s': a crop of %d sticks out of an image whose short side is %d; "
                         "must be %d or more, or crops=dense",
                         text, BASE, p.scale[0], BASE);
    *policy = p;
    return 0;
}

static bool same(const struct view_policy *a, const struct view_policy *b)
{
    return a->scales == b->scales && a->corners == b->corners &&
           (!a->corners || a->center == b->center) && a->dense == b->dense && a->flip == b->flip &&
           a->shift == b->shift && !a->samples && !b->samples &&
           memcmp(a->scale, b->scale, (size_t)a->scales * sizeof(a->scale[0])) == 0;
}

void view_policy_print(const struct view_policy *policy, char text[VIEW_TEXT])
{
    for (int i = 0; i < PROTOCOLS; i++)
        if (same(policy, &view_protocols[i])) {
            snprintf(text, VIEW_TEXT, "%s", view_protocol_names[i]);
            return;
        }
    int used = 0;
    if (policy->samples) {
        snprintf(text, VIEW_TEXT, "samples=%d seed=%" PRIu64 "%s%s", policy->samples, policy->seed,
                 policy->recipe_hash[0] ? " recipe=" : "", policy->recipe_hash);
        return;
    }
    for (int i = 0; i < policy->scales; i++)
        used += snprintf(text + used, (size_t)(VIEW_TEXT - used), "%s%d",
                         i ? "," : "scales=", policy->scale[i]);
    snprintf(text + used, (size_t)(VIEW_TEXT - used), "%scrops=%s%s%s flip=%s", used ? " " : "",
             policy->dense ? "dense" : "", policy->corners ? "corners" : "",
             policy->corners ? policy->center ? ",center" : ""
             : policy->dense ? ""
                             : "center",
             policy->flip ? "yes" : "no");
    if (policy->shift)
        snprintf(text + strlen(text), VIEW_TEXT - strlen(text), " shift=%d", policy->shift);
}

int view_policy_per_scale(const struct view_policy *policy)
{
    if (policy->samples)
        return policy->samples;
    int parts = policy->corners ? 4 + policy->center : policy->shift ? 4 : 1;
    return parts * (1 + policy->flip);
}

int view_policy_count(const struct view_policy *policy)
{
    if (policy->samples)
        return policy->samples;
    return (policy->scales ? policy->scales : 1) * view_policy_per_scale(policy);
}

void view_policy_label(const struct view_policy *policy, int number, char text[VIEW_TEXT])
{
    static const char *const corners[] = { "top left", "top right", "bottom left", "bottom right" };
    int per_scale = view_policy_per_scale(policy), at = number % per_scale;
    int parts = per_scale / (1 + policy->flip), part = at % parts;
    const char *name = policy->dense                 ? "whole"
                       : policy->corners && part < 4 ? corners[part]
                                                     : "center";
    char scale[24] = "", moved[24] = "";
    if (policy->samples) {
        snprintf(text, VIEW_TEXT, "sample %d", number);
        return;
    }
    if (policy->scales)
        snprintf(scale, sizeof(scale), "%d ", policy->scale[number / per_scale]);
    if (policy->shift && part >= 2)
        snprintf(moved, sizeof(moved), " moved by %d", part == 2 ? -policy->shift : policy->shift);
    snprintf(text, VIEW_TEXT, "%s%s%s%s", scale, name, moved, at >= parts ? ", mirrored" : "");
}
