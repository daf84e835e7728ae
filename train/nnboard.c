/* nnboard: all runs' curves on one page, as a file or live. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/option.h"
#include "train/board_data.h"
#include "train/board_live.h"
#include "train/board_page.h"
#include "train/export_csv.h"
#include "train/export_tensorboard.h"

enum { OUT, LIVE, CSV, TENSORBOARD, TITLE, THREADS };

static const struct param options[] = {
    [OUT] = { "out", PARAM_FILE, "", .help = "write the page as this file" },
    [LIVE] = { "live", PARAM_TEXT, "",
               .help = "serve the page until interrupted, at PORT of this machine, 127.0.0.1, or "
                       "at HOST:PORT; port 0: any that is free" },
    [CSV] = { "csv", PARAM_FILE, "", .help = "write a table with a row for each run and epoch" },
    [TENSORBOARD] = { "tensorboard", PARAM_FILE, "",
                      .help = "write event files for TensorBoard into this folder" },
    [TITLE] = { "title", PARAM_TEXT, "", .help = "of the page, in place of the folders' names" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "that read runs; 0: as many as this process may use" },
    { 0 },
};

static const struct option_command command = {
    .program = "nnboard",
    .usage = "RUNS... [--out FILE.html] [--csv FILE] [--tensorboard DIR] [--live PORT] [options]",
    .summary = "all runs' curves on one page, as a file or live",
    .options = options,
    .positional_min = 1,
    .positional_max = OPTION_POSITIONAL,
    .notes = "RUNS are folders of nntrain and nntune, or folders that hold such at any depth.\n\n"
             "Examples:\n"
             "  nnboard out --out page.html\n"
             "  nnboard out/sweep --live 8780      # then open http://127.0.0.1:8780\n"
             "  nnboard out --csv runs.csv --tensorboard tb\n\n"
             "Exit status: 0 done, 1 failed, 2 wrong usage, 3 runs refused.\n",
};

static int write_page(const struct board *board, const char *path, struct error *err)
{
    struct buffer json = { 0 }, html = { 0 };
    int rc = board_json(board, 0, &json, err);
    if (rc == 0)
        rc = board_page_append(&html, board_title(board), json.data, json.size, err);
    if (rc == 0)
        rc = file_write(path, html.data, html.size, err);
    if (rc == 0)
        printf("%s: %zu run%s\n", path, board_runs(board), board_runs(board) == 1 ? "" : "s");
    buffer_release(&json);
    buffer_release(&html);
    return rc;
}

static void print_address(void *context, const char *address)
{
    (void)context;
    printf("listening on http://%s\n", address);
    fflush(stdout); /* whoever started this waits for the line */
}

static int serve(struct board *board, const char *address, struct error *err)
{
    struct buffer html = { 0 };
    int rc = board_page_append(&html, board_title(board), NULL, 0, err);
    if (rc == 0) {
        const struct board_live_options live = {
            .address = address,
            .page = html.data,
            .page_size = html.size,
            .stop = interrupt_catch(),
            .ready = print_address,
        };
        rc = board_live(board, &live, err);
    }
    buffer_release(&html);
    return rc;
}

/* A page's links are relative to its folder, a live one's are the server's. */
static int open_board(struct board **board, const struct option_values *given, const char *page,
                      bool live, struct error *err)
{
    const struct board_options options = {
        .roots = given->positional,
        .count = given->positional_count,
        .title = given->value[TITLE].text,
        .live = live,
        .page = page,
        .threads = (int)given->value[THREADS].integer,
    };
    return board_open(board, &options, err);
}

static int write_files(const struct board *board, const struct option_values *given,
                       struct error *err)
{
    const union value *value = given->value;
    if (value[OUT].text && write_page(board, value[OUT].text, err) < 0)
        return -1;
    if (value[CSV].text && export_csv(board, value[CSV].text, err) < 0)
        return -1;
    if (value[TENSORBOARD].text && export_tensorboard(board, value[TENSORBOARD].text, err) < 0)
        return -1;
    return 0;
}

/* Before a thousand runs are read. */
static int check(const struct option_values *given, struct error *err)
{
    const char *out = given->value[OUT].text, *csv = given->value[CSV].text;
    bool files = out || csv || given->value[TENSORBOARD].text, live = given->value[LIVE].text;
    if (!files && !live)
        return error_set(err, ERROR_USAGE, NULL,
                         "nothing to do: --out FILE.html writes the page, --live PORT serves it; "
                         "nnboard --help says more");
    if (files && live)
        return error_set(err, ERROR_USAGE, "--live",
                         "serves and writes nothing; write the files with a second nnboard");
    if (((out || live) && board_page_check(err) < 0) || (out && file_check_out(out, err) < 0) ||
        (csv && file_check_out(csv, err) < 0))
        return -1;
    return 0;
}

static int run(const struct option_values *given, struct error *err)
{
    const char *out = given->value[OUT].text, *live = given->value[LIVE].text;
    if (check(given, err) < 0)
        return -1;
    char *page = out ? file_folder(out, err) : NULL;
    if (out && !page)
        return -1;
    struct board *board = NULL;
    int rc = open_board(&board, given, page, live != NULL, err);
    if (rc == 0 && !live && board_runs(board) == 0)
        rc = error_set(err, ERROR_DATA, given->positional[0], "there is no run folder in it");
    if (rc == 0)
        rc = live ? serve(board, live, err) : write_files(board, given, err);
    board_close(board);
    free(page);
    return rc;
}

int main(int argc, char **argv)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct error err = { 0 };
    int rc = option_read(&command, argc, argv, &given, &err);
    if (rc == 0)
        rc = run(&given, &err);
    if (rc >= 0)
        rc = file_check_printed(&err);
    if (rc == 0)
        return 0;
    error_print(&err, "nnboard");
    return error_status(&err);
}
