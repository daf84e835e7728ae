#include "eval/score_output.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "eval/score_csv.h"
#include "eval/score_json.h"
#include "eval/score_page.h"

int score_output_check(const struct score_output *o, struct error *err)
{
    const char *const paths[] = { o->json, o->csv, o->report };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (paths[i] && file_check_out(paths[i], err) < 0)
            return -1;
    return 0;
}

static int write_json(const struct score_output *o, const struct score_result *r, struct error *err)
{
    json_t *json = score_json(r, err);
    int status = json ? json_write(o->json, json, err) : -1;
    json_decref(json);
    return status;
}

static int write_csv(const struct score_output *o, const struct score_result *r, struct error *err)
{
    struct buffer text = { 0 };
    int status = score_csv(r, &text, err);
    if (status == 0)
        status = file_write(o->csv, text.data, text.size, err);
    buffer_release(&text);
    return status;
}

int score_output_write(const struct score_output *o, struct score_result *r, struct error *err)
{
    struct score_pictures *pictures = NULL;
    if (o->data && score_pictures_open(&pictures, r, o->data, o->classes, err) < 0)
        return -1;
    int status = o->json ? write_json(o, r, err) : 0;
    if (status == 0 && o->csv)
        status = write_csv(o, r, err);
    if (status == 0 && o->report)
        status = score_page_save(r, pictures, o->report, err);
    score_pictures_close(pictures);
    return status;
}

static int add_word(const char *word, struct buffer *text, struct error *err)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./=:,+@%";
    if (*word && strspn(word, plain) == strlen(word))
        return buffer_append(text, word, strlen(word), err);
    if (buffer_append(text, "'", 1, err) < 0)
        return -1;
    for (; *word; word++)
        if (buffer_append(text, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1, err) < 0)
            return -1;
    return buffer_append(text, "'", 1, err);
}

int score_output_command(const char *program, int argc, char **argv, struct buffer *text,
                         struct error *err)
{
    if (buffer_append(text, program, strlen(program), err) < 0)
        return -1;
    for (int i = 0; i < argc; i++)
        if (buffer_append(text, " ", 1, err) < 0 || add_word(argv[i], text, err) < 0)
            return -1;
    return 0;
}
