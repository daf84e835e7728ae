/* Where clients come in, and who may. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "loader/notify.h"
#include "loader/server_private.h"

/* A peer that is turned away reads why; should its socket be full, it does not. */
static void turn_away(int fd, const struct error *why)
{
    struct buffer out = { 0 };
    struct error ignored = { 0 };
    json_t *message = message_error(0, why);
    if (message && message_write(message, &out, &ignored) == 0)
        (void)message_send_some(fd, (const uint8_t *)out.data, out.size, NULL, 0);
    json_decref(message);
    buffer_release(&out);
}

static int may_enter(const struct server *s, const struct listener *l, int fd, struct peer *peer,
                     struct error *err)
{
    if (s->connection_count >= s->options.clients)
        return error_set(err, ERROR_FAILED, s->address,
                         "%d clients are connected, which is the limit (--clients)",
                         s->connection_count);
    *peer = (struct peer){ .uid = geteuid() };
    if (l->tcp)
        return 0;
    if (unix_peer(fd, peer, err) < 0)
        return -1;
    if (peer->uid == geteuid() || (s->options.group && unix_peer_in_group(fd, peer, s->group)))
        return 0;
    return error_set(err, ERROR_FAILED, s->address, "serves user %u%s%s; you are user %u",
                     (unsigned)geteuid(), s->options.group ? " and group " : "",
                     s->options.group ? s->options.group : "", (unsigned)peer->uid);
}

static void on_listener(struct server *s, struct watch *w, uint32_t events)
{
    const struct listener *l = w->context;
    struct error err = { 0 };
    struct peer peer;
    int one = 1;
    (void)events;
    int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return; /* gone again, or no descriptors: the next event tells */
    if (l->tcp)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (may_enter(s, l, fd, &peer, &err) == 0 &&
        connection_open(s, fd, l->tcp ? NULL : &peer, &err) == 0) {
        s->accepted++;
        return;
    }
    s->refused++;
    if (l->tcp) {
        server_log(s, "refused a client (over TCP): %s", err.message);
    } else {
        server_log(s, "refused a client (pid %d, user %u): %s", (int)peer.pid, (unsigned)peer.uid,
                   err.message);
        turn_away(fd, &err);
    }
    close(fd);
}

static struct listener *add_listener(struct server *s, struct error *err)
{
    if (s->listener_count == SERVER_LISTENERS) {
        error_set(err, ERROR_USAGE, "--listen", "more than %d addresses", SERVER_LISTENERS);
        return NULL;
    }
    struct listener *l = &s->listeners[s->listener_count];
    *l = (struct listener){ .watch = { .fd = -1, .ready = on_listener, .context = l },
                            .socket = { .fd = -1 } };
    return l;
}

static int begin(struct server *s, struct listener *l, const char *address, struct error *err)
{
    if (s->listener_count++ == 0)
        snprintf(s->address, sizeof(s->address), "%s", address);
    server_log(s, "listening on %s", address);
    return server_watch(s, &l->watch, EPOLLIN, err);
}

static int need_key(const struct server *s, const char *address, struct error *err)
{
    return s->tls ? 0
                  : error_set(err, ERROR_USAGE, address,
                              "a port is opened only to peers with a key: give --psk FILE or "
                              "--munge");
}

static int listen_unix(struct server *s, const char *path, struct error *err)
{
    char address[160];
    struct listener *l = add_listener(s, err);
    if (!l || unix_listen(&l->socket, path, s->options.group ? 0660 : 0600, err) < 0)
        return -1;
    l->watch.fd = l->socket.fd;
    snprintf(address, sizeof(address), "unix:%s", path);
    if (begin(s, l, address, err) < 0)
        return -1;
    if (s->options.group && chown(path, (uid_t)-1, s->group) < 0)
        return error_errno(err, path, "cannot be given to group %s", s->options.group);
    return 0;
}

static int listen_tcp(struct server *s, const char *given, struct error *err)
{
    int port;
    char address[160];
    struct listener *l = add_listener(s, err);
    if (!l || need_key(s, given, err) < 0)
        return -1;
    if (s->options.relay)
        return error_set(err, ERROR_USAGE, given, "a relay serves clients on its own machine");
    l->tcp = true;
    l->watch.fd = tcp_listen(given, &port, err);
    if (l->watch.fd < 0)
        return -1;
    snprintf(address, sizeof(address), "tcp:%.*s:%d", (int)(strrchr(given, ':') - given), given,
             port);
    return begin(s, l, address, err);
}

/* What systemd hands over listens already, and stays when we end. */
static int adopt(struct server *s, int fd, struct error *err)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    struct listener *l = add_listener(s, err);
    if (!l)
        return -1;
    if (getsockname(fd, (struct sockaddr *)&name, &size) < 0)
        return error_errno(err, "socket activation", "descriptor %d", fd);
    l->tcp = name.ss_family != AF_UNIX;
    if (l->tcp && need_key(s, "socket activation", err) < 0)
        return -1;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return error_errno(err, "socket activation", "descriptor %d", fd);
    l->watch.fd = fd;
    if (!l->tcp)
        l->socket.fd = fd;
    return begin(s, l, "the sockets of systemd", err);
}

static int listen_default(struct server *s, struct error *err)
{
    char *folder = socket_folder(err);
    char *path = folder ? file_join(folder, "nnprepd.sock", err) : NULL;
    int rc = path ? listen_unix(s, path, err) : -1;
    free(folder);
    free(path);
    return rc;
}

int server_listen(struct server *s, struct error *err)
{
    const struct server_options *o = &s->options;
    int activated = o->listen_count ? 0 : notify_sockets(), rc = 0;
    for (int i = 0; i < activated && rc == 0; i++)
        rc = adopt(s, NOTIFY_FIRST + i, err);
    for (int i = 0; i < o->listen_count && rc == 0; i++) {
        if (strncmp(o->listen[i], "unix:", 5) == 0)
            rc = listen_unix(s, o->listen[i] + 5, err);
        else if (strncmp(o->listen[i], "tcp:", 4) == 0)
            rc = listen_tcp(s, o->listen[i] + 4, err);
        else
            rc = error_set(err, ERROR_USAGE, "--listen",
                           "%s is neither unix:PATH nor tcp:HOST:PORT", o->listen[i]);
    }
    if (rc == 0 && s->listener_count == 0)
        rc = listen_default(s, err);
    return rc;
}

void server_unlisten(struct server *s)
{
    for (int i = 0; i < s->listener_count; i++) {
        struct listener *l = &s->listeners[i];
        server_unwatch(s, &l->watch);
        if (l->socket.fd >= 0)
            unix_unlisten(&l->socket);
        else if (l->watch.fd >= 0)
            close(l->watch.fd);
        l->watch.fd = -1;
    }
    s->listener_count = 0;
}
