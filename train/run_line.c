/*
 * Fields are gathered into an array with a mark for each that was there, by either way of reading;
 * one function then says what the line is.
 */
#include "train/run_line.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP, LOSS, EPOCH, LR, RATE, RESUMED, FIELDS };

static const struct {
    const char *name;
    size_t size;
} names[FIELDS] = {
    [STEP] = { "step", 4 },
    [LOSS] = { "loss", 4 },
    [EPOCH] = { "epoch", 5 },
    [LR] = { "lr", 2 },
    [RATE] = { "images_per_second", 17 },
    [RESUMED] = { "resumed", 7 },
};

struct fields {
    double value[FIELDS];
    bool there[FIELDS];
};

/* A double holds every integer below it. */
static const double steps_max = 9007199254740992.0;

static bool is_step(const struct fields *f, int field)
{
    double x = f->value[field];
    return f->there[field] && x >= 0 && x < steps_max && x == floor(x);
}

static double number_or_nan(const struct fields *f, int field)
{
    return f->there[field] ? f->value[field] : NAN;
}

static void judge(const struct fields *f, struct run_line *line)
{
    line->kind = LINE_FOREIGN;
    if (is_step(f, RESUMED)) {
        line->kind = LINE_RESUMED;
        line->step = (uint64_t)f->value[RESUMED];
    } else if (is_step(f, STEP) && f->there[LOSS]) {
        line->kind = LINE_POINT;
        line->step = (uint64_t)f->value[STEP];
        line->epoch = number_or_nan(f, EPOCH);
        line->loss = f->value[LOSS];
        line->lr = number_or_nan(f, LR);
        line->images_per_second = number_or_nan(f, RATE);
    }
}

static void judge_end(const json_t *record, const char *state, struct run_line *line)
{
    int known = run_state_of(state);
    line->kind = LINE_FOREIGN;
    if (known < 0)
        return;
    const char *reason = json_string_value(json_object_get(record, "reason"));
    line->kind = LINE_ENDED;
    line->state = (enum run_state)known;
    snprintf(line->reason, sizeof(line->reason), "%s", reason ? reason : "");
}

void run_line_read_plain(const char *text, size_t size, struct run_line *line)
{
    struct fields f = { 0 };
    json_t *record = json_loadb(text, size, 0, NULL);
    const char *ended = json_string_value(json_object_get(record, "ended"));
    for (int i = 0; i < FIELDS; i++) {
        const json_t *value = json_object_get(record, names[i].name);
        f.there[i] = json_is_number(value);
        f.value[i] = json_number_value(value);
    }
    if (ended)
        judge_end(record, ended, line);
    else
        judge(&f, line);
    json_decref(record);
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r')
        at++;
    return at;
}

/* Digits of one number; *significant counts from the first that is not 0. */
static const char *take_digits(const char *at, uint64_t *digits, int *significant)
{
    while (*significant == 0 && *at == '0')
        at++;
    const char *first = at;
    uint64_t sum = *digits;
    for (unsigned digit; (digit = (unsigned)*at - '0') < 10; at++)
        sum = sum * 10 + digit;
    *digits = sum;
    *significant += at - first < 1000 ? (int)(at - first) : 1000; /* more than enough */
    return at;
}

static const char *take_exponent(const char *at, long *exponent)
{
    bool minus = *at == '-';
    uint64_t digits = 0;
    int significant = 0;
    const char *start = at += *at == '-' || *at == '+';
    at = take_digits(at, &digits, &significant);
    if (at == start || significant > 3)
        return NULL;
    *exponent = minus ? -(long)digits : (long)digits;
    return at;
}

/* digits * 10^exponent. Powers to 10^22 are exact. */
static double scale(double x, long exponent)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    if (exponent < -22)
        return x / powers[22] / powers[-exponent - 22];
    return exponent < 0 ? x / powers[-exponent] : x * powers[exponent];
}

/* NULL: JSON has no such number, or it takes more than this. */
static const char *take_number(const char *at, double *value)
{
    enum { DIGITS = 18 }; /* what 63 bits hold, as jansson's integers do, in any case */
    bool minus = *at == '-';
    uint64_t digits = 0;
    int significant = 0;
    long exponent = 0;
    const char *whole = at += minus, *point;
    at = point = take_digits(at, &digits, &significant);
    if (at == whole || (*whole == '0' && at - whole > 1))
        return NULL;
    if (*at == '.' && (at = take_digits(point + 1, &digits, &significant)) == point + 1)
        return NULL;
    const char *end = at;
    if ((*at == 'e' || *at == 'E') && !(at = take_exponent(at + 1, &exponent)))
        return NULL;
    exponent -= end > point ? end - point - 1 : 0;
    if (significant > DIGITS || exponent < -44 || exponent > 22)
        return NULL;
    *value = scale((double)digits, exponent);
    if (minus)
        *value = -*value;
    return at;
}

/* The name's end (its closing quote), or NULL where it is none of plain ASCII. */
static const char *name_end(const char *at)
{
    while (*at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\')
        at++;
    return *at == '"' ? at : NULL;
}

static int find_field(const char *name, size_t size)
{
    for (int i = 0; i < FIELDS; i++)
        if (size == names[i].size && memcmp(name, names[i].name, size) == 0)
            return i;
    return FIELDS;
}

/* `"name": number`; NULL where it is something else. */
static const char *take_field(const char *at, struct fields *f)
{
    const char *name = at + 1, *end;
    double value;
    if (*at != '"' || !(end = name_end(name)))
        return NULL;
    at = skip_blanks(end + 1);
    if (*at != ':' || !(at = take_number(skip_blanks(at + 1), &value)))
        return NULL;
    int field = find_field(name, (size_t)(end - name));
    if (field < FIELDS) {
        f->value[field] = value;
        f->there[field] = true;
    }
    return skip_blanks(at);
}

/* The line feed ends every loop; a NUL is none of the bytes that any of them accepts. */
static bool take_line(const char *at, const char *end, struct fields *f)
{
    at = skip_blanks(at);
    if (*at != '{')
        return false;
    do {
        at = take_field(skip_blanks(at + 1), f);
        if (!at)
            return false;
    } while (*at == ',');
    return *at == '}' && skip_blanks(at + 1) == end;
}

void run_line_read(const char *text, size_t size, struct run_line *line)
{
    struct fields f = { 0 };
    if (take_line(text, text + size, &f))
        judge(&f, line);
    else
        run_line_read_plain(text, size, line);
}
