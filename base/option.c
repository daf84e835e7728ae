/*
 * Command lines. Options and positional arguments may be mixed; "--" ends the options. Long names
 * only, written out: a script must not change its meaning when a program learns a new option.
 */
#include "base/option.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/simd.h"

/* What programs understand beside their own options; --set those that read a config. */
static const char *const common[] = { "set", "help", "version" };

enum { COMMON = 3 };

/* A command line being read. */
struct line {
    const struct option_command *command;
    struct option_values *given;
    int count, at; /* of argv */
    char **argv;
};

static int find_row(const struct param *table, const char *name, size_t size)
{
    for (int i = 0; table[i].name; i++)
        if (strlen(table[i].name) == size && memcmp(table[i].name, name, size) == 0)
            return i;
    return -1;
}

static bool reads_config(const struct option_command *command)
{
    return command->sections[0] != NULL;
}

static int refuse_unknown(const struct line *l, const char *argument, struct error *err)
{
    const char *names[OPTION_MAX + COMMON];
    size_t count = 0;
    for (const struct param *row = l->command->options; row->name; row++)
        names[count++] = row->name;
    for (size_t i = 0; i < COMMON; i++)
        if (reads_config(l->command) || strcmp(common[i], "set") != 0)
            names[count++] = common[i];
    int length = (int)strcspn(argument, "=");
    char word[64] = "";
    const char *bare = argument + strspn(argument, "-");
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(bare, "="), bare);
    const char *nearest = param_nearest(word, names, count);
    return error_set(err, ERROR_USAGE, NULL, "unknown option '%.*s'%s%s%s; %s --help lists all",
                     length, argument, nearest ? " (did you mean '--" : "", nearest ? nearest : "",
                     nearest ? "'?)" : "", l->command->program);
}

/* The text that belongs to the option just read: behind its '=' or the next argument. */
static const char *value_of(struct line *l, const char *option, const char *equals,
                            struct error *err)
{
    if (equals)
        return equals + 1;
    if (l->at < l->count && strncmp(l->argv[l->at], "--", 2) != 0)
        return l->argv[l->at++];
    error_set(err, ERROR_USAGE, NULL, "%s needs a value", option);
    return NULL;
}

/* An empty text (an unset variable of a script) names no file. */
static int refuse_empty(const char *what, struct error *err)
{
    return error_set(err, ERROR_USAGE, NULL, "%s is empty; the name of a file or folder is needed",
                     what);
}

static int read_row(struct line *l, int i, const char *text, const char *option, struct error *err)
{
    struct option_values *given = l->given;
    if (given->repeat_count[i] == OPTION_REPEAT)
        return error_set(err, ERROR_USAGE, NULL, "%s is given more than %d times", option,
                         OPTION_REPEAT);
    if (l->command->options[i].type == PARAM_FILE && !text[0])
        return refuse_empty(option, err);
    given->given[i] = true;
    given->repeat[i][given->repeat_count[i]++] = text;
    return param_parse(&l->command->options[i], text, option, &given->value[i], err);
}

static int read_set(struct line *l, const char *option, const char *equals, struct error *err)
{
    if (!reads_config(l->command))
        return error_set(err, ERROR_USAGE, option, "%s reads no config that it could change",
                         l->command->program);
    const char *text = value_of(l, option, equals, err);
    if (!text)
        return -1;
    if (l->given->set_count == OPTION_REPEAT)
        return error_set(err, ERROR_USAGE, NULL, "%s is given more than %d times", option,
                         OPTION_REPEAT);
    l->given->set[l->given->set_count++] = text;
    return 0;
}

/* One argument that begins with "--". */
static int read_option(struct line *l, const char *argument, struct error *err)
{
    const struct param *options = l->command->options;
    const char *name = argument + 2, *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    char option[64];
    snprintf(option, sizeof(option), "--%.*s", (int)size, name);
    int i = find_row(options, name, size);
    if (i >= 0 && options[i].type == PARAM_FLAG)
        return read_row(l, i, equals ? equals + 1 : "yes", option, err);
    if (i >= 0) {
        const char *text = value_of(l, option, equals, err);
        return text ? read_row(l, i, text, option, err) : -1;
    }
    if (size == 3 && memcmp(name, "set", size) == 0)
        return read_set(l, option, equals, err);
    if (size > 3 && memcmp(name, "no-", 3) == 0 && !equals) {
        i = find_row(options, name + 3, size - 3);
        if (i >= 0 && options[i].type == PARAM_FLAG)
            return read_row(l, i, "no", option, err);
    }
    return refuse_unknown(l, argument, err);
}

