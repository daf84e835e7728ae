/*
 * Tables as text, for errors and --help: the same words in both.
 */
#include "base/param.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { NAME_COLUMNS = 24, WIDTH = 100, TEXT_MAX = 2048 };

/* Text of bounded length; what does not fit is cut off. */
struct text {
    char *at;
    size_t size, used;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(t->at + t->used, t->size - t->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        t->used += (size_t)length;
    if (t->used >= t->size)
        t->used = t->size - 1;
}

static void add_choices(struct text *t, const struct param *row)
{
    for (size_t i = 0; row->choices[i]; i++)
        add(t, "%s%s", i ? ", " : "", row->choices[i]);
}

static void add_limits(struct text *t, const struct param *row)
{
    int digits = row->type == PARAM_INTEGER ? 16 : 10; /* whole numbers up to 2^53 in full */
    if (row->min == 0 && row->max == 0)
        return;
    if (isinf(row->max))
        add(t, " from %.*g on", digits, row->min);
    else if (isinf(row->min))
        add(t, " up to %.*g", digits, row->max);
    else
        add(t, " %.*g..%.*g", digits, row->min, digits, row->max);
}

static bool is_numeric(const struct param *row)
{
    return row->type == PARAM_INTEGER || row->type == PARAM_NUMBER || row->type == PARAM_NUMBERS ||
           row->type == PARAM_RANGE;
}

void param_describe(const struct param *row, char *text, size_t size)
{
    static const char *const kinds[] = {
        [PARAM_INTEGER] = "an integer", [PARAM_NUMBER] = "a number",
        [PARAM_FLAG] = "yes or no",     [PARAM_CHOICE] = "",
        [PARAM_NUMBERS] = "",           [PARAM_RANGE] = "one number or [low, high]",
        [PARAM_TEXT] = "a text",        [PARAM_FILE] = "a file",
        [PARAM_NODE] = "a list or map",
    };
    struct text t = { text, size, 0 };
    if (row->type == PARAM_NUMBERS)
        add(&t, "a list of 1 to %d numbers", PARAM_LIST);
    else
        add(&t, "%s", kinds[row->type]);
    if (row->type == PARAM_CHOICE)
        add_choices(&t, row);
    if (is_numeric(row))
        add_limits(&t, row);
    if (row->unit && row->unit[0])
        add(&t, " (%s)", row->unit);
}

/* What stands for the value behind an option's name. */
static const char *placeholder(const struct param *row)
{
    static const char *const words[] = {
        [PARAM_INTEGER] = " N",   [PARAM_NUMBER] = " X",       [PARAM_FLAG] = "",
        [PARAM_CHOICE] = " NAME", [PARAM_NUMBERS] = " X,X,..", [PARAM_RANGE] = " LOW,HIGH",
        [PARAM_TEXT] = " TEXT",   [PARAM_FILE] = " FILE",      [PARAM_NODE] = " ...",
    };
    return words[row->type];
}

static const char *kind_word(const struct param *row)
{
    static const char *const words[] = {
        [PARAM_INTEGER] = "integer", [PARAM_NUMBER] = "number",   [PARAM_FLAG] = "yes/no",
        [PARAM_CHOICE] = "",         [PARAM_NUMBERS] = "numbers", [PARAM_RANGE] = "low, high",
        [PARAM_TEXT] = "text",       [PARAM_FILE] = "file",       [PARAM_NODE] = "list or map",
    };
    return words[row->type];
}

static void add_default(struct text *t, const struct param *row)
{
    if (row->required)
        add(t, "; required");
    else if (row->type == PARAM_INTEGER || row->type == PARAM_NUMBER)
        add(t, "; default %.10g", row->value);
    else if (row->type == PARAM_FLAG)
        add(t, "; default %s", row->value != 0 ? "yes" : "no");
    else if (row->type == PARAM_CHOICE)
        add(t, "; default %s", row->choices[(int)row->value]);
    else if (row->initial)
        add(t, "; default %s", row->initial);
}

/* "side of the square (integer 1..4096 px; default 16)". An option that is a flag says what it does
 * by being there. */
static void explain(const struct param *row, bool option, char *text, size_t size)
{
    struct text t = { text, size, 0 };
    add(&t, "%s", row->help ? row->help : "");
    if (option && row->type == PARAM_FLAG) {
        if (row->value != 0)
            add(&t, " (default yes)");
        return;
    }
    add(&t, "%s(%s", row->help ? " " : "", kind_word(row));
    if (row->type == PARAM_CHOICE)
        add_choices(&t, row);
    if (is_numeric(row))
        add_limits(&t, row);
    if (row->unit && row->unit[0])
        add(&t, " %s", row->unit);
    add_default(&t, row);
    add(&t, ")");
}

/* Words from `text` into lines of WIDTH, the first going on at `column`, the others at `start`. */
static int wrap(const char *text, int column, int start, struct buffer *out, struct error *err)
{
    int rc = 0;
    for (bool first = true; *text && rc == 0; first = false) {
        int length = (int)strcspn(text, " ");
        if (!first && column + 1 + length > WIDTH) {
            rc = buffer_print(out, err, "\n%*s", start, "");
            column = start;
            first = true;
        }
        if (rc == 0)
            rc = buffer_print(out, err, "%s%.*s", first ? "" : " ", length, text);
        column += length + !first;
        text += length;
        text += strspn(text, " ");
    }
    return rc == 0 ? buffer_print(out, err, "\n") : rc;
}

int param_help(const struct param *table, const char *prefix, int indent, struct buffer *out,
               struct error *err)
{
    bool options = strcmp(prefix, "--") == 0;
    for (const struct param *row = table; row->name; row++) {
        char name[128], text[TEXT_MAX];
        bool negatable = options && row->type == PARAM_FLAG && row->value != 0;
        snprintf(name, sizeof(name), "%s%s%s%s", prefix, negatable ? "[no-]" : "", row->name,
                 options ? placeholder(row) : "");
        explain(row, options, text, sizeof(text));
        int start = indent + NAME_COLUMNS;
        if (buffer_print(out, err, "%*s%-*s", indent, "", NAME_COLUMNS, name) < 0)
            return -1;
        /* At least two blanks behind the name, or a line of its own. */
        if (strlen(name) + 2 > NAME_COLUMNS && buffer_print(out, err, "\n%*s", start, "") < 0)
            return -1;
        if (wrap(text, start, start, out, err) < 0)
            return -1;
    }
    return 0;
}
