#include "loader/client_start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "loader/stats.h"

/* Between the last client and the end: the next program of a script finds it still there. */
static const char idle_seconds[] = "10";

/* The program's file, or its name for the PATH. Fresh. */
static char *find_program(struct error *err)
{
    char self[4096];
    const char *named = getenv("TENFOLD_NNPREPD");
    if (named && named[0])
        return memory_text(named, err);
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = NULL;
    if (n > 0) {
        self[n] = '\0';
        slash = strrchr(self, '/');
    }
    static const char name[] = "nnprepd";
    if (slash && slash + 1 + sizeof(name) < self + sizeof(self)) {
        memcpy(slash + 1, name, sizeof(name));
        if (access(self, X_OK) == 0)
            return memory_text(self, err);
    }
    return memory_text("nnprepd", err);
}

/* What the two processes need; made before the fork, since little may be done after it. */
struct launch {
    char *program, *listen, *log; /* owned */
    int ready[2];                 /* a pipe: its end of file tells that the daemon ended */
};

static void launch_release(struct launch *l)
{
    free(l->program);
    free(l->listen);
    free(l->log);
    for (int i = 0; i < 2; i++)
        if (l->ready[i] >= 0)
            close(l->ready[i]);
}

static int launch_init(struct launch *l, const char *path, struct error *err)
{
    struct buffer text = { 0 };
    *l = (struct launch){ .ready = { -1, -1 } };
    char *folder = file_folder(path, err);
    l->program = folder ? find_program(err) : NULL;
    l->log = l->program ? file_join(folder, "nnprepd.log", err) : NULL;
    free(folder);
    if (!l->log || buffer_print(&text, err, "unix:%s", path) < 0)
        return -1;
    l->listen = text.data; /* taken over */
    if (pipe2(l->ready, O_CLOEXEC) < 0)
        return error_errno(err, path, "no pipe");
    return 0;
}

/* In the process that becomes the daemon: a session of its own, so that a terminal's Ctrl-C is the
 * trainer's alone, and none of the trainer's descriptors. */
static void become_daemon(const struct launch *l)
{
    char *const arguments[] = { l->program,    "--listen",           l->listen,
                                "--idle-exit", (char *)idle_seconds, NULL };
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(l->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (setsid() < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(l->ready[1], STDOUT_FILENO) < 0 || dup2(log < 0 ? nothing : log, STDERR_FILENO) < 0)
        _exit(1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void)close_range(3, ~0u, 0);
    execvp(l->program, arguments);
    dprintf(STDERR_FILENO, "%s: %s\n", l->program, strerror(errno));
    _exit(127);
}

/* Forks twice: the daemon is nobody's child to wait for. */
static int launch(const struct launch *l, struct error *err)
{
    pid_t child = fork();
    if (child < 0)
        return error_errno(err, l->program, "cannot be started");
    if (child == 0) {
        pid_t daemon = fork();
        if (daemon == 0)
            become_daemon(l);
        _exit(daemon < 0);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return error_errno(err, l->program, "cannot be started");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(err, ERROR_FAILED, l->program, "cannot be started");
    return 0;
}

/* The daemon's first line, or its end. */
static int await(const struct launch *l, int wait_ms, struct error *err)
{
    uint64_t begun = stats_clock();
    for (;;) {
        int left = wait_ms - (int)((stats_clock() - begun) / 1000000);
        struct pollfd p = { .fd = l->ready[0], .events = POLLIN };
        int rc = left > 0 ? poll(&p, 1, left) : 0;
        if (rc == 0)
            return error_set(err, ERROR_FAILED, l->program, "is not ready after %d ms; see %s",
                             wait_ms, l->log);
        char byte;
        if (rc > 0 && (read(l->ready[0], &byte, 1) <= 0 || byte == '\n'))
            return 0;
    }
}

int client_start(const char *path, int wait_ms, struct error *err)
{
    struct launch l;
    int rc = launch_init(&l, path, err);
    if (rc == 0)
        rc = launch(&l, err);
    if (rc == 0) {
        close(l.ready[1]);
        l.ready[1] = -1;
        rc = await(&l, wait_ms, err);
    }
    launch_release(&l);
    return rc;
}
