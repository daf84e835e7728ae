/*
 * Claim: nnprepd comes and goes as a service does: private sockets, one daemon an address, what a
 * killed one left is replaced, signals do what they say, nobody else's user comes in, no port
 * without a key, limits in words; and its numbers can be read.
 */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/socket.h"
#include "tests/daemon.h"
#include "tests/suite.h"

static struct daemon d;

static int in_shared_memory(void)
{
    int count = 0;
    DIR *folder = opendir("/dev/shm");
    for (const struct dirent *e; folder && (e = readdir(folder));)
        count += strstr(e->d_name, "tenfold") != NULL || strstr(e->d_name, "nnprepd") != NULL;
    if (folder)
        closedir(folder);
    return count;
}

START_TEST(one_daemon_an_address)
{
    char said[2000], options[300];
    struct stat st;
    daemon_start(&d, "");
    snprintf(options, sizeof(options), "--listen %s", d.address);
    ck_assert_int_eq(daemon_refused(options, said, sizeof(said)), 1);
    ck_assert_msg(strstr(said, "served by another process"), "%s", said);
    ck_assert_int_eq(stat(d.address + 5, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    client_close(daemon_client(&d, NULL));
    /* Killed, it leaves the socket's inode and nothing else, and the next takes its place. */
    struct client *c = daemon_client(&d, NULL);
    daemon_kill(&d);
    client_close(c);
    ck_assert_int_eq(stat(d.address + 5, &st), 0);
    ck_assert_int_eq(in_shared_memory(), 0);
    daemon_start(&d, "");
    client_close(daemon_client(&d, NULL));
    ck_assert_int_eq(daemon_stop(&d), 0);
    ck_assert_int_ne(stat(d.address + 5, &st), 0);
    /* What is no socket is not touched. */
    daemon_write("d.sock", "precious");
    ck_assert_int_eq(daemon_refused(options, said, sizeof(said)), 2);
    ck_assert_msg(strstr(said, "is no socket"), "%s", said);
}
END_TEST

START_TEST(usage)
{
    static const struct {
        const char *options;
        int status;
        const char *says;
    } cases[] = {
        { "--listen tcp:127.0.0.1:0", 2, "--psk FILE or --munge" },
        { "--listen pigeon:1", 2, "neither unix:PATH nor tcp:HOST:PORT" },
        { "--listen unix:/nowhere/at/all/d.sock", 3, "/nowhere/at/all" },
        { "--group no-such-group-at-all", 2, "no group" },
        { "--config /nowhere.yaml", 2, "/nowhere.yaml" },
        { "--metrics nonsense", 2, "HOST:PORT" },
        { "--threads many", 2, "threads" },
        { "--psk /nowhere/key", 2, "/nowhere/key" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char said[2000];
        int status = daemon_refused(cases[i].options, said, sizeof(said));
        ck_assert_msg(status == cases[i].status && strstr(said, cases[i].says), "%s: %d, %s",
                      cases[i].options, status, said);
    }
}
END_TEST

/* Of the daemon's user alone, whatever the socket's mode; a named group opens it to its members. */
START_TEST(other_users)
{
    enum { NOBODY = 65534 };
    char group[64];
    const struct group *nogroup = getgrgid(NOBODY);
    if (geteuid() != 0) { /* without root there is no other user to be: the mode is what is left */
        struct stat st;
        daemon_start(&d, "");
        ck_assert_int_eq(stat(d.address + 5, &st), 0);
        ck_assert_int_eq(st.st_mode & 0777, 0600);
        ck_assert_int_eq(daemon_stop(&d), 0);
        return;
    }
    ck_assert_ptr_nonnull(nogroup);
    snprintf(group, sizeof(group), "--group %s", nogroup->gr_name);
    ck_assert_int_eq(chmod(daemon_home, 0755), 0);
    for (int named = 0; named < 2; named++) {
        struct error err = { 0 };
        daemon_start(&d, named ? group : "");
        if (!named)
            ck_assert_int_eq(chmod(d.address + 5, 0777), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct talk *t;
            if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                _exit(99);
            if (talk_open(&t, d.address, NULL, 10000, &err) < 0)
                _exit(strstr(err.message, "you are user 65534") ? 1 : 98);
            /* A member still names no files for the daemon to write or read configs from. */
            struct talk_message reply;
            int rc = talk_request(
                t, json_pack("{s:s, s:{s:s}}", "type", "open", "config", "path", "/etc/passwd"),
                10000, &reply, &err);
            if (rc == 0 || !strstr(err.message, "own user"))
                _exit(97);
            rc = talk_request(
                t, json_pack("{s:s, s:[s]}", "type", "open", "settings", "data.ledger=/tmp/x"),
                10000, &reply, &err);
            _exit(rc < 0 && strstr(err.place, "ledger") ? 0 : 96);
        }
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == (named ? 0 : 1), "%d: %d", named,
                      status);
        ck_assert_int_eq(daemon_stop(&d), 0);
    }
}
END_TEST

/* A named config, changed on disk: read again when told, kept when it has become wrong. */
START_TEST(reread)
{
    static const char *const texts[] = { "augment: [{random_crop: 20}]\n",
                                         "augment: [{random_crop: 16}]\n", "agument: []\n" };
    char options[200], config[] = "@recipe";
    struct error err = { 0 };
    daemon_write("recipe.yaml", texts[0]);
    snprintf(options, sizeof(options), "--config %s/recipe.yaml", daemon_home);
    daemon_start(&d, options);
    struct client_options o = daemon_options(&d);
    o.config = config;
    o.count = 2; /* data and batch */
    for (int i = 0; i < 5; i++) {
        /* 0: as started; 1: changed, not told; 2: told; 3: broken, told; 4: good again, not told */
        static const int text[] = { 0, 1, 1, 2, 0 }, side[] = { 20, 20, 16, 16, 16 };
        daemon_write("recipe.yaml", texts[text[i]]);
        if (i == 2 || i == 3) {
            ck_assert_int_eq(kill(d.pid, SIGHUP), 0);
            daemon_said(&d, i == 2 ? "again" : "stays as it was", 1);
        }
        struct client *c;
        ck_assert_msg(client_open(&c, &o, &err) == 0, "%s: %s", err.place, err.message);
        ck_assert_int_eq(client_shape(c).width, side[i]);
        client_close(c);
    }
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

START_TEST(memory_and_streams_are_limited)
{
    struct error err = { 0 };
    struct client *c;
    daemon_start(&d, "--memory 4");
    struct client_options o = daemon_options(&d);
    const char *settings[8];
    for (int i = 0; i < daemon_setting_count; i++)
        settings[i] = daemon_settings[i];
    settings[daemon_setting_count] = "data.slots=200";
    o.settings = settings;
    o.count = daemon_setting_count + 1;
    ck_assert_int_eq(client_open(&c, &o, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_FAILED);
    ck_assert_msg(strstr(err.message, "a client may have 2 MiB"), "%s: %s", err.place, err.message);
    /* What fits is served. */
    client_close(daemon_client(&d, NULL));
    ck_assert_int_eq(daemon_stop(&d), 0);
    /* The number of streams is limited, too; whoever joins one that is there takes none. */
    daemon_start(&d, "--streams 1");
    struct client *first = daemon_client(&d, NULL), *same = daemon_client(&d, NULL);
    settings[daemon_setting_count] = "data.seed=8";
    ck_assert_int_eq(client_open(&c, &o, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_FAILED);
    ck_assert_msg(strstr(err.message, "streams"), "%s: %s", err.place, err.message);
    client_close(first);
    client_close(same);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

START_TEST(client_limit)
{
    struct error err = { 0 };
    struct talk *t[3];
    daemon_start(&d, "--clients 2");
    t[0] = daemon_talk(&d);
    t[1] = daemon_talk(&d);
    ck_assert_int_eq(talk_open(&t[2], d.address, NULL, 10000, &err), -1);
    ck_assert_msg(strstr(err.message, "--clients"), "%s", err.message);
    talk_close(t[1]);
    int rc = -1; /* it takes a moment to be noticed */
    for (int tries = 0; tries < 100 && rc < 0; tries++) {
        usleep(20000);
        rc = talk_open(&t[1], d.address, NULL, 10000, &err);
    }
    ck_assert_msg(rc == 0, "%s", err.message);
    talk_close(t[0]);
    talk_close(t[1]);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

START_TEST(ends_when_idle)
{
    int status;
    daemon_start(&d, "--idle-exit 1");
    struct client *c = daemon_client(&d, NULL);
    usleep(1500000);
    ck_assert_int_eq(waitpid(d.pid, &status, WNOHANG), 0);
    client_close(c);
    ck_assert_int_eq(waitpid(d.pid, &status, 0), d.pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_ne(access(d.address + 5, F_OK), 0);
}
END_TEST

/* Started by a process that ends: a job's script. */
START_TEST(ends_with_its_parent)
{
    int out[2];
    ck_assert_int_eq(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        daemon_start(&d, ""); /* --with-parent */
        (void)!write(out[1], &d.pid, sizeof(d.pid));
        _exit(0);
    }
    ck_assert_int_eq(read(out[0], &d.pid, sizeof(d.pid)), sizeof(d.pid));
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    for (int tries = 0; tries < 100 && kill(d.pid, 0) == 0; tries++)
        usleep(50000);
    ck_assert_int_ne(kill(d.pid, 0), 0);
}
END_TEST

/* The prologue of a job script: a daemon for the job, which ends with the script. */
START_TEST(slurm_prologue)
{
    char out[4000], folder[200] = "";
    const char *bin = getenv("TENFOLD_BIN");
    char *programs = realpath(bin ? bin : "bin", NULL), line[900];
    ck_assert_ptr_nonnull(programs);
    snprintf(line, sizeof(line),
             "export TMPDIR=%%; unset SLURM_TMPDIR; bash -c 'set -eu; PATH=%s:$PATH; . "
             "configs/slurm/prologue.sh; nnprepd top --daemon $TENFOLD_DAEMON; echo pid "
             "$COPROC_PID; echo in $TENFOLD_RUN'",
             programs);
    free(programs);
    ck_assert_msg(daemon_run(line, out, sizeof(out)) == 0, "%s", out);
    const char *pid = strstr(out, "\npid "), *in = strstr(out, "\nin ");
    ck_assert_msg(strstr(out, "images/s") && pid && in, "%s", out);
    ck_assert_int_eq(sscanf(in + 4, "%199s", folder), 1);
    ck_assert_int_ne(kill((pid_t)strtol(pid + 5, NULL, 10), 0), 0);
    ck_assert_int_ne(access(folder, F_OK), 0);
    /* Where it cannot start the script ends, with the reason. */
    ck_assert_int_ne(
        daemon_run("export TMPDIR=%; bash -c '. configs/slurm/prologue.sh; echo went on'", out,
                   sizeof(out)),
        0);
    ck_assert_msg(!strstr(out, "went on"), "%s", out);
}
END_TEST

#ifdef HAVE_LIBSYSTEMD
/* As systemd starts it: the socket is there before, and it says when it is ready and when it ends.
 */
START_TEST(under_systemd)
{
    struct error err = { 0 };
    struct unix_listener listener;
    struct sockaddr_un notify = { .sun_family = AF_UNIX };
    char path[100], program[300], said[200];
    const char *bin = getenv("TENFOLD_BIN");
    snprintf(path, sizeof(path), "%s/d.sock", daemon_home);
    ck_assert_int_eq(unix_listen(&listener, path, 0600, &err), 0);
    snprintf(notify.sun_path, sizeof(notify.sun_path), "%s/notify", daemon_home);
    int ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(ear, (const struct sockaddr *)&notify, sizeof(notify)), 0);
    struct timeval limit = { .tv_sec = 60 };
    ck_assert_int_eq(setsockopt(ear, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    snprintf(program, sizeof(program), "%s/nnprepd", bin ? bin : "bin");
    pid_t pid = fork();
    if (pid == 0) {
        char number[16];
        snprintf(number, sizeof(number), "%d", (int)getpid());
        if (dup2(listener.fd, 3) < 0 || (listener.fd == 3 && fcntl(3, F_SETFD, 0) < 0))
            _exit(99);
        setenv("LISTEN_PID", number, 1);
        setenv("LISTEN_FDS", "1", 1);
        setenv("NOTIFY_SOCKET", notify.sun_path, 1);
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(97);
        execl(program, program, "--with-parent", (char *)NULL);
        _exit(98);
    }
    static const char *const expected[] = { "READY=1", "RELOADING=1", "READY=1", "STOPPING=1" };
    for (int i = 0; i < 4; i++) {
        if (i == 1)
            ck_assert_int_eq(kill(pid, SIGHUP), 0);
        if (i == 3) {
            snprintf(d.address, sizeof(d.address), "unix:%s", path);
            client_close(daemon_client(&d, NULL));
            ck_assert_int_eq(kill(pid, SIGTERM), 0);
        }
        ssize_t n = recv(ear, said, sizeof(said) - 1, 0);
        ck_assert_int_gt(n, 0);
        said[n] = '\0';
        ck_assert_msg(strncmp(said, expected[i], strlen(expected[i])) == 0, "%s", said);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* The socket is systemd's: it stays. */
    ck_assert_int_eq(access(path, F_OK), 0);
    unix_unlisten(&listener);
    close(ear);
}
END_TEST
#endif

/* What a program and a person read, from a daemon at work; and nonsense over HTTP. */
START_TEST(numbers)
{
    char out[20000], line[300];
    daemon_start(&d, "--metrics 127.0.0.1:0");
    struct client *c = daemon_client(&d, NULL);
    struct error err = { 0 };
    struct batch b;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(client_next(c, &b, &err), 1);
        client_release(c, &b);
    }
    int number = daemon_port(&d, "metrics on port");
    static const struct {
        const char *request, *says[4];
    } cases[] = {
        { "GET /metrics HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n",
          { "200 OK", "# TYPE tenfold_images_total counter", "tenfold_clients 1",
            "tenfold_stream_step{stream=" } },
        { "GET /metrics?format=json HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n",
          { "200 OK", "application/json", "\"uptime\":", "\"clients\":[{" } },
        { "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n",
          { "200 OK", "Refresh: 2", "images/s", "<td class=\"n\">" } },
        { "GET /none HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n", { "404" } },
        { "POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 3\\r\\nConnection: "
          "close\\r\\n\\r\\nabc",
          { "405" } },
        { "\\000\\001\\002 nonsense\\r\\n\\r\\n", { "" } },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char request[600];
        snprintf(request, sizeof(request),
                 "exec 3<>/dev/tcp/127.0.0.1/%d; printf '%s' >&3; timeout 2 cat <&3", number,
                 cases[i].request);
        FILE *script;
        snprintf(line, sizeof(line), "%s/ask", daemon_home);
        script = fopen(line, "w");
        ck_assert_ptr_nonnull(script);
        fprintf(script, "%s\n", request);
        fclose(script);
        daemon_run("bash %/ask | tr -d '\\000'", out, sizeof(out));
        for (int j = 0; j < 4 && cases[i].says[j]; j++)
            ck_assert_msg(strstr(out, cases[i].says[j]), "%s: %s", cases[i].request, out);
    }
    snprintf(line, sizeof(line), "@/nnprepd top --daemon %s", d.address);
    ck_assert_int_eq(daemon_run(line, out, sizeof(out)), 0);
    ck_assert_msg(strstr(out, "images/s") && strstr(out, "memory"), "%s", out);
    ck_assert_int_eq(daemon_run("@/nnprepd top --daemon unix:%/none", out, sizeof(out)), 3);
    client_close(c);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("daemon");
    tcase_add_checked_fixture(cases, daemon_enter, daemon_leave);
    tcase_add_test(cases, one_daemon_an_address);
    tcase_add_test(cases, usage);
    tcase_add_test(cases, other_users);
    tcase_add_test(cases, reread);
    tcase_add_test(cases, memory_and_streams_are_limited);
    tcase_add_test(cases, client_limit);
    tcase_add_test(cases, ends_when_idle);
    tcase_add_test(cases, ends_with_its_parent);
    tcase_add_test(cases, slurm_prologue);
#ifdef HAVE_LIBSYSTEMD
    tcase_add_test(cases, under_systemd);
#endif
    tcase_add_test(cases, numbers);
    return suite_run();
}
