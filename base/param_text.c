/*
 * Texts as values, without a table: numbers, flags, and which of many names was meant.
 */
#include "base/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 63 }; /* longer words resemble nothing */

static const char *skip_digits(const char *at)
{
    while (*at >= '0' && *at <= '9')
        at++;
    return at;
}

/* [-+] digits [. digits] [e [-+] digits], with a digit before or behind the point: strtod alone
 * would take "inf", "0x1p3" and leading blanks too. */
static bool is_decimal(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    const char *end = skip_digits(at);
    ptrdiff_t digits = end - at;
    if (*end == '.') {
        at = end + 1;
        end = skip_digits(at);
        digits += end - at;
    }
    if (digits == 0)
        return false;
    if (*end == 'e' || *end == 'E') {
        at = end + 1;
        at += *at == '-' || *at == '+';
        end = skip_digits(at);
        if (end == at)
            return false;
    }
    return *end == '\0';
}

bool param_number(const char *text, double *value)
{
    if (!is_decimal(text))
        return false;
    double number = strtod(text, NULL);
    if (!isfinite(number))
        return false;
    *value = number;
    return true;
}

bool param_integer(const char *text, int64_t *value)
{
    const char *at = text + (*text == '-' || *text == '+');
    const char *end = skip_digits(at);
    if (end > at && *end == '\0') {
        /* strtoll clamps what does not fit; only the two ends themselves may look like that. */
        long long integer = strtoll(text, NULL, 10);
        char back[24];
        while (at[0] == '0' && at[1])
            at++;
        snprintf(back, sizeof(back), "%lld", integer);
        if (strcmp(back + (back[0] == '-'), at) != 0)
            return false;
        *value = integer;
        return true;
    }
    double number;
    /* Up to 2^53 every integer is a double. */
    if (!param_number(text, &number) || fabs(number) > 9007199254740992.0 ||
        number != floor(number))
        return false;
    *value = (int64_t)number;
    return true;
}

bool param_flag(const char *text, bool *value)
{
    static const char *const words[][2] = { { "no", "yes" }, { "false", "true" }, { "off", "on" } };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        for (int flag = 0; flag < 2; flag++)
            if (strcasecmp(text, words[i][flag]) == 0) {
                *value = flag;
                return true;
            }
    return false;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to insert, delete, change or swap with their neighbor to make b of a (Damerau and
 * Levenshtein's distance, restricted: no letter is touched twice). Case does not count. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            char x = lower(a[i - 1]), y = lower(b[j - 1]);
            size_t cost = smaller(last[j] + 1, row[j - 1] + 1);
            cost = smaller(cost, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
                cost = smaller(cost, before[j - 2] + 1);
            row[j] = cost;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[m];
}

const char *param_nearest(const char *word, const char *const *names, size_t count)
{
    size_t length = strlen(word);
    if (length > WORD_MAX)
        return NULL;
    const char *nearest = NULL;
    size_t least = length / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(names[i]);
        if (size > WORD_MAX)
            continue;
        size_t steps = distance(word, length, names[i], size);
        /* A word of which no letter is left resembles nothing. */
        if (steps < least && steps < size) {
            least = steps;
            nearest = names[i];
        }
    }
    return nearest;
}
