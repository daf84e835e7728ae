/* nnprepd: the preprocessing daemon. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/option.h"
#include "loader/server.h"
#include "loader/top.h"

enum {
    LISTEN,
    CONFIG,
    THREADS,
    MEMORY,
    CLIENT_MEMORY,
    STREAMS,
    METRICS,
    GROUP,
    CLIENTS,
    IDLE_EXIT,
    GRACE,
    WITH_PARENT,
    RELAY,
    PSK,
    MUNGE
};

static const struct param options[] = {
    [LISTEN] = { "listen", PARAM_TEXT, "",
                 .help = "unix:PATH, or tcp:HOST:PORT with --psk or --munge; repeatable. Without "
                         "it: the sockets that systemd hands over, else "
                         "$XDG_RUNTIME_DIR/tenfold/nnprepd.sock, else "
                         "/tmp/tenfold-UID/nnprepd.sock" },
    [CONFIG] = { "config", PARAM_FILE, "",
                 .help = "a config that clients may name by its file's name without .yaml; "
                         "repeatable; read again at SIGHUP" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "that decode and render, for all streams together; 0: as many as this "
                          "process may use" },
    [MEMORY] = { "memory", PARAM_NUMBER, "MiB", .value = 0, .min = 0, .max = 1e9,
                 .help = "that all rings and caches may take; 0: half of what is free" },
    [CLIENT_MEMORY] = { "client-memory", PARAM_NUMBER, "MiB", .value = 0, .min = 0, .max = 1e9,
                        .help = "that one client's ring may take; 0: half of --memory" },
    [STREAMS] = { "streams", PARAM_INTEGER, "", .value = 256, .min = 1, .max = 100000,
                  .help = "that may be open at once" },
    [METRICS] = { "metrics", PARAM_TEXT, "",
                  .help = "HOST:PORT of a page for people (/) and numbers for programs (/metrics), "
                          "such as 127.0.0.1:9150" },
    [GROUP] = { "group", PARAM_TEXT, "",
                .help = "whose members may connect, too; without it only the daemon's own user" },
    [CLIENTS] = { "clients", PARAM_INTEGER, "", .value = 1024, .min = 1, .max = 100000,
                  .help = "that may be connected at once" },
    [IDLE_EXIT] = { "idle-exit", PARAM_INTEGER, "s", .value = 0, .min = 0, .max = 1e6,
                    .help = "end when no client was connected for so long; 0: never" },
    [GRACE] = { "grace", PARAM_INTEGER, "s", .value = 5, .min = 1, .max = 3600,
                .help = "between SIGTERM and the end, for clients to take what is finished" },
    [WITH_PARENT] = { "with-parent", PARAM_FLAG, "",
                      .help = "end, as at SIGTERM, when the process that started it ends: a job's "
                              "script" },
    [RELAY] = { "relay", PARAM_TEXT, "",
                .help = "HOST:PORT of another node's nnprepd: its batches, in memory here; with "
                        "--psk or --munge" },
    [PSK] = { "psk", PARAM_FILE, "",
              .help =
                  "key of peers over TCP: 32 to 64 bytes in hexadecimal, in a file of mode 600" },
    [MUNGE] = { "munge", PARAM_FLAG, "",
                .help = "peers over TCP bring a key in a MUNGE credential of the same user" },
    { 0 },
};

static const struct option_command command = {
    .program = "nnprepd",
    .usage = "[--listen unix:PATH] [--config FILE] [options]",
    .summary = "serve batches of decoded, augmented images to trainers; `nnprepd top` shows one at "
               "work",
    .options = options,
    .notes = "Examples:\n"
             "  nnprepd --metrics 127.0.0.1:9150\n"
             "  nntrain configs/cifar10_quick.yaml --daemon auto --out out/run\n"
             "  nnprepd top\n\n"
             "SIGTERM and SIGINT: clients are told, finished batches may still be taken, then it "
             "ends with 0.\n"
             "SIGHUP: the --config files are read again, for streams opened later.\n"
             "Exit status: 0 done, 1 failed, 2 wrong usage or config, 3 no such folder or "
             "socket.\n",
};

static void print_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "nnprepd: %s\n", line);
}

/* Who waits for the first line has it; nothing more comes on standard output, and whoever reads it
 * to its end is not held up by a daemon. */
static int announce(const struct server *server, struct error *err)
{
    if (printf("listening on %s\n", server_address(server)) < 0 || fflush(stdout) != 0)
        return error_errno(err, NULL, "cannot print");
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDOUT_FILENO) < 0)
        return error_errno(err, "/dev/null", "cannot be opened");
    close(nothing);
    return 0;
}

static int die_with_parent(struct error *err)
{
    pid_t parent = getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
        return error_errno(err, "--with-parent", "prctl");
    if (getppid() != parent || parent == 1)
        return error_set(err, ERROR_FAILED, "--with-parent", "the parent has ended already");
    return 0;
}

static int serve(const struct option_values *given, struct error *err)
{
    const union value *v = given->value;
    const struct server_options o = {
        .listen = given->repeat[LISTEN],
        .listen_count = given->repeat_count[LISTEN],
        .configs = given->repeat[CONFIG],
        .config_count = given->repeat_count[CONFIG],
        .threads = (int)v[THREADS].integer,
        .memory = (uint64_t)(v[MEMORY].number * (1 << 20)),
        .client_memory = (uint64_t)(v[CLIENT_MEMORY].number * (1 << 20)),
        .streams = (int)v[STREAMS].integer,
        .metrics = v[METRICS].text,
        .group = v[GROUP].text,
        .clients = (int)v[CLIENTS].integer,
        .idle_exit = (int)v[IDLE_EXIT].integer,
        .grace = (int)v[GRACE].integer,
        .relay = v[RELAY].text,
        .psk = v[PSK].text,
        .munge = v[MUNGE].flag,
        .log = print_line,
    };
    struct server *server;
    if (v[WITH_PARENT].flag && die_with_parent(err) < 0)
        return -1;
    if (server_open(&server, &o, err) < 0)
        return -1;
    int rc = announce(server, err);
    if (rc == 0)
        rc = server_run(server, err);
    server_close(server);
    return rc;
}

int main(int argc, char **argv)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct error err = { 0 };
    bool top = argc > 1 && strcmp(argv[1], "top") == 0;
    int rc;
    if (top) {
        rc = top_run(argc - 1, argv + 1, &err);
    } else {
        rc = option_read(&command, argc, argv, &given, &err);
        if (rc == 0)
            rc = serve(&given, &err);
    }
    if (rc >= 0)
        return 0;
    error_print(&err, top ? "nnprepd top" : "nnprepd");
    return error_status(&err);
}