static int read_positional(struct line *l, const char *argument, struct error *err)
{
    struct option_values *given = l->given;
    if (given->positional_count == l->command->positional_max ||
        given->positional_count == OPTION_POSITIONAL)
        return error_set(err, ERROR_USAGE, NULL, "'%s' is one argument too many; usage: %s %s",
                         argument, l->command->program, l->command->usage);
    if (!argument[0])
        return refuse_empty("an argument", err);
    given->positional[given->positional_count++] = argument;
    return 0;
}

static int check_complete(const struct line *l, struct error *err)
{
    const struct option_command *command = l->command;
    for (int i = 0; command->options[i].name; i++)
        if (command->options[i].required && !l->given->given[i])
            return error_set(err, ERROR_USAGE, NULL, "--%s is missing (%s); usage: %s %s",
                             command->options[i].name, command->options[i].help, command->program,
                             command->usage);
    if (l->given->positional_count < command->positional_min)
        return error_set(err, ERROR_USAGE, NULL, "an argument is missing; usage: %s %s",
                         command->program, command->usage);
    return 0;
}

static int print_help(const struct option_command *command, struct error *err)
{
    struct buffer out = { 0 };
    int rc = option_help(command, &out, err);
    if (rc == 0)
        fputs(out.data, stdout);
    buffer_release(&out);
    return rc == 0 ? 1 : rc;
}

int option_read(const struct option_command *command, int argc, char **argv,
                struct option_values *given, struct error *err)
{
    assert(param_count(command->options) <= OPTION_MAX);
    if (simd_check(err) < 0)
        return -1;
    memset(given, 0, sizeof(*given));
    for (int i = 0; command->options[i].name; i++)
        param_default(&command->options[i], &given->value[i]);
    struct line l = { command, given, argc, 1, argv };
    bool options_end = false;
    while (l.at < argc) {
        const char *argument = argv[l.at++];
        int rc;
        if (!options_end && (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0))
            return print_help(command, err);
        if (!options_end && strcmp(argument, "--version") == 0)
            return printf("tenfold %s\n", TENFOLD_VERSION) < 0
                       ? error_errno(err, NULL, "cannot print")
                       : 1;
        if (!options_end && strcmp(argument, "--") == 0) {
            options_end = true;
            continue;
        }
        if (!options_end && strncmp(argument, "--", 2) == 0)
            rc = read_option(&l, argument, err);
        else if (!options_end && argument[0] == '-' && argument[1])
            rc = refuse_unknown(&l, argument, err);
        else
            rc = read_positional(&l, argument, err);
        if (rc < 0)
            return -1;
    }
    return check_complete(&l, err);
}

static int section_help(const char *name, const struct param *table, struct buffer *out,
                        struct error *err)
{
    if (buffer_print(out, err, "\nSection %s of the config (or --set %s.KEY=VALUE):\n", name,
                     name) < 0)
        return -1;
    return param_help(table, "", 2, out, err);
}

int option_help(const struct option_command *command, struct buffer *out, struct error *err)
{
    static const char set[] =
        "  --set KEY=VALUE         override a key of the config (train.lr=0.05); repeatable\n";
    static const char everywhere[] = "  --help                  print this\n"
                                     "  --version               print the version\n";
    if (buffer_print(out, err, "Usage: %s %s\n%s\n\nOptions:\n", command->program, command->usage,
                     command->summary) < 0 ||
        param_help(command->options, "--", 2, out, err) < 0 ||
        (reads_config(command) && buffer_append(out, set, strlen(set), err) < 0) ||
        buffer_append(out, everywhere, strlen(everywhere), err) < 0)
        return -1;
    for (int i = 0; command->sections[i]; i++)
        if (section_help(command->section_names[i], command->sections[i], out, err) < 0)
            return -1;
    return command->notes ? buffer_print(out, err, "\n%s\n", command->notes) : 0;
}
