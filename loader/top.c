#include "loader/top.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/option.h"
#include "base/socket.h"
#include "loader/metrics.h"
#include "loader/talk.h"

enum { ADDRESS, SECONDS, ONCE };

static const struct param options[] = {
    [ADDRESS] = { "daemon", PARAM_TEXT, "",
                  .help = "unix:PATH of the daemon; without it the user's own" },
    [SECONDS] = { "seconds", PARAM_NUMBER, "s", .value = 1, .min = 0.1, .max = 3600,
                  .help = "between two looks" },
    [ONCE] = { "once", PARAM_FLAG, "", .help = "print one screen: rates since the daemon began" },
    { 0 },
};

static const struct option_command command = {
    .program = "nnprepd top",
    .usage = "[--daemon unix:PATH] [options]",
    .summary = "show a daemon's streams, clients and rates; q ends it",
    .options = options,
};

static int ask(struct talk *t, json_t **stats, struct error *err)
{
    struct talk_message reply;
    if (talk_request(t, json_pack("{s:s}", "type", "stats"), 10000, &reply, err) < 0)
        return -1;
    *stats = json_incref(json_object_get(reply.object, "stats"));
    talk_message_release(&reply);
    if (json_is_object(*stats))
        return 0;
    json_decref(*stats);
    return error_set(err, ERROR_DATA, NULL, "the daemon's numbers are none");
}

static int show(const json_t *now, const json_t *before, bool screen, struct error *err)
{
    struct buffer out = { 0 };
    int rc = metrics_screen(now, before, &out, err);
    if (rc == 0) {
        if (screen)
            fputs("\033[H\033[2J", stdout); /* from the top, on an empty screen */
        fwrite(out.data, 1, out.size, stdout);
        rc = file_check_printed(err);
    }
    buffer_release(&out);
    return rc;
}

/* Keys arrive one by one and unseen. What the terminal was is in *before; false: it is none. */
static bool take_keyboard(struct termios *before)
{
    if (tcgetattr(STDIN_FILENO, before) < 0)
        return false;
    struct termios now = *before;
    now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    return tcsetattr(STDIN_FILENO, TCSANOW, &now) == 0;
}

/* Wait for the next look; whether the key to end it was pressed. */
static bool pause_for(int wait_ms, bool keyboard)
{
    struct pollfd key = { .fd = keyboard ? STDIN_FILENO : -1, .events = POLLIN };
    char byte = 0;
    return poll(&key, 1, wait_ms) > 0 && (read(STDIN_FILENO, &byte, 1) <= 0 || byte == 'q');
}

static int watch(struct talk *t, int wait_ms, bool once, struct error *err)
{
    const volatile sig_atomic_t *stop = interrupt_catch();
    json_t *before = NULL;
    struct termios terminal;
    bool keyboard = !once && take_keyboard(&terminal);
    int rc = 0;
    while (rc == 0 && !*stop) {
        json_t *now;
        rc = ask(t, &now, err);
        if (rc < 0)
            break;
        rc = show(now, before, !once, err);
        json_decref(before);
        before = now;
        if (once || pause_for(wait_ms, keyboard))
            break;
    }
    if (keyboard)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    json_decref(before);
    return rc;
}

static int find_address(const char *given, char *address, size_t size, struct error *err)
{
    if (given) {
        snprintf(address, size, "%s", given);
        return 0;
    }
    char *folder = socket_folder(err);
    if (!folder)
        return -1;
    snprintf(address, size, "unix:%s/nnprepd.sock", folder);
    free(folder);
    return 0;
}

int top_run(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    char address[256];
    struct talk *t;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc;
    if (find_address(given.value[ADDRESS].text, address, sizeof(address), err) < 0 ||
        talk_open(&t, address, NULL, 10000, err) < 0)
        return -1;
    bool once = given.value[ONCE].flag || !isatty(STDOUT_FILENO);
    rc = watch(t, (int)(given.value[SECONDS].number * 1000), once, err);
    talk_close(t);
    return rc;
}
